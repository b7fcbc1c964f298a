"""What an analysis says beside its fit."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from helpers import lived, names

from iwm_bayes.model.model_file import load_model
from iwm_bayes.model.priors import free_parameters
from iwm_bayes.types import parameters
from iwm_bayes.workflow import analysis

THEORY = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
SHARED = "".join(
    f'[parameters.availability_{name}]\npooling = "complete"\n' for name in ("start", "rate", "rating_noise")
)


@pytest.fixture
def model(tmp_path):
    (tmp_path / "own.toml").write_text(THEORY + SHARED, encoding="utf-8")
    return load_model(tmp_path / "own.toml")


def of_the_assimilation(model, data, method, **settings):
    """In place of the sampler: a posterior that knows only which assimilation was stated."""
    generator, labels = np.random.default_rng(1), [row.label for row in free_parameters(model, names(1))]
    stated = parameters(model)["expectancy_bias"].fixed
    centre = stated + 1e-6 * generator.normal(size=(4, 600, len(labels)))
    posterior = xr.Dataset({"centre": (("chain", "draw", "row"), centre)}, {"row": labels})
    sampled = {"diverging": np.zeros((4, 600), dtype=bool), "energy": generator.normal(size=(4, 600))}
    stats = xr.Dataset({name: (("chain", "draw"), values) for name, values in sampled.items()})
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats, "data": data})


def test_own_reports_are_fitted_at_other_assimilations(monkeypatch, model):
    """The average person at .3 and .5, each stated and not fitted, with the gate of each beside it."""
    monkeypatch.setattr(analysis, "fit", of_the_assimilation)
    data = lived(figures=1)
    labels = [row.label for row in free_parameters(model, names(1))]
    groups = pd.DataFrame({"parameter": labels, "typical": 0.1})
    found = analysis.expectancy_bias_table(model, data.assign(reported=data["seen"] * 1.0), groups, "nuts", {})
    rate = found.set_index("parameter").loc["availability_rate"]
    assert rate["at 0"] == 0.1
    assert [rate["at 0.3"], rate["at 0.5"]] == pytest.approx(1 / (1 + np.exp([-0.3, -0.5])), abs=1e-5)
    assert rate["gate at 0.3"] == rate["gate at 0.5"] == "passed"


def test_observed_outcomes_need_no_other_assimilations(monkeypatch, model):
    """Where somebody else recorded what happened, nothing is fitted twice."""
    monkeypatch.setattr(analysis, "fit", None)
    assert analysis.expectancy_bias_table(model, lived(figures=1), pd.DataFrame(), "nuts", {}).empty
