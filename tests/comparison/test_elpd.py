"""ELPD against refits without the left-out responses, rankings by hand, and which models can be compared."""

from typing import NamedTuple

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats
from scipy.special import logsumexp

from iwm_bayes.comparison.bms import random_effects_bms
from iwm_bayes.comparison.comparability import FittedModel, check_comparable, has_future_sessions, incomparable
from iwm_bayes.comparison.compare import Comparison, rank_models, ranking_status
from iwm_bayes.comparison.draws import posterior_arrays
from iwm_bayes.comparison.elpd import Elpd, elpd_by_person, elpd_sentence, elpd_table, stacking_weights
from iwm_bayes.comparison.leave_future_out import FIRST_SCORED, HORIZONS, leave_future_out, smc_predictive
from iwm_bayes.comparison.leave_one_event_out import by_person, log_density_of_events, weigh_draws
from iwm_bayes.comparison.leave_one_person_out import (
    leave_one_person_out,
    leave_out_by_refit,
    log_likelihood_at,
    marginal_likelihood,
    person_log_likelihood,
    psis_weights,
    select_people,
)
from iwm_bayes.comparison.mixture import fit as mixture_fit
from iwm_bayes.comparison.mixture.fit import fit_mixture, sampling_coordinates
from iwm_bayes.comparison.mixture.graph import build_mixture
from iwm_bayes.comparison.mixture.parts import common_parameters, complete_pooling_values, own_model
from iwm_bayes.comparison.pointwise import log_likelihood_by_event, log_likelihood_by_session, pointwise_likelihood
from iwm_bayes.comparison.score_cache import CachedScores
from iwm_bayes.comparison.scoring import hide_answers
from iwm_bayes.filtering.arrays import last_answer, session_index
from iwm_bayes.inference.fit import CompiledModel, Settings, compile_likelihood, compile_model, laplace, nuts
from iwm_bayes.inference.nuts import extend_fit
from iwm_bayes.inference.pilot import neutral_transform
from iwm_bayes.model.inputs import coordinates
from iwm_bayes.model.priors import free_parameters
from iwm_bayes.model.specification import model_file
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError

SETTINGS = Settings(1000, 500, 4, 1)
PEOPLE, SESSIONS = 12, 10
MODEL = 'schema = 2\nclaim = "-"\nreference = "-"\nrule = "{}"\nresponses = ["availability_rating"]\n'


def availability_model(folder, rule):
    """A model of availability alone, with one rating."""
    path = folder / f"{rule}.toml"
    path.write_text(MODEL.format(rule), encoding="utf-8")
    return model_file.load_model(path)


class Small:
    """A small study, a fit to it, and refits of the same compiled graph to parts of its answers."""

    def __init__(self, folder):
        self.model = availability_model(folder, "rescorla_wagner")
        self.data = simulate(
            self.model, [Phase({"therapist": constant_care(0.7)}, SESSIONS - 1, assessed=True)], PEOPLE, 3
        )
        self.compiled = compile_model(self.model, self.data)
        self.likelihood = pointwise_likelihood(self.model, self.data, HORIZONS)
        self.fit = nuts(self.compiled, self.data, SETTINGS)
        self.arrays = posterior_arrays(self.model, self.fit, 1000)
        self.left_out = leave_one_person_out(self.arrays, self.likelihood, 1)

    def refit(self, person, known=0):
        """Return draws of a fit that knows only the first `known` sessions of a person."""
        hidden = (session_index(self.data) >= known) & (np.arange(PEOPLE) == person)
        answers = {name: values.where(~hidden) for name, values in self.data.items() if str(name).startswith("answer_")}
        return posterior_arrays(self.model, nuts(self.compiled, self.data.assign(answers), SETTINGS), 4000)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return Small(tmp_path_factory.mktemp("models"))


def test_a_fit_is_extended_by_draws_of_the_same_posterior(small):
    """Old draws stay, and new draws differ; group means differ by at most 4.5 SE, by their effective sample sizes."""
    brief = Settings(200, 200, 2, 1)
    fit = nuts(small.compiled, small.data, brief)
    longer = extend_fit(small.compiled, fit, brief._replace(random_seed=2))
    both = longer["unconstrained_posterior"]["mu"]
    assert both["draw"].values.tolist() == list(range(400))
    assert longer["sample_stats"].sizes["draw"] == 400
    np.testing.assert_array_equal(both[:, :200], fit["unconstrained_posterior"]["mu"])
    old, new = both[:, :200], both[:, 200:]
    assert not np.isin(new, old).any()
    error = np.sqrt(sum((x.std(("chain", "draw")) ** 2 / az.ess(x.to_dataset())["mu"]) for x in (old, new)))
    assert (abs(old.mean(("chain", "draw")) - new.mean(("chain", "draw"))) < 4.5 * error).all()


@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto")  # of the person hardest to leave out
def test_leaving_out_people_needs_no_more_than_their_log_likelihood(small):
    """ArviZ's PSIS-LOO of it is the ELPD of left-out people, whatever tool computes it."""
    stored = person_log_likelihood(small.model, small.fit, 1000, 1)
    assert stored.dims == ("chain", "draw", "person")
    assert stored["person"].values.tolist() == small.data["person"].values.tolist()
    kept = small.fit["unconstrained_posterior"]["mu"].sel(chain=stored["chain"], draw=stored["draw"])
    assert stored.sizes["chain"] * stored.sizes["draw"] == len(small.arrays.theta)
    groups = {"posterior": kept.to_dataset(), "log_likelihood": stored.to_dataset()}
    found = az.loo(xr.DataTree.from_dict(groups), pointwise=True, reff=1.0)
    np.testing.assert_allclose(found.elpd_i, small.left_out.elpd, rtol=1e-9)
    np.testing.assert_allclose(found.pareto_k, small.left_out.pareto_k, rtol=1e-6, atol=1e-9)


def test_the_stated_error_of_a_refit_is_that_of_repetitions(small):
    """For the person hardest to leave out, the variance over eight sets of nodes is the stated one, chi-square(7)."""
    person, few = int(small.left_out.pareto_k.argmax()), Settings(500, 500, 4, 1)
    without = hide_answers(small.data, np.arange(PEOPLE) == person)
    fit = posterior_arrays(small.model, nuts(small.compiled, without, few), 500)
    generators, people = map(np.random.default_rng, range(8)), np.array([person])
    found = [marginal_likelihood(fit, small.arrays, small.likelihood, people, generator) for generator in generators]
    scores = [logsumexp(one.log_p) for one in found]
    ratio = np.var(scores, ddof=1) * (len(found) - 1) / np.mean([one.variance_of_mean for one in found])
    assert stats.chi2.ppf(0.001, len(found) - 1) < ratio < stats.chi2.ppf(0.999, len(found) - 1)


def mean_density(log_density):
    """The log of a mean density over four chains, and its Monte-Carlo error."""
    density = np.exp(log_density - log_density.max())
    chains = xr.Dataset({"x": (("chain", "draw"), density.reshape(4, -1))})
    effective = float(az.ess(chains, method="mean")["x"])
    return np.log(density.mean()) + log_density.max(), density.std() / density.mean() / np.sqrt(effective)


@pytest.mark.parametrize("trusted", [True, False], ids=["by weights", "by a refit"])
def test_elpd_is_that_of_refits(small, trusted):
    """The person easiest to leave out by weights, and the hardest one by a refit: LOSO and LFO against refits.

    The error of LFO is that of eight runs with other particles, by Student's t with 7 degrees of freedom.
    """
    person = int(small.left_out.pareto_k.argmin() if trusted else small.left_out.pareto_k.argmax())
    whole = small.refit(person)
    mine = select_people(small.left_out, np.array([person]))
    if not trusted:
        mine = leave_out_by_refit(small.arrays, whole, small.likelihood, np.array([person]), 2)
    scores = elpd_by_person([mine], small.likelihood, 1)
    repeated = leave_out_by_refit(small.arrays, whole, small.likelihood, np.array([person]), 3)
    error = np.sqrt(scores["loso"].variance[0] + repeated.variance[0])
    assert scores["loso"].by_person[0] == pytest.approx(repeated.elpd[0], abs=3 * error)
    found = {horizon: [] for horizon in HORIZONS}
    for known in range(FIRST_SCORED - max(HORIZONS) + 1, SESSIONS):
        draws = small.refit(person, known)
        theta = np.empty((3, len(draws.theta)))
        theta[draws.person_index] = draws.theta[:, :, person].T
        sessions = log_likelihood_by_session(small.likelihood, theta, np.full(theta.shape[1], person))
        for horizon in HORIZONS:
            if FIRST_SCORED <= known + horizon - 1 < SESSIONS:
                found[horizon].append(mean_density(sessions[known + horizon - 1]))
    runs = np.array([leave_future_out(mine, small.likelihood, seed)[0][:, 0] for seed in range(8)])
    for several, run in zip(found.values(), runs.T, strict=True):
        refits, errors = np.array(several).T
        assert len(several) == SESSIONS - FIRST_SCORED
        error = np.sqrt(run.var(ddof=1) / len(run) + (errors**2).sum())
        assert run.mean() == pytest.approx(refits.sum(), abs=stats.t.ppf(0.999, len(run) - 1) * error)


def test_log_densities_of_all_sessions_sum_to_that_of_all_responses(small):
    """The chain rule: predicted one by one from the first on, sessions are as probable as all together.

    For twelve people at once, by Student's t: one run for a person unlike the others has an error of 0.7.
    """
    trusted = select_people(small.left_out, small.left_out.pareto_k <= 0.7)
    generator, count = np.random.default_rng(1), 30
    runs = np.array([smc_predictive(trusted, small.likelihood, generator)[0].sum(axis=0) for _ in range(count)])
    density = np.exp(runs - trusted.elpd)
    error = np.sqrt(density.var(axis=0, ddof=1) / count / density.mean(axis=0) ** 2 + trusted.variance)
    bound = stats.t.ppf(1.0 - 0.0005 / len(error), count - 1)
    assert (np.abs(np.log(density.mean(axis=0))) < bound * error).all()


def test_last_answers_at_a_horizon_of_four_sessions():
    """Ten sessions of two answers: the last answer is in the same session, or at least four sessions ago."""
    model = model_file.load_model("autoregressive")
    data = simulate(model, [Phase({"friend": constant_care(0.5)}, 20)], 1, 1)
    data = data.assign(session=(("event", "person"), np.repeat(np.arange(10.0), 2)[:, None]))
    response, recorded = model.responses["availability_rating"], np.ones((20, 1), dtype=bool)
    last, since = last_answer(data, recorded, response, horizon=4)
    assert last[:, 0].tolist() == [-1, 0, -1, 2, -1, 4, -1, 6, *(x for k in range(4, 10) for x in (2 * k - 7, 2 * k))]
    assert since[8:, 0].tolist() == [7.0, 1.0] * 6
    assert last_answer(data, recorded, response)[0][:, 0].tolist() == list(range(-1, 19))


def test_a_horizon_of_four_sessions_hides_the_answers_of_three():
    """Where responses carry over, the density of a session is that in data in which the three before it are blank."""
    model = model_file.load_model("autoregressive")
    model = model._replace(responses={"availability_rating": model.responses["availability_rating"]})
    data = simulate(model, [Phase({"friend": constant_care(0.5)}, 8)], 5, 1)
    likelihood = pointwise_likelihood(model, data, HORIZONS)
    assert likelihood.depends_on_horizon
    theta, people = np.random.default_rng(1).normal(size=(len(free_parameters(model, ["friend"])), 5)), np.arange(5)
    blank = (session_index(data) >= 3) & (session_index(data) < 6)
    answers = data["answer_availability_rating"].where(~blank)
    known = pointwise_likelihood(model, data.assign(answer_availability_rating=answers))
    at_four = log_likelihood_by_session(likelihood, theta, people, 4)[6]
    np.testing.assert_allclose(at_four, log_likelihood_by_session(known, theta, people)[6], atol=1e-10)
    assert not np.allclose(at_four, log_likelihood_by_session(likelihood, theta, people)[6])


@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto")  # of 12 people; here both are asked alike
def test_loo_is_that_of_arviz(small):
    """PSIS-LOO over events, as ArviZ computes it."""
    theta = np.empty((len(small.arrays.theta), 3, PEOPLE))
    theta[:, small.arrays.person_index] = small.arrays.theta
    events = np.array([log_likelihood_by_event(small.likelihood, one, np.arange(PEOPLE)) for one in theta])
    events = events.reshape(4, -1, *events.shape[1:])
    group = xr.Dataset({"rating": (("chain", "draw", "event", "person"), events)})
    posterior = small.fit["unconstrained_posterior"].to_dataset()[["mu"]].isel(draw=slice(0, None, 4))
    theirs = az.loo(xr.DataTree.from_dict({"posterior": posterior, "log_likelihood": group}), reff=1.0, pointwise=True)
    ours = by_person(weigh_draws(log_density_of_events(small.arrays, small.likelihood)), small.likelihood)
    np.testing.assert_allclose(ours.by_person, theirs.elpd_i.sum("event"), atol=1e-8)


def test_people_without_responses_stay_in_the_data(small):
    hidden = hide_answers(small.data, np.isin(np.arange(PEOPLE), [2, 5]))["answer_availability_rating"]
    assert hidden.isnull().all("event").values.nonzero()[0].tolist() == [2, 5]


def elpd(*values):
    return Elpd(np.array(values, dtype=float), np.zeros(len(values)))


def test_a_ranking_by_hand():
    """Differences are of sums over people, errors those of a sum over people."""
    table = elpd_table({"a": elpd(1, 2, 3, 4), "b": elpd(0, 0, 1, 1), "c": elpd(1, 2, 3, 3)}).set_index("model")
    assert table.index.tolist() == ["a", "c", "b"]
    assert table.loc["b", "elpd_diff"] == -8.0
    assert table.loc["b", "dse"] == pytest.approx(np.std([1, 2, 2, 3], ddof=1) * 2)
    assert table["decision"].tolist() == ["best", "not distinguishable", "distinguishable"]
    assert elpd_sentence(table.reset_index()) == "these data do not distinguish a from c"
    assert elpd_sentence(table.drop("c").reset_index()) == "a has the highest ELPD, by 8.0 (SE 1.6) over b"


def test_stacking_finds_the_mixture():
    """Where one model predicts 30 people and another 10, the weights are 0.75 and 0.25 in closed form."""
    scores = np.full((40, 2), -50.0)
    scores[:30, 0], scores[30:, 1] = 0.0, 0.0
    np.testing.assert_allclose(stacking_weights(scores), [0.75, 0.25], atol=1e-4)


class Kind(NamedTuple):
    """A model fitted to all people, and compiled for fits to some of them."""

    fitted: FittedModel
    compiled: CompiledModel


BRIEF = Settings(400, 400, 4, 1)
KINDS = np.repeat([0, 1], [8, 4])  # as many people as in the small study, whose machine code serves here, too


@pytest.fixture(scope="module")
def of_two_kinds(tmp_path_factory):
    """8 people who learn and 4 who change with time alone, and a model of each, fitted to all."""
    folder = tmp_path_factory.mktemp("kinds")
    models = [availability_model(folder, rule) for rule in ("rescorla_wagner", "growth")]
    plan = [Phase({"therapist": constant_care(0.5)}, 20, assessed=True)]
    first, second = (simulate(model, plan, people, 3) for model, people in zip(models, (8, 4), strict=True))
    second = second.assign_coords(person=[f"other {index}" for index in range(4)])
    data = xr.concat([first, second], "person", data_vars="minimal", join="override", combine_attrs="override")
    data = data.transpose("event", "person", ...)
    compiled = [compile_model(model, data) for model in models]
    return [Kind(FittedModel(one.model, nuts(one, data, BRIEF)), one) for one in compiled]


def test_a_mixture_attributes_people_to_their_models(of_two_kinds):
    """The mean frequency is that of the Dirichlet posterior: 1 + the people of a model, out of 14."""
    trace, checks = fit_mixture([kind.fitted for kind in of_two_kinds], Settings(250, 500, 4, 1))
    assert checks.converged, checks.reasons
    posterior = trace["posterior"].to_dataset()
    learners = posterior["attribution"].isel(model=0)
    assert (learners.mean(("chain", "draw")).values.round() == 1 - KINDS).all()
    drawn = posterior["frequency"].isel(model=0) - (1.0 + learners.sum("person")) / 14.0
    error = float(az.mcse(drawn.to_dataset(name="x"))["x"])
    assert float(drawn.mean()) == pytest.approx(0.0, abs=4 * error)


def test_response_parameters_that_all_models_declare_alike_are_shared(of_two_kinds):
    """The response SD is declared alike in both models, so once in the mixture; not where one declares another."""
    built = build_mixture([kind.fitted for kind in of_two_kinds])
    assert set(built.coords["parameter"]) == {"availability_rating_noise"}
    one, other = (kind.fitted for kind in of_two_kinds)
    rating = one.model.responses["availability_rating"]
    wider = rating.parameters._replace(noise=rating.parameters.noise._replace(prior_between_sd=0.9))
    changed = one.model._replace(responses={"availability_rating": rating._replace(parameters=wider)})
    assert common_parameters([one._replace(model=changed), other]) == set()
    assert common_parameters([one._replace(model=one.model._replace(correlated=True)), other]) == set()


def test_completely_pooled_parameters_are_those_of_the_own_fit(of_two_kinds):
    """A completely pooled rate is no longer free in the mixture; a person-level rate is."""
    fitted, other = (kind.fitted for kind in of_two_kinds)
    rule = fitted.model.rule
    learner = rule.parameters.availability
    one_rate = rule.parameters._replace(availability=learner._replace(rate=learner.rate._replace(pooling="complete")))
    stiff = fitted._replace(model=fitted.model._replace(rule=rule._replace(parameters=one_rate)))
    common = common_parameters([stiff, other])
    known = complete_pooling_values(stiff, common)
    assert set(known) == {"availability_rate"}
    rate = fitted.fit["unconstrained_posterior"]["mu"].sel(parameter="availability_rate")
    np.testing.assert_allclose(known["availability_rate"], np.full(len(KINDS), float(rate.mean())))
    assert list(build_mixture([stiff, other]).coords["rescorla_wagner::parameter"]) == ["availability_start"]
    assert complete_pooling_values(fitted, common) == {}


def test_random_effects_agree(of_two_kinds):
    """The log evidence under the population of a model's own people attributes the same people to it."""
    found = []
    for index, (fitted, compiled) in enumerate(of_two_kinds):
        own = nuts(compiled, hide_answers(fitted.data, index != KINDS), BRIEF)
        likelihood = pointwise_likelihood(fitted.model, fitted.data)
        arrays, refit = (posterior_arrays(fitted.model, one, 200) for one in (fitted.fit, own))
        found.append(leave_out_by_refit(arrays, refit, likelihood, np.arange(len(KINDS)), 1).elpd)
    selection = random_effects_bms(np.array(found).T)
    assert (selection.attribution.argmax(axis=1) == KINDS).all()
    assert selection.frequency[0] == pytest.approx(9 / 14, abs=0.01)  # the Dirichlet's, where nobody is in doubt


def test_only_fits_to_the_same_responses_are_compared(small, of_two_kinds):
    one, other = (kind.fitted for kind in of_two_kinds)
    assert incomparable(one, other) == []
    elsewhere = FittedModel(small.model, small.fit)
    assert "different people" in incomparable(one, elsewhere)[0]
    changed = other.fit.copy()
    changed["constant_data"] = xr.DataTree(
        other.data.assign(answer_availability_rating=other.data["answer_availability_rating"] / 2)
    )
    assert "different responses" in incomparable(one, FittedModel(other.model, changed))[0]
    with pytest.raises(InputError, match="two models or more"):
        check_comparable([one], "loso", allow_unconverged=True)


def test_leave_future_out_needs_five_sessions(of_two_kinds):
    """No session can be left out where nobody has four sessions before it."""
    short = [FittedModel(kind.fitted.model, kind.fitted.fit.copy()) for kind in of_two_kinds]
    for fitted in short:
        fitted.fit["constant_data"] = xr.DataTree(fitted.data.isel(event=slice(0, 4)))
    with pytest.raises(InputError, match="nobody has more than 4 sessions"):
        check_comparable(short, "lfo_1", allow_unconverged=True)
    assert not has_future_sessions(short[0])
    assert has_future_sessions(of_two_kinds[0].fitted)


def test_fits_that_have_not_converged_are_not_ranked(of_two_kinds):
    one, other = (kind.fitted for kind in of_two_kinds)
    diverged = other.fit.copy()
    diverged["sample_stats"] = xr.DataTree(
        other.fit["sample_stats"].to_dataset().assign(diverging=lambda x: x["diverging"] | True)
    )
    with pytest.raises(InputError, match=r"growth has not converged.*Suggestion: .*[Dd]iverge.*--allow-unconverged"):
        check_comparable([one, FittedModel(other.model, diverged)], "loso", allow_unconverged=False)
    assert "growth" in check_comparable([one, FittedModel(other.model, diverged)], "loso", allow_unconverged=True)


def test_a_ranking_marks_models_that_have_not_converged_or_are_approximate(of_two_kinds):
    """The status of a fit by `laplace` is that of its ELPD, and the sentence says so."""
    one, other = (kind.fitted for kind in of_two_kinds)
    rough = other.fit.copy()
    rough["unconstrained_posterior"] = xr.DataTree(
        rough["unconstrained_posterior"].to_dataset().assign_attrs(approximate="laplace, binary")
    )
    status = [ranking_status(FittedModel(fitted.model, fit), []) for fitted, fit in ((one, one.fit), (other, rough))]
    assert status == ["converged", "approximate (laplace)"]
    assert ranking_status(one, [one.model.name]) == "not converged"
    scores = {
        fitted.model.name: CachedScores({"loo": elpd(1.0, 5.0 * index)}, False, True)
        for index, fitted in enumerate((one, other))
    }
    names = [one.model.name, other.model.name]
    table = rank_models(scores, ["loo"], dict(zip(names, status, strict=True)))["loo"]
    assert table.set_index("model")["status"][names].tolist() == status
    assert elpd_sentence(table).endswith("Fits by an approximation give an approximate ELPD")
    assert "status" not in rank_models(scores, ["loo"], dict.fromkeys(names, "converged"))["loo"]


def test_the_sentence_of_a_ranking_names_its_unit_and_its_unreliable_terms():
    """A difference by one unit of cross-validation is not taken for that by another."""
    unsure = Elpd(np.array([1.0, 2.0]), np.zeros(2), np.array([0.9, 0.2, 1.1]))
    tables = {"loo": elpd_table({"a": unsure, "b": elpd(0.0, 0.0)}), "loso": elpd_table({"a": unsure, "b": unsure})}
    found = Comparison(tables, pd.DataFrame(), None, None, None, {}, [])
    assert found.summary.startswith("ELPD of one event of a person whose other responses are known (loo): these data")
    assert found.summary.endswith("Pareto k is above 0.7 for 2 terms of a, whose ELPD may be too high")


def test_people_with_equal_density_in_all_draws_have_equal_weights():
    """No draw is preferred, there is no tail, and the other columns do not change."""
    log_p = np.random.default_rng(1).normal(size=(400, 3))
    log_p[:, 1] = -1.3
    log_p[:, 2] = -1e-15 * np.arange(400) / 400
    weight, k = psis_weights(log_p)
    np.testing.assert_allclose(np.exp(weight[:, 1:]), 1.0 / 400)
    assert k[1:].tolist() == [0.0, 0.0]
    by_itself, tail = psis_weights(log_p[:, :1])
    np.testing.assert_array_equal(weight[:, :1], by_itself)
    assert k[0] == tail[0]


def test_people_who_are_nearly_the_same(small):
    """Where people hardly differ, responses are as probable as under the mean of the population: within 4 errors."""
    narrow = small.arrays._replace(cholesky=small.arrays.cholesky * 1e-5)
    people = np.arange(small.arrays.theta.shape[2])
    found = marginal_likelihood(narrow, narrow, small.likelihood, people, np.random.default_rng(1))
    at_mean = [
        log_likelihood_at(narrow, small.likelihood, mean[None], complete, people)[0]
        for mean, complete in zip(narrow.mean, narrow.complete, strict=True)
    ]
    error = np.sqrt(found.variance_of_inverse)
    assert (np.abs(found.log_p - np.array(at_mean)) < 4.0 * error + 0.001).all()
    assert error.max() < 0.1


def test_completely_pooled_parameters_may_differ_by_figure(tmp_path):
    """A mixture gets a completely pooled initial belief for every figure."""
    own = '[parameters.availability_{}]\npooling = "complete"\n'
    file = tmp_path / "own.toml"
    more = own.format("start") + 'by = "figure"\n' + own.format("rate")
    file.write_text(MODEL.format("rescorla_wagner") + more, encoding="utf-8")
    model = model_file.load_model(file)
    data = simulate(model, [Phase({name: constant_care(0.5) for name in ("friend", "stranger")}, 4, True)], 5, 1)
    one = FittedModel(model, laplace(compile_likelihood(model, data), data, Settings(draws=10, chains=2)))
    built = build_mixture([one, one._replace(model=model._replace(name="other"))])
    assert set(complete_pooling_values(one, common_parameters([one, one]))) == {
        "availability_start[friend]",
        "availability_start[stranger]",
        "availability_rate",
    }
    assert "own::mu" not in built.named_vars  # no parameter with a group is left


def test_sampling_coordinates_follow_the_parameters_of_the_part(tmp_path, monkeypatch):
    """In the part, response parameters come last; modes, gradients and roots are in the same order."""
    file = tmp_path / "noisy.toml"
    file.write_text(MODEL.format("rescorla_wagner") + "[parameters.availability_rating_slope]\nfixed = false\n")
    model = model_file.load_model(file)
    data = simulate(model, [Phase({"therapist": constant_care(0.5)}, 4, True)], 5, 1)
    generator = np.random.default_rng(2)
    before = neutral_transform(model, data).map(lambda x: x.copy(data=generator.normal(size=x.shape)))
    monkeypatch.setattr(mixture_fit, "compile_likelihood", lambda *_: None)
    monkeypatch.setattr(mixture_fit, "pilot_fit", lambda *_: before)
    fitted = FittedModel(
        model,
        xr.DataTree.from_dict({"unconstrained_posterior": xr.Dataset(), "constant_data": data}),
    )
    names = list(before["parameter_person"].values)
    part = own_model(fitted, {names[0]})
    order = [names.index(name) for name in coordinates(part, data)["parameter_person"]]
    assert order == [*range(1, len(names)), 0]
    found = sampling_coordinates(fitted, part)
    assert set(found) == {"local_mode", "local_gradient", "local_root"}
    np.testing.assert_array_equal(found["local_mode"], before["local_mode"].values[order])
    np.testing.assert_array_equal(found["local_gradient"], before["local_gradient"].values[order])
    np.testing.assert_array_equal(found["local_root"], before["local_root"].values[order][:, order])
