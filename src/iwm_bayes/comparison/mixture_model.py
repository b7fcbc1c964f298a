"""A mixture of models in one fit: each person follows one of them.

    frequency ~ Dirichlet(1, ..., 1),   P(person follows model k) = frequency[k]

The attribution of people is summed out exactly. A person's parameters in a model that they do not follow have no
meaning. There they have a *pseudo-prior*: what the model's group and the person's own responses imply together, as the
sampler's coordinates have it (`model.noncentering`). So they are in a plausible place when the person turns to that
model, and they do not inform its group. The pseudo-prior changes how well the sampler moves, not the posterior, as long
as it is a distribution (Carlin & Chib, 1995, doi:10.1111/j.2517-6161.1995.tb02042.x). With l the log likelihood of a
person, p the density of their parameters in model k and q their pseudo-prior, both given the group:

    sum over k of  frequency[k] exp(l[k]) p(theta[k] | group k)  product over j != k of  q(theta[j] | group j)

Two kinds of parameters are the same in all models of the mixture:

* Response parameters that all models declare alike have one group, which belongs to no model. With a response SD of its
  own, a model could otherwise become that of people who respond carelessly.
* Completely pooled parameters of a model are fixed at the means of its own fit to everyone. If they were free, they
  would adapt to the people who follow the model. Similar models would then divide people in many ways.
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.model.build import declare_data, declare_likelihood_terms
from iwm_bayes.model.hierarchy import declare_hierarchy, declare_mu, declare_sd, no_pooling, person_log_densities
from iwm_bayes.model.inputs import effect_labels, model_coords, parameters_pooled
from iwm_bayes.model.priors import FreeParameter, figure_names
from iwm_bayes.responses.families import response_log_density
from iwm_bayes.types import ModelSpec, parameters, with_parameters


def free_only(model: ModelSpec, names: Set[str]) -> ModelSpec:
    """Return the model with no other parameters free."""
    own = parameters(model).items()
    return with_parameters(model, {name: p if name in names else p._replace(fixed=0.0) for name, p in own})


def unpooled(model: ModelSpec, names: Set[str]) -> ModelSpec:
    """Return the model without a group for these parameters."""
    own = parameters(model)
    return with_parameters(model, own | {name: own[name]._replace(pooling="none") for name in names})


def shared_response_parameters(models: Sequence[tuple[ModelSpec, xr.Dataset]]) -> set[str]:
    """Return free response parameters with a group that all models declare alike and that no covariate moves.

    There are none where any model has correlated parameters: a correlation involves all parameters of its model.
    """
    by_model = []
    for model, data in models:
        moved = {label.partition(": ")[0] for labels in effect_labels(data).values() for label in labels}
        names = parameters(model).keys() - parameters(model._replace(responses={})).keys() - moved
        by_model.append({name: parameters(model)[name] for name in names if not model.correlated})
    first, *others = by_model
    grouped = {name: own for name, own in first.items() if own.fixed is None and own.pooling != "none"}
    return {name for name, own in grouped.items() if all(own == other.get(name) for other in others)}


def common_parameters(fits: Sequence[FittedModel]) -> set[str]:
    """Return the names of response parameters that are the same in all models."""
    return shared_response_parameters([(fitted.model, fitted.data) for fitted in fits])


def complete_pooling_values(fitted: FittedModel, common: set[str]) -> dict[str, np.ndarray]:
    """Return completely pooled parameters that are not common: posterior means of the model's own fit, (person,)."""
    mu, people = fitted.fit["unconstrained_posterior"].to_dataset()["mu"], fitted.data.sizes["person"]
    complete = parameters_pooled(fitted.model, figure_names(fitted.data), "complete")
    labels = [free.label for free in complete if free.name not in common]
    return {label: np.full(people, float(mu.sel(parameter=label).mean())) for label in labels}


def own_model(fitted: FittedModel, common: set[str]) -> ModelSpec:
    """Return the model with only its person-level parameters free, and without its own group of common parameters."""
    complete = {name for name, parameter in parameters(fitted.model).items() if parameter.pooling == "complete"}
    return unpooled(free_only(fitted.model, parameters(fitted.model).keys() - complete), common - complete)


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
