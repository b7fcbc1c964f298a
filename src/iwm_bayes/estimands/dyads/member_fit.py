"""The part of one member of a dyad, as an ordinary fit of the model of this member.

Names and labels lose the role in front: `patient_availability_rate` is `availability_rate`. The figure is the other
member, by role. Every estimand of single people can then be computed for a member.

Draws are those of the joint fit. What is about both members is left out: `log_likelihood_person`, which integrates over
the parameters of both, and the results of further fits.
"""

import json
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import xarray as xr

from iwm_bayes.data.binding import PEOPLE_NOUN, STATEMENTS
from iwm_bayes.data.dataset import covariate_values, covariate_variable
from iwm_bayes.data.dyads.coupling import member_data
from iwm_bayes.data.dyads.schema import PERSON
from iwm_bayes.data.formulas.design import group_covariates, names_in
from iwm_bayes.inference.answers import answer_coordinates
from iwm_bayes.inference.log_prior import lkj_log_density
from iwm_bayes.model.inputs import parameters_pooled
from iwm_bayes.model.natural_names import natural_variables
from iwm_bayes.model.priors import LKJ_SHAPE, figure_names
from iwm_bayes.model.specification.model_record import model_record
from iwm_bayes.rules.dyad import other_role
from iwm_bayes.types import ModelSpec, parameters, with_parameters

LABELLED = (
    "parameter",
    "parameter_partial",
    "parameter_other",
    "coefficient",
    "group_level",
    "group",
    "innovation_name",
)  # dims whose labels begin with a role
IRREGULAR = {"child": "children", "man": "men", "woman": "women", "baby": "babies"}  # roles in the plural
BY_NAME = ("formulas", STATEMENTS)  # attributes of data: texts of JSON, by names that begin with a role


def member_model(model: ModelSpec, role: str) -> ModelSpec:
    """Return the model of one member, with the priors and fixed values that its parameters have in the dyad."""
    own, declared = model.members[role].model, parameters(model)
    return with_parameters(own, {name: declared[f"{role}_{name}"] for name in parameters(own)})._replace(
        correlated=model.correlated
    )


def is_of_role(label: str, role: str) -> bool:
    """Return whether a name or label is that of a member: "ROLE_NAME", or "ROLE NAME" as of event terms."""
    return label.startswith((f"{role}_", f"{role} "))


def without_role(label: str, role: str) -> str:
    """Return a name or label of a member without its role."""
    return label[len(role) + 1 :]


def own_labels(values: xr.Dataset, role: str, figures: tuple[str, str]) -> xr.Dataset:
    """Return the part of a group whose labels are those of a member, without the role; no variable without a label.

    `figures` are the name of the figure in the data of dyads, and that in the data of the member.
    """
    old, new = (f"[{figure}]" for figure in figures)
    kept = values
    for dim in (dim for dim in LABELLED if dim in values.dims):
        labels = [str(label) for label in values[dim].values if is_of_role(str(label), role)]
        if not labels:
            kept = kept.drop_dims(dim)
            continue
        named = [without_role(label, role).replace(old, new) for label in labels]
        kept = kept.sel({dim: labels}).assign_coords({dim: named})
    return kept


def own_effects(data: xr.Dataset, role: str) -> xr.Dataset:
    """Return the covariates of dyads, with the design and the groups of one member.

    Who the other is, where that is a group such as a therapist, is left out, unless the study names the group itself.
    """
    formulas = json.loads(data.attrs.get("formulas", "{}"))
    groups = group_covariates(data) - {*json.loads(data.attrs.get("groups", "[]"))}
    mine = {covariate for name, text in formulas.items() if is_of_role(name, role) for covariate in names_in(text)}
    kept = {covariate_variable(name) for name in covariate_values(data) if name in mine or name not in groups}
    names = [name for name in data if name in ("design", "membership") or name in kept]
    return own_labels(data[names], role, ("", ""))


def own_attributes(attributes: Mapping[Hashable, Any], role: str) -> dict[Hashable, Any]:
    """Return attributes of data, of which those by name have the names of one member."""
    found = dict(attributes)
    for key in (key for key in BY_NAME if key in attributes):
        by_name = json.loads(attributes[key])
        own = {without_role(name, role): value for name, value in by_name.items() if is_of_role(name, role)}
        found[key] = json.dumps(own)
    return found


def noun_of_member(data: xr.Dataset, role: str) -> str:
    """Return what reports call the people of a member: its role in the plural, or dyads of those who have several."""
    word = role.replace("_", " ")
    several = IRREGULAR.get(word) or (f"{word[:-2]}ves" if word.endswith("fe") else f"{word}s")
    ids = [*map(str, data[f"{PERSON}{role}"].values)] if f"{PERSON}{role}" in data else []
    return f"dyads of {several}" if len({*ids}) < len(ids) else several


def data_of_member(model: ModelSpec, data: xr.Dataset, role: str) -> xr.Dataset:
    """Return the data of one member of all dyads, with the covariates and groups of its parameters."""
    own = member_data(model, data, role)
    effects = own_effects(data, role)
    attributes = own_attributes(own.attrs, role) | {PEOPLE_NOUN: noun_of_member(data, role)}
    return own.assign({name: effects[name] for name in effects}).assign_attrs(attributes)


def own_variables(values: xr.Dataset, model: ModelSpec, data: xr.Dataset, role: str) -> xr.Dataset:
    """Return the natural-scale variables of a member, by the names and dims that its own model gives them."""
    found = {}
    for variable in natural_variables(model, data):
        whole = values[f"{role}_{variable.name}"].transpose("chain", "draw", ...)
        coords: Any = {"chain": values["chain"], "draw": values["draw"], **variable.coords}
        dims = ("chain", "draw", *variable.dims)
        found[variable.name] = xr.DataArray(whole.values, coords, dims, variable.name, whole.attrs)
    return xr.Dataset(found, attrs=values.attrs)


def own_answers(values: xr.Dataset, model: ModelSpec, data: xr.Dataset, role: str) -> xr.Dataset:
    """Return the variables of a member's answers, with dims and coordinates by the names of its responses."""
    found: dict[str, xr.DataArray] = {}
    coordinates: dict[str, Any] = {}
    for name in model.responses:
        whole = f"{role}_{name}"
        own = values[whole].reset_coords(drop=True).rename({f"{whole}_obs": f"{name}_obs"})
        found[name] = own.assign_attrs({key: text.replace(whole, name) for key, text in own.attrs.items()})
        if f"{whole}_person" in values.coords:
            coordinates |= answer_coordinates(data, name)
    return xr.Dataset(found, attrs=values.attrs).assign_coords(coordinates)


def own_log_prior(values: xr.Dataset, correlation: xr.DataArray | None, left_out: int) -> xr.Dataset:
    """Return the log prior of a member, whose labels are its own.

    Any square part of a correlation matrix with an LKJ prior has one too: its shape is higher by half the number of
    rows that were `left_out` (Lewandowski, Kurowicka & Joe, 2009, doi:10.1016/j.jmva.2009.04.008).
    """
    if correlation is None:
        return values
    matrix = correlation.transpose("chain", "draw", "parameter", "parameter_other").values
    density = lkj_log_density(matrix, LKJ_SHAPE + left_out / 2.0)
    return values.assign(correlation=values["correlation"].copy(data=density))


def member_fit(model: ModelSpec, fit: xr.DataTree, role: str) -> xr.DataTree:
    """Return the part of one member of a fit of dyads, as an ordinary fit of `member_model(model, role)`.

    Parameters
    ----------
    model
        A model of dyads.
    fit
        A fit of it by any method: what a method returns, or the standard fit of a run folder.
    role
        The role of the member.

    Returns
    -------
    xr.DataTree
        The groups of the fit, as far as they are about this member. Its people are the dyads.
    """
    data = fit["constant_data"].to_dataset()
    own_model, own_data = member_model(model, role), data_of_member(model, data, role)
    figures = figure_names(data)[0], other_role(model.members, role)

    def labelled(values: xr.Dataset) -> xr.Dataset:
        return own_labels(values, role, figures)

    def variables(values: xr.Dataset) -> xr.Dataset:
        return own_variables(values, own_model, own_data, role)

    def answers(values: xr.Dataset) -> xr.Dataset:
        return own_answers(values, own_model, own_data, role)

    def prior_density(values: xr.Dataset) -> xr.Dataset:
        pooled, own = (parameters_pooled(each, figure_names(of), "partial") for each, of in both)
        correlation = labelled(fit["unconstrained_posterior"].to_dataset()).get("correlation")
        names = [free.label for free in own]
        chosen = None if correlation is None else correlation.sel(parameter=names, parameter_other=names)
        return own_log_prior(labelled(values), chosen, len(pooled) - len(own))

    both = ((model, data), (own_model, own_data))
    parts: Mapping[str, Callable[[xr.Dataset], xr.Dataset]] = {
        "posterior": variables,
        "unconstrained_posterior": labelled,
        "posterior_predictive": answers,
        "prior": variables,
        "prior_predictive": answers,
        "observed_data": answers,
        "log_likelihood": answers,
        "log_prior": prior_density,
        "sample_stats": lambda values: values,
        "bias": labelled,
        "constant_data": lambda _: own_data,
    }
    found = {name: part(fit[name].to_dataset()) for name, part in parts.items() if name in fit.children}
    member = xr.DataTree.from_dict(found)
    member.attrs = {**fit.attrs, "model": model_record(own_model), "model_name": own_model.name}
    return member
