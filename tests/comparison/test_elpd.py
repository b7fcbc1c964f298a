"""Scores against refits that left out what they score, rankings by hand, and who may be compared with whom."""

from typing import NamedTuple

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats
from scipy.special import logsumexp

from iwm_bayes.comparison.bms import random_effects_bms
from iwm_bayes.comparison.comparability import check_comparable, has_future_sessions, incomparable
from iwm_bayes.comparison.compare import hide_answers
from iwm_bayes.comparison.draws import posterior_arrays
from iwm_bayes.comparison.elpd import Elpd, elpd_by_event, elpd_by_person, elpd_sentence, elpd_table, stacking_weights
from iwm_bayes.comparison.leave_future_out import FIRST_SCORED, HORIZONS, leave_future_out, smc_predictive
from iwm_bayes.comparison.leave_one_person_out import (
    leave_one_person_out,
    leave_out_by_refit,
    log_likelihood_at,
    marginal_likelihood,
    psis_weights,
    select_people,
)
from iwm_bayes.comparison.mixture_fit import fit_mixture, sampling_coordinates
from iwm_bayes.comparison.mixture_model import (
    Fitted,
    build_mixture,
    common_parameters,
    complete_pooling_values,
    own_model,
)
from iwm_bayes.comparison.pointwise import log_likelihood_by_event, log_likelihood_by_session, pointwise_likelihood
from iwm_bayes.filtering.arrays import last_answer, session_index
from iwm_bayes.inference.fit import Compiled, Settings, compile_likelihood, compile_model, laplace, nuts
from iwm_bayes.inference.nuts import extend_fit
from iwm_bayes.inference.pilot import neutral_transform
from iwm_bayes.model import model_file
from iwm_bayes.model.hierarchy import coordinates
from iwm_bayes.model.priors import free_parameters
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError

SETTINGS = Settings(1000, 500, 4, 1)
PEOPLE, SESSIONS = 12, 10
THEORY = 'schema = 2\nclaim = "-"\nreference = "-"\nrule = "{}"\nresponses = ["availability_rating"]\n'


def of_availability(folder, rule):
    """A theory of availability alone, with one rating."""
    path = folder / f"{rule}.toml"
    path.write_text(THEORY.format(rule), encoding="utf-8")
    return model_file.load_model(path)


class Small:
    """A small study, a fit to it, and refits of the same compiled graph to parts of its answers."""

    def __init__(self, folder):
        self.model = of_availability(folder, "rescorla_wagner")
        self.data = simulate(
            self.model, [Phase({"therapist": constant_care(0.7)}, SESSIONS - 1, assessed=True)], PEOPLE, 3
        )
        self.compiled = compile_model(self.model, self.data)
        self.ready = pointwise_likelihood(self.model, self.data, HORIZONS)
        self.fit = nuts(self.compiled, self.data, SETTINGS)
        self.at = posterior_arrays(self.model, self.fit, 1000)
        self.seen = leave_one_person_out(self.at, self.ready, 1)

    def refit(self, person, known=0):
        """Draws of a fit that knows only so many first sessions of a person."""
        hidden = (session_index(self.data) >= known) & (np.arange(PEOPLE) == person)
        answers = {name: values.where(~hidden) for name, values in self.data.items() if str(name).startswith("answer_")}
        return posterior_arrays(self.model, nuts(self.compiled, self.data.assign(answers), SETTINGS), 4000)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return Small(tmp_path_factory.mktemp("theories"))


def test_a_fit_is_prolonged_by_draws_of_its_own_posterior(small):
    """What was drawn stays; what is new is drawn anew, as far off in no group mean as independent draws may be: 4.5 se
    of the difference, by their effective numbers."""
    brief = Settings(200, 200, 2, 1)
    fit = nuts(small.compiled, small.data, brief)
    longer = extend_fit(small.compiled, fit, brief._replace(random_seed=2))
    both = longer["posterior"]["centre"]
    assert both["draw"].values.tolist() == list(range(400))
    assert longer["sample_stats"].sizes["draw"] == 400
    np.testing.assert_array_equal(both[:, :200], fit["posterior"]["centre"])
    old, new = both[:, :200], both[:, 200:]
    assert not np.isin(new, old).any()
    error = np.sqrt(sum((x.std(("chain", "draw")) ** 2 / az.ess(x.to_dataset())["centre"]) for x in (old, new)))
    assert (abs(old.mean(("chain", "draw")) - new.mean(("chain", "draw"))) < 4.5 * error).all()


def test_the_stated_error_of_a_refit_is_how_far_scores_lie_apart(small):
    """Of the person hardest to leave out, over nodes from eight seeds: their variance is that stated, chi-square(7)."""
    person, few = int(small.seen.k.argmax()), Settings(500, 500, 4, 1)
    alone = hide_answers(small.data, np.array([person]))
    fit = posterior_arrays(small.model, nuts(small.compiled, alone, few), 500)
    generators, who = map(np.random.default_rng, range(8)), np.array([person])
    found = [
        marginal_likelihood(fit, small.at.level[:, :, who], small.ready, who, generator) for generator in generators
    ]
    scores = [logsumexp(one.log_p) for one in found]
    ratio = np.var(scores, ddof=1) * (len(found) - 1) / np.mean([one.by_density for one in found])
    assert stats.chi2.ppf(0.001, len(found) - 1) < ratio < stats.chi2.ppf(0.999, len(found) - 1)


def mean_density(log_density):
    """The log of a mean density over four chains, and its Monte-Carlo error."""
    density = np.exp(log_density - log_density.max())
    chains = xr.Dataset({"x": (("chain", "draw"), density.reshape(4, -1))})
    effective = float(az.ess(chains, method="mean")["x"])
    return np.log(density.mean()) + log_density.max(), density.std() / density.mean() / np.sqrt(effective)


@pytest.mark.parametrize("trusted", [True, False], ids=["by weights", "by a refit"])
def test_scores_are_those_of_refits(small, trusted):
    """Whom weights leave out most easily, and the hardest by a refit: person and future against refits.

    A future's error is that of eight runs with other particles, by Student's t with 7 degrees of freedom.
    """
    person = int(small.seen.k.argmin() if trusted else small.seen.k.argmax())
    whole = small.refit(person)
    mine = select_people(small.seen, np.array([person]))
    if not trusted:
        mine = leave_out_by_refit(small.at, whole, small.ready, np.array([person]), 2)
    scores = elpd_by_person([mine], small.ready, 1)
    apart = leave_out_by_refit(small.at, whole, small.ready, np.array([person]), 3)
    error = np.sqrt(scores["person"].variance[0] + apart.variance[0])
    assert scores["person"].by_person[0] == pytest.approx(apart.score[0], abs=3 * error)
    found = {ahead: [] for ahead in HORIZONS}
    for known in range(FIRST_SCORED - max(HORIZONS) + 1, SESSIONS):
        draws = small.refit(person, known)
        level = np.empty((3, len(draws.level)))
        level[draws.personal] = draws.level[:, :, person].T
        sessions = log_likelihood_by_session(small.ready, level, np.full(level.shape[1], person))
        for ahead in HORIZONS:
            if FIRST_SCORED <= known + ahead - 1 < SESSIONS:
                found[ahead].append(mean_density(sessions[known + ahead - 1]))
    runs = np.array([leave_future_out(mine, small.ready, seed)[0][:, 0] for seed in range(8)])
    for several, run in zip(found.values(), runs.T, strict=True):
        refits, errors = np.array(several).T
        assert len(several) == SESSIONS - FIRST_SCORED
        error = np.sqrt(run.var(ddof=1) / len(run) + (errors**2).sum())
        assert run.mean() == pytest.approx(refits.sum(), abs=stats.t.ppf(0.999, len(run) - 1) * error)


def test_scores_of_all_sessions_add_up_to_everything(small):
    """The chain rule: foretold one by one, from the first on, sessions are as probable as all together.

    Of twelve people at once by Student's t: one run's score of someone unlike the others has an error of .7.
    """
    trusted = select_people(small.seen, small.seen.k <= 0.7)
    generator, count = np.random.default_rng(1), 30
    runs = np.array([smc_predictive(trusted, small.ready, generator)[0].sum(axis=0) for _ in range(count)])
    density = np.exp(runs - trusted.score)
    error = np.sqrt(density.var(axis=0, ddof=1) / count / density.mean(axis=0) ** 2 + trusted.variance)
    bound = stats.t.ppf(1.0 - 0.0005 / len(error), count - 1)
    assert (np.abs(np.log(density.mean(axis=0))) < bound * error).all()


def test_what_is_known_four_sessions_ahead():
    """Of ten sessions with two answers each: the answer before in this session, else the last one four sessions ago."""
    model = model_file.load_model("autoregressive")
    data = simulate(model, [Phase({"friend": constant_care(0.5)}, 20)], 1, 1)
    data = data.assign(session=(("event", "person"), np.repeat(np.arange(10.0), 2)[:, None]))
    response, recorded = model.responses["availability_rating"], np.ones((20, 1), dtype=bool)
    last, since = last_answer(data, recorded, response, ahead=4)
    assert last[:, 0].tolist() == [-1, 0, -1, 2, -1, 4, -1, 6, *(x for k in range(4, 10) for x in (2 * k - 7, 2 * k))]
    assert since[8:, 0].tolist() == [7.0, 1.0] * 6
    assert last_answer(data, recorded, response)[0][:, 0].tolist() == list(range(-1, 19))


def test_four_sessions_ahead_is_as_if_three_had_not_answered():
    """Where answers echo: the density of a session is that in data in which the three before it are blank."""
    model = model_file.load_model("autoregressive")
    model = model._replace(responses={"availability_rating": model.responses["availability_rating"]})
    data = simulate(model, [Phase({"friend": constant_care(0.5)}, 8)], 5, 1)
    ready = pointwise_likelihood(model, data, HORIZONS)
    assert ready.echoes
    level, everyone = np.random.default_rng(1).normal(size=(len(free_parameters(model, ["friend"])), 5)), np.arange(5)
    blank = (session_index(data) >= 3) & (session_index(data) < 6)
    answers = data["answer_availability_rating"].where(~blank)
    known = pointwise_likelihood(model, data.assign(answer_availability_rating=answers))
    ahead = log_likelihood_by_session(ready, level, everyone, 4)[6]
    np.testing.assert_allclose(ahead, log_likelihood_by_session(known, level, everyone)[6], atol=1e-10)
    assert not np.allclose(ahead, log_likelihood_by_session(ready, level, everyone)[6])


@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto")  # of 12 people; here both are asked alike
def test_events_are_those_of_arviz(small):
    """PSIS-LOO over answers, as ArviZ has it."""
    level = np.empty((len(small.at.level), 3, PEOPLE))
    level[:, small.at.personal] = small.at.level
    events = np.array([log_likelihood_by_event(small.ready, one, np.arange(PEOPLE)) for one in level])
    events = events.reshape(4, -1, *events.shape[1:])
    group = xr.Dataset({"rating": (("chain", "draw", "event", "person"), events)})
    posterior = small.fit["posterior"].to_dataset()[["centre"]].isel(draw=slice(0, None, 4))
    theirs = az.loo(xr.DataTree.from_dict({"posterior": posterior, "log_likelihood": group}), reff=1.0, pointwise=True)
    ours = elpd_by_event(small.at, small.ready)
    np.testing.assert_allclose(ours.by_person, theirs.elpd_i.sum("event"), atol=1e-8)


def test_who_is_left_out_stays_as_anyone(small):
    hidden = hide_answers(small.data, np.array([2, 5]))["answer_availability_rating"]
    assert hidden.isnull().all("event").values.nonzero()[0].tolist() == [2, 5]


def score(*values):
    return Elpd(np.array(values, dtype=float), np.zeros(len(values)))


def test_a_ranking_by_hand():
    """Differences are of sums over people, errors those of a sum over people."""
    table = elpd_table({"a": score(1, 2, 3, 4), "b": score(0, 0, 1, 1), "c": score(1, 2, 3, 3)}).set_index("theory")
    assert table.index.tolist() == ["a", "c", "b"]
    assert table.loc["b", "difference"] == -8.0
    assert table.loc["b", "se"] == pytest.approx(np.std([1, 2, 2, 3], ddof=1) * 2)
    assert table["says"].tolist() == ["best", "not told apart", "worse"]
    assert elpd_sentence(table.reset_index()) == "These data do not tell a from c"
    assert elpd_sentence(table.drop("c").reset_index()) == "a foretells best, by 8.0 (se 1.6) before b"


def test_stacking_finds_the_mixture():
    """Where 30 people are foretold by one theory and 10 by another, weights are .75 and .25 in closed form."""
    scores = np.full((40, 2), -50.0)
    scores[:30, 0], scores[30:, 1] = 0.0, 0.0
    np.testing.assert_allclose(stacking_weights(scores), [0.75, 0.25], atol=1e-4)


class Kind(NamedTuple):
    """A theory fitted to everyone, and compiled to be fitted to some."""

    fitted: Fitted
    compiled: Compiled


BRIEF = Settings(400, 400, 4, 1)
KINDS = np.repeat([0, 1], [8, 4])  # as many as in the small study, whose machine code serves here, too


@pytest.fixture(scope="module")
def of_two_kinds(tmp_path_factory):
    """8 people who learn and 4 who grow, and a theory of each, fitted to all."""
    folder = tmp_path_factory.mktemp("kinds")
    models = [of_availability(folder, rule) for rule in ("rescorla_wagner", "growth")]
    plan = [Phase({"therapist": constant_care(0.5)}, 20, assessed=True)]
    first, second = (simulate(model, plan, people, 3) for model, people in zip(models, (8, 4), strict=True))
    second = second.assign_coords(person=[f"other {index}" for index in range(4)])
    data = xr.concat([first, second], "person", data_vars="minimal", join="override", combine_attrs="override")
    data = data.transpose("event", "person", ...)
    compiled = [compile_model(model, data) for model in models]
    return [Kind(Fitted(one.model, nuts(one, data, BRIEF)), one) for one in compiled]


def test_a_mixture_finds_who_follows_what(of_two_kinds):
    """Everyone is where they belong, and frequencies have the mean of the Dirichlet's posterior: 1 + people of 14."""
    trace, verdict = fit_mixture([kind.fitted for kind in of_two_kinds], Settings(250, 500, 4, 1))
    assert verdict.passed, verdict.reasons
    posterior = trace["posterior"].to_dataset()
    learners = posterior["follows"].isel(theory=0)
    assert (learners.mean(("chain", "draw")).values.round() == 1 - KINDS).all()
    drawn = posterior["frequency"].isel(theory=0) - (1.0 + learners.sum("person")) / 14.0
    error = float(az.mcse(drawn.to_dataset(name="x"))["x"])
    assert float(drawn.mean()) == pytest.approx(0.0, abs=4 * error)


def test_how_people_answer_is_theirs_in_every_theory(of_two_kinds):
    """Noise is declared alike in both theories, so once in the mixture; not where one says otherwise of it."""
    built = build_mixture([kind.fitted for kind in of_two_kinds])
    assert set(built.coords["row"]) == {"availability_rating_noise"}
    one, other = (kind.fitted for kind in of_two_kinds)
    rating = one.model.responses["availability_rating"]
    wider = rating.parameters._replace(noise=rating.parameters.noise._replace(prior_between_sd=0.9))
    changed = one.model._replace(responses={"availability_rating": rating._replace(parameters=wider)})
    assert common_parameters([one._replace(model=changed), other]) == set()
    assert common_parameters([one._replace(model=one.model._replace(correlated=True)), other]) == set()


def test_what_is_one_for_everyone_is_as_the_fit_to_everyone_has_it(of_two_kinds):
    """A rate that is one for all is no longer free in the mixture; a rate by person is."""
    fitted, other = (kind.fitted for kind in of_two_kinds)
    rule = fitted.model.rule
    learner = rule.parameters.availability
    one_rate = rule.parameters._replace(availability=learner._replace(rate=learner.rate._replace(pooling="complete")))
    stiff = fitted._replace(model=fitted.model._replace(rule=rule._replace(parameters=one_rate)))
    common = common_parameters([stiff, other])
    known = complete_pooling_values(stiff, common)
    assert set(known) == {"availability_rate"}
    rate = fitted.fit["posterior"]["centre"].sel(row="availability_rate")
    np.testing.assert_allclose(known["availability_rate"], np.full(len(KINDS), float(rate.mean())))
    assert list(build_mixture([stiff, other]).coords["rescorla_wagner::row"]) == ["availability_start"]
    assert complete_pooling_values(fitted, common) == {}


def test_random_effects_agree(of_two_kinds):
    """By log evidence under the population of those who follow a theory, the same people are in the same place."""
    found = []
    for index, (fitted, compiled) in enumerate(of_two_kinds):
        own = nuts(compiled, hide_answers(fitted.data, np.flatnonzero(index != KINDS)), BRIEF)
        ready, at = pointwise_likelihood(fitted.model, fitted.data), posterior_arrays(fitted.model, fitted.fit, 200)
        found.append(
            leave_out_by_refit(at, posterior_arrays(fitted.model, own, 200), ready, np.arange(len(KINDS)), 1).score
        )
    chosen = random_effects_bms(np.array(found).T)
    assert (chosen.follows.argmax(axis=1) == KINDS).all()
    assert chosen.frequency[0] == pytest.approx(9 / 14, abs=0.01)  # the Dirichlet's, where nobody is in doubt


def test_only_what_answered_the_same_is_compared(small, of_two_kinds):
    one, other = (kind.fitted for kind in of_two_kinds)
    assert incomparable(one, other) == []
    elsewhere = Fitted(small.model, small.fit)
    assert "different people" in incomparable(one, elsewhere)[0]
    changed = other.fit.copy()
    changed["data"] = xr.DataTree(
        other.data.assign(answer_availability_rating=other.data["answer_availability_rating"] / 2)
    )
    assert "different answers" in incomparable(one, Fitted(other.model, changed))[0]
    with pytest.raises(InputError, match="two theories or more"):
        check_comparable([one], "person", anyway=True)


def test_the_future_needs_a_past(of_two_kinds):
    """Of four sessions none can be foretold by the unit that needs four before it."""
    short = [Fitted(kind.fitted.model, kind.fitted.fit.copy()) for kind in of_two_kinds]
    for fitted in short:
        fitted.fit["data"] = xr.DataTree(fitted.data.isel(event=slice(0, 4)))
    with pytest.raises(InputError, match="nobody has more than 4 sessions"):
        check_comparable(short, "future 1", anyway=True)
    assert not has_future_sessions(short[0])
    assert has_future_sessions(of_two_kinds[0].fitted)


def test_what_failed_its_gate_is_not_ranked(of_two_kinds):
    one, other = (kind.fitted for kind in of_two_kinds)
    diverged = other.fit.copy()
    diverged["sample_stats"] = xr.DataTree(
        other.fit["sample_stats"].to_dataset().assign(diverging=lambda x: x["diverging"] | True)
    )
    with pytest.raises(InputError, match=r"growth failed its gate.*To mend it: .*Divergences.*--anyway"):
        check_comparable([one, Fitted(other.model, diverged)], "person", anyway=False)
    assert "growth" in check_comparable([one, Fitted(other.model, diverged)], "person", anyway=True)


def test_a_table_marks_what_failed():
    from iwm_bayes.comparison.compare import mark_unconverged

    table = mark_unconverged(pd.DataFrame({"theory": ["a", "b"]}), ["b"])
    assert table["gate"].tolist() == ["passed", "FAILED"]


def test_what_is_as_probable_in_every_draw_weighs_nothing():
    """No draw is preferred, there is no tail, and other columns are as they are alone."""
    log_p = np.random.default_rng(1).normal(size=(400, 3))
    log_p[:, 1] = -1.3
    log_p[:, 2] = -1e-15 * np.arange(400) / 400
    weight, k = psis_weights(log_p)
    np.testing.assert_allclose(np.exp(weight[:, 1:]), 1.0 / 400)
    assert k[1:].tolist() == [0.0, 0.0]
    alone, tail = psis_weights(log_p[:, :1])
    np.testing.assert_array_equal(weight[:, :1], alone)
    assert k[0] == tail[0]


def test_people_who_are_nearly_alike(small):
    """Where people hardly differ, everyone's answers are as probable as the average person makes them: 4 errors."""
    alike, everyone = small.at._replace(root=small.at.root * 1e-5), np.arange(small.at.level.shape[2])
    found = marginal_likelihood(alike, alike.level, small.ready, everyone, np.random.default_rng(1))
    average = [
        log_likelihood_at(alike, small.ready, centre[None], shared, everyone)[0]
        for centre, shared in zip(alike.centre, alike.shared, strict=True)
    ]
    assert (np.abs(found.log_p - np.array(average)) < 4.0 * np.sqrt(found.alike) + 0.001).all()
    assert np.sqrt(found.alike).max() < 0.1


def test_what_is_one_for_everyone_may_differ_by_figure(tmp_path):
    """A start of each figure's own, the same for all people, is given to a mixture for every figure."""
    own = '[parameters.availability_{}]\npooling = "complete"\n'
    file = tmp_path / "own.toml"
    more = own.format("start") + 'by = "figure"\n' + own.format("rate")
    file.write_text(THEORY.format("rescorla_wagner") + more, encoding="utf-8")
    model = model_file.load_model(file)
    data = simulate(model, [Phase({name: constant_care(0.5) for name in ("friend", "stranger")}, 4, True)], 5, 1)
    one = Fitted(model, laplace(compile_likelihood(model, data), data, Settings(draws=10, chains=2)))
    built = build_mixture([one, one._replace(model=model._replace(name="other"))])
    assert set(complete_pooling_values(one, common_parameters([one, one]))) == {
        "availability_start[friend]",
        "availability_start[stranger]",
        "availability_rate",
    }
    assert "own::centre" not in built.named_vars  # nothing is left that a group could say


def test_a_part_is_told_of_answers_by_the_names_of_its_rows(tmp_path):
    """In the part, how people answer comes last; everyone's places and roots come with their rows."""
    file = tmp_path / "noisy.toml"
    file.write_text(THEORY.format("rescorla_wagner") + "[parameters.availability_rating_slope]\nfixed = false\n")
    model = model_file.load_model(file)
    data = simulate(model, [Phase({"therapist": constant_care(0.5)}, 4, True)], 5, 1)
    generator = np.random.default_rng(2)
    before = neutral_transform(model, data).map(lambda x: x.copy(data=generator.normal(size=x.shape)))
    fitted = Fitted(model, xr.DataTree.from_dict({"posterior": xr.Dataset(), "constant_data": before, "data": data}))
    names = list(before["personal"].values)
    part = own_model(fitted, {names[0]})
    order = [names.index(name) for name in coordinates(part, data)["personal"]]
    assert order == [*range(1, len(names)), 0]
    found = sampling_coordinates(fitted, part)
    assert set(found) == {"local_mode", "local_gradient", "local_root"}
    np.testing.assert_array_equal(found["local_mode"], before["local_mode"].values[order])
    np.testing.assert_array_equal(found["local_gradient"], before["local_gradient"].values[order])
    np.testing.assert_array_equal(found["local_root"], before["local_root"].values[order][:, order])
