"""What an analysis adds to its fit."""

import numpy as np
import pytest
import xarray as xr
from helpers import names, random_data

from iwm_bayes.data.raters import model_with_raters, raters
from iwm_bayes.diagnostics.permutation_test import PermutationTest
from iwm_bayes.estimands.estimand import Shared
from iwm_bayes.estimands.raters import EXPECTANCY_BIAS
from iwm_bayes.model.priors import free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.rules.modifiers.raters import RESPONSIVENESS
from iwm_bayes.types import parameters, with_parameters
from iwm_bayes.workflow import analysis

MODEL = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
POOLED = "".join(
    f'[parameters.availability_{name}]\npooling = "complete"\n' for name in ("start", "rate", "rating_noise")
)


@pytest.fixture
def model(tmp_path):
    (tmp_path / "own.toml").write_text(MODEL + POOLED, encoding="utf-8")
    return load_model(tmp_path / "own.toml")


def fit_at_the_stated_bias(model, data, method, **settings):
    """Return, in place of a sampled fit, a posterior around the stated expectancy bias."""
    generator, labels = np.random.default_rng(1), [row.label for row in free_parameters(model, names(1))]
    bias = parameters(model)["outcome_patient_lean"].fixed
    mu = bias + 1e-6 * generator.normal(size=(4, 600, len(labels)))
    posterior = xr.Dataset({"mu": (("chain", "draw", "parameter"), mu)}, {"parameter": labels})
    sampled = {"diverging": np.zeros((4, 600), dtype=bool), "energy": generator.normal(size=(4, 600))}
    stats = xr.Dataset({name: (("chain", "draw"), values) for name, values in sampled.items()})
    return xr.DataTree.from_dict({"unconstrained_posterior": posterior, "sample_stats": stats, "constant_data": data})


def test_reports_are_fitted_at_stated_expectancy_biases(monkeypatch, model):
    """The group medians at 0.3 and 0.5, each bias stated and not estimated, with the status of each fit."""
    monkeypatch.setattr(analysis, "fit", fit_at_the_stated_bias)
    model = model_with_raters(model, raters(["patient"]))
    declared = parameters(model)
    model = with_parameters(model, declared | {RESPONSIVENESS: declared[RESPONSIVENESS]._replace(pooling="complete")})
    data, labels = random_data(figures=1), [row.label for row in free_parameters(model, names(1))]
    own = xr.Dataset({"mu": (("chain", "draw", "parameter"), np.full((1, 2, len(labels)), 0.2))}, {"parameter": labels})
    assert analysis.leaves_expectancy_bias_open(model)
    both = model_with_raters(load_model("rescorla_wagner"), raters(["patient", "observer"]))
    assert not analysis.leaves_expectancy_bias_open(both)
    further = analysis.expectancy_bias_fits(model, data, "nuts", {})
    fit = xr.DataTree.from_dict({"unconstrained_posterior": own, "constant_data": data, "expectancy_bias": further})
    table = EXPECTANCY_BIAS.table(EXPECTANCY_BIAS.compute(model, fit, Shared({})))
    rate = table.set_index("parameter").loc["availability_rate"]
    by_hand = 1 / (1 + np.exp([-0.2, -0.3, -0.5]))
    assert [rate[f"median_at_{bias}"] for bias in ("0", "0.3", "0.5")] == pytest.approx(by_hand, abs=1e-5)
    assert rate["status_at_0.3"] == rate["status_at_0.5"] == "converged"
    assert "status_at_0" not in table


def test_observed_outcomes_need_no_expectancy_bias(monkeypatch, model):
    """If somebody else recorded the outcomes, no further model is fitted."""
    monkeypatch.setattr(analysis, "fit", None)
    requests = analysis.Requests(expectancy_bias=True)
    assert analysis.further_fits(model, random_data(figures=1), "nuts", {}, requests) == {}


def test_a_fit_keeps_its_permutation_test(tmp_path):
    """Through its file, to the last digit."""
    for test in (
        PermutationTest(12.3456789, 3, 200, "outcomes", 30, 32),
        PermutationTest(0.0, 0, 0, "own order", 0, 4),
    ):
        group = xr.Dataset(attrs=test._asdict())
        fit = xr.DataTree.from_dict({"constant_data": random_data(), analysis.PERMUTATION_TEST: group})
        fit.to_netcdf(tmp_path / "fit.nc", engine="h5netcdf")
        with xr.open_datatree(tmp_path / "fit.nc", engine="h5netcdf") as found:
            assert analysis.permutation_test_of(found) == test
    assert analysis.permutation_test_of(xr.DataTree.from_dict({"constant_data": random_data()})) is None
