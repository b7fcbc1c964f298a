"""A run without a sampler: simulated people, and a posterior that lies around what is true of them."""

import json
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.model.model_file import load_model
from iwm_bayes.model.priors import LINKS, free_parameters, natural_values
from iwm_bayes.simulation.care import constant_care, rupture_and_repair
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec
from iwm_bayes.workflow import analysis, run_folder

NASTY = "<script>alert(1)</script>"
FIGURES = ["mother", NASTY]
TYPICAL = {  # the average person, natural scale; everyone lies around it with sd .5 on the link scale
    "availability_start": 0.35,
    "availability_rate": 0.2,
    "worth_start": 0.35,
    "worth_rate": 0.2,
    "availability_rating_noise": 0.08,
    "worth_rating_noise": 0.08,
    "approach_bias": 1.4,
    "approach_sensitivity": 1.0,
}
CHAINS, DRAWS, PEOPLE = 4, 500, 12
UNSURE = 4  # people of whom the posterior knows next to nothing


class Known(NamedTuple):
    model: ModelSpec
    data: xr.Dataset
    fit: xr.DataTree


def around(truth, width, generator):
    """Independent draws around what is true, (chain, draw, ...)."""
    return truth + width * generator.normal(size=(CHAINS, DRAWS, *np.shape(truth)))


def known() -> Known:
    """Twelve people with two figures, one of whom has a nasty name, as have a person and an arm."""
    generator, model = np.random.default_rng(7), load_model("rescorla_wagner")
    placed = free_parameters(model, FIGURES)
    centre = {row.label: float(LINKS[row.parameter.support][0](np.float64(TYPICAL[row.name]))) for row in placed}
    personal = [row.label for row in placed if row.parameter.pooling == "partial"]
    level = {name: centre[name] + 0.5 * generator.normal(size=PEOPLE) * (name in personal) for name in centre}
    phases = [Phase({"mother": constant_care(0.3)}, 6), Phase({NASTY: rupture_and_repair(0.95, 5)}, 18, assessed=True)]
    data = simulate(model, phases, natural_values(model, level, FIGURES, PEOPLE), 8)
    data = data.assign_coords(person=[NASTY, *data["person"].values[1:]])
    arms = np.where(np.arange(PEOPLE) % 2, "<b>therapy</b>", "waiting")
    data = data.assign(covariate_arm=("person", arms)).assign_attrs(standardised="{}", formulas="{}")
    width = np.where(np.arange(PEOPLE) < UNSURE, 0.5, 0.1)
    posterior = xr.Dataset(
        {
            "centre": (("chain", "draw", "row"), around(np.array([*centre.values()]), 0.1, generator)),
            "spread": (("chain", "draw", "partial"), np.abs(around(np.full(len(personal), 0.5), 0.03, generator))),
            "level": (
                ("chain", "draw", "personal", "person"),
                around(np.stack([level[name] for name in personal]), width, generator),
            ),
        },
        {"row": [*centre], "partial": personal, "personal": personal, "person": data["person"].values},
    )
    energy = {"energy": generator.normal(size=(CHAINS, DRAWS)), "diverging": np.zeros((CHAINS, DRAWS), dtype=bool)}
    stats = xr.Dataset({name: (("chain", "draw"), values) for name, values in energy.items()})
    parts = {"posterior": posterior, "sample_stats": stats, "data": data, "constant_data": xr.Dataset()}
    return Known(model, data, xr.DataTree.from_dict(parts))


def written(folder, monkeypatch, found: Known):
    """A run's folder, as `iwm fit` writes it, around the known posterior; returns the analysis."""
    monkeypatch.setattr(analysis, "fit", lambda *_, **__: found.fit)
    made = analysis.analyse(found.model, found.data, "nuts", {})
    (folder / "study.toml").write_text("nothing")
    run_folder.write_analysis(
        made, folder / "run", {name: folder / "study.toml" for name in ("study", "data", "theory")}
    )
    return made


def spoilt(run, **facts):
    """The manifest of a run with other facts."""
    path = run / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))
