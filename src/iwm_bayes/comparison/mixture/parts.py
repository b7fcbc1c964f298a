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

from collections.abc import Sequence, Set

import numpy as np
import xarray as xr

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.model.inputs import effect_labels, parameters_pooled
from iwm_bayes.model.priors import figure_names
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
