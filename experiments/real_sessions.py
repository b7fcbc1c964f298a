"""Belief noise and sensitivity to the prior in three real studies: what they change in the conclusions.

Each study of `STUDIES` is fitted by its best model, and by the same model with belief noise. The table
`comparison/real_sessions.csv` has one line per study, model and group-level parameter: the posterior median with its
90% interval, the sensitivity to the prior and to the likelihood by power-scaling, and how the fit was made. The method
is Laplace's: with belief noise there is one latent number for each of 7,200 to 15,264 events.

Usage: `IWM_DATA=... python real_sessions.py TABLE.csv [STUDY ...]`; lines of other fits in the table stay.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import iwm_bayes as iwm
from iwm_bayes.diagnostics.power_scaling import group_parameters, power_scaling

FOLDER = Path(__file__).parent / "studies"


class RealStudy(NamedTuple):
    """A study file, the model that predicts best in it, and the method by which it is fitted."""

    study: str
    model: str
    method: str


STUDIES = {
    "reversal": RealStudy("reversal.toml", "reversal_valence.model.toml", "laplace"),
    "trust_game": RealStudy("trust_game.toml", "trust_game.model.toml", "laplace"),
    "affect": RealStudy("affect.toml", "affect_level.model.toml", "laplace"),
}


def lines_of_fit(name: str, real: RealStudy, belief_noise: bool) -> Iterator[dict[str, Any]]:
    """Fit one model to one study, and yield a line for every group-level parameter."""
    model = iwm.Model(FOLDER / real.model, iwm.load_study(FOLDER / real.study), belief_noise=belief_noise)
    begin = time.process_time()
    fit = model.fit(method=real.method, random_seed=1, progressbar=False)
    about = {"study": name, "belief_noise": belief_noise, "method": real.method, "status": fit.attrs["status"]}
    about["processor_minutes"] = round((time.process_time() - begin) / 60.0, 1)
    scaled = power_scaling(model.spec, fit, {}).set_index(["table", "answer"])
    for key, draws in group_parameters(model.spec, fit).items():
        low, median, high = np.quantile(draws.values, [0.05, 0.5, 0.95])
        line = about | {"parameter": key[1], "median": median, "ci90_low": low, "ci90_high": high}
        if key in scaled.index:
            line |= scaled.loc[key, ["prior", "likelihood", "note"]].to_dict()
        yield line
    print(f"{name}, belief noise {belief_noise}: {about['status']}, {about['processor_minutes']} processor minutes")


def main(table: Path, names: list[str]) -> None:
    """Fit the studies, each without and with belief noise, and add the lines of each fit to the table."""
    for name in names:
        for noise in (False, True):
            lines = pd.DataFrame(lines_of_fit(name, STUDIES[name], belief_noise=noise))
            kept = pd.read_csv(table) if table.is_file() else lines.iloc[:0]
            others = kept[(kept["study"] != name) | (kept["belief_noise"] != noise)]
            pd.concat([others, lines]).to_csv(table, index=False, float_format="%.4g")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(STUDIES))
