"""How fast is it? Gradient, compilation, refit and sampling, each measured here and now on this machine.

The gradient of the log posterior is held against a hand-written numba forward and adjoint of the same density
(Rescorla-Wagner, one rating of availability, censored), to which it must agree. 100 people x 60 events, 1 and 3
figures. `python speed.py THEORY ...`; run it twice for an empty and a filled compile cache: set
PYTENSOR_FLAGS=base_compiledir=FOLDER to a new folder for an empty one.
"""

import ctypes
import sys
import time
from math import erfc, exp, log, pi, sqrt

import arviz as az
import numba
import numpy as np
import xarray as xr
from scipy.stats import halfnorm, norm

from iwm_bayes.inference.fit import CompiledModel, Settings, compile_model, nuts
from iwm_bayes.inference.nuts import sample_once, sampler_with_data
from iwm_bayes.inference.pilot import neutral_transform
from iwm_bayes.model.model_file import load_model
from iwm_bayes.model.priors import free_parameters
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec

PEOPLE, EVENTS, REPEATS = 100, 60, 200


def gradient(compiled: CompiledModel, data: xr.Dataset):
    """The compiled log density: x -> (log density, gradient), called as the sampler calls it."""
    sampler = sampler_with_data(compiled, data, neutral_transform(compiled.model, data))
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *[ctypes.c_void_p] * 4)
    function = kind(sampler.compiled_logp_func.address)
    out, logp = np.zeros(sampler.n_dim), np.zeros(1)

    def call(x: np.ndarray) -> tuple[float, np.ndarray]:
        code = function(sampler.n_dim, x.ctypes.data, out.ctypes.data, logp.ctypes.data, sampler.user_data.ctypes.data)
        assert code == 0
        return logp[0], out

    return call, sampler.n_dim


@numba.njit(fastmath=True)
def by_hand(x, spread, outcome, observed, figure, figures, rating, middle, width, scale):
    """Log density and gradient at x = (centre, quantile of `spread`, offset), as one would write it for speed."""
    people = outcome.shape[1]
    grad, total = np.zeros(x.size), 0.0
    centre, offset, steep = x[:3], x[6:].reshape(3, people), np.empty(3)
    to_offset = grad[6:].reshape(3, people)
    for i in range(3):
        z = (centre[i] - middle[i]) / width[i]
        total -= 0.5 * z * z + log(width[i] * sqrt(2 * pi))
        grad[i] -= z / width[i]
        u, s = x[3 + i], spread[i] / scale[i]
        total -= 0.5 * u * u + 0.9189385332046727
        steep[i] = 0.5 * scale[i] * exp(0.5 * (s * s - u * u))
        grad[3 + i] -= u
    value, pull = np.empty((outcome.shape[0] + 1, figures)), np.empty(figures)
    for n in range(people):
        start = 1 / (1 + exp(-(centre[0] + spread[0] * offset[0, n])))
        rate = 1 / (1 + exp(-(centre[1] + spread[1] * offset[1, n])))
        noise = exp(centre[2] + spread[2] * offset[2, n])
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
        to_level = (pull.sum() * start * (1 - start), d_rate * rate * (1 - rate), d_sd * noise * noise / sd)
        for i in range(3):
            total -= 0.5 * offset[i, n] ** 2 + 0.9189385332046727
            to_offset[i, n] = to_level[i] * spread[i] - offset[i, n]
            grad[i] += to_level[i]
            grad[3 + i] += to_level[i] * steep[i] * offset[i, n]
    return total, grad


def median_seconds(function, *arguments) -> float:
    function(*arguments)
    took = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        function(*arguments)
        took.append(time.perf_counter() - began)
    return float(np.median(took))


def made(model: ModelSpec, figures: int) -> xr.Dataset:
    care = {f"figure {index + 1}": constant_care(0.8) for index in range(figures)}
    return simulate(model, [Phase(care, EVENTS // figures)], PEOPLE, 1)


def against_hand(figures: int) -> None:
    """One gradient of the program and of the hand-written kernel, in this run, on these data."""
    model = load_model("rescorla_wagner")
    model = model._replace(responses={"availability_rating": model.responses["availability_rating"]})
    model = model._replace(rule=alone(model))
    data = made(model, figures)
    call, size = gradient(compile_model(model, data), data)
    x = np.random.default_rng(1).normal(0, 0.3, size)
    found = free_parameters(model, [])
    prior = (
        [row.prior_mean for row in found],
        [row.prior_sd for row in found],
        [row.parameter.prior_between_sd for row in found],
    )
    names = ("outcome", "observed", "figure_index")
    spread = halfnorm.ppf(norm.cdf(x[3:6]), scale=prior[2])
    arguments = (x, spread, *(data[name].values for name in names), figures, data["answer_availability_rating"].values)
    arguments += tuple(map(np.array, prior))
    logp, slope = call(x)
    by_hand_logp, by_hand_slope = by_hand(*arguments)
    np.testing.assert_allclose(logp, by_hand_logp, rtol=1e-10)
    np.testing.assert_allclose(slope, by_hand_slope, rtol=1e-7, atol=1e-7)
    ours, theirs = (1e9 * median_seconds(*what) / (PEOPLE * EVENTS) for what in ((call, x), (by_hand, *arguments)))
    print(f"{figures} figures: {ours:.0f} ns per event, by hand {theirs:.0f} ns, ratio {ours / theirs:.2f}", flush=True)


def alone(model: ModelSpec):
    """Rescorla-Wagner without worth, which one rating of availability does not inform."""
    from iwm_bayes.rules import rescorla_wagner
    from iwm_bayes.rules.lift import lift_learner

    return lift_learner(rescorla_wagner.RULE, worth=False)


def whole(theory: str) -> None:
    """Compilation, the wait from a refit's call to its first draw, and effective draws per second."""
    model = load_model(theory)
    data = made(model, 2)
    began = time.perf_counter()
    compiled = compile_model(model, data)
    compiling = time.perf_counter() - began
    call, size = gradient(compiled, data)
    x = np.random.default_rng(1).normal(0, 0.3, size)
    each = 1e9 * median_seconds(call, x) / (PEOPLE * EVENTS)
    began = time.perf_counter()
    sample_once(compiled, data, neutral_transform(model, data), Settings(draws=1, tune=1, chains=1))
    first = time.perf_counter() - began
    began = time.perf_counter()
    trace = nuts(compiled, data, Settings(draws=500, chains=2))
    sampling = time.perf_counter() - began  # the look ahead and tuning included, as a user waits for them
    ess = float(az.ess(trace["posterior"].to_dataset()[["mu", "sigma"]]).to_array().min())
    print(
        f"{theory}: compile {compiling:.1f} s, {each:.0f} ns per event and gradient, "
        f"refit to first draw {first:.2f} s, {ess / sampling:.1f} effective draws per second (minimum over the group)",
        flush=True,
    )


if __name__ == "__main__":
    for count in (1, 3):
        against_hand(count)
    for name in sys.argv[1:] or ["rescorla_wagner", "kalman", "compensatory"]:
        whole(name)
