"""Person-level parameters of all people, as a forest plot shows them: under pseudonyms, and not ranked."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.attachment_space import pseudonym_order
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.security.by_arm import person_arms
from iwm_bayes.inference.posterior import person_centres
from iwm_bayes.model.priors import LINKS, FreeParameter, figure_names, free_parameters
from iwm_bayes.types import InputError, ModelSpec, named_leaves

MAX_PARAMETERS = 4  # that are shown unless parameters are named
QUANTILES = (0.5, 0.25, 0.75, 0.05, 0.95)
LEVELS = ("median", "ci50_low", "ci50_high", "ci90_low", "ci90_high")
GROUP_LEVELS = ("group_median", "group_ci90_low", "group_ci90_high")
COLUMNS = ["parameter", "person", "arm", *LEVELS, *GROUP_LEVELS, "true"]


def learning_parameters(model: ModelSpec, data: xr.Dataset) -> list[str]:
    """Return labels of the parameters that say how people learn: rates, or else all of the rule but initial beliefs."""
    rule = {name for name, _ in named_leaves(model.rule.parameters)}
    free = [each for each in free_parameters(model, figure_names(data)) if each.parameter.pooling != "complete"]
    learning = [each.label for each in free if each.name in rule and "_start" not in each.name]
    rates = [label for label in learning if "rate" in label]
    return (rates or learning or [each.label for each in free])[:MAX_PARAMETERS]


def chosen_parameters(model: ModelSpec, data: xr.Dataset, names: Sequence[str] | None) -> list[FreeParameter]:
    """Return parameters by their labels, or by names that cover all figures; those of learning where none are named.

    InputError lists every name that is no person-level parameter of the model.
    """
    free = free_parameters(model, figure_names(data))
    by_person = [each for each in free if each.parameter.pooling != "complete"]
    wanted = learning_parameters(model, data) if names is None else list(names)
    known = {label for each in by_person for label in (each.label, each.name)}
    if unknown := [name for name in wanted if name not in known]:
        remedy = f"Person-level parameters of {model.name} are {', '.join(each.label for each in by_person)}"
        raise InputError([f"there is no person-level parameter {name!r}. {remedy}" for name in unknown])
    return [each for name in wanted for each in by_person if name in (each.label, each.name)]


def true_of_people(true_values: Mapping[str, np.ndarray] | None, free: FreeParameter, people: int) -> np.ndarray:
    """Return the true values of a parameter, (person,); NaN where they are not known."""
    values = (true_values or {}).get(free.label)
    return np.full(people, np.nan) if values is None else np.broadcast_to(np.asarray(values, dtype=float), people)


def arms_by_person(data: xr.Dataset) -> np.ndarray:
    """Return everyone's arm, (person,); "" in a study without arms."""
    arms = person_arms(data)
    return arms.to_numpy(str) if len(arms) else np.full(data.sizes["person"], "")


def group_levels(free: FreeParameter, centres: xr.DataArray | None, arms: np.ndarray) -> np.ndarray:
    """Compute median and 90% CrI of the median person of everyone's arm, natural scale, (3, person).

    `centres` are the means that people are around, link scale: those of an arm are averaged, so that the median person
    has the covariates of the arm on average. NaN unless partially pooled.
    """
    levels = np.full((3, len(arms)), np.nan)
    if centres is None or free.parameter.pooling != "partial":
        return levels
    own = centres.sel(parameter=free.label)
    for arm in np.unique(arms):
        among = own.isel(person=arms == arm).mean("person") if "person" in own.dims else own
        levels[:, arms == arm] = np.array(median_ci90(LINKS[free.parameter.support][1](among.values)))[:, None]
    return levels


def forest_lines(
    free: FreeParameter, posterior: xr.Dataset, centres: xr.DataArray | None, arms: np.ndarray, true: np.ndarray
) -> dict[str, np.ndarray]:
    """Compute the columns of one parameter, of all people in the order of the data."""
    theta = posterior["theta"].sel(parameter=free.label).transpose("chain", "draw", "person").values
    levels = LINKS[free.parameter.support][1](np.quantile(theta, QUANTILES, axis=(0, 1)))  # links are monotone
    group = group_levels(free, centres, arms)
    return dict(zip(LEVELS, levels, strict=True)) | dict(zip(GROUP_LEVELS, group, strict=True)) | {"true": true}


def forest_data(
    model: ModelSpec,
    fit: xr.DataTree,
    parameters: Sequence[str] | None = None,
    true_values: Mapping[str, np.ndarray] | None = None,
) -> pd.DataFrame:
    """Make one line per parameter and person, on the natural scale, in the order of pseudonyms.

    Parameters
    ----------
    model, fit
        A model, and its fit by any method.
    parameters
        Names of person-level parameters; by default those of learning, at most four.
    true_values
        True values of simulated people by parameter, (person,) in the order of the data, natural scale.

    Returns
    -------
    pd.DataFrame
        Empty where the model has no person-level parameter.

        - parameter, person, arm: the arm is "" in a study without arms
        - median, ci50_low, ci50_high, ci90_low, ci90_high: of the person
        - group_median, group_ci90_low, group_ci90_high: of the median person of the arm, or of the group
        - true: NaN where it is not known

    Raises
    ------
    InputError
        If there is no such person-level parameter.
    """
    posterior, data = fit["unconstrained_posterior"].to_dataset(), fit["constant_data"].to_dataset()
    chosen = chosen_parameters(model, data, parameters)
    if "theta" not in posterior or not chosen:
        return pd.DataFrame()
    (order, names), arms = pseudonym_order(data["person"].values), arms_by_person(data)
    centres = person_centres(posterior, model, data) if "sigma" in posterior else None
    tables = []
    for free in chosen:
        lines = forest_lines(free, posterior, centres, arms, true_of_people(true_values, free, len(order)))
        table = pd.DataFrame({"arm": arms} | lines).iloc[order]
        tables.append(table.assign(parameter=free.label, person=names)[COLUMNS])
    return pd.concat(tables, ignore_index=True)
