"""Pathfinder's Gaussians against their dense forms, its choice against a known evidence, its fit against quadrature."""

import numpy as np
import pytest
from scipy import stats

from iwm_bayes import theory
from iwm_bayes.care import steady
from iwm_bayes.core import InputError
from iwm_bayes.diagnose import gate
from iwm_bayes.infer import METHODS, Settings
from iwm_bayes.laplace import quadrature
from iwm_bayes.pathfinder import pathfinder
from iwm_bayes.paths import Place, around, bound, diagonal, nearest, sampled
from iwm_bayes.simulate import Phase, simulate

pytestmark = pytest.mark.usefixtures("slow_graphs")  # asked a few hundred times, of few people

SIZE, HISTORY = 7, 3


@pytest.fixture
def generator():
    return np.random.default_rng(3)


def steps_and_turns(generator):
    """Steps on a quadratic, and how its slope turns along them."""
    root = generator.normal(size=(SIZE, SIZE))
    precision = root @ root.T + np.eye(SIZE)
    steps = generator.normal(size=(SIZE, HISTORY))
    return steps, precision @ steps


def test_gaussian_of_a_place_has_the_inverse_hessian_of_bfgs(generator):
    """The compact form against one update after the other (Nocedal & Wright, eq. 6.17)."""
    steps, turns = steps_and_turns(generator)
    scale = generator.uniform(0.5, 2.0, SIZE)
    place = Place(generator.normal(size=SIZE), generator.normal(size=SIZE))
    found = around(place, scale, steps, turns)
    dense = np.diag(scale)
    for step, turn in zip(steps.T, turns.T, strict=True):
        away = np.eye(SIZE) - np.outer(step, turn) / (step @ turn)
        dense = away @ dense @ away.T + np.outer(step, step) / (step @ turn)
    np.testing.assert_allclose(found.mean, place.x + dense @ place.slope, rtol=1e-9)
    inside = found.basis @ (found.root @ found.root.T - np.eye(len(found.root))) @ found.basis.T
    size = np.sqrt(scale)
    np.testing.assert_allclose(size[:, None] * (np.eye(SIZE) + inside) * size, dense, rtol=1e-8, atol=1e-9)
    draws, log_q = sampled(found, 4000, generator)
    np.testing.assert_allclose(log_q, stats.multivariate_normal(found.mean, dense).logpdf(draws), rtol=1e-9)
    apart = (draws.mean(axis=0) - found.mean) / np.sqrt(np.diag(dense) / len(draws))
    assert np.abs(apart).max() < 4.0


def test_diagonal_of_a_round_density_is_its_variance(generator):
    """Where every direction is alike, one step tells all."""
    step = generator.normal(size=SIZE)
    np.testing.assert_allclose(diagonal(np.ones(SIZE), step, step / 0.3), np.full(SIZE, 0.3), rtol=1e-12)


@pytest.mark.parametrize("spread", [np.full(SIZE, 0.4), np.linspace(0.5, 2.0, SIZE)])
def test_no_gaussian_has_a_bound_above_the_evidence_and_of_a_round_density_it_is_reached(generator, spread):
    """A Gaussian density with integral e^2; where it is round, one step tells all of it."""
    middle = np.arange(SIZE)
    target = stats.multivariate_normal(middle, np.diag(spread**2))

    def density(x):
        return 2.0 + target.logpdf(x), (middle - x) / spread**2

    found = nearest(density, np.zeros(SIZE), generator)
    assert found.ended
    draws, log_q = sampled(found.gaussian, 4000, generator)
    gaps = 2.0 + target.logpdf(draws) - log_q
    assert gaps.mean() < 2.0 + 4.0 * gaps.std(ddof=1) / np.sqrt(len(gaps)) + 1e-9
    if np.ptp(spread) == 0:
        np.testing.assert_allclose(found.bound, 2.0, atol=1e-9)
    away = found.gaussian._replace(mean=found.gaussian.mean + 2.0 * spread)
    assert bound(density, away, generator) < found.bound


def test_bound_of_what_is_impossible_is_the_lowest(generator):
    q = around(Place(np.zeros(SIZE), np.zeros(SIZE)), np.ones(SIZE), *steps_and_turns(generator))
    assert bound(lambda x: (np.nan, x), q, generator) == -np.inf


def test_an_ascent_that_takes_no_step_has_the_gaussian_it_began_with(generator):
    """A density that is flat: nothing is learned of it."""
    found = nearest(lambda _: (0.0, np.zeros(SIZE)), np.full(SIZE, 2.0), generator)
    draws, log_q = sampled(found.gaussian, 1000, generator)
    np.testing.assert_allclose(log_q, stats.multivariate_normal(np.full(SIZE, 2.0)).logpdf(draws), rtol=1e-9)


def test_where_nothing_is_possible_that_is_said(fitted, monkeypatch):
    """Every ascent ends where no draw is finite."""
    ready, data = fitted[2:]
    monkeypatch.setattr("iwm_bayes.paths.bound", lambda *_: -np.inf)
    with pytest.raises(InputError, match="no Gaussian near"):
        pathfinder(ready, data, Settings(draws=5, chains=2))


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """People who do not learn and answer with known noise, by pathfinder and by quadrature."""
    path = tmp_path_factory.mktemp("own") / "own.toml"
    head = 'claim = "c"\nreference = "r"\nrule = "static"\nresponses = ["availability_rating"]\n'
    path.write_text(head + "[parameters.availability_rating_noise]\nfixed = 0.1\n", encoding="utf-8")
    model = theory.load(path)
    data = simulate(model, [Phase({"therapist": steady(0.8)}, 6, True)], 60, 1)
    ready, settings = METHODS["pathfinder"].compile(model, data), Settings(draws=500)
    return pathfinder(ready, data, settings), quadrature(ready.engine.pilot, data, settings), ready, data


def test_fit_has_the_form_of_any_other_and_says_what_it_is(fitted):
    """Levels and centres under their names; the gate calls it approximate."""
    posterior = fitted[0]["posterior"].to_dataset()
    assert set(posterior) == {"centre", "spread", "level"}
    assert posterior["level"].sizes == {"chain": 4, "draw": 500, "personal": 1, "person": 60}
    assert gate(fitted[0]).approximate == "pathfinder"
    assert gate(fitted[0]).passed


def test_fit_lies_where_quadrature_puts_it_where_noise_is_known(fitted):
    """Centre, spread and everyone's level within half a posterior sd, of which .13 may be Monte-Carlo error."""
    found, known = (fit["posterior"].to_dataset() for fit in fitted[:2])
    for name in ("centre", "spread", "level"):
        apart = found[name].mean(("chain", "draw")) - known[name].mean(("chain", "draw"))
        assert float(np.abs(apart / known[name].std(("chain", "draw"))).max()) < 0.5
    wide = found["level"].std(("chain", "draw")) / known["level"].std(("chain", "draw"))
    assert 0.8 < float(wide.median()) < 1.25
