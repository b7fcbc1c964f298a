"""Time of the gradient, of compilation, of a refit and of sampling, on this machine.

The gradient of the log posterior is compared with a gradient of the same density written by hand in numba. The model is
Rescorla-Wagner with one censored rating of availability; there are 100 people x 60 events, and 1 or 3 figures. Both
gradients must agree. Usage: `python speed.py MODEL ...`. Run it twice, with an empty and with a filled compile cache.
For an empty one, set PYTENSOR_FLAGS=base_compiledir=FOLDER to a new folder.
"""

import sys
import time
from math import erfc, exp, log, pi, sqrt

import arviz as az
import numba
import numpy as np
import xarray as xr
from gradients import density, median_seconds
from scipy.stats import halfnorm, norm

from iwm_bayes.inference.fit import CompiledModel, Settings, compile_model, nuts
from iwm_bayes.inference.nuts import sample_once
from iwm_bayes.inference.pilot import neutral_transform
from iwm_bayes.model.priors import free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec

N_PEOPLE, EVENTS = 100, 60


def with_data(compiled: CompiledModel, data: xr.Dataset):
    """Return a compiled model with its data, as the sampler gets it."""
    return compiled.engine.sampler.with_data(data, neutral_transform(compiled.model, data))


@numba.njit(fastmath=True)
def hand_written_density(x, sigma, outcome, observed, figure, figures, rating, prior_mean, prior_sd, prior_between_sd):
    """Compute log density and gradient at x = (mu, quantile of sigma, offset), as one would write it for speed."""
    people = outcome.shape[1]
    grad, total = np.zeros(x.size), 0.0
    mu, offset, slope = x[:3], x[6:].reshape(3, people), np.empty(3)
    to_offset = grad[6:].reshape(3, people)
    for i in range(3):
        z = (mu[i] - prior_mean[i]) / prior_sd[i]
        total -= 0.5 * z * z + log(prior_sd[i] * sqrt(2 * pi))
        grad[i] -= z / prior_sd[i]
        u, s = x[3 + i], sigma[i] / prior_between_sd[i]
        total -= 0.5 * u * u + 0.9189385332046727
        slope[i] = 0.5 * prior_between_sd[i] * exp(0.5 * (s * s - u * u))
        grad[3 + i] -= u
    value, pull = np.empty((outcome.shape[0] + 1, figures)), np.empty(figures)
    for n in range(people):
        start = 1 / (1 + exp(-(mu[0] + sigma[0] * offset[0, n])))
        rate = 1 / (1 + exp(-(mu[1] + sigma[1] * offset[1, n])))
        noise = exp(mu[2] + sigma[2] * offset[2, n])
        sd = sqrt(noise * noise + 0.0004)
        value[0], pull[:] = start, 0.0
        d_rate, d_sd = 0.0, 0.0
        for t in range(outcome.shape[0]):
            value[t + 1] = value[t]
            if observed[t, n]:
                k = figure[t, n]
                value[t + 1, k] += rate * (outcome[t, n] - value[t, k])
        for t in range(outcome.shape[0] - 1, -1, -1):
            k = figure[t, n]
            z = (rating[t, n] - value[t + 1, k]) / sd
            if 0 < rating[t, n] < 1:
                total -= 0.5 * z * z + log(sd) + 0.9189385332046727
                pull[k] += z / sd
                d_sd += (z * z - 1) / sd
            else:
                side = 1.0 if rating[t, n] <= 0 else -1.0
                tail = 0.5 * erfc(-side * z / sqrt(2.0))
                hazard = exp(-0.5 * z * z) / sqrt(2 * pi) / tail
                total += log(tail)
                pull[k] -= side * hazard / sd
                d_sd -= side * hazard * z / sd
            if observed[t, n]:
                d_rate += pull[k] * (outcome[t, n] - value[t, k])
                pull[k] *= 1 - rate
        to_theta = (pull.sum() * start * (1 - start), d_rate * rate * (1 - rate), d_sd * noise * noise / sd)
        for i in range(3):
            total -= 0.5 * offset[i, n] ** 2 + 0.9189385332046727
            to_offset[i, n] = to_theta[i] * sigma[i] - offset[i, n]
            grad[i] += to_theta[i]
            grad[3 + i] += to_theta[i] * slope[i] * offset[i, n]
    return total, grad


def simulate_study(model: ModelSpec, figures: int) -> xr.Dataset:
    """Simulate people who meet figures with constant care."""
    care = {f"figure {index + 1}": constant_care(0.8) for index in range(figures)}
    return simulate(model, [Phase(care, EVENTS // figures)], N_PEOPLE, 1)


def compare_with_hand_written(figures: int) -> None:
    """Compare and time the gradient of the program and the gradient written by hand, on the same data."""
    model = load_model("rescorla_wagner")
    model = model._replace(responses={"availability_rating": model.responses["availability_rating"]})
    model = model._replace(rule=without_worth(model))
    data = simulate_study(model, figures)
    ready = with_data(compile_model(model, data), data)
    call, x = density(ready), np.random.default_rng(1).normal(0, 0.3, ready.n_dim)
    free = free_parameters(model, [])
    prior = (
        [each.prior_mean for each in free],
        [each.prior_sd for each in free],
        [each.parameter.prior_between_sd for each in free],
    )
    names = ("outcome", "observed", "figure_index")
    sigma = halfnorm.ppf(norm.cdf(x[3:6]), scale=prior[2])
    arguments = (x, sigma, *(data[name].values for name in names), figures, data["answer_availability_rating"].values)
    arguments += tuple(map(np.array, prior))
    logp, slope = call(x)
    by_hand_logp, by_hand_slope = hand_written_density(*arguments)
    np.testing.assert_allclose(logp, by_hand_logp, rtol=1e-10)
    np.testing.assert_allclose(slope, by_hand_slope, rtol=1e-7, atol=1e-7)
    program, by_hand_ns = (
        1e9 * median_seconds(*call_and_arguments) / (N_PEOPLE * EVENTS)
        for call_and_arguments in ((call, x), (hand_written_density, *arguments))
    )
    print(
        f"{figures} figures: {program:.0f} ns per event, by hand {by_hand_ns:.0f} ns, ratio {program / by_hand_ns:.2f}",
        flush=True,
    )


def without_worth(model: ModelSpec):
    """Return Rescorla-Wagner without self-worth, which one rating of availability does not inform."""
    from iwm_bayes.rules import rescorla_wagner
    from iwm_bayes.rules.lift import lift_learner

    return lift_learner(rescorla_wagner.RULE, worth=False)


def time_model(name: str) -> None:
    """Time compilation, a refit up to its first draw, and effective draws per second."""
    model = load_model(name)
    data = simulate_study(model, 2)
    began = time.perf_counter()
    compiled = compile_model(model, data)
    compiling = time.perf_counter() - began
    ready = with_data(compiled, data)
    x = np.random.default_rng(1).normal(0, 0.3, ready.n_dim)
    each = 1e9 * median_seconds(density(ready), x) / (N_PEOPLE * EVENTS)
    began = time.perf_counter()
    sample_once(compiled, data, neutral_transform(model, data), Settings(draws=1, tune=1, chains=1))
    first = time.perf_counter() - began
    began = time.perf_counter()
    trace = nuts(compiled, data, Settings(draws=500, chains=2))
    sampling = time.perf_counter() - began  # with pilot fit and tuning, for which a user waits
    ess = float(az.ess(trace["unconstrained_posterior"].to_dataset()[["mu", "sigma"]]).to_array().min())
    print(
        f"{name}: compile {compiling:.1f} s, {each:.0f} ns per event and gradient, "
        f"refit to first draw {first:.2f} s, {ess / sampling:.1f} effective draws per second (minimum over the group)",
        flush=True,
    )


if __name__ == "__main__":
    for count in (1, 3):
        compare_with_hand_written(count)
    for name in sys.argv[1:] or ["rescorla_wagner", "kalman", "compensatory"]:
        time_model(name)
