"""The programs that are compared: one function each, from a problem to draws of the same posterior, with times.

All programs draw 4 chains of 500 draws, after 500 warm-up iterations each. Their target acceptance rate is 0.8, the
default of Stan and NumPyro. This program also makes its pilot fit. Compilation starts from an empty cache when the
process does (see `peers.py`). The posterior is on the link scale: mu (parameter), sigma (parameter) and theta
(parameter, person), with chains and draws.
"""

import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from problems import HERE, Problem

CHAINS, DRAWS, WARM_UP, SEED = 4, 500, 500, 1
TARGET_ACCEPT = 0.8


class TimedPosterior(NamedTuple):
    """A posterior, and the seconds of compilation and of sampling (with warm-up and pilot fit)."""

    posterior: xr.Dataset
    compiling: float
    sampling: float


def priors(problem: Problem) -> dict[str, np.ndarray]:
    """Return the prior mean and SD of each mu, and the scale of the prior of each sigma, (parameter,)."""
    return {
        "prior_mean": np.array([free.prior_mean for free in problem.parameters]),
        "prior_sd": np.array([free.prior_sd for free in problem.parameters]),
        "prior_between_sd": np.array([free.parameter.prior_between_sd for free in problem.parameters]),
    }


def iwm_bayes(problem: Problem) -> TimedPosterior:
    """Sample with this program: nutpie on its machine code, in coordinates from a pilot fit."""
    from iwm_bayes.inference.fit import Settings, compile_model, nuts

    began = time.perf_counter()
    sampler = compile_model(problem.model, problem.data)
    compiled = time.perf_counter()
    trace = nuts(sampler, problem.data, Settings(DRAWS, WARM_UP, CHAINS, SEED, target_accept=TARGET_ACCEPT))
    posterior = trace["unconstrained_posterior"].to_dataset()[["mu", "sigma", "theta"]]
    return TimedPosterior(posterior, compiled - began, time.perf_counter() - compiled)


def stan_data(problem: Problem, centred: bool) -> dict[str, Any]:
    """Return the data block of both Stan programs; ratings at the ends of the scale are named by their index."""
    outcome, rating = problem.data["outcome"].values, problem.data["answer_availability_rating"].values.ravel()
    events, people = outcome.shape
    positions = {"within": (rating > 0) & (rating < 1), "low": rating <= 0, "high": rating >= 1}
    indices = {name: np.flatnonzero(mask) + 1 for name, mask in positions.items()}
    return (
        {"people": people, "events": events, "outcome": outcome, "rating": rating[positions["within"]]}
        | indices
        | {f"{name}_count": len(index) for name, index in indices.items()}
        | priors(problem)
        | {"centred": int(centred)}
    )


def stan(problem: Problem, centred: bool) -> TimedPosterior:
    """Sample with Stan's no-U-turn sampler, by PyStan."""
    import stan

    code = (HERE / f"{problem.name}.stan").read_text(encoding="utf-8")
    began = time.perf_counter()
    program = stan.build(code, data=stan_data(problem, centred), random_seed=SEED)
    compiled = time.perf_counter()
    fitted = program.sample(num_chains=CHAINS, num_samples=DRAWS, num_warmup=WARM_UP, delta=TARGET_ACCEPT)
    sampled = time.perf_counter()
    dims = {"mu": ("parameter",), "sigma": ("parameter",), "theta": ("parameter", "person")}
    variables = {
        name: ((*inner, "draw", "chain"), fitted[name].reshape(*fitted[name].shape[:-1], DRAWS, CHAINS))
        for name, inner in dims.items()
    }
    return TimedPosterior(xr.Dataset(variables), compiled - began, sampled - compiled)


def pyhgf(problem: Problem) -> TimedPosterior:
    """Sample with pyhgf: the log probability of its network in JAX for all people at once, in PyMC, by NumPyro."""
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={CHAINS}"  # chains in parallel
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

    def person_log_density(tonic: Any, noise: Any, outcome: Any, rating: Any) -> Any:
        attributes = network.attributes | {1: network.attributes[1] | {"tonic_volatility": tonic}}
        inputs = (outcome[:, None],), (steps.astype(int),), steps, None
        _, states = jax.lax.scan(network.scan_fn, attributes, inputs)
        belief, sd = jax.nn.sigmoid(states[1]["mean"]), jnp.sqrt(jnp.exp(2 * noise) + 0.0004)
        ends = jnp.where(rating <= 0, norm.logcdf(0, belief, sd), norm.logsf(1, belief, sd))
        return jnp.where((rating > 0) & (rating < 1), norm.logpdf(rating, belief, sd), ends).sum()

    log_density = wrap_jax(lambda theta: jax.vmap(person_log_density)(theta[0], theta[1], outcomes, ratings).sum())
    began = time.perf_counter()
    with pm.Model():
        prior = priors(problem)
        mu = pm.Normal("mu", prior["prior_mean"], prior["prior_sd"])
        sigma = pm.HalfNormal("sigma", prior["prior_between_sd"])
        shape = (len(problem.parameters), len(outcomes))
        theta = pm.Normal("theta", mu[:, None], sigma[:, None], shape=shape)
        pm.Potential("likelihood", log_density(theta))
        trace = pm.sample(
            DRAWS,
            tune=WARM_UP,
            chains=CHAINS,
            random_seed=SEED,
            target_accept=TARGET_ACCEPT,
            nuts_sampler="numpyro",
            progressbar=False,
        )
    total = time.perf_counter() - began
    sampling = float(trace["posterior"].attrs["sampling_time"])
    return TimedPosterior(trace["posterior"].to_dataset()[["mu", "sigma", "theta"]], total - sampling, sampling)


CONTESTANTS: dict[str, Callable[[Problem], TimedPosterior]] = {
    "iwm_bayes": iwm_bayes,
    "Stan, centred": lambda problem: stan(problem, centred=True),
    "Stan, non-centred": lambda problem: stan(problem, centred=False),
    "pyhgf": pyhgf,
}
