"""Power-scaling sensitivity of every answer: whether it depends on the prior, and on the data.

With the prior or the likelihood raised to a power a near 1, the posterior is

    p_a(theta | y)  ~  p(theta)^a p(y | theta)            or    p(theta) p(y | theta)^a

and draws of it are those of the fit with weights p(theta)^(a - 1) or p(y | theta)^(a - 1), smoothed by their Pareto
tails. The sensitivity of a quantity is how fast its distribution moves: the cumulative Jensen-Shannon distance between
the draws with and without weights, per unit of log2 a, at a = 0.99 and 1.01. ArviZ computes both. The prior is that of
the group (see `inference.log_prior`); how people vary around it belongs to the model. The likelihood is that of all
answers of everybody.

The log likelihood of many people varies much between draws, so that quantities which have nothing to do with it move,
too. So each quantity is compared with itself in another order: its draws are moved along the chain by 19 offsets. The
largest sensitivity among these is what chance gives in 1 of 20 cases. The prior counts if its sensitivity is at least
0.05, the limit of ArviZ, and above chance. Where it counts, the likelihood decides what that means:

    prior-dominated         likelihood below 0.05               the data say little about the answer
    prior-data conflict     at least 0.05 and above chance      the prior pulls the answer away from the data
    depends on the prior    at least 0.05, not above chance     these draws cannot distinguish the two

Kallioinen, Paananen, Burkner & Vehtari (2024), doi:10.1007/s11222-023-10366-5.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.inference.answers import summed_log_likelihood
from iwm_bayes.inference.natural_scale import natural_draws
from iwm_bayes.lazy import lazy_module
from iwm_bayes.model.natural_names import natural_variables
from iwm_bayes.simulation.draws import thin_draws
from iwm_bayes.types import ModelSpec

az = lazy_module("arviz")

LIMIT = 0.05  # of a sensitivity, as in `az.psense_summary`
N_OFFSETS = 19  # the largest of as many unrelated sensitivities is exceeded by another one in 1 of 20 cases
MIN_DRAWS = 100  # fewer say nothing about tails
N_DRAWS = 1000  # at which the log likelihood is computed where the fit has none
COMPONENTS = ("prior", "likelihood")
GROUP_PARAMETERS = "group_summary"  # the table that has them
OF_THE_GROUP = ("mu", "sigma", "beta", "sigma_u")  # sources of variables that are no one person's or level's
PRIOR_DOMINATED, CONFLICT, DEPENDS = DIAGNOSES = ("prior-dominated", "prior-data conflict", "depends on the prior")
MAX_NAMED = 2  # answers in a sentence

type Answers = dict[tuple[str, str], xr.DataArray]  # by table and words, (chain, draw)


class Densities(NamedTuple):
    """Log density of the prior of the group, and of all answers, at each draw: (chain, draw) each."""

    prior: xr.DataArray
    likelihood: xr.DataArray


def summed(group: xr.Dataset) -> xr.DataArray:
    """Sum the log densities of a group of a fit, as its file keeps them, at each draw, (chain, draw)."""
    sums = [
        values.astype("float32").astype(float).sum([dim for dim in values.dims if dim not in ("chain", "draw")])
        for values in group.values()
    ]
    return xr.concat(sums, "variable").sum("variable").transpose("chain", "draw")


def group_parameters(model: ModelSpec, fit: xr.DataTree) -> Answers:
    """Return the group-level parameters at each draw, by the names that ArviZ gives them."""
    draws, found = fit["unconstrained_posterior"].to_dataset(), {}
    for variable in natural_variables(model, fit["constant_data"].to_dataset()):
        if variable.source not in OF_THE_GROUP:
            continue
        values = natural_draws(variable, draws)
        dims = [dim for dim in values.dims if dim not in ("chain", "draw")]
        for index in np.ndindex(*(values.sizes[dim] for dim in dims)):
            own = values[dict(zip(dims, index, strict=True))]
            labels = ", ".join(str(own[dim].item()) for dim in dims)
            found[GROUP_PARAMETERS, f"{variable.name}[{labels}]" if labels else variable.name] = own
    return {key: own.drop_vars([name for name in own.coords if name not in own.dims]) for key, own in found.items()}


def log_densities(model: ModelSpec, fit: xr.DataTree, answers: Answers) -> Densities:
    """Return the log densities at the draws of `answers`: all of the fit where it has its log likelihood."""
    prior = summed(fit["log_prior"].to_dataset())
    if "log_likelihood" in fit.children:
        return Densities(prior, summed(fit["log_likelihood"].to_dataset()))
    posterior = fit["unconstrained_posterior"].to_dataset()
    thinned = [thin_draws(posterior, N_DRAWS)["draw"].values]
    thinned += [values["draw"].values for (table, _), values in answers.items() if table != GROUP_PARAMETERS]
    needed = posterior.sel(draw=np.unique(np.concatenate(thinned)))
    likelihood = summed_log_likelihood(model, fit["constant_data"].to_dataset(), needed)
    return Densities(prior.sel(draw=likelihood["draw"]), likelihood)


def by_draws(answers: Answers, densities: Densities) -> Iterator[tuple[dict[tuple[str, str], np.ndarray], np.ndarray]]:
    """Yield answers that are known at the same draws, (sample,) each, with the log densities there, (2, sample).

    An answer is not known at draws for which it was not computed, or in which it is not defined. One that is known at
    fewer than `MIN_DRAWS`, or never varies, is left out.
    """
    together: dict[bytes, dict[tuple[str, str], np.ndarray]] = {}
    masks: dict[bytes, np.ndarray] = {}
    both = np.array([values.transpose("chain", "draw").values.ravel() for values in densities])
    places = densities.likelihood
    for key, answer in answers.items():
        values = answer.reindex(chain=places["chain"], draw=places["draw"]).transpose("chain", "draw").values.ravel()
        known = np.isfinite(values)
        if known.sum() >= MIN_DRAWS and np.ptp(values[known]) > 0:
            together.setdefault(known.tobytes(), {})[key] = values[known]
            masks[known.tobytes()] = known
    for mask, own in together.items():
        yield own, both[:, masks[mask]]


def rolled(draws: np.ndarray) -> np.ndarray:
    """Return draws in their own order and moved along by each offset, (offset, sample)."""
    offsets = np.arange(N_OFFSETS + 1) * len(draws) // (N_OFFSETS + 1)
    return np.array([np.roll(draws, offset) for offset in offsets])


def sensitivities(answers: Mapping[tuple[str, str], np.ndarray], log_densities: np.ndarray) -> pd.DataFrame:
    """Compute the sensitivity of quantities to prior and likelihood, and what chance gives.

    Parameters
    ----------
    answers
        Draws of each quantity by table and words, (sample,).
    log_densities
        Log prior and log likelihood at the same draws, (2, sample).

    Returns
    -------
    pd.DataFrame
        `prior`, `likelihood`, `prior_by_chance`, `likelihood_by_chance`, by table and words.
    """
    dims = ("chain", "draw")  # as one chain: ArviZ takes all draws together
    draws = {str(number): (("offset", *dims), rolled(own)[:, None]) for number, own in enumerate(answers.values())}
    groups = {
        f"log_{name}": xr.Dataset({name: (dims, values[None])})
        for name, values in zip(COMPONENTS, log_densities, strict=True)
    }
    tree, columns = xr.DataTree.from_dict({"posterior": xr.Dataset(draws), **groups}), {}
    for component in COMPONENTS:
        found = az.psense(tree, group=component).to_dataarray("answer").transpose("answer", ...)
        columns[component], columns[f"{component}_by_chance"] = found.values[:, 0], found.values[:, 1:].max(axis=1)
    return pd.DataFrame(columns, index=pd.MultiIndex.from_tuples(answers, names=["table", "answer"]))


def note(line: pd.Series) -> str:
    """Return what is wrong with an answer in words; nothing where the prior does not count."""
    if line["prior"] < LIMIT or line["prior"] <= line["prior_by_chance"]:
        return ""
    if line["likelihood"] < LIMIT:
        return PRIOR_DOMINATED
    return CONFLICT if line["likelihood"] > line["likelihood_by_chance"] else DEPENDS


def power_scaling(model: ModelSpec, fit: xr.DataTree, answers: Answers) -> pd.DataFrame:
    """Make one line per answer: the sensitivity to prior and likelihood, and a note; empty without a log prior.

    In an approximation, the draws are weighted as if they were those of the posterior: sensitivities are then those of
    the approximation.
    """
    if "log_prior" not in fit.children:
        return pd.DataFrame()
    answers = group_parameters(model, fit) | answers
    parts = [sensitivities(own, both) for own, both in by_draws(answers, log_densities(model, fit, answers))]
    if not parts:
        return pd.DataFrame()
    lines = pd.concat(parts)
    ordered = lines.loc[[key for key in answers if key in lines.index]]
    return ordered.assign(note=ordered.apply(note, axis=1)).reset_index()


def power_scaling_sentence(lines: pd.DataFrame) -> str:
    """Return in one sentence which answers depend on the prior, and how many parameters do.

    It is empty where no answer does; the table has the parameters.
    """
    if not len(lines):
        return ""
    is_parameter, clauses = lines["table"] == GROUP_PARAMETERS, []
    for kind in DIAGNOSES:
        names = list(lines.loc[~is_parameter & (lines["note"] == kind), "answer"])
        more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
        clauses += [f"{kind}: {', '.join(names[:MAX_NAMED])}{more}"] if names else []
    if not clauses:
        return ""
    if count := int((lines.loc[is_parameter, "note"] != "").sum()):
        clauses.append(f"{count} of {is_parameter.sum()} group-level parameters depend on the prior")
    return f"Sensitivity to the prior (power-scaling): {'; '.join(clauses)}."
