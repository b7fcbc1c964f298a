"""Who races: one function each, from a problem to draws of the same posterior, timed.

All draw 4 chains of 500 after 500 of warm-up, and mean to accept .8 of their steps, as Stan and NumPyro do by default;
this program's pilot comes on top. Compilation starts from an empty cache when the process does (see `peers.py`). The
posterior is on the link scale: mu (parameter), sigma (parameter) and theta (parameter, person), with chains and draws.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from problems import HERE, Problem

CHAINS, DRAWS, WARM_UP, SEED = 4, 500, 500, 1
ACCEPTED = 0.8


class Timed(NamedTuple):
    """A posterior, and the seconds it took to compile and to sample (warm-up and pilot included)."""

    posterior: xr.Dataset
    compiling: float
    sampling: float


def priors(problem: Problem) -> dict[str, np.ndarray]:
    """Mean and SD of the prior of each mu, and scale of the prior of each sigma, (parameter,)."""
    return {
        "middle": np.array([row.prior_mean for row in problem.rows]),
        "width": np.array([row.prior_sd for row in problem.rows]),
        "scale": np.array([row.parameter.prior_between_sd for row in problem.rows]),
    }


def look_ahead_beside(name: str) -> subprocess.Popen[bytes]:
    """A process that makes the look ahead's machine code while this one makes the sampler's, as in `iwm fit`."""
    made = (
        "from iwm_bayes.inference.laplace.method import compile_likelihood; compile_likelihood(found.model, found.data)"
    )
    code = f"from problems import problem; found = problem({name!r}); {made}"
    return subprocess.Popen([sys.executable, "-c", code], cwd=HERE)


def iwm_bayes(problem: Problem) -> Timed:
    """This program: nutpie on a PyMC graph, in coordinates from a look ahead."""
    from iwm_bayes.inference.fit import Settings, compile_model, nuts

    began = time.perf_counter()
    with look_ahead_beside(problem.name) as other:
        ready = compile_model(problem.model, problem.data)
        other.terminate()
    compiled = time.perf_counter()
    trace = nuts(ready, problem.data, Settings(DRAWS, WARM_UP, CHAINS, SEED, target_accept=ACCEPTED))
    found = trace["posterior"].to_dataset()[["mu", "sigma", "theta"]]
    return Timed(found, compiled - began, time.perf_counter() - compiled)


def for_stan(problem: Problem, centred: bool) -> dict[str, Any]:
    """The data block of both programs; ratings at the ends of the scale are told by their place."""
    outcome, rating = problem.data["outcome"].values, problem.data["answer_availability_rating"].values.ravel()
    events, people = outcome.shape
    places = {"within": (rating > 0) & (rating < 1), "low": rating <= 0, "high": rating >= 1}
    found = {name: np.flatnonzero(which) + 1 for name, which in places.items()}
    return (
        {"people": people, "events": events, "outcome": outcome, "rating": rating[places["within"]]}
        | found
        | {f"{name}_count": len(where) for name, where in found.items()}
        | priors(problem)
        | {"centred": int(centred)}
    )


def stan(problem: Problem, centred: bool) -> Timed:
    """Stan's own no-U-turn sampler, by PyStan."""
    import stan

    code = (HERE / f"{problem.name}.stan").read_text(encoding="utf-8")
    began = time.perf_counter()
    ready = stan.build(code, data=for_stan(problem, centred), random_seed=SEED)
    compiled = time.perf_counter()
    fitted = ready.sample(num_chains=CHAINS, num_samples=DRAWS, num_warmup=WARM_UP, delta=ACCEPTED)
    sampled = time.perf_counter()
    dims = {"mu": ("parameter",), "sigma": ("parameter",), "theta": ("parameter", "person")}
    found = {
        name: ((*inner, "draw", "chain"), fitted[name].reshape(*fitted[name].shape[:-1], DRAWS, CHAINS))
        for name, inner in dims.items()
    }
    return Timed(xr.Dataset(found), compiled - began, sampled - compiled)


def pyhgf(problem: Problem) -> Timed:
    """pyhgf's way to many people: its network's log probability in JAX, for all at once, in PyMC; NumPyro samples."""
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={CHAINS}"  # chains beside each other
    from pyhgf.model import Network  # adds a flag of its own, before jax reads them

    # isort: split
    import jax
    import jax.numpy as jnp
    import pymc as pm
    from jax.scipy.stats import norm
    from pytensor import wrap_jax

    jax.config.update("jax_enable_x64", True)
    outcomes = problem.data["outcome"].values.T
    ratings = problem.data["answer_availability_rating"].values.T
    network = Network(volatility_updates="eHGF", mean_field_updates=True).add_nodes(kind="binary-state")
    network = network.add_nodes(kind="continuous-state", value_children=0, mean=0.0, precision=10.0)
    network = network.create_belief_propagation_fn()
    steps = np.ones(outcomes.shape[1])

    def one(tonic: Any, noise: Any, outcome: Any, rating: Any) -> Any:
        attributes = network.attributes | {1: network.attributes[1] | {"tonic_volatility": tonic}}
        inputs = (outcome[:, None],), (steps.astype(int),), steps, None
        _, passed = jax.lax.scan(network.scan_fn, attributes, inputs)
        held, sd = jax.nn.sigmoid(passed[1]["mean"]), jnp.sqrt(jnp.exp(2 * noise) + 0.0004)
        ends = jnp.where(rating <= 0, norm.logcdf(0, held, sd), norm.logsf(1, held, sd))
        return jnp.where((rating > 0) & (rating < 1), norm.logpdf(rating, held, sd), ends).sum()

    everyone = wrap_jax(lambda theta: jax.vmap(one)(theta[0], theta[1], outcomes, ratings).sum())
    began = time.perf_counter()
    with pm.Model():
        prior = priors(problem)
        mu = pm.Normal("mu", prior["middle"], prior["width"])
        sigma = pm.HalfNormal("sigma", prior["scale"])
        shape = (len(problem.rows), len(outcomes))
        theta = pm.Normal("theta", mu[:, None], sigma[:, None], shape=shape)
        pm.Potential("likelihood", everyone(theta))
        trace = pm.sample(
            DRAWS,
            tune=WARM_UP,
            chains=CHAINS,
            random_seed=SEED,
            target_accept=ACCEPTED,
            nuts_sampler="numpyro",
            progressbar=False,
        )
    whole = time.perf_counter() - began
    sampling = float(trace["posterior"].attrs["sampling_time"])
    return Timed(trace["posterior"].to_dataset()[["mu", "sigma", "theta"]], whole - sampling, sampling)


CONTESTANTS: dict[str, Callable[[Problem], Timed]] = {
    "iwm_bayes": iwm_bayes,
    "Stan, centred": lambda problem: stan(problem, centred=True),
    "Stan, non-centred": lambda problem: stan(problem, centred=False),
    "pyhgf": pyhgf,
}
