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
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from iwm_bayes.answering import Answering, answering_in_graph
from iwm_bayes.build import answers_in_graph, coords_of, entered
from iwm_bayes.common import alike_in, apart, only
from iwm_bayes.core import Model, parameters
from iwm_bayes.frequencies import frequencies_in_graph
from iwm_bayes.hierarchy import levels_in_graph, people_in_graph, pooled
from iwm_bayes.observing import log_density
from iwm_bayes.population import figures_of


class Fitted(NamedTuple):
    """A theory with what it makes of everyone by itself."""

    model: Model
    fit: xr.DataTree
    folder: Path | None = None  # of the run, if it is kept

    @property
    def data(self) -> xr.Dataset:
        return self.fit["data"].to_dataset()


def in_common(theories: Sequence[Fitted]) -> set[str]:
    """How people answer, as far as all theories say the same of it: names of parameters."""
    return alike_in([(fitted.model, fitted.data) for fitted in theories])


def for_everyone(fitted: Fitted, common: set[str]) -> dict[str, np.ndarray]:
    """What a theory alone says is one for everyone: means of its fit by itself, (person,) by row label."""
    posterior, people = fitted.fit["posterior"].to_dataset(), fitted.data.sizes["person"]
    shared = [row for row in pooled(fitted.model, figures_of(fitted.data), "shared") if row.name not in common]
    return {row.label: np.full(people, float(posterior["centre"].sel(row=row.label).mean())) for row in shared}


def own_part(fitted: Fitted, common: set[str]) -> Model:
    """The theory with what differs between people alone free, and with no group of its own of what is in common."""
    shared = {name for name, parameter in parameters(fitted.model).items() if parameter.pooling == "shared"}
    return apart(only(fitted.model, parameters(fitted.model).keys() - shared), common - shared)


def theory_in_graph(fitted: Fitted, own: Model, answering: Answering, others: Mapping[str, Any]) -> tuple[Any, Any]:
    """Declare a theory: how much likelier everyone is to follow it than not, and what not following it puts in place.

    Both are log densities, (person,): of answers and person over the pseudo-prior; of the pseudo-prior over the person.
    What is free in `own` is declared, and `others` are all other values, by row label.
    """
    model, data = fitted.model, fitted.data
    with pm.Model(name=model.name) as part:
        part.add_coords({part.name_for(dim): names for dim, names in coords_of(own, data).items() if dim != "person"})
        given = {label: pt.as_tensor(x) for label, x in others.items()}
        levels = levels_in_graph(own, data, answering.around) | given
        answered = sum(
            log_density(model.responses[name].family, arguments, value, recorded).sum(axis=0)
            for name, arguments, value, recorded in answers_in_graph(model, data, levels, *entered(model, data))
        )
        if (there := people_in_graph()) is None:
            return answered, pt.zeros(data.sizes["person"])
        declared, taken_for = there
    return answered + declared - taken_for, taken_for - declared


def build_mixture(theories: Sequence[Fitted]) -> pm.Model:
    """The PyMC model in which each person follows one of several theories (dims theory, person)."""
    names, common = [fitted.model.name for fitted in theories], in_common(theories)
    coords = {"theory": names, "person": theories[0].data["person"].values}
    with pm.Model(coords=coords, check_bounds=False) as built:
        logarithm = frequencies_in_graph(len(names))
        pm.Deterministic("frequency", pt.exp(logarithm), dims="theory")
        first = theories[0]
        answering = answering_in_graph(only(first.model, common), figures_of(first.data))
        shared = answering.shared(first.data.sizes["person"])
        declared = [
            theory_in_graph(one, own_part(one, common), answering, shared | for_everyone(one, common))
            for one in theories
        ]
        following, instead = (pt.stack(parts) for parts in zip(*declared, strict=True))
        each = logarithm[:, None] + following
        pm.Deterministic("follows", pt.special.softmax(each, axis=0), dims=("theory", "person"))
        pm.Potential("answered", pt.logsumexp(each, axis=0) + instead.sum(axis=0), dims="person")
    return built
