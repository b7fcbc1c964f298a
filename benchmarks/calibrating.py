"""One simulation of a calibration, timed: by this program and by simuk, of the same model, in the same run.

Beliefs in availability and worth, both rated before the first session and after each: 40 people meet two figures ten
times. Both programs fit what they simulated by 4 chains of 500 draws after 150 of tuning; this one looks whether the
gate passes, and draws more or fits again where it does not. simuk has the model as one would write it in PyMC, not
centred; what it compiles is counted. Of this program, which compiles once, the first simulation is left out.

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

from iwm_bayes.model.model_file import load_model
from iwm_bayes.model.priors import free_parameters
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.validation.sbc import SAMPLER_ATTEMPTS, compile_study, sbc_phases, simulate_and_rank, without_actions

THEORIES = ("rescorla_wagner", "compensatory")
PEOPLE, SESSIONS, STUDIES, THEIRS = 40, 10, 20, 2
TABLE = Path(__file__).parent / "calibrating.csv"


def ours(theory: str) -> float:
    """Seconds of processor that one simulation takes, the mean over some."""
    model = load_model(theory)
    ready = compile_study(model, PEOPLE, SESSIONS)
    simulate_and_rank(ready, model, PEOPLE, SESSIONS, np.random.default_rng(0))
    began = time.process_time()
    for seed in range(1, STUDIES + 1):
        simulate_and_rank(ready, model, PEOPLE, SESSIONS, np.random.default_rng(seed))
    return (time.process_time() - began) / STUDIES


def learned(start: pt.TensorVariable, rate: pt.TensorVariable, data: xr.Dataset) -> pt.TensorVariable:
    """The belief about the figure met, after every event: (event, person)."""
    met = data["figure_index"].values[:, None, :] == np.arange(data.sizes["figure"])[:, None]
    teaches = (met & data["observed"].values[:, None, :]).astype(float)

    def one(outcome, teaching, met, held, rate):
        held = held + rate * teaching * (outcome - held)
        return held, (held * met).sum(axis=0)

    first = pt.repeat(start[None], data.sizes["figure"], axis=0)
    sequences = [pt.as_tensor(x) for x in (data["outcome"].fillna(0.0).values, teaches, met.astype(float))]
    _, said = pytensor.scan(one, sequences, [first, None], [rate], return_updates=False)
    return said


def in_pymc(data: xr.Dataset) -> pm.Model:
    """The same priors and the same likelihood, as PyMC's users write them."""
    found = {row.label: row for row in free_parameters(without_actions(load_model("rescorla_wagner")), [])}
    with pm.Model() as model:

        def level(label: str) -> pt.TensorVariable:
            row = found[label]
            centre = pm.Normal(f"centre {label}", row.prior_mean, row.prior_sd)
            spread = pm.HalfNormal(f"spread {label}", row.parameter.prior_between_sd)
            return centre + spread * pm.Normal(f"person {label}", shape=PEOPLE)

        for belief in ("availability", "worth"):
            start, rate = (pm.math.sigmoid(level(f"{belief}_{part}")) for part in ("start", "rate"))
            sd = pt.sqrt(pt.exp(2.0 * level(f"{belief}_rating_noise")) + 0.0004)
            answer = data[f"answer_{belief}_rating"].values
            event, person = np.nonzero(np.isfinite(answer))
            normal = pm.Normal.dist(learned(start, rate, data)[event, person], sd[person])
            pm.Censored(belief, normal, 0.0, 1.0, observed=answer[event, person])
    return model


def theirs() -> float:
    """The same by simuk."""
    data = simulate(without_actions(load_model("rescorla_wagner")), sbc_phases(SESSIONS), PEOPLE, 0)
    settings = {
        "draws": SAMPLER_ATTEMPTS[0].draws,
        "tune": SAMPLER_ATTEMPTS[0].tune,
        "chains": SAMPLER_ATTEMPTS[0].chains,
        "cores": 1,
    }
    calibration = simuk.SBC(in_pymc(data), num_simulations=THEIRS, sample_kwargs=settings, seed=1, progress_bar=False)
    began = time.process_time()
    calibration.run_simulations()
    return (time.process_time() - began) / THEIRS


if __name__ == "__main__":
    timed = {f"iwm_bayes, {theory}": ours(theory) for theory in THEORIES} | {"simuk, rescorla_wagner": theirs()}
    table = pd.Series(timed, name="seconds of one core").rename_axis("one simulation, by").reset_index()
    table.to_csv(TABLE, index=False, float_format="%.2f")
    print(table.to_string(index=False))
