"""Each person's parameters in relation to the group: what their own data contribute, and how strong shrinkage is.

The table is for studies, not for individual cases. People have pseudonyms, numbered in an order that is not that of the
data, and they are not ranked.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.estimand import CI90, Estimand, as_lines, line_table
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.security.by_arm import person_arms
from iwm_bayes.inference.posterior import person_centres
from iwm_bayes.model.priors import LINKS, FreeParameter, figure_names, free_parameters
from iwm_bayes.types import ModelSpec, named_leaves


def pseudonyms(people: Sequence[str]) -> list[str]:
    """Return shuffled pseudonyms ("person 1", ...) for people by their names; the same for the same people."""
    seed = int.from_bytes(hashlib.sha256("\n".join(people).encode()).digest()[:8])
    return [f"person {number + 1}" for number in np.random.default_rng(seed).permutation(len(people))]


def pseudonym_number(pseudonym: str) -> int:
    """Return the number by which pseudonyms are sorted."""
    return int(pseudonym.split()[1])


def person_summary(model: ModelSpec, fit: xr.DataTree) -> pd.DataFrame:
    """Make one line per person and person-level parameter.

    Returns
    -------
    pd.DataFrame
        - person, parameter
        - median, ci90_low, ci90_high: natural scale
        - group_median: median person of the group with this person's covariates, natural scale
        - shrinkage: var(theta) / E[sigma^2], in 0..1: 0 only their own data, 1 only the group
        - contraction: 1 - var(posterior) / var(prior), link scale
        - shift_prior_sd: (posterior mean - prior mean) / prior SD, link scale

        `group_median` and `shrinkage` are NaN unless partially pooled.
    """
    posterior, data = fit["unconstrained_posterior"].to_dataset(), fit["constant_data"].to_dataset()
    if "theta" not in posterior:
        return pd.DataFrame()
    people = pseudonyms([str(person) for person in data["person"].values])
    centres = person_centres(posterior, model, data) if "sigma" in posterior else None
    tables = [
        pd.DataFrame({"person": people} | parameter_columns(free, posterior, centres))
        for free in free_parameters(model, figure_names(data))
        if free.parameter.pooling != "complete"
    ]
    return pd.concat(tables).sort_values(
        "person", key=lambda names: names.map(pseudonym_number), kind="stable", ignore_index=True
    )


def shrinkage_data(model: ModelSpec, fit: xr.DataTree) -> pd.DataFrame:
    """Return the lines of `person_summary` of partially pooled parameters, which have a shrinkage; empty if none.

    Everyone's `arm` is added; it is "" in a study without arms.
    """
    table, data = person_summary(model, fit), fit["constant_data"].to_dataset()
    if not len(table):
        return table
    arms, people = person_arms(data), pseudonyms([str(person) for person in data["person"].values])
    arm_of = dict(zip(people, arms, strict=True)) if len(arms) else dict.fromkeys(people, "")
    return table[table["shrinkage"].notna()].assign(arm=lambda kept: kept["person"].map(arm_of)).reset_index(drop=True)


def parameter_columns(free: FreeParameter, posterior: xr.Dataset, centres: xr.DataArray | None) -> dict[str, object]:
    """Compute the columns of one parameter, of all people; `centres` are the means that people are around."""
    natural, draws = LINKS[free.parameter.support][1], ("chain", "draw")
    theta = posterior["theta"].sel(parameter=free.label).transpose(*draws, "person")
    prior_sd = np.hypot(free.prior_sd, free.parameter.prior_between_sd)
    median, low, high = np.transpose([median_ci90(natural(x)) for x in theta.stack(sample=draws).values])
    group_median: float | np.ndarray = np.nan
    shrinkage: float | np.ndarray = np.nan
    if centres is not None and free.parameter.pooling == "partial":
        centre, sigma = centres.sel(parameter=free.label), posterior["sigma"].sel(parameter=free.label)
        group_median = natural(centre.broadcast_like(theta).median(draws)).values
        shrinkage = (theta.var(draws) / (sigma**2).mean(draws)).clip(0.0, 1.0).values
    return {
        "parameter": free.label,
        "median": median,
        "ci90_low": low,
        "ci90_high": high,
        "group_median": group_median,
        "shrinkage": shrinkage,
        "contraction": 1.0 - theta.var(draws).values / prior_sd**2,
        "shift_prior_sd": (theta.mean(draws).values - free.prior_mean) / prior_sd,
    }


def learning_contraction(people: pd.DataFrame, model: ModelSpec) -> pd.Series:
    """Return how far each person's own data determine their learning, by pseudonym.

    It is the least over the rule's parameters of contraction and of 1 - shrinkage.
    """
    rule_parameters = {name for name, _ in named_leaves(model.rule.parameters)}
    learning = people[people["parameter"].str.partition("[")[0].isin(rule_parameters)]
    least = learning[["contraction"]].assign(own_data=1.0 - learning["shrinkage"].fillna(0.0)).min(axis=1)
    return least.groupby(learning["person"]).min()


PERSON_SUMMARY = Estimand(
    "person_summary",
    "Person-level parameters, under pseudonyms",
    lambda model, fit, _: as_lines(person_summary(model, fit)),
    line_table,
    "Each person's parameters, and how much of them comes from the person's own data.",
    {
        "median": f"posterior median of this person, with its {CI90} from ci90_low to ci90_high",
        "group_median": "median of the group of people with the same covariates",
        "shrinkage": "share of the value that comes from the group (0–1)",
        "contraction": "1 - posterior variance / prior variance",
        "shift_prior_sd": "shift of the posterior mean from the prior mean, in prior SDs",
    },
    section="file",
    on_request=True,
)
