"""The model of a study as an ordinary `pm.Model`, for researchers to inspect and to extend.

    mu                   (parameter,)                    group means, link scale
    sigma                (parameter_partial,)            between-person SDs, link scale
    beta                 (coefficient,)                  effects of covariates, from formulas
    sigma_u, u_offset    (group,), (group_level,)        SDs between the levels of a group, and deviations in these SDs
    correlation_cholesky (parameter_partial, parameter_other)   where the model says `correlated`
    theta_offset         (parameter_person, person)      people's deviations from their group, in SDs

Everything else is a `pm.Deterministic`: `theta` and `u` on the link scale, `correlation`, and every variable of
`natural_names` on the natural scale, such as `availability_rate` (person). The responses follow from these. So a term
of a researcher's own may use `model["availability_rate"]`, and `pm.do` may set it.

Each response is one variable over its recorded answers, with dim `NAME_obs`. The data `NAME_person`, `NAME_figure`
(positions along these dims), `NAME_session` and `NAME_time` say which answer is which.

The density is that of `build`, whose coordinates are made for one sampler. Here people are non-centred, the plain form
of Papaspiliopoulos, Roberts & Skold (2007), doi:10.1214/088342307000000014.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from iwm_bayes.filtering.graph import scan_events
from iwm_bayes.model.build import IN_A_GRAPH, declare_data, with_innovation_graphs
from iwm_bayes.model.hierarchy import no_pooling, sum_of_effects
from iwm_bayes.model.inputs import (
    effect_labels,
    innovation_labels,
    model_coords,
    parameters_pooled,
    unpooled_parameters,
)
from iwm_bayes.model.likelihood import declare_answers
from iwm_bayes.model.likelihood_terms import likelihood_terms
from iwm_bayes.model.natural_names import NaturalVariable, natural_variables
from iwm_bayes.model.priors import (
    LINKS,
    LKJ_SHAPE,
    FreeParameter,
    effect_map,
    figure_names,
    group_of_level,
)
from iwm_bayes.ops import stack_figures
from iwm_bayes.types import EFFECT_WIDTH, ModelSpec, parameters


def answer_positions(data: xr.Dataset, name: str) -> dict[str, np.ndarray]:
    """Return what identifies each recorded answer of a response, in the order of events and within an event of people.

    `person` and `figure` are positions along these dims; `session` and `time` are as in the data.
    """
    event, person = np.nonzero(data[f"answer_{name}"].notnull().values)
    columns = {field: data[field].values[event, person] for field in ("figure_index", "session", "time")}
    return {
        "person": person,
        "figure": columns["figure_index"].astype("int64"),
        "session": columns["session"],
        "time": columns["time"],
    }


def pymc_coords(model: ModelSpec, data: xr.Dataset, natural: Sequence[NaturalVariable]) -> dict[str, Any]:
    """Return the coordinates of every dim: of the hierarchy, of variables on the natural scale, and of answers."""
    of_natural = {dim: values for variable in natural for dim, values in variable.coords.items()}
    answers = {f"{name}_obs": np.arange(int(data[f"answer_{name}"].notnull().sum())) for name in model.responses}
    return {"figure": figure_names(data)} | of_natural | model_coords(model, data) | answers


def declare_plain_effects(partial: list[FreeParameter], data: xr.Dataset) -> Any:
    """Declare effects of covariates and deviations of groups; return their sum, (parameter, person) or 0."""
    labels, shift = effect_labels(data), 0.0
    if "coefficient" in labels:
        effects = effect_map(partial, labels["coefficient"])
        design = pm.Data("design", data["design"].values, dims=("coefficient", "person"))
        beta = pm.Normal("beta", 0.0, EFFECT_WIDTH * effects.scale, dims="coefficient")
        shift += sum_of_effects(effects.indicator, beta[:, None] * design)
    if "group_level" in labels:
        levels, groups = labels["group_level"], labels["group"]
        membership = pm.Data("membership", data["membership"].values, dims=("group_level", "person"))
        sigma_u = pm.HalfNormal("sigma_u", effect_map(partial, groups).scale, dims="group")
        offset = pm.Normal("u_offset", 0.0, 1.0, dims="group_level")
        sd = sigma_u[[groups.index(group) for group in group_of_level(levels)]]
        u = pm.Deterministic("u", sd * offset, dims="group_level")
        shift += sum_of_effects(effect_map(partial, levels).indicator, u[:, None] * membership)
    return shift


def declare_deviations(model: ModelSpec, partial: list[FreeParameter], offset: Any) -> Any:
    """Declare between-person SDs and correlations; return people's deviations from their group (parameter, person)."""
    scale = [free.parameter.prior_between_sd for free in partial]
    sigma = pm.HalfNormal("sigma", scale, dims="parameter_partial")
    if not model.correlated or len(partial) < 2:
        return sigma[:, None] * offset
    dims = ("parameter_partial", "parameter_other")
    factor = pm.LKJCorr("correlation_cholesky", n=len(partial), eta=LKJ_SHAPE, dims=dims)
    pm.Deterministic("correlation", factor @ factor.T, dims=dims)
    return sigma[:, None] * (factor @ offset)


def declare_plain_theta(model: ModelSpec, data: xr.Dataset) -> None:
    """Declare group means, and everyone's link-scale values around them."""
    figures, people = figure_names(data), data.sizes["person"]
    pooled = parameters_pooled(model, figures, "partial", "complete")
    partial, unpooled = parameters_pooled(model, figures, "partial"), unpooled_parameters(model, data)
    if pooled:
        mean, sd = [free.prior_mean for free in pooled], [free.prior_sd for free in pooled]
        mu = pm.Normal("mu", mean, sd, dims="parameter")
    if not (partial or unpooled):
        return
    offset, values = pm.Normal("theta_offset", 0.0, 1.0, dims=("parameter_person", "person")), []
    if partial:
        centre = mu[[pooled.index(free) for free in partial]][:, None] + declare_plain_effects(partial, data)
        values.append(centre + declare_deviations(model, partial, offset[: len(partial)]))
    if unpooled:
        prior_mean, prior_sd = no_pooling(unpooled, people)
        values.append(prior_mean + prior_sd * offset[len(partial) :])
    pm.Deterministic("theta", pt.concatenate(values, axis=0), dims=("parameter_person", "person"))


def declare_natural(variable: NaturalVariable) -> Any:
    """Declare a variable on the natural scale in the current model."""
    graph = pm.modelcontext(None)
    source = graph[variable.source]
    own_dim, *_ = graph.named_vars_to_dims[variable.source]
    known = [str(label) for label in graph.coords[own_dim]]
    positions = np.array([known.index(label) for label in variable.labels.values.ravel()])
    chosen = source[positions.reshape(variable.labels.shape)]
    return pm.Deterministic(variable.name, LINKS[variable.support][1](chosen), dims=variable.dims)


def person_values(model: ModelSpec, data: xr.Dataset, declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return natural-scale values by parameter, (person,) or one of these per figure, as `priors.natural_values`.

    `declared` are the variables of free parameters.
    """
    people, values = data.sizes["person"], {}
    for name, parameter in parameters(model).items():
        if parameter.fixed is not None:
            values[name] = np.full(people, parameter.fixed)
            continue
        rows = [declared[name][index] for index in range(data.sizes["figure"])] if parameter.by == "figure" else []
        everyone = [pt.broadcast_to(row, (people,)) for row in rows or [declared[name]]]
        values[name] = stack_figures(everyone) if rows else everyone[0]
    return values


def pymc_model(model: ModelSpec, data: xr.Dataset) -> pm.Model:
    """Return the model of a study as an ordinary `pm.Model`, to inspect, to extend and to sample with any tool of PyMC.

    Parameters
    ----------
    model
        A model: what `load_data` returns with the data.
    data
        A Dataset over (event, person).

    Returns
    -------
    pymc.Model
        The model, with the variables that this module describes. Bring draws home with `inference.from_pymc`.

    Examples
    --------
    >>> with pymc_model(model, data) as extended:
    ...     slope = pm.Normal("slope", 0, 10)
    ...     pm.Normal("dass", 20 + slope * extended["availability_rate"], 5, observed=dass, dims="person")
    ...     trace = pm.sample()
    """
    natural = natural_variables(model, data)
    with pm.Model(coords=pymc_coords(model, data, natural)) as graph:
        events, responses = declare_data(model, data)
        declare_plain_theta(model, data)
        declared = {variable.name: declare_natural(variable) for variable in natural}
        values = person_values(model, data, declared)
        loops = IN_A_GRAPH._replace(readouts=scan_events)
        if rows := innovation_labels(model, data).get("innovation_row"):
            innovations = graph["theta"][graph.coords["parameter_person"].index(rows[0]) :]
            events = with_innovation_graphs(model, events, innovations)
        terms = likelihood_terms(model, figure_names(data), values, events, responses, loops)
        for name, arguments, value, recorded in terms:
            for field, column in answer_positions(data, name).items():
                pm.Data(f"{name}_{field}", column, dims=f"{name}_obs")
            declare_answers(name, model.responses[name].family, arguments, value, recorded)
    return graph
