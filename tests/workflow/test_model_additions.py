"""What `Model` in Python adds to a model: a trend, and belief noise."""

import numpy as np
import pytest
import xarray as xr

from iwm_bayes.estimands.learned_share import learned_shares
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import parameters
from iwm_bayes.workflow.fit_file import load_fit, model_of, save_fit
from iwm_bayes.workflow.fit_groups import fit_attributes
from iwm_bayes.workflow.model import Model

ADDED = ("plateau", "pace", "belief_noise")


@pytest.fixture(scope="module")
def sessions():
    """Sessions of a few people, simulated from a model in which time and chance move beliefs."""
    model = load_model("kalman+trend+belief_noise")
    return simulate(model, [Phase({"therapist": constant_care(0.8)}, 12)], 4, 1)


@pytest.mark.parametrize("given", ["kalman", load_model("kalman")], ids=["name", "model"])
def test_arguments_add_what_a_name_adds(given, sessions):
    """By name or as a model, with priors of the parameters that were added."""
    priors = {"pace": {"prior_90": (0.05, 0.2)}}
    model = Model(given, sessions, trend=True, belief_noise=True, priors=priors)
    assert model.spec.name == "kalman+trend+belief_noise"
    declared = parameters(model.spec)
    assert {f"availability_{name}" for name in ADDED} <= declared.keys()
    assert declared["worth_pace"].prior_90 == (0.05, 0.2)
    assert declared["worth_belief_noise"].prior_90 == (0.01, 0.2)
    assert any("belief_noise" in warning for warning in model.warnings)


def test_without_the_arguments_nothing_is_added(sessions):
    """A model has the parameters of its file, no innovations, and no line of `iwm check` about either."""
    model = Model("kalman", sessions)
    assert parameters(model.spec) == parameters(load_model("kalman"))
    assert (model.spec.rule.innovations, model.spec.rule.movements) == ((), ())
    assert not any("noise" in warning or "trend" in warning for warning in model.warnings)


def test_belief_noise_of_a_rule_in_log_odds_has_the_prior_of_log_odds(sessions):
    """A step of .05 around .5 is one of .2 in log-odds."""
    declared = parameters(Model("hgf", sessions, belief_noise=True).spec)
    assert declared["availability_belief_noise"].prior_90 == (0.04, 0.8)


def test_a_fit_read_back_has_its_innovations_and_its_model(sessions, tmp_path):
    """What beliefs did in every draw, and why, is as it was before: time first, then chance, whatever the name says."""
    model = load_model("kalman+belief_noise+trend")
    free, generator = free_parameters(model, figure_names(sessions)), np.random.default_rng(1)
    shape, events = (1, 3, sessions.sizes["person"]), sessions.sizes["event"]
    theta = np.array([generator.normal(one.prior_mean, one.prior_sd, shape) for one in free])
    drawn = generator.normal(size=(2, *shape, events)).astype("float32")
    posterior = xr.Dataset(
        {
            "theta": (("parameter", "chain", "draw", "person"), theta.astype("float32").astype(float)),
            "mu": (("parameter", "chain", "draw"), theta[..., 0]),
            "innovation": (("innovation_name", "chain", "draw", "person", "event"), drawn),
        },
        {"parameter": [one.label for one in free], "innovation_name": list(model.rule.innovations)},
    ).assign_coords(chain=[0], draw=range(3), person=sessions["person"])
    made = xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": sessions})
    made.attrs |= fit_attributes(model, "nuts", {})
    save_fit(made, tmp_path / "fit.nc")
    again = load_fit(tmp_path / "fit.nc")
    assert model_of(again).rule.movements == ("trend", "belief_noise")
    before, after = (learned_shares(one, fit) for one, fit in ((model, made), (model_of(again), again)))
    xr.testing.assert_allclose(after, before, rtol=1e-10)
    assert float(abs(before["chance"]).max()) > 0.01
