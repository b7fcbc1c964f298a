"""The ELPD of left-out events against closed forms, where events are easy and where they are hard to leave out."""

import numpy as np
import pytest
from scipy.stats import norm

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.comparison.draws import PosteriorArrays
from iwm_bayes.comparison.elpd import MAX_PARETO_K
from iwm_bayes.comparison.leave_one_event_out import (
    MAX_REFITS,
    EventScores,
    event_people,
    events_mask,
    integrate_person,
    leave_one_event_out,
    log_density_of_events,
    refit_folds,
    score_by_refit,
    weigh_draws,
)
from iwm_bayes.comparison.pointwise import pointwise_likelihood
from iwm_bayes.comparison.scoring import fit_without, hide_answers, score_events
from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.fit import compile_likelihood, laplace
from iwm_bayes.model.specification import model_file
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate

PEOPLE, EVENTS, DRAWS = 30, 6, 4000
SD, POPULATION_MEAN, POPULATION_SD = 0.1, 0.05, 0.15  # of answers, and of people's means around the middle (.5)
OUTLIERS = [(2, 4), (5, 11)]  # event and person
MODEL = """
schema    = 2
claim     = "-"
reference = "-"
rule      = "static"
responses = ["availability_contrast"]
[parameters.availability_start]
fixed = 0.5
[parameters.availability_contrast_noise]
fixed = {noise}
[parameters.availability_contrast_contrast]
fixed = 0.0
[parameters.availability_contrast_intercept]
fixed = false
[parameters.availability_contrast_slope]
fixed = 1.0
"""


def person_posterior(answers, known):
    """Return the mean and the SD of people's means given the answers where `known`, (person,): all is Gaussian."""
    precision = known.sum(axis=0) / SD**2 + 1.0 / POPULATION_SD**2
    weighted = np.where(known, answers - 0.5, 0.0).sum(axis=0) / SD**2 + POPULATION_MEAN / POPULATION_SD**2
    return weighted / precision, 1.0 / np.sqrt(precision)


def exact_density(answers, event, person):
    """Return the log density of one answer given the other answers of its person."""
    known = np.ones(answers.shape, dtype=bool)
    known[event, person] = False
    mean, sd = (x[person] for x in person_posterior(answers, known))
    return norm.logpdf(answers[event, person], 0.5 + mean, np.hypot(SD, sd))


def exact_draws(answers, known, count, seed):
    """Return draws of everyone's exact posterior, under a population that is known."""
    mean, sd = person_posterior(answers, known)
    theta = mean + sd * np.random.default_rng(seed).normal(size=(count, 1, PEOPLE))
    return PosteriorArrays(
        person_index=np.array([0]),
        complete_index=np.array([], dtype=int),
        complete=np.empty((count, 0)),
        theta=theta,
        mean=np.full((count, 1, PEOPLE), POPULATION_MEAN),
        cholesky=np.full((count, 1, 1), POPULATION_SD),
    )


class Known:
    """Answers around people's means, two of them far away; their model, likelihood, and exact posterior."""

    def __init__(self, folder):
        path = folder / "means.toml"
        path.write_text(MODEL.format(noise=np.sqrt(SD**2 - 0.02**2)), encoding="utf-8")  # .02 is the floor of the SD
        self.model, generator = model_file.load_model(path), np.random.default_rng(5)
        means = generator.normal(POPULATION_MEAN, POPULATION_SD, PEOPLE)
        self.answers = 0.5 + means + generator.normal(0.0, SD, (EVENTS, PEOPLE))
        for place in OUTLIERS:
            self.answers[place] += 7.5 * SD
        data = simulate(self.model, [Phase({"friend": constant_care(0.5)}, EVENTS)], PEOPLE, 1)
        self.data = data.assign(answer_availability_contrast=(("event", "person"), self.answers))
        self.likelihood = pointwise_likelihood(self.model, self.data)
        self.everything = np.ones(self.answers.shape, dtype=bool)
        self.posterior = exact_draws(self.answers, self.everything, DRAWS, 1)
        self.exact = np.array([[exact_density(self.answers, e, p) for p in range(PEOPLE)] for e in range(EVENTS)])


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    return Known(tmp_path_factory.mktemp("means"))


def few(posterior, count):
    """Return the first draws."""
    return PosteriorArrays(*posterior[:2], *(leaf[:count] for leaf in posterior[2:6]))


def test_events_are_as_probable_as_in_closed_form(known):
    """Every event, also the two that are hard to leave out: within 4.5 errors, and together."""
    scores = leave_one_event_out(known.posterior, few(known.posterior, 100), known.likelihood, 1)
    exact, error = known.exact[known.likelihood.answered], np.sqrt(scores.variance)
    assert (np.abs(scores.elpd - exact) < 4.5 * error + 0.005).all()
    assert scores.elpd.sum() == pytest.approx(exact.sum(), abs=3 * np.sqrt(scores.variance.sum()))
    weighed = weigh_draws(log_density_of_events(known.posterior, known.likelihood))
    assert weighed.pareto_k.max() > MAX_PARETO_K >= scores.pareto_k.max()


def test_weights_alone_are_optimistic_about_outliers(known):
    """With 400 draws, outliers seem more probable than they are, and Pareto's k says so."""
    scores = weigh_draws(log_density_of_events(few(known.posterior, 400), known.likelihood))
    outlier = events_of(known, OUTLIERS)
    assert (scores.pareto_k[outlier] > MAX_PARETO_K).all()
    optimism = scores.elpd[outlier] - known.exact[known.likelihood.answered][outlier]
    assert (optimism > 0.0).all()
    assert optimism.sum() > 0.5


def events_of(known, places):
    """Return the positions of events among those with a response."""
    order = list(zip(*np.nonzero(known.likelihood.answered), strict=True))
    return np.array([order.index(place) for place in places])


def test_a_person_is_integrated_out(known):
    """All events of the person with an outlier are as probable as in closed form."""
    _, person = OUTLIERS[0]
    scores = integrate_person(known.posterior, few(known.posterior, 50), known.likelihood, person, 3)
    assert (np.abs(scores.elpd - known.exact[:, person]) < 4.5 * np.sqrt(scores.variance) + 0.005).all()


def test_events_are_scored_by_a_fit_without_them(known):
    """The mean density over draws of the exact posterior without both outliers."""
    events = events_of(known, OUTLIERS)
    hidden = events_mask(known.likelihood, events)
    assert [tuple(place) for place in np.argwhere(hidden)] == OUTLIERS
    without = exact_draws(known.answers, ~hidden, DRAWS, 2)
    scores = score_by_refit(without, known.likelihood, events)
    exact = np.array([known.exact[place] for place in OUTLIERS])
    assert (np.abs(scores.elpd - exact) < 4.5 * np.sqrt(scores.variance)).all()


def test_refits_leave_out_one_event_of_a_person_at_a_time():
    """The worst come first, a fold holds so many people, and there are at most so many folds."""
    k = np.array([0.1, 0.9, 1.5, 0.8, 2.0, 0.71, 0.7])
    person = np.array([0, 0, 0, 1, 2, 3, 4])
    scores = EventScores(np.zeros(7), np.zeros(7), k)
    assert [fold.tolist() for fold in refit_folds(scores, person, 2)] == [[4, 2], [1, 3], [5]]
    one_person = refit_folds(EventScores(*[np.full(50, 1.0)] * 3), np.zeros(50), 3)
    assert [len(fold) for fold in one_person] == [1] * MAX_REFITS


def test_outliers_of_a_fit_are_left_out_by_refits_where_weights_fail(known, monkeypatch):
    """Where integration fails too, both outliers are refitted in one fold, and no event is left with a large k."""
    settings, told = Settings(draws=1000, chains=4), []
    fit = laplace(compile_likelihood(known.model, known.data), known.data, settings)
    fitted = FittedModel(known.model, fit)
    failed = EventScores(*[np.full(EVENTS, 9.0)] * 3)
    monkeypatch.setattr("iwm_bayes.comparison.leave_one_event_out.integrate_person", lambda *_: failed)
    refit = fit_without(fitted, "laplace", settings, told.append)
    elpd, converged = score_events(fitted, known.posterior, known.likelihood, refit, 1)
    assert converged == [True]
    assert told == ["means: refit without 2 events"]
    assert elpd.pareto_k.max() <= MAX_PARETO_K
    people = [person for _, person in OUTLIERS]
    np.testing.assert_allclose(elpd.by_person[people], known.exact.sum(axis=0)[people], atol=0.6)


def test_hidden_answers_are_those_of_the_mask(known):
    """One answer of one person, or all answers of some people; everything else stays."""
    hidden = np.zeros(known.answers.shape, dtype=bool)
    hidden[OUTLIERS[0]] = True
    one = hide_answers(known.data, hidden)["answer_availability_contrast"]
    assert one.isnull().values.tolist() == hidden.tolist()
    some = hide_answers(known.data, np.isin(np.arange(PEOPLE), [3, 7]))["answer_availability_contrast"]
    assert some.isnull().all("event").values.nonzero()[0].tolist() == [3, 7]
    assert int(some.isnull().sum()) == 2 * EVENTS
    assert event_people(known.likelihood).tolist() == np.tile(np.arange(PEOPLE), EVENTS).tolist()
