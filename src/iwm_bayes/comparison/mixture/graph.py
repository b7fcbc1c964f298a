"""The mixture of models as a PyMC model; `parts` has its equations."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.comparison.mixture.parts import (
    common_parameters,
    complete_pooling_values,
    free_only,
    own_model,
)
from iwm_bayes.inference.base import TRANSFORMED_VARIABLES
from iwm_bayes.inference.plain.graph_sampler import compile_public, with_arrays
from iwm_bayes.model.build import declare_data, declare_likelihood_terms
from iwm_bayes.model.hierarchy import declare_hierarchy, declare_mu, declare_sd, no_pooling, person_log_densities
from iwm_bayes.model.inputs import model_coords, parameters_pooled
from iwm_bayes.model.priors import FreeParameter, figure_names
from iwm_bayes.responses.families import response_log_density
from iwm_bayes.types import ModelSpec


class ResponseGroup(NamedTuple):
    """The group of common response parameters: means and SDs in the graph, by label."""

    mu: Mapping[str, Any]
    sigma: Mapping[str, Any]

    def around(self, unpooled: list[FreeParameter], people: int) -> tuple[Any, Any]:
        """Return means (parameter, person) and SDs (parameter, 1): of this group, otherwise of the prior alone."""
        mean, sd = (pt.as_tensor(values) for values in no_pooling(unpooled, people))
        for index, free in enumerate(unpooled):
            if free.label in self.sigma:
                mean, sd = mean[index].set(self.mu[free.label]), sd[index].set(self.sigma[free.label])
        return mean, sd

    def complete(self, people: int) -> dict[str, Any]:
        """Return the completely pooled parameters of this group, (person,) by label."""
        return {label: pt.full((people,), value) for label, value in self.mu.items() if label not in self.sigma}


def declare_response_group(model: ModelSpec, figures: list[str]) -> ResponseGroup:
    """Declare the group of common response parameters, from a model in which nothing else is free."""
    pooled = parameters_pooled(model, figures, "partial", "complete")
    partial = parameters_pooled(model, figures, "partial")
    labels = {"parameter": [free.label for free in pooled], "parameter_partial": [free.label for free in partial]}
    pm.modelcontext(None).add_coords(labels)
    mu = declare_mu(pooled) if pooled else ()
    scale = [free.parameter.prior_between_sd for free in partial]
    sigma = declare_sd("sigma", scale, "parameter_partial") if partial else ()
    return ResponseGroup(
        {label: mu[index] for index, label in enumerate(labels["parameter"])},
        {label: sigma[index] for index, label in enumerate(labels["parameter_partial"])},
    )


def declare_model_frequencies(count: int) -> Any:
    """Declare the frequencies of models: their logarithms (model,), uniform over all frequencies that sum to 1.

    Each model takes a share of what the models before it left. The rest for m others is a uniform number to the power
    1/m, whose normal quantile the sampler moves. Similar models may divide people in any way, so a frequency can come
    near 0, and its logarithm then ranges far.
    """
    if count == 1:
        return pt.zeros(1)
    quantile = pm.Normal("frequency_quantile", 0.0, 1.0, shape=count - 1)
    remains = pt.log(pt.erfc(quantile / np.sqrt(2.0)) / 2.0) / np.arange(count - 1, 0, -1)
    return pt.concatenate([pt.log1mexp(remains), [0.0]]) + pt.concatenate([[0.0], pt.cumsum(remains)])


def declare_model(
    fitted: FittedModel, own: ModelSpec, response_group: ResponseGroup, others: Mapping[str, Any]
) -> tuple[Any, Any]:
    """Declare one model of the mixture; return two log densities, (person,).

    The first is that of responses and parameters relative to the pseudo-prior, for people who follow the model. The
    second is that of the pseudo-prior relative to the parameters, which cancels the declared density for all others.
    The free parameters of `own` are declared; `others` are all other values, by label.
    """
    model, data = fitted.model, fitted.data
    with pm.Model(name=model.name) as part:
        coords = {part.name_for(dim): names for dim, names in model_coords(own, data).items() if dim != "person"}
        part.add_coords(coords)
        given = {label: pt.as_tensor(value) for label, value in others.items()}
        theta = declare_hierarchy(own, data, response_group.around) | given
        log_likelihood = sum(
            response_log_density(model.responses[name].family, arguments, value, recorded).sum(axis=0)
            for name, arguments, value, recorded in declare_likelihood_terms(
                model, data, theta, *declare_data(model, data)
            )
        )
        if (densities := person_log_densities()) is None:
            return log_likelihood, pt.zeros(data.sizes["person"])
        prior, pseudo_prior = densities
    return log_likelihood + prior - pseudo_prior, pseudo_prior - prior


def build_mixture(fits: Sequence[FittedModel]) -> pm.Model:
    """Build the PyMC model of the mixture: `frequency` (model,) and `attribution` (model, person)."""
    names, common = [fitted.model.name for fitted in fits], common_parameters(fits)
    coords = {"model": names, "person": fits[0].data["person"].values}
    with pm.Model(coords=coords, check_bounds=False) as mixture:
        log_frequency = declare_model_frequencies(len(names))
        pm.Deterministic("frequency", pt.exp(log_frequency), dims="model")
        first = fits[0]
        response_group = declare_response_group(free_only(first.model, common), figure_names(first.data))
        complete = response_group.complete(first.data.sizes["person"])
        parts = [
            declare_model(one, own_model(one, common), response_group, complete | complete_pooling_values(one, common))
            for one in fits
        ]
        follows, otherwise = (pt.stack(densities) for densities in zip(*parts, strict=True))
        weighted = log_frequency[:, None] + follows
        pm.Deterministic("attribution", pt.special.softmax(weighted, axis=0), dims=("model", "person"))
        pm.Potential("log_likelihood", pt.logsumexp(weighted, axis=0) + otherwise.sum(axis=0), dims="person")
    return mixture


def plain_mixture(fits: Sequence[FittedModel], arrays: Sequence[Mapping[str, np.ndarray]]) -> Any:
    """Return nutpie's model of the mixture as a graph."""
    graph, prefixes = build_mixture(fits), ("", *(f"{fitted.model.name}::" for fitted in fits))
    names = ("frequency", "attribution", *(f"{prefix}{name}" for prefix in prefixes for name in TRANSFORMED_VARIABLES))
    compiled = compile_public(graph, [name for name in names if name in graph.named_vars])
    by_name = {
        f"{fitted.model.name}::{name}": array
        for fitted, own in zip(fits, arrays, strict=True)
        for name, array in own.items()
    }
    return with_arrays(compiled, graph, by_name)
