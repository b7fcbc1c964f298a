"""Measures of what models predict in words: whether each person of a prior shows it, (person,)."""

from collections.abc import Callable

import numpy as np

from iwm_bayes.filtering.filter import filter_events
from iwm_bayes.types import ModelSpec, rule_values
from iwm_bayes.validation import prediction_matrix
from iwm_bayes.validation.scripted_events import (
    BeliefTrajectory,
    People,
    ScriptedEvent,
    event_array_of,
    log_odds,
    random_care,
    simulate_beliefs,
    with_initial_beliefs,
)

DRAWS = 1000
GOOD = ScriptedEvent(1.0)
BAD = ScriptedEvent(0.0)
GAP = ScriptedEvent(None, gap=40.0)
IRREGULAR = [BAD if session % 5 == 4 else GOOD for session in range(20)]
POOR_THEN_GOOD = [ScriptedEvent(0.1)] * 20 + [GOOD] * 12
ROWS = {prediction.name: prediction for prediction in prediction_matrix.load_predictions()}
NULL_MODELS = ("static", "growth", "autoregressive")  # what they predict is that nothing matters

type Measure = Callable[[ModelSpec, People], np.ndarray]  # whether each person shows it


def step(beliefs: BeliefTrajectory, event: int) -> np.ndarray:
    """Return by how much availability rises at an event."""
    return beliefs.availability[event] - beliefs.availability_before[event]


def rate(beliefs: BeliefTrajectory, event: int) -> np.ndarray:
    """Return the change of availability per unit of prediction error."""
    return beliefs.gain(slice(event, event + 1))


def log_odds_rate(beliefs: BeliefTrajectory, event: int) -> np.ndarray:
    """Return the change of the log-odds of availability per unit of prediction error."""
    before, after = beliefs.availability_before[event], beliefs.availability[event]
    return np.abs(log_odds(after) - log_odds(before)) / np.abs(beliefs.outcome[event] - beliefs.expected[event])


def row(name: str) -> Measure:
    """Return the measure of a prediction of the experiments."""

    def shows(model: ModelSpec, people: People) -> np.ndarray:
        prediction = ROWS[name]
        return prediction.experiment(model, DRAWS, np.random.default_rng(5)).effect >= prediction.smallest

    return shows


def along(events: list[ScriptedEvent], shows: Callable[[BeliefTrajectory], np.ndarray], **starts: float) -> Measure:
    """Return a measure of beliefs along events, of people with these initial beliefs where they are given."""

    def of_people(model: ModelSpec, people: People) -> np.ndarray:
        chosen = with_initial_beliefs(people, **starts) if starts else people
        return shows(simulate_beliefs(model, chosen, events))

    return of_people


def large_and_small_surprise(model: ModelSpec, people: People) -> np.ndarray:
    steady = [ScriptedEvent(0.7)] * 12
    level = simulate_beliefs(model, people, steady).availability[-1]
    small, large = (
        rate(simulate_beliefs(model, people, [*steady, ScriptedEvent(np.clip(level - below, 0, 1))]), 12)
        for below in (0.1, 0.7)
    )
    return large > small


def less_certain_moves_further(model: ModelSpec, people: People) -> np.ndarray:
    """At a first event: the self's share of the total variance says which belief is less certain."""
    even = with_initial_beliefs(people, availability=0.5, worth=0.5)
    beliefs = simulate_beliefs(model, even, [BAD])
    return (beliefs.worth[0] < beliefs.availability[0]) == (people["self_share"] > 0.5)


def bias(model: ModelSpec, people: People, belief: float) -> np.ndarray:
    """Return the log ratio of the rates after a good and after a bad outcome."""
    group = with_initial_beliefs(people, availability=belief)
    good, bad = (rate(simulate_beliefs(model, group, [event]), 0) for event in (GOOD, BAD))
    return np.log(good / bad)


def bias_lasts(model: ModelSpec, people: People) -> np.ndarray:
    """The ratio of the rates at a rupture and at its repair is at least 1.1, and the same after 1 and 30 sessions."""
    ratios = []
    for before in (1, 30):
        beliefs = simulate_beliefs(model, people, [GOOD] * before + [BAD, GOOD])
        ratios.append(np.log(rate(beliefs, before) / rate(beliefs, before + 1)))
    return (np.abs(ratios[0]) >= np.log(1.1)) & np.isclose(*ratios, atol=1e-3)


def rate_falls(model: ModelSpec, people: People) -> np.ndarray:
    """An unresponsive outcome after 0, 5, 10, ... responsive ones."""
    rates = [rate(simulate_beliefs(model, people, [GOOD] * before + [BAD]), before) for before in range(0, 30, 5)]
    return (np.diff(rates, axis=0) < 0.0).all(axis=0)


def rate_after_gap(model: ModelSpec, people: People) -> np.ndarray:
    with_gap, without = (
        rate(simulate_beliefs(model, people, [GOOD] * 6 + [ScriptedEvent(0.0, gap=gap)]), 6) for gap in (20.0, 1.0)
    )
    return with_gap > without


def new_figure_like_the_first(model: ModelSpec, people: People) -> np.ndarray:
    events = [GOOD] * 12 + [ScriptedEvent(1.0, figure=1)]
    beliefs = simulate_beliefs(model, people, events, figures=2)
    # As uncertainty grows, the same log-odds are a belief slightly nearer to .5.
    return np.isclose(beliefs.availability_before[12], beliefs.availability_before[0], rtol=0.0, atol=0.03)


def old_and_new_figure(model: ModelSpec, people: People) -> np.ndarray:
    """After good rather than poor early care, a new figure is met with more trust; its good care then moves the old."""
    new = [ScriptedEvent(1.0, figure=1)] * 12
    early, late = [GOOD] * 12, [ScriptedEvent(0.1)] * 12
    good, poor = (simulate_beliefs(model, people, care + new, figures=2) for care in (early, late))
    of_old = simulate_beliefs(model, people, late + new, figures=2, of=0).availability
    borrowed = good.availability_before[12] - poor.availability_before[12]
    return (borrowed >= 0.02) & (of_old[-1] - of_old[11] >= 0.02)


def most_in_the_middle(model: ModelSpec, people: People) -> np.ndarray:
    low, middle, high = (
        rate(simulate_beliefs(model, with_initial_beliefs(people, availability=belief), [event]), 0)
        for belief, event in ((0.1, GOOD), (0.5, GOOD), (0.9, BAD))
    )
    return (middle > low) & (middle > high)


def rate_settles(model: ModelSpec, people: People) -> np.ndarray:
    care = random_care(0.5, 80, DRAWS, np.random.default_rng(3))
    beliefs = simulate_beliefs(model, people, care)
    return beliefs.gain(slice(70, 80)) > 0.5 * beliefs.gain(slice(30, 40))


def mixture(model: ModelSpec, people: People) -> np.ndarray:
    """The SD between the categories, weighted as in the belief, is at least .05."""
    p = rule_values(model, people)
    *_, last = filter_events(model.rule, p, event_array_of(POOR_THEN_GOOD, 1, DRAWS), 1)
    return np.sqrt(model.rule.beliefs(p, last.after, last.event).availability.variance) >= 0.05


def lost(share: float, event: ScriptedEvent) -> Measure:
    """Return whether an event after an abrupt change takes back at least this share of the gain."""

    def of_gain(beliefs: BeliefTrajectory) -> np.ndarray:
        gain = beliefs.availability[31] - beliefs.availability[19]
        return (beliefs.availability[31] - beliefs.availability[32]) >= share * gain

    return along([*POOR_THEN_GOOD, event], of_gain)


def longer_gap_fades_more(model: ModelSpec, people: People) -> np.ndarray:
    end, short, long = (
        simulate_beliefs(model, people, [GOOD] * 12 + rest).availability[-1]
        for rest in ([], [ScriptedEvent(None, gap=2.0)], [GAP])
    )
    return (end > short) & (short > long)


def first_belief_remains(model: ModelSpec, people: People) -> np.ndarray:
    high, low = (
        simulate_beliefs(model, with_initial_beliefs(people, availability=belief), [ScriptedEvent(0.6)] * 60)
        for belief in (0.8, 0.2)
    )
    return high.availability[-1] - low.availability[-1] >= 0.02


def first_belief_fades(model: ModelSpec, people: People) -> np.ndarray:
    high, low = (
        simulate_beliefs(model, with_initial_beliefs(people, availability=belief), [ScriptedEvent(0.6)] * 30)
        for belief in (0.8, 0.2)
    )
    left = high.availability - low.availability
    return (np.diff(left, axis=0) < 0.0).all(axis=0)


def fall_after_two_ruptures(beliefs: BeliefTrajectory) -> np.ndarray:
    return beliefs.availability[39] - beliefs.availability[41]


def integration_softens_the_fall(model: ModelSpec, people: People) -> np.ndarray:
    little, much = (
        fall_after_two_ruptures(
            simulate_beliefs(
                model,
                dict(people) | {"availability_integration": np.full(DRAWS, integration)},
                [GOOD] * 40 + [BAD] * 2,
            )
        )
        for integration in (0.1, 0.9)
    )
    return little > much


def doubted_falls_further(doubted: str, trusted: str) -> Measure:
    """Return whether a rejection lowers a belief of .2 further than one of .8, in log-odds."""

    def falls(model: ModelSpec, people: People) -> np.ndarray:
        group = with_initial_beliefs(people, **{doubted: 0.2, trusted: 0.8})
        beliefs = simulate_beliefs(model, group, [BAD])
        fall = {
            name: log_odds(getattr(beliefs, f"{name}_before")[0]) - log_odds(getattr(beliefs, name)[0])
            for name in (doubted, trusted)
        }
        return fall[doubted] > np.maximum(fall[trusted], 0.0)

    return falls


def all_steps(check: Callable[[np.ndarray], np.ndarray]) -> Callable[[BeliefTrajectory], np.ndarray]:
    return lambda beliefs: check(beliefs.availability - beliefs.availability_before)


def strongest_after_rupture(model: ModelSpec, people: People) -> np.ndarray:
    """Of 24 sessions with one rupture, repaired or not, the one after it moves availability most, in its direction."""
    repaired, unrepaired = (
        simulate_beliefs(model, people, [GOOD] * 12 + [BAD, event] + [GOOD] * 10) for event in (GOOD, BAD)
    )
    most = [np.abs(x.availability - x.availability_before).argmax(axis=0) == 13 for x in (repaired, unrepaired)]
    return most[0] & most[1] & (step(repaired, 13) > 0) & (step(unrepaired, 13) < 0)
