"""Each person beside the group: what their own data said, and how much of their value is borrowed from others.

For studies, not for cases: people have pseudonyms, numbered in an order that is not that of the data, and nobody is
ranked.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.inference.posterior import person_centres
from iwm_bayes.model.priors import LINKS, figure_names, free_parameters
from iwm_bayes.types import ModelSpec, named_leaves


def pseudonyms(people: Sequence[str]) -> list[str]:
    """Pseudonyms ("person 1", ...) for people by their names, shuffled; the same for the same people."""
    seed = int.from_bytes(hashlib.sha256("\n".join(people).encode()).digest()[:8])
    return [f"person {number + 1}" for number in np.random.default_rng(seed).permutation(len(people))]


def pseudonym_number(pseudonym: str) -> int:
    """By which to sort people."""
    return int(pseudonym.split()[1])


def person_summary(model: ModelSpec, fit: xr.DataTree) -> pd.DataFrame:
    """One line per person and parameter that people differ in; natural scale, medians and 90 % intervals.

    `group` is the average person with this person's covariates. `shrinkage` says how much of the value comes from the
    group: 1 where the person's own data say nothing, 0 where they say all. `informed` is the contraction from prior
    to posterior, 1 - var(posterior) / var(prior), and `z` how far the posterior mean lies from the prior's middle, in
    prior standard deviations; both on the link scale. Parameters that share nothing have neither group nor shrinkage.
    """
    posterior, data = fit["posterior"].to_dataset(), fit["data"].to_dataset()
    if "theta" not in posterior:
        return pd.DataFrame()
    named = pseudonyms([str(person) for person in data["person"].values])
    centres = person_centres(posterior, model, data) if "sigma" in posterior else None
    tables = []
    for row in (row for row in free_parameters(model, figure_names(data)) if row.parameter.pooling != "complete"):
        natural, over = LINKS[row.parameter.support][1], ("chain", "draw")
        level = posterior["theta"].sel(parameter=row.label).transpose(*over, "person")
        prior = np.hypot(row.prior_sd, row.parameter.prior_between_sd)
        middle, low, high = np.transpose([median_ci90(natural(x)) for x in level.stack(sample=over).values])
        told: dict[str, object] = {"person": named, "parameter": row.label, "value": middle}
        told |= {"low": low, "high": high, "group": np.nan, "shrinkage": np.nan}
        if centres is not None and row.parameter.pooling == "partial":
            around = centres.sel(parameter=row.label).broadcast_like(level)
            told["group"] = natural(around.median(over)).values
            spread = posterior["sigma"].sel(parameter=row.label)
            told["shrinkage"] = (level.var(over) / (spread**2).mean(over)).clip(0.0, 1.0).values
        told["informed"] = 1.0 - level.var(over).values / prior**2
        told["z"] = (level.mean(over).values - row.prior_mean) / prior
        tables.append(pd.DataFrame(told))
    return pd.concat(tables).sort_values(
        "person", key=lambda names: names.map(pseudonym_number), kind="stable", ignore_index=True
    )


def learning_contraction(people: pd.DataFrame, model: ModelSpec) -> pd.Series:
    """By pseudonym, how far a person's own data say how they learn: the least contraction, over the rule's parameters.

    Of each, the less of `informed` and of what is not borrowed from the group, 1 - shrinkage.
    """
    of_rule = {name for name, _ in named_leaves(model.rule.parameters)}
    learning = people[people["parameter"].str.partition("[")[0].isin(of_rule)]
    own = learning[["informed"]].assign(unborrowed=1.0 - learning["shrinkage"].fillna(0.0)).min(axis=1)
    return own.groupby(learning["person"]).min()
