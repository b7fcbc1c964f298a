"""A mixture of theories in one fit: each person follows one of them.

    frequency ~ Dirichlet(1, ..., 1),   P(person follows k) = frequency[k]

Who follows what is summed out, exactly. A person's place in a theory that they do not follow has no meaning; for it
stands what that theory, fitted to everyone by itself, believes of the person (a *pseudo-prior*), so that the sampler
finds them in place when it turns to that theory. What is chosen there changes how well the sampler moves, not the
posterior: Carlin & Chib (1995), doi:10.1111/j.2517-6161.1995.tb02042.x. With l the log likelihood of a person, p the
density of their place in theory k and q its pseudo-prior,

    sum over k of  frequency[k] exp(l[k]) p(place[k] | group k)  product over j != k of  q(place[j])
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from iwm_bayes.build import answers_in_graph, coords_of, entered, log_density
from iwm_bayes.core import Model
from iwm_bayes.hierarchy import TRANSFORMED, levels_in_graph, people_in_graph
from iwm_bayes.method import Settings
from iwm_bayes.nuts import drawn
from iwm_bayes.pilot import untold
from iwm_bayes.sampler import compile_graph


class Fitted(NamedTuple):
    """A theory with what it makes of everyone by itself."""

    model: Model
    fit: xr.DataTree

    @property
    def data(self) -> xr.Dataset:
        return self.fit["data"].to_dataset()


def pretended(fitted: Fitted) -> dict[str, np.ndarray]:
    """The pseudo-prior of everyone's values: Gaussians, as the fit by itself believes of them.

    "own_mean" (person, personal) and "own_root", the inverse of the Cholesky factor.
    """
    level = fitted.fit["posterior"]["level"].stack(sample=("chain", "draw"))
    drawn = level.transpose("person", "personal", "sample").values
    root = np.linalg.inv(np.linalg.cholesky([np.atleast_2d(np.cov(own)) for own in drawn]))
    return {"own_mean": drawn.mean(axis=2), "own_root": root}


def density(x: Any, mean: Any, root: Any) -> Any:
    """Log density (person,) of `x` (row, person) under Gaussians as `pretended` gives them."""
    z = (root * (x.T - mean)[:, None, :]).sum(axis=2)
    scale = pt.log(pt.diagonal(root, axis1=1, axis2=2)).sum(axis=1) - root.shape[1] * np.log(2.0 * np.pi) / 2.0
    return scale - (z**2).sum(axis=1) / 2.0


def theory_in_graph(fitted: Fitted) -> tuple[Any, Any]:
    """Declare a theory: how much likelier everyone is to follow it than not, and what not following it puts in place.

    Both are log densities, (person,): of answers and person over the pseudo-prior; of the pseudo-prior over the person.
    """
    model, data = fitted.model, fitted.data
    with pm.Model(name=model.name) as part:
        part.add_coords({part.name_for(dim): names for dim, names in coords_of(model, data).items() if dim != "person"})
        levels = levels_in_graph(model, data)
        answered = sum(
            log_density(model.responses[name].family, arguments, value, recorded).sum(axis=0)
            for name, arguments, value, recorded in answers_in_graph(model, data, levels, *entered(model, data))
        )
        if (there := people_in_graph()) is None:
            return answered, pt.zeros(data.sizes["person"])
        level, declared = there
        mean, root = (pm.Data(name, values) for name, values in pretended(fitted).items())
        instead = density(level, mean, root) - declared
    return answered - instead, instead


def build_mixture(theories: Sequence[Fitted]) -> pm.Model:
    """The PyMC model in which each person follows one of several theories (dims theory, person)."""
    names = [fitted.model.name for fitted in theories]
    coords = {"theory": names, "person": theories[0].data["person"].values}
    with pm.Model(coords=coords, check_bounds=False) as built:
        frequency = pm.Dirichlet("frequency", np.ones(len(names)), dims="theory")
        following, instead = (pt.stack(parts) for parts in zip(*map(theory_in_graph, theories), strict=True))
        each = pt.log(frequency)[:, None] + following
        pm.Deterministic("follows", pt.special.softmax(each, axis=0), dims=("theory", "person"))
        pm.Potential("answered", pt.logsumexp(each, axis=0) + instead.sum(axis=0), dims="person")
    return built


def sampled_so(fitted: Fitted) -> xr.Dataset:
    """How a theory was sampled by itself, and so is here."""
    before = fitted.fit["constant_data"].to_dataset()
    return before if len(before) else untold(fitted.model, fitted.data)


def mixture(theories: Sequence[Fitted], settings: Settings) -> xr.DataTree:
    """The posterior of frequency (theory,), and of who follows what, follows (theory, person).

    Parameters of each theory are named "THEORY::centre" and so on.
    """
    built = build_mixture(theories)
    names = ("frequency", "follows", *(f"{one.model.name}::{name}" for one in theories for name in TRANSFORMED))
    compiled = compile_graph(built, [name for name in names if name in built.named_vars])

    known = {variable.name for variable in compiled.shared_var_keys}
    given = {
        f"{one.model.name}::{name}": np.asarray(values)
        for one in theories
        for name, values in sampled_so(one).data_vars.items()
    }
    ready = compiled.with_data(**{name: values for name, values in given.items() if name in known})
    return drawn(ready, settings)
