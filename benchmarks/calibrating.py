"""Time of one simulation of simulation-based calibration (SBC), by this program and by simuk, in the same run.

40 people meet two figures ten times each. They rate availability and self-worth before the first session and after
each session. Both programs fit the simulated data by 4 chains of 500 draws, after 150 tuning iterations. This program
runs its convergence checks, and draws more or fits again where they fail. simuk has the model as one would write it in
PyMC, non-centred, and the time of its compilation is counted. This program compiles once, so its first simulation is
left out.

`OMP_NUM_THREADS=1 taskset -c 0 uv run --group bench python benchmarks/calibrating.py`
"""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytensor.tensor as pt
import simuk
import xarray as xr

from iwm_bayes.model.priors import free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.validation.sbc import (
    SAMPLER_ATTEMPTS,
    SbcDesign,
    compile_study,
    sbc_phases,
    simulate_and_rank,
    without_actions,
)

MODELS = ("rescorla_wagner", "compensatory")
N_PEOPLE, N_SESSIONS, N_STUDIES, N_SIMUK = 40, 10, 20, 2
TABLE = Path(__file__).parent / "calibrating.csv"


def time_iwm_bayes(name: str) -> float:
    """Return the processor seconds of one simulation by this program, mean over the studies."""
    model = load_model(name)
    compiled = compile_study(model, N_PEOPLE, N_SESSIONS)
    simulate_and_rank(compiled, without_actions(model), SbcDesign(N_PEOPLE, N_SESSIONS), np.random.default_rng(0))
    began = time.process_time()
    for seed in range(1, N_STUDIES + 1):
        simulate_and_rank(
            compiled, without_actions(model), SbcDesign(N_PEOPLE, N_SESSIONS), np.random.default_rng(seed)
        )
    return (time.process_time() - began) / N_STUDIES


def beliefs_after(start: pt.TensorVariable, rate: pt.TensorVariable, data: xr.Dataset) -> pt.TensorVariable:
    """Return the belief about the figure met, after every event, (event, person)."""
    met = data["figure_index"].values[:, None, :] == np.arange(data.sizes["figure"])[:, None]
    observed = (met & data["observed"].values[:, None, :]).astype(float)

    def step(outcome, observed, met, belief, rate):
        belief = belief + rate * observed * (outcome - belief)
        return belief, (belief * met).sum(axis=0)

    first = pt.repeat(start[None], data.sizes["figure"], axis=0)
    sequences = [pt.as_tensor(x) for x in (data["outcome"].fillna(0.0).values, observed, met.astype(float))]
    _, beliefs = pytensor.scan(step, sequences, [first, None], [rate], return_updates=False)
    return beliefs


def in_pymc(data: xr.Dataset) -> pm.Model:
    """Build the same priors and the same likelihood, as users of PyMC write them."""
    parameters = {free.label: free for free in free_parameters(without_actions(load_model("rescorla_wagner")), [])}
    with pm.Model() as model:

        def theta(label: str) -> pt.TensorVariable:
            free = parameters[label]
            mu = pm.Normal(f"mu {label}", free.prior_mean, free.prior_sd)
            sigma = pm.HalfNormal(f"sigma {label}", free.parameter.prior_between_sd)
            return mu + sigma * pm.Normal(f"person {label}", shape=N_PEOPLE)

        for belief in ("availability", "worth"):
            start, rate = (pm.math.sigmoid(theta(f"{belief}_{part}")) for part in ("start", "rate"))
            sd = pt.sqrt(pt.exp(2.0 * theta(f"{belief}_rating_noise")) + 0.0004)
            answer = data[f"answer_{belief}_rating"].values
            event, person = np.nonzero(np.isfinite(answer))
            normal = pm.Normal.dist(beliefs_after(start, rate, data)[event, person], sd[person])
            pm.Censored(belief, normal, 0.0, 1.0, observed=answer[event, person])
    return model


def time_simuk() -> float:
    """Return the processor seconds of one simulation by simuk."""
    data = simulate(without_actions(load_model("rescorla_wagner")), sbc_phases(N_SESSIONS), N_PEOPLE, 0)
    settings = {
        "draws": SAMPLER_ATTEMPTS[0].draws,
        "tune": SAMPLER_ATTEMPTS[0].tune,
        "chains": SAMPLER_ATTEMPTS[0].chains,
        "cores": 1,
    }
    calibration = simuk.SBC(in_pymc(data), num_simulations=N_SIMUK, sample_kwargs=settings, seed=1, progress_bar=False)
    began = time.process_time()
    calibration.run_simulations()
    return (time.process_time() - began) / N_SIMUK


if __name__ == "__main__":
    timed = {f"iwm_bayes, {name}": time_iwm_bayes(name) for name in MODELS} | {"simuk, rescorla_wagner": time_simuk()}
    table = pd.Series(timed, name="seconds of one core").rename_axis("one simulation, by").reset_index()
    table.to_csv(TABLE, index=False, float_format="%.2f")
    print(table.to_string(index=False))
