"""A run without a sampler: simulated people, and a posterior around their true parameters."""

import json
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.inference.posterior import by_parameter
from iwm_bayes.model.priors import LINKS, free_parameters, natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care, rupture_and_repair
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec
from iwm_bayes.workflow import analysis, run_folder

NASTY = "<script>alert(1)</script>"
FIGURES = ["mother", NASTY]
MEDIANS = {  # group medians on the natural scale; the SD between people is 0.5 on the link scale
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
UNSURE = 4  # people whose posterior is almost as wide as the prior


class Known(NamedTuple):
    model: ModelSpec
    data: xr.Dataset
    fit: xr.DataTree


def around(truth, width, generator):
    """Independent draws around a true value, (chain, draw, ...)."""
    return truth + width * generator.normal(size=(CHAINS, DRAWS, *np.shape(truth)))


def known() -> Known:
    """Twelve people with two figures; one figure, one person and one arm have names that look like HTML."""
    generator, model = np.random.default_rng(7), load_model("rescorla_wagner")
    placed = free_parameters(model, FIGURES)
    mu = {row.label: float(LINKS[row.parameter.support][0](np.float64(MEDIANS[row.name]))) for row in placed}
    partial = [row.label for row in placed if row.parameter.pooling == "partial"]
    theta = {name: mu[name] + 0.5 * generator.normal(size=PEOPLE) * (name in partial) for name in mu}
    phases = [Phase({"mother": constant_care(0.3)}, 6), Phase({NASTY: rupture_and_repair(0.95, 5)}, 18, assessed=True)]
    data = simulate(model, phases, natural_values(model, theta, FIGURES, PEOPLE), 8)
    data = data.assign_coords(person=[NASTY, *data["person"].values[1:]])
    arms = np.where(np.arange(PEOPLE) % 2, "<b>therapy</b>", "waiting")
    data = data.assign(covariate_arm=("person", arms)).assign_attrs(standardised="{}", formulas="{}")
    width = np.where(np.arange(PEOPLE) < UNSURE, 0.5, 0.1)
    posterior = xr.Dataset(
        {
            "mu": (("chain", "draw", "parameter"), around(np.array([*mu.values()]), 0.1, generator)),
            "sigma": (
                ("chain", "draw", "parameter_partial"),
                np.abs(around(np.full(len(partial), 0.5), 0.03, generator)),
            ),
            "theta": (
                ("chain", "draw", "parameter_person", "person"),
                around(np.stack([theta[name] for name in partial]), width, generator),
            ),
        },
        {"parameter": [*mu], "parameter_partial": partial, "parameter_person": partial}
        | {"person": data["person"].values},
    )
    posterior = by_parameter(posterior, {"parameter": [*mu], "parameter_person": partial})
    energy = {"energy": generator.normal(size=(CHAINS, DRAWS)), "diverging": np.zeros((CHAINS, DRAWS), dtype=bool)}
    stats = xr.Dataset({name: (("chain", "draw"), values) for name, values in energy.items()})
    parts = {"unconstrained_posterior": posterior, "sample_stats": stats, "constant_data": data}
    return Known(model, data, xr.DataTree.from_dict(parts))


def written(folder, monkeypatch, found: Known):
    """Write a run folder, as `iwm fit` does, around the known posterior, and return the analysis."""
    monkeypatch.setattr(analysis, "fit", lambda *_, **__: found.fit)
    made = analysis.analyse(found.model, found.data, "nuts", {})
    (folder / "study.toml").write_text("nothing")
    run_folder.write_analysis(
        made, folder / "run", {name: folder / "study.toml" for name in ("study", "data", "model")}
    )
    return made


def without_drawing(monkeypatch):
    """Let reports have empty pictures, which take no time; return the names of those that they ask for."""
    from iwm_bayes.report.elements import Picture

    asked = []

    def empty(name, data, alternative, *_, **__):
        asked.append(name)
        return Picture(name, alternative, {"svg": b"", "pdf": b"", "png": b""}, b"", b"")

    for section in ("answer", "details", "groups", "model_comparison", "model_fit", "parameters"):
        monkeypatch.setattr(f"iwm_bayes.report.sections.{section}.draw_picture", empty)
    return asked


def spoil_manifest(run, **facts):
    """Write other facts into the manifest of a run."""
    path = run / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))
