"""The key result has the numbers of the fit: each is computed here again, from the draws, by NumPy alone."""

import html
import re

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from runs import NASTY, PEOPLE

from iwm_bayes.data.binding import PEOPLE_NOUN, QUESTION
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks
from iwm_bayes.diagnostics.permutation_test import PermutationTest
from iwm_bayes.diagnostics.results import Results
from iwm_bayes.report.answer.arms import arm_statement, higher_first
from iwm_bayes.report.answer.checks import comparison_chip, convergence_chip, learning_chip, ppc_chip
from iwm_bayes.report.answer.security import not_assessed, qualifications, security_answer
from iwm_bayes.report.answer.words import (
    count_of,
    listed,
    probability,
    quantity,
    session_count,
    singular,
    with_figure,
)
from iwm_bayes.report.key_result import default_question, key_result, shortened

DURATION, INSECURE, SECURE, RESILIENT = 6, 0.4, 0.6, 0.5


SHOWN = PermutationTest(12.3, 0, 119, "outcomes", 11, 12)


def ranking_of(second, *statuses):
    """A ranking in which kalman is 7 ahead of a second model, with the status of each fit."""
    table = pd.DataFrame({"model": ["kalman", second], "elpd_diff": [0.0, -7.0], "dse": [0.0, 1.5]})
    return table.assign(decision=["best", "distinguishable"], status=list(statuses))


def expit(x):
    return 1.0 / (1.0 + np.exp(-x))


def beliefs_by_hand(fit, answer):
    """Availability of the second figure and self-worth before and after every event of it, (draw, event, person)."""
    data = fit["constant_data"].to_dataset()
    theta = fit["unconstrained_posterior"]["theta"].sel(draw=answer.security["draw"].values)
    values = {
        name: expit(theta.sel(parameter=name).transpose("chain", "draw", "person").values.reshape(-1, PEOPLE))
        for name in ("availability_start", "availability_rate", "worth_start", "worth_rate")
    }
    availability, worth = values["availability_start"].copy(), values["worth_start"].copy()
    path = []
    for event in range(data.sizes["event"]):
        outcome, seen = data["outcome"].values[event], data["observed"].values[event]
        about = data["figure_index"].values[event] == 1
        before = availability.copy(), worth.copy()
        availability += np.where(seen & about, values["availability_rate"] * (outcome - availability), 0.0)
        worth += np.where(seen, values["worth_rate"] * (outcome - worth), 0.0)
        if about.all() and not data["assessment"].values[event].all():
            path.append((*before, availability.copy(), worth.copy()))
    arrays = [np.stack(parts, axis=1) for parts in zip(*path, strict=True)]
    return values, arrays


@pytest.fixture(scope="module")
def by_hand(made):
    """Who is insecure, and from which session each person is earned secure, (draw, person), with beliefs."""
    _, found, analysis = made
    answer = analysis.results.security[NASTY]
    values, (a_before, w_before, a_after, w_after) = beliefs_by_hand(found.fit, answer)
    insecure = np.minimum(a_before, w_before)[:, 0] <= INSECURE
    lowest_next = np.minimum(
        a_after * (1 - values["availability_rate"][:, None]), w_after * (1 - values["worth_rate"][:, None])
    )
    good = (np.minimum(a_after, w_after) >= SECURE) & (lowest_next >= RESILIENT)
    sessions = good.shape[1]
    begins = np.stack([good[:, i : i + DURATION].all(axis=1) for i in range(sessions + 1 - DURATION)], axis=1)
    first = np.where(begins.any(axis=1), begins.argmax(axis=1) + 1, sessions + 1)
    return insecure, first, sessions


@pytest.fixture(scope="module")
def everyone(made):
    """The key result of the same fit in a study without arms."""
    _, found, analysis = made
    answer = analysis.results.security[NASTY]
    whole = answer._replace(curves=answer.curves.isel(arm=[0]), new_curves=answer.new_curves.isel(arm=[0]))
    security = {**analysis.results.security, NASTY: whole}
    results = Results(security, analysis.results.datasets)
    return key_result(found.model, found.fit, results, analysis.convergence, analysis.advice)


@pytest.fixture(scope="module")
def with_arms(made):
    """The key result of the fit as it is: a study of two arms."""
    _, found, analysis = made
    return key_result(found.model, found.fit, analysis.results, analysis.convergence, analysis.advice)


def ends(draws, form):
    """The median and the 90% interval of draws as a report writes them."""
    low, median, high = np.quantile(draws, [0.05, 0.5, 0.95])
    return form.format(median), f"{form.format(low).removesuffix('%')}–{form.format(high)}"


def test_baseline_and_share_are_those_of_the_draws(by_hand, everyone):
    insecure, first, sessions = by_hand
    median, interval = ends(insecure.sum(axis=1), "{:.0f}")
    assert everyone.facts[0] == (
        f"{median} of {PEOPLE}",
        f"participants were insecure at baseline (90% CrI {interval})",
    )
    last = sessions + 1 - DURATION
    share = (insecure & (first <= last)).sum(axis=1) / insecure.sum(axis=1)
    median, interval = ends(share, "{:.0%}")
    meaning = f"of them were earned secure by session {last}, the last that can be assessed (90% CrI {interval})"
    assert everyone.facts[1] == (median, meaning)


def test_the_headline_is_the_session_by_which_half_are_secure(by_hand, everyone):
    """In each draw the first session with half of those who were insecure; not reached counts as beyond the last."""
    insecure, first, sessions = by_hand
    last = sessions + 1 - DURATION
    by_session = np.stack([(insecure & (first <= session)).sum(axis=1) for session in range(1, last + 1)], axis=1)
    reached = by_session >= insecure.sum(axis=1)[:, None] / 2
    half = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.inf)
    low, median, high = np.sort(half)[[int(np.ceil(q * len(half))) - 1 for q in (0.05, 0.5, 0.95)]]
    assert everyone.statement.endswith(f"had reached earned security by session {median:.0f}")
    interval = f"{low:.0f} to more than {last}" if np.isinf(high) else f"{low:.0f}–{high:.0f}"
    assert everyone.uncertainty.startswith(f" (90% CrI {interval}), after ")


def test_new_people_and_chance_level_are_those_of_the_answer(made, everyone):
    answer = made[2].results.security[NASTY]
    last = int(answer.curves["last"][0])
    new = answer.new_curves["probability"].values[0, ..., last - 1].ravel()
    median, interval = ends(new, "{:.0%}")
    assert everyone.facts[2] == (
        median,
        f"of new participants who are insecure at baseline would be, under the same care (90% CrI {interval})",
    )
    chance = np.nanmean(answer.security["chance_level"].values[..., last - 1])
    assert everyone.facts[3] == (f"{chance:.0%}", "would be under uninformative care (chance level)")


def test_arms_are_compared_between_new_people(made, with_arms):
    """Shares, difference, its probability, and the difference among the people of the study."""
    answer = made[2].results.security[NASTY]
    arms = [str(arm) for arm in answer.curves["arm"].values[1:]]
    last = int(answer.curves["last"].values[1:].min())
    new, own = (
        curves["probability"].values[1:, ..., last - 1].reshape(2, -1) for curves in (answer.new_curves, answer.curves)
    )
    for fact, arm, draws in zip(with_arms.facts, arms, new, strict=False):
        median, interval = ends(draws, "{:.0%}")
        assert fact.value == median
        assert fact.meaning.startswith(
            f"of these new participants in arm {arm} reach it by session {last} (90% CrI {interval})"
        )
    first, second = (ends(draws, "{:.0%}")[0] for draws in new)
    who = "of new participants who were insecure at baseline reach earned security"
    assert with_arms.statement == f"By session {last}, {first} {who} in arm {arms[0]} and {second} in arm {arms[1]}"
    difference = 100 * (new[1] - new[0])
    above = (difference > 0).mean() + (difference == 0).mean() / 2
    low, median, high = np.quantile(difference, [0.05, 0.5, 0.95])
    assert low < 0 < median  # not shown, and the second arm is the higher one
    text = f"{arms[1]} minus {arms[0]} (90% CrI −{-low:.0f} to {high:.0f}; probability that it is above 0: {above:.2f})"
    assert with_arms.facts[2] == (f"{median:.0f}", f"percentage points: {text}")
    apart = f"{median:.0f} percentage points apart (90% CrI −{-low:.0f} to {high:.0f}), not shown to differ."
    assert with_arms.uncertainty == f": {apart}"
    assert f"minus {arms[0]} is {np.median(100 * (own[1] - own[0])):.0f} percentage points" in " ".join(
        with_arms.sentences
    )


def test_three_arms_are_one_sentence():
    """Who it is about is said once."""
    statement = arm_statement(9, ["10%", "20%", "30%"], ["arm A", "arm B", "arm C"], "patients")
    who = "10% of new patients who were insecure at baseline reach earned security in arm A"
    assert statement == f"By session 9, {who}, 20% in arm B and 30% in arm C"


def test_two_targets_that_disagree_are_named():
    """A difference that is shown in the sample and not for new people is said to be so."""
    from iwm_bayes.report.answer.arms import comparison_sentence

    new, own = np.linspace(-0.1, 0.4, 101), np.linspace(0.1, 0.3, 101)
    contrast = higher_first(new, ("B", "A"))
    sentence = comparison_sentence(contrast, own, 20, "patients")
    assert "B minus A is 20 percentage points (90% CrI 11–29)" in sentence
    assert "The two answers differ: the share is higher in B among these patients, and not shown to differ" in sentence
    assert sentence.startswith("Among those of these 20 patients who were insecure at baseline, B minus A")
    assert "differ" not in comparison_sentence(contrast, new, 20, "patients")
    assert higher_first(-own, ("B", "A")).arms == ("A", "B")


def test_convergence_is_that_of_the_draws(made, everyone):
    """The highest R-hat and the lowest ESS of group means and SDs, of the median time, and of people, by ArviZ."""
    _, found, analysis = made
    posterior = found.fit["unconstrained_posterior"].to_dataset()[["mu", "sigma"]]
    r_hat = max(float(value.max()) for value in az.rhat(posterior).values())
    people = found.fit["unconstrained_posterior"].to_dataset()[["theta"]]
    highest_of_people, values = float(az.rhat(people)["theta"].max()), analysis.convergence.values
    assert values["group_r_hat"] == pytest.approx(r_hat)
    chip, highest = everyone.chip("convergence"), max(r_hat, values["derived_r_hat"], highest_of_people)
    ess = min(values["group_ess"], values["derived_ess"], values["person_ess"])
    assert chip.detail.startswith(f"max R-hat {highest:.3f}, min ESS {ess:,.0f}, 0 divergences, E-BFMI ")
    assert (chip.name, chip.state) == ("Converged", "good")
    worse = analysis.convergence._replace(values=values | {"person_r_hat": 1.04, "person_ess": 120.0})
    assert convergence_chip(worse).detail.startswith("max R-hat 1.040, min ESS 120,")


def test_model_fit_counts_the_checks_that_are_outside(made, everyone):
    checks = made[2].tables["ppc"]
    outside = ((checks["observed"] < checks["pi95_low"]) | (checks["observed"] > checks["pi95_high"])).sum()
    counts = f"{outside} of {len(checks)} posterior predictive checks outside the 95% interval"
    assert everyone.chip("model fit").detail == f"{counts} ({len(checks) / 20:.0f} expected)"
    assert "(0.3 expected" in ppc_chip(checks.head(6)).detail
    assert "(2 expected" in ppc_chip(checks.head(39)).detail


def test_a_model_that_does_not_fit_is_not_called_good(made):
    """More discrepancies than expected are a notice, and bad where they are more than twice as many."""
    checks = made[2].tables["ppc"].assign(p_joint=0.005, status="")
    few = checks.assign(status=["outside 95%", *[""] * (len(checks) - 1)])
    many = checks.assign(status="outside 99%")
    assert [ppc_chip(table).state for table in (few, many)] == ["notice", "bad"]
    assert "more than expected, joint p = 0.005" in ppc_chip(many).detail
    few = pd.DataFrame({"status": ["outside 95%"] * 2 + [""] * 37, "p_joint": 0.005})
    assert "(2 expected; farther outside than expected, joint p = 0.005)" in ppc_chip(few).detail


def test_sensitivity_is_the_range_over_definitions(made, everyone, with_arms):
    shares = made[2].results.security[NASTY].security["sensitivity"].values
    chip = everyone.chip("sensitivity")
    assert chip.detail == f"{100 * shares.min():.0f}–{shares.max():.0%} across 9 definitions of earned security"
    of_arms = with_arms.chip("sensitivity").detail
    assert of_arms == f"{chip.detail.removesuffix('of earned security')}(these {PEOPLE} participants, all arms)"
    assert chip.state == "notice"  # under some definitions more than half are secure, under others fewer


def test_what_cannot_be_assessed_is_a_sentence(everyone):
    """The phase with the mother has six sessions: it has no number, neither a fact nor a share of 0%."""
    [mother] = [sentence for sentence in everyone.sentences if "mother" in sentence]
    assert mother.startswith("With their mother, 6 sessions are too few to assess earned security")
    assert "%" not in mother


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"insecure": 0.0}, "no participant was insecure at baseline, so nobody could become earned secure"),
        ({"last": 0}, "at least 5 participants who were insecure at baseline must be observed for long enough"),
        (
            {"last": 2, "probability": 0.0},
            "earned security cannot be assessed: too few participants are observed after session 2.",
        ),
    ],
)
def test_why_nothing_can_be_assessed(made, changes, sentence):
    """Nobody insecure, too few people, such as one person, or too few who stay; there are 18 sessions."""
    answer = made[2].results.security[NASTY]
    curves = answer.curves.assign({name: xr.full_like(answer.curves[name], value) for name, value in changes.items()})
    assert sentence in not_assessed(answer._replace(curves=curves), "participants")


def test_fewer_than_half_has_its_share(made, by_hand):
    """Where half are not reached, the sentence itself says how many had."""
    insecure, first, sessions = by_hand
    answer, last = made[2].results.security[NASTY], sessions + 1 - DURATION
    late = answer.curves.assign(median_sessions=xr.full_like(answer.curves["median_sessions"], np.inf))
    found = security_answer(answer._replace(curves=late), PEOPLE, "participants", names_figure=False)
    median, interval = ends((insecure & (first <= last)).sum(axis=1) / insecure.sum(axis=1), "{:.0%}")
    assert found.statement.endswith(f"had reached earned security by session {last}")
    assert found.uncertainty == f", the last session that can be assessed: {median} (90% CrI {interval})."


def test_people_who_cannot_be_resilient_are_described_by_what_is_measured(made):
    """Also those who do not learn are among them."""
    answer = made[2].results.security[NASTY]._replace(never_resilient=0.4, continued=0)
    text = "40% of patients would not keep secure beliefs through one unresponsive session, even after 200 responsive"
    assert qualifications(answer, "patients") == [f"{text} ones."]
    [_, fewer] = qualifications(answer._replace(continued=1), "patients")
    assert fewer.startswith("1 patient has fewer sessions than others")  # a gap is no dropout


def test_without_earned_security_the_answer_is_about_beliefs(made):
    """Means over people of the beliefs before the first session with the figure, and after each person's last."""
    _, found, analysis = made
    result = key_result(found.model, found.fit, Results({}, analysis.results.datasets), analysis.convergence)
    _, (_, before, _, after) = beliefs_by_hand(found.fit, analysis.results.security[NASTY])
    assert result.about == f"Beliefs about {NASTY}"
    first, last = (ends(worth.mean(axis=-1), "{:.2f}") for worth in (before[:, 0], after[:, -1]))
    meaning = f"was the mean self-worth before the first session with {NASTY} (90% CrI {first[1]})"
    assert (first[0], meaning) in result.facts
    assert (last[0], f"was the mean self-worth after the last session (90% CrI {last[1]})") in result.facts
    assert re.match(r"Over 18 sessions with .*, mean availability rose from 0\.\d\d to 0\.\d\d and", result.statement)


def test_the_longest_follow_up_is_not_that_of_everyone():
    assert session_count(np.array([24, 24])) == "24 sessions"
    assert session_count(np.array([3, 24])) == "up to 24 sessions"


def test_every_number_of_an_approximation_is_marked(made):
    _, found, analysis = made
    checks, test = ConvergenceChecks(True, [], {}, approximate="laplace"), SHOWN
    ranking = ranking_of(found.model.name, "converged", "converged")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("iwm_bayes.report.key_result.permutation_test_of", lambda _: test)
        result = key_result(found.model, found.fit, analysis.results, checks, ranking=ranking)
    marked = [result.uncertainty, *(fact.meaning for fact in result.facts)]
    marked += [sentence for sentence in result.sentences if re.search(r"\d", sentence)]
    chips = [chip for chip in result.chips if chip.kind != "convergence"]
    assert all(re.search(r"\d", chip.detail) for chip in chips)
    marked += [chip.detail for chip in chips]
    assert len(chips) == 4
    assert all(text.endswith(" [approximate (laplace)]") for text in marked)
    assert result.chip("convergence").state == "notice"


@pytest.mark.parametrize("partial", ["", "200 of 750 draws"])
def test_a_fit_that_has_not_converged_has_no_answer(made, partial):
    """It says what to do, and holds no number of the answer."""
    _, found, analysis = made
    checks = analysis.convergence._replace(converged=False, reasons=["3 divergent transitions"], partial=partial)
    result = key_result(found.model, found.fit, analysis.results, checks, ["set --target-accept 0.95"])
    assert not result.usable
    assert (result.facts, result.sentences) == ((), ())
    assert result.remedies == ("Set --target-accept 0.95.",)
    assert not re.search(r"\d", result.headline)
    assert [chip.kind for chip in result.chips] == ["convergence"]
    assert result.chip("convergence").state == "bad"


def test_question_and_noun_are_those_of_the_study(made):
    _, found, analysis = made
    data = found.fit["constant_data"].to_dataset().assign_attrs({QUESTION: "Who heals?", PEOPLE_NOUN: "patients"})
    fit = found.fit.assign({"constant_data": xr.DataTree(data)})
    result = key_result(found.model, fit, analysis.results, analysis.convergence)
    assert result.question == "Who heals?"
    assert f"of {PEOPLE}" in result.facts[-1].value
    assert all("participant" not in text for text in (result.headline, *(f.meaning for f in result.facts)))


def test_questions_are_made_from_figures():
    ask = "How many sessions until patients feel secure"
    assert default_question("patients", "therapist", False, True) == f"{ask} with their therapist?"
    assert default_question("patients", "Dr X", True, True) == f"{ask}, and do groups differ?"
    assert default_question("patients", "x", False, False).startswith("How do the beliefs of patients change")


def test_many_figures_are_counted():
    """Some sentences, and how many more there are; one more than that is written out."""
    assert shortened(list("abcdef"), 3) == ["a", "b", "c", "3 figures more: see the table of time to earned security."]
    assert shortened(list("abcd"), 3) == list("abcd")


def test_learning_and_comparison_are_said_in_one_line():
    assert learning_chip(SHOWN).detail == "shown (permutation test: p = 0.0083, 119 permutations)"
    assert [learning_chip(None).state, learning_chip(SHOWN).state] == ["none", "good"]
    assert learning_chip(SHOWN._replace(n_as_good=60)).state == "notice"
    assert learning_chip(SHOWN._replace(n_permutations=0)).detail.startswith("cannot be tested")
    assert comparison_chip("kalman", None).state == "none"
    assert convergence_chip(ConvergenceChecks(False, ["no mode"], {}, "laplace")).text == "Not converged: no mode"


def test_a_rank_among_fits_that_cannot_be_used_is_bad():
    """Whichever model it is: every rank depends on both. An approximation is marked, and nothing else changes."""
    plain = comparison_chip("growth", ranking_of("growth", "converged", "converged"))
    assert (plain.detail, plain.state) == ("kalman predicts better (ELPD difference 7.0, SE 1.5)", "notice")
    for model in ("kalman", "growth"):
        failed = comparison_chip(model, ranking_of("growth", "converged", "not converged"))
        assert failed.detail.endswith("; do not rely on it: the fit of growth has not converged")
        assert failed.state == "bad"
    both = comparison_chip("kalman", ranking_of("growth", "partial", "not converged"))
    assert both.detail.endswith("the fits of kalman and growth have not converged")
    marked = comparison_chip("growth", ranking_of("growth", "converged", "approximate (laplace)"))
    assert marked == plain._replace(detail=f"{plain.detail} [approximate (laplace)]")


def test_errors_of_approximations():
    """`laplace` estimates the error at the level of people."""
    laplace, other = (
        convergence_chip(ConvergenceChecks(True, [], {}, approximate=name)).detail for name in ("laplace", "quadrature")
    )
    assert laplace == "laplace: group-level error not known; confirm with --method nuts"
    assert other == "quadrature: error not known; confirm with --method nuts"


def test_words_and_numbers():
    """Plurals, lists, minus signs, ends that are not reached, and probabilities near 0 and 1."""
    assert [singular(noun) for noun in ("patients", "families", "people", "staff")] == [
        "patient",
        "family",
        "person",
        "staff",
    ]
    assert [count_of(1, "patients"), count_of(1360, "sessions")] == ["1 patient", "1,360 sessions"]
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert [with_figure("Therapist"), with_figure("Dr X")] == ["with their Therapist", "with Dr X"]
    assert quantity([-3.0], "{:.0f}").text == "−3 (90% CrI −3 to −3)"
    assert quantity([-0.3], "{:.0f}").text == "0 (90% CrI 0–0)"
    assert quantity([-0.004], "{:.0%}").median == "0%"
    assert quantity([-0.05], "{:.2f}").median == "−0.05"
    assert quantity([1.0, 2.0, np.inf], "{:.0f}", "more than 9").text == "2 (90% CrI 1 to more than 9)"
    assert [probability([1.0]), probability([-1.0]), probability([1.0, -1.0])] == [">0.99", "<0.01", "0.50"]


def test_the_page_says_the_key_result(reported, with_arms):
    """Every sentence, number and check of it is on the page as it is here; the comparison is added to it."""
    page = " ".join(html.unescape(re.sub(r"<[^>]+>", "", reported.read_text(encoding="utf-8"))).split())
    facts = [text for fact in with_arms.facts for text in fact]
    chips = [chip.short_detail for chip in with_arms.chips if chip.kind != "comparison"]
    for text in [with_arms.question, with_arms.headline, *facts, *chips, *with_arms.sentences]:
        assert " ".join(text.split()) in page, text
