"""Time to earned security, compared with that of people whose parameters are known."""

import numpy as np
import pytest
import xarray as xr

from iwm_bayes.estimands.time_to_security import earned_security, half_life, project, true_security
from iwm_bayes.model.model_file import load_model
from iwm_bayes.model.priors import LINKS, free_parameters
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.draws import person_parameters
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec

PEOPLE, FIGURES = 30, ["mother", "therapist"]
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
    return xr.DataTree.from_dict({"posterior": posterior, "data": data})


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
    for name in ("sessions", "earned", "corrective", "repairs", "insecure", "followed"):
        np.testing.assert_array_equal(found[name].values, np.broadcast_to(getattr(judged, name), (2, 3, PEOPLE)))
    by_the_end = judged.earned[judged.insecure].mean()
    np.testing.assert_allclose(found["probability"].isel(session=-1), by_the_end)
    assert (found["probability"].diff("session") >= 0).all()


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
    assert float(found["chance_level"].mean()) < float(found["probability"].isel(session=-1).mean())


def test_half_life_of_a_constant_rate_is_its_closed_form() -> None:
    """Rescorla-Wagner covers half the way after log(1/2) / log(1 - rate) sessions, rounded up."""
    model = load_model("rescorla_wagner")
    truth = draw_people(model, FIGURES, PEOPLE, np.random.default_rng(5), sigma=0.7)
    fit = certain(model, simulate(model, PHASES, truth, 6), truth)
    found = half_life(model, fit, "therapist")["availability"].isel(sample=0).values
    start, rate = truth["availability_start"], truth["availability_rate"]
    expected = np.ceil(np.log(0.5) / np.log1p(-rate))
    far = np.abs(0.8 - start) > 0.05
    np.testing.assert_array_equal(found[far], expected[far])
    assert np.isnan(found[np.abs(0.8 - start) < 0.049]).all()


def test_projection_is_a_distribution_over_sessions(known) -> None:
    """Shares rise with sessions and stay within 0..1."""
    model, _, _, fit = known
    share = project(model, fit, constant_care(0.5), 12, "mother")
    known_share = share.dropna("sample")
    assert ((known_share >= 0) & (known_share <= 1)).all()
    assert (known_share.diff("session") >= 0).all()
