"""Bias of the learning rate when outcomes are people's own reports, and its correction.

How far does a learning rate rise when outcomes are the person's own reports, and can this bias be corrected? 60 people
learn at rate 0.08 from what happens (0–1). They report (1 - k) times what happened plus k times what they expected.
Fitted as if reports were outcomes, the rate should be 0.08 / (1 - k): 0.114 at k = 0.3 and 0.16 at k = 0.5. With an
observer's record of every second event, `expectancy_bias = true` should recover 0.08. Criterion: the mean of the
average rate over 20 studies, against two Monte Carlo standard errors.
Usage: `python expectancy_bias.py FOLDER [STUDIES]`.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr
from repeat import repeat

from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.inference.fit import CompiledModel, Settings, compile_model, nuts
from iwm_bayes.model.model_file import load_model
from iwm_bayes.model.priors import LINKS
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import rule_values

PEOPLE, RATE, START, SPREAD = 60, 0.08, 0.3, 0.3
PHASES = [Phase({"therapist": constant_care(0.5)}, 40)]
CORRECTED = load_model(Path(__file__).parent / "models" / "expectancy_bias.toml")
NAIVE = load_model(Path(__file__).parent / "models" / "trusting_reports.toml")


def people(generator: np.random.Generator, assimilation: float) -> dict[str, np.ndarray]:
    """Return the true parameters by name, (person,)."""
    link, unlink = LINKS["unit"]
    alike = {"availability_start": START, "expectancy_bias": assimilation, "reported_noise": 0.03}
    alike |= {"availability_rating_noise": 0.05, "availability_rating_intercept": 0.0, "reported_intercept": 0.0}
    alike |= {"availability_rating_slope": 1.0, "reported_slope": 1.0}
    rate = unlink(link(RATE) + SPREAD * generator.normal(size=PEOPLE))
    return {name: np.full(PEOPLE, x) for name, x in alike.items()} | {"availability_rate": rate}


def lived(generator: np.random.Generator, assimilation: float) -> xr.Dataset:
    """Simulate graded outcomes (0–1), ratings of the belief, and noisy reports of the outcomes."""
    who = people(generator, assimilation)
    data = simulate(CORRECTED, PHASES, who, generator)
    data["outcome"] = data["outcome"].copy(data=generator.beta(1.5, 1.0, data["outcome"].shape))
    p = rule_values(CORRECTED, who)
    readings = [Readout("availability", "after"), Readout("perceived", "before")]
    believed, perceived = filter_readouts(CORRECTED.rule, p, event_array(data), 1, readings)
    for name, held, noise in (("availability_rating", believed, 0.05), ("reported", perceived, 0.03)):
        data[f"answer_{name}"].values[:] = np.clip(held + noise * generator.normal(size=held.shape), 0, 1)
    return data


def with_reports(data: xr.Dataset, observed: np.ndarray) -> xr.Dataset:
    """Replace outcomes by reports where no one else recorded them; `observed` is (event,), False there."""
    own = xr.DataArray(~observed, dims="event") & data["observed"]
    said = data["answer_reported"]
    outcome, reported = data["outcome"].where(~own, said), data["reported"].where(~own, 1.0)
    return data.assign(outcome=outcome, reported=reported, answer_reported=said.where(~own))


@cache
def compiled(corrected: bool) -> CompiledModel:
    return compile_model(CORRECTED if corrected else NAIVE, lived(np.random.default_rng(0), 0.3))


def study(assimilation: float, seed: int) -> dict[str, object]:
    """Return the average rate (log-odds) with reports taken as outcomes, and with half of them recorded by others."""
    data = lived(np.random.default_rng(seed), assimilation)
    events = np.arange(data.sizes["event"])
    found: dict[str, object] = {"seed": seed}
    for name, corrected, observed in (("uncorrected", False, events < 0), ("corrected", True, events % 2 == 0)):
        given = with_reports(data, observed)
        posterior = nuts(compiled(corrected), given, Settings(400, 400, 2, seed))["posterior"].to_dataset()
        found[name] = float(posterior["mu"].sel(parameter="availability_rate").mean())
    return found


def main(folder: Path, studies: int) -> None:
    unlink = LINKS["unit"][1]
    for share in (0.3, 0.5):
        found = repeat(folder, f"assimilation-{share}", studies, lambda seed, share=share: study(share, seed))
        for name, expected in (("uncorrected", RATE / (1 - share)), ("corrected", RATE)):
            centre, error = found[name].mean(), found[name].std(ddof=1) / np.sqrt(len(found))
            low, high = unlink(centre - 2 * error), unlink(centre + 2 * error)
            print(
                f"k = {share}, {name}: rate {unlink(centre):.4f} (2 SE: {low:.4f}–{high:.4f}), expected {expected:.4f}"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20)
