"""Countertransference: how far the model of one member follows the style of the other.

    acted-out pull = (1 - containment) pull                      log-odds, of each dyad; see `responses.reactive_care`
    correlation    = of a parameter of one member with one of the other, across dyads, link scale
    R^2            = r' R^-1 r                                   r: correlations of one parameter with the other's style
                                                                 R: correlations within this style

A style is what people learn and act by: the partially pooled parameters of the learning rule, and of acts with levels
such as a bid, without those of ratings. Covariates and groups such as therapists are taken out, so that all this is
about dyads of the same kind.

A fit with correlated parameters has the correlations of the population. Their prior alone gives R^2 some size: it is
Beta(k / 2, shape), for k parameters of the other and the shape of the LKJ prior of these k + 1 rows. In any other fit,
correlations are those of the dyads' own values. The model then takes members as independent, so that they are shrunken
towards 0, the more, the less the data say about each dyad. This R^2 is adjusted for k (Ezekiel, 1930, Methods of
Correlation Analysis), and can be below 0.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.dyads.acts import act_name
from iwm_bayes.estimands.estimand import CI90, Estimand, Shared
from iwm_bayes.estimands.security.tables import interval_columns
from iwm_bayes.inference.posterior import person_centres
from iwm_bayes.lazy import lazy_module
from iwm_bayes.model.inputs import parameters_pooled
from iwm_bayes.model.priors import LKJ_SHAPE, figure_names
from iwm_bayes.rules.dyad import bid_name, other_role
from iwm_bayes.simulation.draws import draws_as_people, thin_draws
from iwm_bayes.types import ModelSpec, named_leaves, parameters

stats = lazy_module("scipy.stats")

MIN_DYADS = 3  # of a correlation across dyads: two are on a line
N_DRAWS = 1000
PULL, CONTAINMENT = "pull", "containment"
POPULATION, OF_DYADS = "population", "these dyads"  # where correlations come from


def style_parameters(model: ModelSpec, data: xr.Dataset, role: str) -> list[str]:
    """Return the labels of the style of a member."""
    member, other = model.members[role].model, model.members[other_role(model.members, role)]
    acts = dict.fromkeys([act_name(model, role), bid_name(other)])
    names = {f"{role}_{name}" for name, _ in named_leaves(member.rule.parameters)}
    for act in (name for name in acts if member.responses[name].family.discrete):
        names |= {f"{role}_{leaf}" for leaf, _ in named_leaves(member.responses[act].parameters, act)}
    return [free.label for free in parameters_pooled(model, figure_names(data), "partial") if free.name in names]


def correlations(model: ModelSpec, data: xr.Dataset, posterior: xr.Dataset, labels: list[str]) -> xr.DataArray:
    """Return correlations between parameters, (chain, draw, parameter, parameter_other).

    They are those of the population where the fit has them. Otherwise they are those of the dyads' deviations from
    their means, in every draw.
    """
    if "correlation" in posterior:
        return posterior["correlation"].sel(parameter=labels, parameter_other=labels)
    own = posterior["theta"].sel(parameter=labels) - person_centres(posterior, model, data).sel(parameter=labels)
    centred = own - own.mean("person")
    scaled = centred / np.sqrt((centred**2).sum("person"))
    return xr.dot(scaled, scaled.rename(parameter="parameter_other"), dim="person")


def squared_multiple_correlation(matrix: np.ndarray, sample: int | None) -> np.ndarray:
    """Return R^2 of the first variable of correlation matrices (..., n, n) given the others.

    With a `sample` size it is adjusted for the number of variables; NaN where the sample is too small.
    """
    r, within = matrix[..., 1:, 0], matrix[..., 1:, 1:]
    if sample is None:
        return np.asarray((r * np.linalg.solve(within, r[..., None])[..., 0]).sum(axis=-1))
    left = sample - r.shape[-1] - 1
    if left < 1:
        return np.full(r.shape[:-1], np.nan)
    unadjusted = squared_multiple_correlation(matrix, None)
    return np.asarray(1.0 - (1.0 - unadjusted) * (sample - 1) / left)


def prior_r_squared(model: ModelSpec, data: xr.Dataset, others: int) -> float:
    """Return the median of R^2 of one parameter given so many others, under the prior of correlations."""
    left_out = len(parameters_pooled(model, figure_names(data), "partial")) - 1 - others
    return float(stats.beta.median(others / 2.0, LKJ_SHAPE + left_out / 2.0))


def pulls(model: ModelSpec) -> Iterator[tuple[str, str]]:
    """Yield every member with a pull that can be contained: its role, and the full name of the containment."""
    known = parameters(model)
    for role, member in model.members.items():
        for name in member.model.responses:
            if f"{role}_{PULL}" in known and f"{role}_{name}_{CONTAINMENT}" in known:
                yield role, f"{role}_{name}_{CONTAINMENT}"


def acted_out_pull(model: ModelSpec, data: xr.Dataset, posterior: xr.Dataset) -> xr.Dataset:
    """Return the pull that each dyad's carer acts out, `acted_out_pull` (role, person, chain, draw); empty without."""
    people, sample = data.sizes["person"], posterior.stack(sample=("chain", "draw"))
    found = list(pulls(model))
    if not found:
        return xr.Dataset()
    values = draws_as_people(model, sample, figure_names(data), people)
    by_role = [(1.0 - values[name]) * values[f"{role}_{PULL}"] for role, name in found]
    array = np.reshape(by_role, (len(found), sample.sizes["sample"], people))
    pull = xr.DataArray(array, dims=("role", "sample", "person")).assign_coords(sample["sample"].coords)
    pull = pull.unstack("sample").transpose("role", "person", "chain", "draw")
    return xr.Dataset({"acted_out_pull": pull}, {"role": [role for role, _ in found], "person": data["person"].values})


def style_correlations(model: ModelSpec, data: xr.Dataset, posterior: xr.Dataset) -> xr.Dataset:
    """Return correlations and R^2 between the styles of both members; empty where one has no style, or no variation."""
    styles = {role: style_parameters(model, data, role) for role in model.members}
    (first, second), sample = styles.values(), None if "correlation" in posterior else data.sizes["person"]
    if not first or not second or (sample is not None and sample < MIN_DYADS):
        return xr.Dataset()
    matrix = correlations(model, data, posterior, [*first, *second]).transpose("chain", "draw", ...)
    r_squared = []
    for own, others in ((first, second), (second, first)):
        for label in own:
            chosen = matrix.sel(parameter=[label, *others], parameter_other=[label, *others])
            r_squared.append(squared_multiple_correlation(chosen.values, sample))
    between = matrix.sel(parameter=first, parameter_other=second)
    between = between.rename(parameter="first_parameter", parameter_other="second_parameter")
    followers = np.array([*first, *second])
    found = xr.Dataset({"correlation": between, "r_squared": (("follower", "chain", "draw"), np.array(r_squared))})
    if sample is None:
        sizes = [*[len(second)] * len(first), *[len(first)] * len(second)]
        found["prior_r_squared"] = ("follower", [prior_r_squared(model, data, size) for size in sizes])
    roles = [role for role, labels in styles.items() for _ in labels]
    return found.assign_coords(follower=followers, follower_role=("follower", roles)).assign_attrs(
        source=OF_DYADS if sample else POPULATION
    )


def countertransference(model: ModelSpec, fit: xr.DataTree, draws: int = N_DRAWS) -> xr.Dataset | None:
    """Compute how far the model of each member follows the style of the other, and the pull that is acted out.

    Returns
    -------
    xr.Dataset or None
        - acted_out_pull (role, person, chain, draw): (1 - containment) pull, log-odds; of members who have a pull
        - r_squared (follower, chain, draw): of a member's parameter, given the style of the other
        - prior_r_squared (follower): its prior median, where correlations are those of the population
        - correlation (first_parameter, second_parameter, chain, draw): across dyads
        - attribute `source`: whether correlations are those of the population, or of these dyads

        None where there is neither.
    """
    data = fit["constant_data"].to_dataset()
    posterior = thin_draws(fit["unconstrained_posterior"].to_dataset(), draws)
    found = xr.merge(
        [style_correlations(model, data, posterior), acted_out_pull(model, data, posterior)], combine_attrs="override"
    )
    return found if found.data_vars else None


def pull_lines(found: xr.Dataset) -> Iterator[dict[str, object]]:
    """Yield the line of every member who has a pull: the mean of the dyads."""
    for role in map(str, found["role"].values if "acted_out_pull" in found else []):
        mean = found["acted_out_pull"].sel(role=role).mean("person").values
        line: dict[str, object] = {"member": role, "quantity": "acted-out pull", "parameter": PULL}
        yield line | interval_columns("estimate", mean) | {"p_above_0": float((mean > 0).mean()), "source": OF_DYADS}


def countertransference_table(found: xr.Dataset) -> pd.DataFrame:
    """Make one line per member with a pull, and one per parameter that may follow the style of the other."""
    lines = list(pull_lines(found))
    for label in map(str, found["follower"].values if "r_squared" in found else []):
        draws, role = found["r_squared"].sel(follower=label), str(found["follower_role"].sel(follower=label).values)
        line: dict[str, object] = {"member": role, "quantity": "R^2", "parameter": label.removeprefix(f"{role}_")}
        line |= interval_columns("estimate", draws.values) | {"source": found.attrs["source"]}
        known = "prior_r_squared" in found
        lines.append(line | ({"prior_median": float(found["prior_r_squared"].sel(follower=label))} if known else {}))
    return pd.DataFrame(lines)


def correlation_table(found: xr.Dataset) -> pd.DataFrame:
    """Make one line per pair of parameters of different members."""
    lines = []
    for first in map(str, found["first_parameter"].values):
        for second in map(str, found["second_parameter"].values):
            draws = found["correlation"].sel(first_parameter=first, second_parameter=second).values
            line: dict[str, object] = {"parameter": first, "parameter_other": second}
            line |= interval_columns("correlation", draws)
            lines.append(line | {"p_above_0": float((draws > 0).mean()), "source": found.attrs["source"]})
    return pd.DataFrame(lines)


def dyad_correlations(model: ModelSpec, fit: xr.DataTree, shared: Shared) -> xr.Dataset | None:
    """Return the part of `countertransference` that has correlations; None without."""
    found = shared.datasets.get("countertransference")
    return found[["correlation"]] if found is not None and "correlation" in found else None


def countertransference_answers(found: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the acted-out pull and every R^2 by draw."""
    answers = {}
    for role in map(str, found["role"].values if "acted_out_pull" in found else []):
        answers[f"acted-out pull of the {role}"] = found["acted_out_pull"].sel(role=role, drop=True).mean("person")
    for label in map(str, found["follower"].values if "r_squared" in found else []):
        draws = found["r_squared"].sel(follower=label, drop=True)
        answers |= {f"R^2 of {label}": draws} if draws.notnull().all() else {}
    return answers


def correlation_answers(found: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return every correlation by draw."""
    return {
        f"correlation of {first} with {second}": found["correlation"].sel(
            first_parameter=first, second_parameter=second, drop=True
        )
        for first in map(str, found["first_parameter"].values)
        for second in map(str, found["second_parameter"].values)
    }


SOURCE_WORDS = {
    POPULATION: "correlations between the parameters of the population, which the model estimates",
    OF_DYADS: "of the dyads of the study; correlations are then shrunken towards 0, because the model takes members as "
    "independent",
}
COUNTERTRANSFERENCE = Estimand(
    "countertransference",
    "Countertransference: how far one member's model follows the other",
    lambda model, fit, _: countertransference(model, fit),
    countertransference_table,
    "The pull of the other's bids that a carer does not contain, and how much of a parameter of one member follows "
    "from the style of the other.",
    {
        "acted-out pull": "(1 - containment) pull: log-odds of a responsive answer where the other always bids, minus "
        "where never; above 0 the carer rescues, below 0 the carer withdraws. Mean of the dyads",
        "R^2": "share of the variance of a parameter that follows from the style of the other: the parameters that the "
        "other learns and acts by. It is adjusted for how many these are, so below 0 it is less than chance gives",
        "estimate": f"posterior median, with its {CI90}",
        "p_above_0": "posterior probability that it is above 0",
        "prior_median": "median of R^2 in the prior",
    }
    | SOURCE_WORDS,
    section="answer",
    answers=countertransference_answers,
    about="dyads",
)
DYAD_CORRELATIONS = Estimand(
    "dyad_correlations",
    "Correlations between the members of a dyad",
    dyad_correlations,
    correlation_table,
    "How the parameters of one member go together with those of the other, across dyads, on the link scale.",
    {"correlation": f"posterior median, with its {CI90}", "p_above_0": "posterior probability that it is above 0"}
    | SOURCE_WORDS,
    section="parameters",
    answers=correlation_answers,
    about="dyads",
)
