"""How to sample, from a look ahead: what everyone's own answers say of them, as Gaussians under a group near its top.

Everyone's Gaussian there (see `gaussians`) has a precision; without the group's share of it this is what the answers
say, and where. `hierarchy` is told, and the sampler moves people relative to it. Where nothing can be made of it, the
graph is told nothing, and people are moved relative to the group alone.
"""

import numpy as np
import xarray as xr

from iwm_bayes.climb import climbed, topped
from iwm_bayes.core import Model
from iwm_bayes.crowd import Group, beginning, centres, scales
from iwm_bayes.drawn import group_draws
from iwm_bayes.gaussians import People, Problem
from iwm_bayes.hierarchy import coordinates, moving, pooled
from iwm_bayes.laplace import posed
from iwm_bayes.levels import members_for
from iwm_bayes.method import Compiled, Settings
from iwm_bayes.population import figures_of, moves

MEDIAN = 0.6744897501960817  # of a half-normal in units of its scale


def untold(model: Model, data: xr.Dataset) -> xr.Dataset:
    """Nothing said of people; members of groups half-way between centred and not, in units of the median spread."""
    names, people = coordinates(model, data), data.sizes["person"]
    partial, rows = pooled(model, figures_of(data), "partial"), names["personal"]
    found: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    if rows:
        found["own_precision"] = (("personal", "other_personal", "person"), np.zeros((len(rows), len(rows), people)))
        found["own_pull"] = (("personal", "person"), np.zeros((len(rows), people)))
    if grouping := moving(data).get("grouping", []):
        found["group_centredness"] = (("grouping",), np.full(len(grouping), 0.5))
        found["group_unit"] = (("grouping",), MEDIAN * moves(partial, grouping).scale)
    kept = {"personal": rows, "other_personal": rows, "person": names["person"], "grouping": grouping}
    dims = {dim for several, _ in found.values() for dim in several}
    return xr.Dataset(found, {dim: names for dim, names in kept.items() if dim in dims})


def said(problem: Problem, group: Group, people: People) -> tuple[np.ndarray, np.ndarray]:
    """What everyone's answers say: precision (D, D, N), never below 0, and its product with where it has its top."""
    of_group = 1.0 / scales(problem.shape, group) ** 2
    own = np.linalg.inv(people.variance) - np.diag(of_group)
    values, vectors = np.linalg.eigh((own + own.transpose(0, 2, 1)) / 2.0)
    own = np.einsum("nij,nj,nkj->ikn", vectors, np.maximum(values, 0.0), vectors)
    towards = (people.x - centres(problem.shape, group.beta)) * of_group[:, None]
    pull = np.einsum("ijn,jn->in", own, people.x) + towards
    known = np.isfinite(own).all(axis=(0, 1)) & np.isfinite(pull).all(axis=0)
    return np.where(known, own, 0.0), np.where(known, pull, 0.0)


def looked_ahead(likelihood: Compiled, data: xr.Dataset) -> xr.Dataset:
    """How to sample these data: see `untold`."""
    found, model = untold(likelihood.model, data), likelihood.model
    if "own_pull" not in found:
        return found
    problem = posed(likelihood, data)
    begin = beginning(problem.shape)
    group, people = climbed(problem, begin, centres(problem.shape, begin.beta))
    precision, pull = said(problem, group, people)
    found = found.assign(own_precision=found["own_precision"].copy(data=precision))
    found = found.assign(own_pull=found["own_pull"].copy(data=pull))
    if "group_unit" not in found:
        return found
    top = topped(problem, group, people)
    drawn = group_draws(problem.shape, top.group, top.covariance, Settings(draws=250))
    return found.assign(members_for(drawn, model, data))
