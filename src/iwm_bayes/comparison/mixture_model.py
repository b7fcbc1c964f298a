"""A mixture of theories in one fit: each person follows one of them.

    frequency ~ Dirichlet(1, ..., 1),   P(person follows k) = frequency[k]

How people answer is theirs, whatever they believe: of parameters of responses of which all theories say the same there
is one group, which has no theory's name. With a noise of its own, for one, a theory can become that of people who
answer carelessly, whichever theory that is.

What a theory says is one for everyone is given, as its fit to everyone has it on average. Where it is free, it is one
for those who follow the theory: a theory then stands for whomever it can be made to stand for, slow people or fast,
and theories that are much alike divide people among them in one of many ways.

Who follows what is summed out, exactly. A person's place in a theory that they do not follow has no meaning; for it
stands what the theory's group and the person's own answers say together (a *pseudo-prior*, as the sampler takes people
for: see `transforms`), so that it finds them in place when it turns to that theory, and they hold no group that is not
theirs. What is chosen there changes how well the sampler moves, not the posterior, so long as it is a distribution:
Carlin & Chib (1995), doi:10.1111/j.2517-6161.1995.tb02042.x. With l the log likelihood of a person, p the density of
their place in theory k and q its pseudo-prior, both given the group,

    sum over k of  frequency[k] exp(l[k]) p(place[k] | group k)  product over j != k of  q(place[j] | group j)

How people answer, whatever they believe: one group, around which they have a place in each of several theories.

What several theories say the same of, and theories that say less than they did.

How frequent each of several theories is, in a graph, as a sampler moves well among them.
"""

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from iwm_bayes.model.build import declare_data, declare_likelihood_terms, model_coords
from iwm_bayes.model.hierarchy import (
    declare_hierarchy,
    declare_mu,
    declare_sd,
    effect_labels,
    no_pooling,
    parameters_pooled,
    person_log_densities,
)
from iwm_bayes.model.likelihood import response_log_density
from iwm_bayes.model.priors import FreeParameter, figure_names
from iwm_bayes.types import ModelSpec, parameters, with_parameters


class ResponseGroup(NamedTuple):
    """The group of how people answer, whatever they believe: centres and sds in the graph, by row label."""

    centre: Mapping[str, Any]
    spread: Mapping[str, Any]

    def around(self, separate: list[FreeParameter], people: int) -> tuple[Any, Any]:
        """Centres (separate, person) and sds (separate, 1): this group's, or all that the prior leaves open."""
        middle, width = (pt.as_tensor(values) for values in no_pooling(separate, people))
        for index, row in enumerate(separate):
            if row.label in self.spread:
                middle, width = middle[index].set(self.centre[row.label]), width[index].set(self.spread[row.label])
        return middle, width

    def shared(self, people: int) -> dict[str, Any]:
        """What is one for everyone, (person,) by row label."""
        return {label: pt.full((people,), x) for label, x in self.centre.items() if label not in self.spread}


def declare_response_group(model: ModelSpec, figures: list[str]) -> ResponseGroup:
    """Declare the group of how people answer, of a theory of which nothing else is free."""
    shared, partial = (
        parameters_pooled(model, figures, "partial", "complete"),
        parameters_pooled(model, figures, "partial"),
    )
    labels = {"parameter": [row.label for row in shared], "parameter_partial": [row.label for row in partial]}
    pm.modelcontext(None).add_coords(labels)
    centre = declare_mu(shared) if shared else ()
    spread = (
        declare_sd("sigma", [row.parameter.prior_between_sd for row in partial], "parameter_partial") if partial else ()
    )
    return ResponseGroup(
        {label: centre[index] for index, label in enumerate(labels["parameter"])},
        {label: spread[index] for index, label in enumerate(labels["parameter_partial"])},
    )


def shared_response_parameters(theories: Sequence[tuple[ModelSpec, xr.Dataset]]) -> set[str]:
    """Free parameters of responses with a group, declared the same in all theories, and that no covariate moves.

    None where people's parameters are correlated in any of them: then there is no telling them apart.
    """
    found = []
    for model, data in theories:
        moved = {label.partition(": ")[0] for labels in effect_labels(data).values() for label in labels}
        answering = parameters(model).keys() - parameters(model._replace(responses={})).keys() - moved
        found.append({name: parameters(model)[name] for name in answering if not model.correlated})
    first, *others = found
    grouped = {name: own for name, own in first.items() if own.fixed is None and own.pooling != "none"}
    return {name for name, own in grouped.items() if all(own == one.get(name) for one in others)}


def free_only(model: ModelSpec, names: Set[str]) -> ModelSpec:
    """The same theory with no other parameters free."""
    found = parameters(model).items()
    return with_parameters(model, {name: own if name in names else own._replace(fixed=0.0) for name, own in found})


def unpooled(model: ModelSpec, names: Set[str]) -> ModelSpec:
    """The same theory, which says nothing of any group in these parameters."""
    found = parameters(model)
    return with_parameters(model, found | {name: found[name]._replace(pooling="none") for name in names})


def declare_model_frequencies(count: int) -> Any:
    """Declare how frequent each of so many theories is: logarithms (theory,), uniform over all that add up to 1.

    Each breaks its share off what those before it left. What then remains for m others is a uniform number to the power
    of 1/m, and the sampler moves its normal quantile: between theories that are much alike people may be divided in any
    way, and the logarithm of next to nothing goes far.
    """
    if count == 1:
        return pt.zeros(1)
    quantile = pm.Normal("frequency_quantile", 0.0, 1.0, shape=count - 1)
    remains = pt.log(pt.erfc(quantile / np.sqrt(2.0)) / 2.0) / np.arange(count - 1, 0, -1)
    return pt.concatenate([pt.log1mexp(remains), [0.0]]) + pt.concatenate([[0.0], pt.cumsum(remains)])


class Fitted(NamedTuple):
    """A theory with what it makes of everyone by itself."""

    model: ModelSpec
    fit: xr.DataTree
    folder: Path | None = None  # of the run, if it is kept

    @property
    def data(self) -> xr.Dataset:
        return self.fit["data"].to_dataset()


def common_parameters(theories: Sequence[Fitted]) -> set[str]:
    """How people answer, as far as all theories say the same of it: names of parameters."""
    return shared_response_parameters([(fitted.model, fitted.data) for fitted in theories])


def complete_pooling_values(fitted: Fitted, common: set[str]) -> dict[str, np.ndarray]:
    """What a theory alone says is one for everyone: means of its fit by itself, (person,) by row label."""
    posterior, people = fitted.fit["posterior"].to_dataset(), fitted.data.sizes["person"]
    shared = [
        row for row in parameters_pooled(fitted.model, figure_names(fitted.data), "complete") if row.name not in common
    ]
    return {row.label: np.full(people, float(posterior["mu"].sel(parameter=row.label).mean())) for row in shared}


def own_model(fitted: Fitted, common: set[str]) -> ModelSpec:
    """The theory with what differs between people alone free, and with no group of its own of what is in common."""
    shared = {name for name, parameter in parameters(fitted.model).items() if parameter.pooling == "complete"}
    return unpooled(free_only(fitted.model, parameters(fitted.model).keys() - shared), common - shared)


def declare_model(
    fitted: Fitted, own: ModelSpec, answering: ResponseGroup, others: Mapping[str, Any]
) -> tuple[Any, Any]:
    """Declare a theory: how much likelier everyone is to follow it than not, and what not following it puts in place.

    Both are log densities, (person,): of answers and person over the pseudo-prior; of the pseudo-prior over the person.
    What is free in `own` is declared, and `others` are all other values, by row label.
    """
    model, data = fitted.model, fitted.data
    with pm.Model(name=model.name) as part:
        part.add_coords(
            {part.name_for(dim): names for dim, names in model_coords(own, data).items() if dim != "person"}
        )
        given = {label: pt.as_tensor(x) for label, x in others.items()}
        levels = declare_hierarchy(own, data, answering.around) | given
        answered = sum(
            response_log_density(model.responses[name].family, arguments, value, recorded).sum(axis=0)
            for name, arguments, value, recorded in declare_likelihood_terms(
                model, data, levels, *declare_data(model, data)
            )
        )
        if (there := person_log_densities()) is None:
            return answered, pt.zeros(data.sizes["person"])
        declared, taken_for = there
    return answered + declared - taken_for, taken_for - declared


def build_mixture(theories: Sequence[Fitted]) -> pm.Model:
    """The PyMC model in which each person follows one of several theories (dims theory, person)."""
    names, common = [fitted.model.name for fitted in theories], common_parameters(theories)
    coords = {"theory": names, "person": theories[0].data["person"].values}
    with pm.Model(coords=coords, check_bounds=False) as built:
        logarithm = declare_model_frequencies(len(names))
        pm.Deterministic("frequency", pt.exp(logarithm), dims="theory")
        first = theories[0]
        answering = declare_response_group(free_only(first.model, common), figure_names(first.data))
        shared = answering.shared(first.data.sizes["person"])
        declared = [
            declare_model(one, own_model(one, common), answering, shared | complete_pooling_values(one, common))
            for one in theories
        ]
        following, instead = (pt.stack(parts) for parts in zip(*declared, strict=True))
        each = logarithm[:, None] + following
        pm.Deterministic("follows", pt.special.softmax(each, axis=0), dims=("theory", "person"))
        pm.Potential("answered", pt.logsumexp(each, axis=0) + instead.sum(axis=0), dims="person")
    return built
