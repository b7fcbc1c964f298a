"""The variables of a model on the natural scale: their names, dims and coordinates, the same in a graph and in a fit.

For a parameter `availability_rate`, in the order of the model's parameters:

    availability_rate                    everyone's value, (person); with dim `figure` first where it differs by figure,
                                         and without `person` where it is completely pooled
    availability_rate_median             the median person of the group: the inverse link of `mu`, ([figure])
    availability_rate_sd                 between-person SD, link scale, ([figure])
    availability_rate_arm                effects of the other categories against the reference, link scale, (arm)
    availability_rate_ecr_anxiety        effect of a number, link scale, ()
    availability_rate_arm:ecr_anxiety    interaction, link scale, (arm:ecr_anxiety)
    availability_rate_1|therapist        deviations of the levels of a group, link scale, (therapist)
    availability_rate_1|therapist_sigma  SD between the levels of a group, link scale

Terms are named as bambi names them. A slope by group on categories has two dims, as (arm|therapist, therapist). A `/`
in the name of a variable is written %2F, because it would be a folder in a file. Fixed parameters have no variable.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.data.formulas.design import standardised_covariates
from iwm_bayes.data.formulas.evaluation import Term, common_terms, group_terms
from iwm_bayes.model.priors import figure_names, group_of_level
from iwm_bayes.types import ModelSpec, Parameter, parameters

type Source = Literal["mu", "sigma", "theta", "beta", "u", "sigma_u"]
type Support = Literal["unit", "positive", "real"]

SOURCE_DIMS: Mapping[Source, str] = {  # the dim of a link-scale variable that has its labels
    "mu": "parameter",
    "sigma": "parameter",
    "theta": "parameter",
    "beta": "coefficient",
    "u": "group_level",
    "sigma_u": "group",
}
LINK_NAMES: Mapping[Support, str] = {"unit": "logit", "positive": "log", "real": "identity"}
NATURAL_UNITS: Mapping[Support, str] = {"unit": "0 to 1", "positive": "above 0", "real": "of the parameter"}
LINK_UNITS: Mapping[Support, str] = {"unit": "log-odds", "positive": "log", "real": "of the parameter"}
DIMS = (*SOURCE_DIMS.values(), "chain", "draw", "sample", "person", "figure", "event", "session", "time")
OTHER_NAMES = frozenset(
    {*SOURCE_DIMS, *DIMS, "correlation"}
)  # of dims and variables in a fit: no dim of a term has them


class NaturalVariable(NamedTuple):
    """One variable on the natural scale, and how it follows from link-scale draws.

        values = unlink(draws[source].sel({SOURCE_DIMS[source]: labels}))

    Here `unlink` is the second of `LINKS[support]`, and `draws` has the dims of a fit's `unconstrained_posterior`.
    """

    name: str
    dims: tuple[str, ...]  # in addition to chain and draw
    coords: dict[str, np.ndarray]  # by dim
    source: Source
    labels: xr.DataArray  # along `SOURCE_DIMS[source]`; over this variable's dims without `person`
    support: Support  # of the values; "real" for SDs and effects, which stay on the link scale
    link: str  # of the parameter
    unit: str
    meaning: str


def natural_variable(
    name: str, source: Source, labels: xr.DataArray, people: np.ndarray, declared: Parameter, meaning: str
) -> NaturalVariable:
    """Return a variable of the parameter that is `declared` so; `people` are coordinates where it has `person`."""
    support: Support = declared.support if source in ("theta", "mu") else "real"
    units = NATURAL_UNITS if source in ("theta", "mu") else LINK_UNITS
    coords = {str(dim): np.asarray(labels[dim].values) for dim in labels.dims}
    if source == "theta":
        coords["person"] = people
    texts = LINK_NAMES[declared.support], units[declared.support], meaning
    return NaturalVariable(safe_name(name), tuple(coords), coords, source, labels, support, *texts)


def safe_name(name: str) -> str:
    """Return the name of a variable as files can have it: as `data.dataset.covariate_variable`, without a /."""
    return name.replace("%", "%25").replace("/", "%2F")


def on_link_scale(declared: Parameter) -> str:
    """Return which scale SDs and effects of a parameter have; nothing where it is the parameter's own."""
    return "" if declared.support == "real" else f", on the {LINK_NAMES[declared.support]} scale"


def own_labels(name: str, declared: Parameter, figures: list[str]) -> xr.DataArray:
    """Return the labels of a parameter's group means: one, or one per figure."""
    if declared.by != "figure":
        return xr.DataArray(np.array(name, dtype=object))
    labels = np.array([f"{name}[{figure}]" for figure in figures], dtype=object)
    return xr.DataArray(labels, {"figure": np.array(figures, dtype=object)}, "figure")


def own_variables(name: str, declared: Parameter, data: xr.Dataset, has_effects: bool) -> Iterator[NaturalVariable]:
    """Yield the variables of a parameter without those of its formula."""
    labels, people = own_labels(name, declared, figure_names(data)), data["person"].values
    meaning = declared.meaning or name
    if declared.pooling == "complete":
        yield natural_variable(name, "mu", labels, people, declared, f"{meaning}; the same for all people")
        return
    yield natural_variable(name, "theta", labels, people, declared, meaning)
    if declared.pooling == "partial":
        median = "median person of the reference category at average numbers" if has_effects else "median person"
        yield natural_variable(f"{name}_median", "mu", labels, people, declared, f"{meaning}; {median}")
        between = f"between-person SD of {name}{on_link_scale(declared)}"
        yield natural_variable(f"{name}_sd", "sigma", labels, people, declared, between)


def unformulated(known: Iterable[str], name: str, terms: list[Term]) -> list[Term]:
    """Return a term for each label of a parameter that no term of its formula has, such as a simulated treatment."""
    of_terms = {str(label) for term in terms for label in term.labels.ravel()}
    own = (label.partition(": ")[2] for label in known if label.partition(": ")[0] == name)
    return [Term(label, np.array(label, dtype=object), {}) for label in own if label not in of_terms]


def formula_terms(data: xr.Dataset, dim: str, find: Callable[..., list[Term]]) -> dict[str, list[Term]]:
    """Return the terms of every formula by parameter: those whose labels are on `dim`, as found by `find`."""
    if dim not in data.dims:
        return {}
    known = [str(label) for label in data[dim].values]
    formulas = json.loads(data.attrs.get("formulas", "{}"))
    frame = standardised_covariates(data) if formulas else None
    found = {name: find(formula, frame) for name, formula in formulas.items()}
    names = dict.fromkeys(label.partition(": ")[0] for label in known)
    return {name: [*found.get(name, []), *unformulated(known, name, found.get(name, []))] for name in names}


def term_labels(name: str, term: Term, dims: Mapping[str, str]) -> xr.DataArray:
    """Return the labels of a parameter's term, "PARAMETER: TERM"; `dims` are the names of dims by part of the term."""
    labels = np.array([f"{name}: {label}" for label in term.labels.ravel()], dtype=object)
    coords = {dims[part]: np.array(levels, dtype=object) for part, levels in term.levels.items()}
    return xr.DataArray(labels.reshape(term.labels.shape), coords, tuple(coords))


def effect_variable(
    name: str, term: Term, taken: set[str], declared: Parameter, dims: Mapping[str, str]
) -> NaturalVariable:
    """Return the variable of an effect. Where its name is taken, it is that of the coefficient."""
    own = f"{name}_{term.name}"
    meaning = (
        f"effect of {term.name} on {name}{on_link_scale(declared)}; numbers per SD, categories against the reference"
    )
    labels = term_labels(name, term, dims)
    own = f"{name}: {term.name}" if safe_name(own) in taken else own
    return natural_variable(own, "beta", labels, np.empty(0), declared, meaning)


def group_variables(name: str, term: Term, declared: Parameter, dims: Mapping[str, str]) -> Iterator[NaturalVariable]:
    """Yield the deviations of a group's levels, and their SD."""
    labels, scale = term_labels(name, term, dims), on_link_scale(declared)
    slope, _, group = term.name.partition("|")
    of_what = f"of {name}" if slope == "1" else f"of the effect of {slope} on {name}"
    deviations = f"deviations by {group} {of_what}{scale}"
    yield natural_variable(f"{name}_{term.name}", "u", labels, np.empty(0), declared, deviations)
    first = labels.isel({labels.dims[-1]: 0}, drop=True) if labels.ndim else labels
    groups = np.array(group_of_level([str(label) for label in first.values.ravel()]), dtype=object)
    between = f"SD between levels of {group} {of_what}{scale}"
    sd_labels = first.copy(data=groups.reshape(first.shape))
    yield natural_variable(f"{name}_{term.name}_sigma", "sigma_u", sd_labels, np.empty(0), declared, between)


def term_dims(terms: Mapping[str, list[Term]], taken: Iterable[str]) -> dict[tuple[str, str], dict[str, str]]:
    """Return the dims of every term by parameter and name of the term: its own parts, as `arm` and `therapist`.

    A dim whose name is `taken`, or has other categories in another formula, is named after its variable.
    """
    used: dict[str, list[str]] = {}
    found = {}
    for name, term in ((name, term) for name, own in terms.items() for term in own):
        dims = {}
        for part, levels in term.levels.items():
            plain = safe_name(part)
            free = plain not in taken and used.get(plain, levels) == levels
            dims[part] = plain if free else safe_name(f"{name}_{part}_dim")
            used[dims[part]] = levels
        found[name, term.name] = dims
    return found


def natural_variables(model: ModelSpec, data: xr.Dataset) -> list[NaturalVariable]:
    """Return the variables on the natural scale of a model for these data, in the order of the model's parameters."""
    free = {name: declared for name, declared in parameters(model).items() if declared.fixed is None}
    effects = formula_terms(data, "coefficient", common_terms)
    levels = formula_terms(data, "group_level", group_terms)
    own = {name: list(own_variables(name, declared, data, name in effects)) for name, declared in free.items()}
    taken = {variable.name for variable in chain(*own.values())}
    reserved = taken | OTHER_NAMES | {name for response in model.responses for name in (response, f"{response}_obs")}
    both = {name: [*effects.get(name, []), *levels.get(name, [])] for name in free}
    dims = term_dims(both, reserved)
    for name, declared in free.items():
        for term in effects.get(name, []):
            own[name].append(effect_variable(name, term, taken, declared, dims[name, term.name]))
        for term in levels.get(name, []):
            own[name] += group_variables(name, term, declared, dims[name, term.name])
    return list(chain(*own.values()))
