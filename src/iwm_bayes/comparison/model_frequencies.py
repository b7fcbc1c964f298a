"""Tables of model frequencies and attributions: by random-effects model selection and by a mixture.

`evidence` is the log evidence by person (row) and model (column). A mixture is the trace of
`mixture.fit.fit_mixture`, or None.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import xarray as xr

from iwm_bayes.comparison.bms import Selection, family_membership, random_effects_bms, same_frequencies_in_groups
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.person_summary import pseudonym_number, pseudonyms


def mixture_attribution(mixture: xr.DataTree) -> xr.DataArray:
    """Return the probability that each person follows each model, (model, person)."""
    return mixture["posterior"].to_dataset()["attribution"].mean(("chain", "draw"))


def frequency_lines(names: Sequence[str], selection: Selection) -> pd.DataFrame:
    """Return one line per model or family: frequency, XP, PXP and the number of people attributed to it."""
    attributed = selection.attribution.argmax(axis=1)
    return pd.DataFrame(
        {
            "model": list(names),
            "frequency": selection.frequency,
            "xp": selection.xp,
            "pxp": selection.pxp,
            "n_attributed": [int((attributed == index).sum()) for index in range(len(names))],
        }
    )


def frequency_table(evidence: pd.DataFrame, selection: Selection, mixture: xr.DataTree | None) -> pd.DataFrame:
    """Return one line per model, with its frequency in the mixture: the median and its 90% credible interval."""
    table = frequency_lines([str(name) for name in evidence.columns], selection)
    if mixture is None:
        return table
    draws = mixture["posterior"].to_dataset()["frequency"]
    intervals = [median_ci90(draws.sel(model=name).values) for name in evidence.columns]
    return table.join(pd.DataFrame(intervals, columns=["frequency_mixture", "ci90_low", "ci90_high"]))


def family_table(evidence: pd.DataFrame, families: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return one line per family of models; InputError unless each model is in exactly one family."""
    membership = family_membership(families, [str(name) for name in evidence.columns])
    selection = random_effects_bms(evidence.to_numpy(), membership)
    return frequency_lines(list(families), selection).rename(columns={"model": "family"})


def group_frequency_table(evidence: pd.DataFrame, group: pd.Series) -> tuple[pd.DataFrame, float]:
    """Return one line per group of people and model, and the probability that all groups have the same frequencies."""
    by_person, names = group.reindex(evidence.index).astype(str), [str(name) for name in evidence.columns]
    parts = [
        frequency_lines(names, random_effects_bms(evidence[by_person == name].to_numpy())).assign(group=name)
        for name in sorted(by_person.unique())
    ]
    same = same_frequencies_in_groups(evidence.to_numpy(), by_person.to_numpy())
    return pd.concat(parts, ignore_index=True), same


def attribution_table(evidence: pd.DataFrame, selection: Selection, mixture: xr.DataTree | None) -> pd.DataFrame:
    """Return one line per person: the probability that they follow each model, by random effects and by the mixture."""
    columns: dict[str, Any] = {str(name): selection.attribution[:, k] for k, name in enumerate(evidence.columns)}
    if mixture is not None:
        attribution = mixture_attribution(mixture)
        columns |= {f"{name}_mixture": attribution.sel(model=name).values for name in evidence.columns}
    return pd.DataFrame(columns, index=evidence.index)


def attribution_data(evidence: pd.DataFrame) -> xr.Dataset:
    """Return model frequencies and attributions by random-effects model selection; people have pseudonyms.

    Parameters
    ----------
    evidence
        Log evidence by person (row, under the study's ids) and model (column), as a comparison has it.

    Returns
    -------
    xr.Dataset
        - attribution (person, model): probability that the person follows the model, in the order of pseudonyms
        - frequency, xp, pxp (model): posterior mean of the frequency, and (protected) exceedance probability

        The attribute `bor` is the Bayesian omnibus risk: the probability that all models are equally frequent.
    """
    selection = random_effects_bms(evidence.to_numpy())
    names = pseudonyms([str(person) for person in evidence.index])
    order = sorted(range(len(names)), key=lambda index: pseudonym_number(names[index]))
    by_model = {name: ("model", getattr(selection, name)) for name in ("frequency", "xp", "pxp")}
    return xr.Dataset(
        {"attribution": (("person", "model"), selection.attribution[order]), **by_model},
        {"person": [names[index] for index in order], "model": [str(name) for name in evidence.columns]},
        {"bor": selection.bor},
    )


def agreement_sentence(selection: Selection, mixture: xr.DataTree | None, checks: ConvergenceChecks | None) -> str:
    """Return how far random effects and the mixture agree about people, in words and without the last full stop."""
    if mixture is None or checks is None:
        return "No mixture was fitted"
    attribution = mixture_attribution(mixture).transpose("person", "model").values
    share = (attribution.argmax(axis=1) == selection.attribution.argmax(axis=1)).mean()
    reasons = "; ".join(checks.reasons)
    warning = "" if checks.converged else f"The mixture has not converged ({reasons}): do not use it. "
    return f"{warning}The mixture and random-effects model selection attribute {share:.0%} of people to the same model"
