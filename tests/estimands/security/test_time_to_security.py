"""Time to earned security, compared with that of people whose parameters are known."""

import numpy as np
import pytest
import xarray as xr

from iwm_bayes.estimands.security.projection import generalises, never_resilient, project
from iwm_bayes.estimands.security.time_to_security import earned_security, true_security
from iwm_bayes.model.priors import LINKS, free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.draws import person_parameters
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec, parameters

PEOPLE, FIGURES = 60, ["mother", "therapist"]
PHASES = [Phase({"mother": constant_care(0.3)}, 6), Phase({"therapist": constant_care(0.85)}, 24, assessed=True)]


def certain(
    model: ModelSpec, data: xr.Dataset, truth: dict[str, np.ndarray], chains: int = 2, draws: int = 3
) -> xr.DataTree:
    """Make a posterior without uncertainty: every draw is the truth."""
    found = free_parameters(model, FIGURES)
    level = np.stack([LINKS[row.parameter.support][0](truth[row.name]) for row in found])
    partial = np.array([[row.parameter.pooling == "partial"] for row in found])
    repeat = (chains, draws, 1, 1)
    posterior = xr.Dataset(
        {
            "mu": (("chain", "draw", "parameter"), np.tile(level[:, 0], (chains, draws, 1))),
            "theta": (("chain", "draw", "parameter", "person"), np.tile(np.where(partial, level, np.nan), repeat)),
        },
        {"parameter": [row.label for row in found]},
    )
    return xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": data})


@pytest.fixture(scope="module", params=["rescorla_wagner", "kalman", "compensatory"])
def known(request: pytest.FixtureRequest) -> tuple[ModelSpec, xr.Dataset, dict[str, np.ndarray], xr.DataTree]:
    """Return a model, simulated people, their true parameters, and a posterior without uncertainty."""
    model = load_model(request.param)
    truth = draw_people(model, FIGURES, PEOPLE, np.random.default_rng(3), sigma=0.7)
    data = simulate(model, PHASES, truth, 4)
    return model, data, truth, certain(model, data, truth)


@pytest.mark.parametrize("view", ["therapist", None])
def test_a_posterior_that_knows_gives_the_truth(known, view) -> None:
    """Computation by draw and direct computation agree, for a figure and for the generalised expectation."""
    model, data, truth, fit = known
    found, judged = earned_security(model, fit, view), true_security(model, data, truth, view)
    for name in judged._fields:
        np.testing.assert_array_equal(found[name].values, np.broadcast_to(getattr(judged, name), (2, 3, PEOPLE)))
    last = int(found["probability"].notnull().any(("chain", "draw")).sum())
    if judged.insecure.sum() < 5:
        assert last == 0
        return
    assert last == (24 + 1 - 6 if view else 30 + 1 - 6)
    by_the_end = (judged.earned & (judged.sessions <= last))[judged.insecure].mean()
    np.testing.assert_allclose(found["probability"].sel(session=last), by_the_end)
    assert (found["probability"].diff("session").dropna("session") >= 0).all()


def test_people_are_found_on_their_natural_scale(known) -> None:
    """Person-level parameters on the natural scale are those that people were given."""
    model, _, truth, fit = known
    for name, values in person_parameters(model, fit).items():
        np.testing.assert_allclose(values.values, np.broadcast_to(truth[name], values.shape), rtol=1e-12)


def test_chance_is_below_good_care() -> None:
    """Uninformative care leads to less earned security than care of 0.85."""
    model = load_model("rescorla_wagner")
    truth = draw_people(model, FIGURES, PEOPLE, np.random.default_rng(3), sigma=0.7)
    found = earned_security(model, certain(model, simulate(model, PHASES, truth, 4), truth), "therapist")
    assert float(found["chance_level"].sel(session=19).mean()) < float(found["probability"].sel(session=19).mean())


def test_projection_is_a_distribution_over_sessions(known) -> None:
    """Shares rise with sessions and stay within 0..1."""
    model, _, _, fit = known
    share = project(model, fit, constant_care(0.5), 12, "mother")
    known_share = share.dropna("sample")
    assert ((known_share >= 0) & (known_share <= 1)).all()
    assert (known_share.diff("session") >= 0).all()


def test_projection_says_nothing_about_a_handful() -> None:
    """With four people who are insecure when the scenario begins there is no share."""
    model = load_model("rescorla_wagner")
    truth = draw_people(model, FIGURES, 4, np.random.default_rng(3), sigma=0.7)
    truth |= {"availability_start": np.full(4, 0.2), "availability_rate": np.full(4, 0.01)}
    fit = certain(model, simulate(model, PHASES, truth, 4), truth)
    assert project(model, fit, constant_care(0.9), 12, "therapist").isnull().all()


def test_people_who_learn_faster_than_a_half_can_never_be_resilient() -> None:
    """In Rescorla-Wagner a belief of 1 becomes 1 - rate after one unresponsive session."""
    model = load_model("rescorla_wagner")
    truth = draw_people(model, FIGURES, PEOPLE, np.random.default_rng(3), sigma=0.7)
    truth["availability_rate"] = np.linspace(0.05, 0.95, PEOPLE)
    known = (np.maximum(truth["availability_rate"], truth["worth_rate"]) > 0.5).mean()
    assert never_resilient(model, certain(model, simulate(model, PHASES, truth, 4), truth), "therapist") == known


@pytest.mark.parametrize(("name", "known"), [("rescorla_wagner", False), ("compensatory", True)])
def test_only_some_models_say_anything_about_a_new_figure(name, known) -> None:
    """Availability that is learned for each figure alone leaves the expectation of a new one where it was."""
    model = load_model(name)
    truth = draw_people(model, FIGURES, PEOPLE, np.random.default_rng(3), sigma=0.7)
    assert generalises(model, certain(model, simulate(model, PHASES, truth, 4), truth)) == known
    if not known:
        return
    met = xr.DataTree.from_dict(
        {"unconstrained_posterior": xr.Dataset(), "constant_data": simulate(model, PHASES[1:], 4, 4)}
    )
    assert not generalises(model, met)  # from one figure, only the prior says what is expected of others


def test_a_model_without_self_worth_has_no_styles() -> None:
    """There is one belief, so people cannot be dismissing, preoccupied or fearful."""
    model = load_model("rescorla_wagner", without=["worth_rating"])
    assert not any(name.startswith("worth") for name in parameters(model))
    truth = draw_people(model, FIGURES, PEOPLE, np.random.default_rng(3), sigma=0.7)
    found = earned_security(model, certain(model, simulate(model, PHASES, truth, 4), truth), "therapist")
    assert "style_share" not in found
