"""Which theory people follow: by random effects over their evidence, by families, by groups, and by a mixture.

`evidence` is log evidence by person (row) and theory (column); a mixture is what `mixed.mix` drew, or None.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import xarray as xr

from iwm_bayes.comparison.bms import Selection, family_membership, random_effects_bms, same_frequencies_in_groups
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks
from iwm_bayes.estimands.group_summary import median_ci90


def mixture_attribution(trace: xr.DataTree) -> xr.DataArray:
    """Probability of each person to follow each theory, (theory, person)."""
    return trace["posterior"].to_dataset()["follows"].mean(("chain", "draw"))


def frequency_lines(names: Sequence[str], chosen: Selection) -> pd.DataFrame:
    """One line per theory or family: how many follow it, and how probably more than any other."""
    people = [int((chosen.follows.argmax(axis=1) == index).sum()) for index in range(len(names))]
    found = {"frequency": chosen.frequency, "exceedance": chosen.exceedance, "protected": chosen.protected}
    return pd.DataFrame({"theory": list(names)} | found | {"people": people})


def frequency_table(evidence: pd.DataFrame, chosen: Selection, mixture: xr.DataTree | None) -> pd.DataFrame:
    """One line per theory: how many people follow it, by random effects and by the mixture."""
    found = frequency_lines([str(name) for name in evidence.columns], chosen)
    if mixture is None:
        return found
    drawn = mixture["posterior"].to_dataset()["frequency"]
    intervals = [median_ci90(drawn.sel(theory=name).values) for name in evidence.columns]
    return found.assign(
        **{"in the mixture": [f"{middle:.2f} [{low:.2f}, {high:.2f}]" for middle, low, high in intervals]}
    )


def family_table(evidence: pd.DataFrame, families: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The same of families of theories; InputError unless each theory is of exactly one."""
    member = family_membership(families, [str(name) for name in evidence.columns])
    return frequency_lines(list(families), random_effects_bms(evidence.to_numpy(), member)).rename(
        columns={"theory": "family"}
    )


def group_frequency_table(evidence: pd.DataFrame, group: pd.Series) -> tuple[pd.DataFrame, float]:
    """The same in each group of people, and the probability that theories are as frequent in all of them."""
    whose = group.reindex(evidence.index).astype(str)
    parts = [
        frequency_lines(
            [str(one) for one in evidence.columns], random_effects_bms(evidence[whose == name].to_numpy())
        ).assign(group=name)
        for name in sorted(whose.unique())
    ]
    return pd.concat(parts, ignore_index=True), same_frequencies_in_groups(evidence.to_numpy(), whose.to_numpy())


def attribution_table(evidence: pd.DataFrame, chosen: Selection, mixture: xr.DataTree | None) -> pd.DataFrame:
    """Who follows what, one line per person: probabilities by random effects and by the mixture."""
    columns: dict[str, Any] = {f"{name}": chosen.follows[:, index] for index, name in enumerate(evidence.columns)}
    if mixture is not None:
        follows = mixture_attribution(mixture)
        columns |= {f"{name} (mixture)": follows.sel(theory=name).values for name in evidence.columns}
    return pd.DataFrame(columns, index=evidence.index)


def agreement_sentence(chosen: Selection, mixture: xr.DataTree | None, judged: ConvergenceChecks | None) -> str:
    """How far random effects and the mixture say the same of who follows what, in words."""
    if mixture is None or judged is None:
        return "No mixture was fitted"
    follows = mixture_attribution(mixture).transpose("person", "theory").values
    share = (follows.argmax(axis=1) == chosen.follows.argmax(axis=1)).mean()
    warned = "" if judged.passed else f"The gate of the mixture FAILED ({'; '.join(judged.reasons)}): do not use this. "
    return f"{warned}The mixture puts {share:.0%} of people with the same theory as random effects do"
