"""The parts of a change: what was learned, and what time and chance brought."""

import numpy as np
import pytest
import xarray as xr
from helpers import constants, draw_theta, lifted_rules, natural_parameters, one_person_events, random_data

from iwm_bayes.data.waves import model_with_waves
from iwm_bayes.estimands.learned_share import (
    followed_beliefs,
    from_first_to_last,
    learned_share_table,
    learned_shares,
    parts_of_change,
)
from iwm_bayes.filtering.arrays import event_array, with_innovations
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.priors import free_parameters
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.rules.modifiers.belief_noise import with_belief_noise
from iwm_bayes.rules.modifiers.trend import with_trend
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, phase_waves, simulate
from iwm_bayes.types import ModelSpec, parameters, rule_values

MOVABLE = [name for name, rule in lifted_rules().items() if rule.own_scale and "trend" not in name and name != "growth"]
DRAWS = 6


def moved(name):
    """Return a model with a rule whose beliefs time and chance move, data, its parameters, and its events."""
    rule = with_belief_noise(with_trend(lifted_rules()[name]))
    data = random_data(2, 4, 8)
    events = event_array(data)
    drawn = np.random.default_rng(1).normal(size=(2, len(events), 4))
    p = natural_parameters(rule, draw_theta(rule, 2, 4), 2, 4)
    return ModelSpec(name, rule, {}), data, p, with_innovations(events, drawn)


@pytest.mark.parametrize("name", MOVABLE)
def test_the_parts_add_up_to_the_change(name):
    """For each figure and the self, from before the first outcome to after the last, whatever the rule."""
    model, data, p, events = moved(name)
    [found, _] = parts_of_change(model, p, events, 2, followed_beliefs(model, data)).sum(axis=2)
    present, index = data["present"].values, data["figure_index"].values
    for row, (about, counts) in enumerate(
        [("availability", present & (index == figure)) for figure in range(2)] + [("worth", present)]
    ):
        before, after = filter_readouts(model.rule, p, events, 2, [Readout(about, t) for t in ("before", "after")])
        for person in range(4):
            [own] = np.nonzero(counts[:, person])
            expected = after[own[-1], person] - before[own[0], person]
            assert found[row, person] == pytest.approx(expected, abs=1e-12)


def test_beliefs_that_restart_are_followed_within_waves():
    """The parts add up to the changes within the waves, and the first event of a wave moves nothing with time."""
    model = ModelSpec("one", with_trend(lift_learner(RULES["rescorla_wagner"], worth=False)), {})
    phases = [Phase({"therapist": constant_care(0.7)}, 6, wave=wave) for wave in ("first", "second")]
    waved = model_with_waves(model, phase_waves(model, phases, "restarted"))
    values = {"start": 0.3, "rate": 0.2, "plateau": 0.8, "pace": 0.1}
    values = {f"availability_{name}": value for name, value in values.items()} | {"availability_start_change": 2.0}
    people = {name: np.full(3, values.get(name, 0.0)) for name in parameters(waved)}
    data = simulate(model, phases, people, seed=1)
    events, p = event_array(data), rule_values(waved, people)
    [found, sizes] = parts_of_change(waved, p, events, 1, followed_beliefs(waved, data))[:, 0]
    before, after = filter_readouts(waved.rule, p, events, 1, [Readout("availability", t) for t in ("before", "after")])
    learned, time = after - before, before[1:] - after[:-1]
    within = np.arange(1, 12) != 6
    np.testing.assert_allclose(found.sum(axis=0), after[5] - before[0] + after[11] - before[6], atol=1e-12)
    np.testing.assert_allclose(found, [learned.sum(axis=0), time[within].sum(axis=0), np.zeros(3)], atol=1e-12)
    np.testing.assert_allclose(sizes[1], np.abs(time[within]).sum(axis=0), atol=1e-12)


def test_a_single_session_in_each_wave_is_no_change():
    """Where beliefs restart, one session in each of two waves says nothing about change; without a restart it does."""
    counts = np.ones((2, 1), dtype=bool)
    for course, changes in (([0, 1], False), ([0, 0], True)):
        inside, later = from_first_to_last(counts, np.array(course)[:, None])
        assert inside.all()
        assert later.any() == changes


def by_hand(outcomes, p, innovations):
    """Return sums and sizes of the steps of a delta rule with trend and noise, one unit of time apart, (kind, part)."""
    b, parts = p["start"], np.zeros((2, 3))
    for index, (outcome, z) in enumerate(zip(outcomes, innovations, strict=True)):
        steps = [0.0, (p["plateau"] - b) * p["pace"], p["belief_noise"] * z]
        b += sum(steps)
        steps = np.array(steps) * (index > 0)
        steps[0] = p["rate"] * (outcome - b)
        b += steps[0]
        parts += [steps, np.abs(steps)]
    return parts


def test_each_step_has_its_cause():
    """What an outcome, time and chance add to a belief is found to be theirs."""
    outcomes, drawn = [1.0, 0.0, 1.0, 1.0], [0.5, -1.0, 0.3, 2.0]
    values = {"start": 0.3, "rate": 0.2, "plateau": 0.8, "pace": 0.1, "belief_noise": 0.05}
    rule = with_belief_noise(with_trend(lift_learner(RULES["rescorla_wagner"], worth=False)))
    p = constants(rule, **{f"availability_{name}": value for name, value in values.items()})
    events = with_innovations(one_person_events(outcomes), np.array(drawn)[None, :, None])
    everywhere = np.ones((4, 1), dtype=bool)
    data = xr.Dataset(
        {"present": (("event", "person"), everywhere), "figure_index": (("event", "person"), 0 * everywhere)},
        {"figure": ["therapist"]},
    )
    model = ModelSpec("", rule, {})
    found = parts_of_change(model, p, events, 1, followed_beliefs(model, data))
    np.testing.assert_allclose(found[:, 0, :, 0], by_hand(outcomes, values, drawn), atol=1e-12)


def invented_fit(model, data, **values):
    """Return a fit whose draws are from the prior, but for the link-scale values of some parameters."""
    free, people = free_parameters(model, ["figure 0", "figure 1"]), data.sizes["person"]
    generator = np.random.default_rng(2)
    labels = [one.label for one in free]
    theta = np.array([generator.normal(one.prior_mean, one.prior_sd, (1, DRAWS, people)) for one in free])
    for name, value in values.items():
        theta[[label.endswith(name) for label in labels]] = value
    posterior = xr.Dataset(
        {
            "theta": (("parameter", "chain", "draw", "person"), theta),
            "mu": (("parameter", "chain", "draw"), theta[..., 0]),
        },
        {"parameter": labels, "chain": [0], "draw": range(DRAWS), "person": data["person"].values},
    )
    return xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": data})


def test_shares_of_draws_of_a_fit():
    """Shares and parts add up in every draw; nobody has one of a single event; the group has the median share."""
    model = ModelSpec("", with_trend(lifted_rules()["rescorla_wagner"]), {})
    data = random_data(2, 4, 8)
    only_first = data["figure_index"].where(data["person"] != "person 1", 0)
    fit = invented_fit(model, data.assign(figure_index=only_first))
    found = learned_shares(model, fit, DRAWS)
    assert list(found["belief"].values) == ["availability of figure 0", "availability of figure 1", "self-worth"]
    assert found.sizes["sample"] == DRAWS
    np.testing.assert_allclose(found["change"], found["learned"] + found["time"], atol=1e-12)
    size = abs(found["learned"]) + abs(found["time"])
    np.testing.assert_allclose(found["learned_share"] * size, abs(found["learned"]), atol=1e-12)
    n_events = [((only_first == figure) & data["present"]).sum("event").values for figure in range(2)]
    assert (n_events[1] == [5, 0, 3, 3]).all()
    missing = found["learned_share"].isnull()
    assert (missing.sel(belief="availability of figure 1") == (n_events[1] < 2)).all()
    assert missing.sum() == missing.sel(belief="availability of figure 1").sum() == DRAWS
    table = learned_share_table(learned_shares(model, fit)).set_index("belief")
    assert table["n_people"].tolist() == [4, 3, 4]
    median = np.nanmedian(found["learned_share"], axis=2)
    np.testing.assert_allclose(table["learned_share"], np.median(median, axis=1), atol=1e-12)
    np.testing.assert_allclose(table["change_ci90_low"], np.nanquantile(found["change"].mean("person"), 0.05, axis=1))


def test_who_does_not_learn_has_no_learned_share():
    """At a learning rate of nearly 0 all change and all steps are time's, and at a pace of nearly 0 all are learned."""
    model = ModelSpec("", with_trend(lifted_rules()["rescorla_wagner"]), {})
    data = random_data(2, 4, 8)
    for moving, share in (("rate", 0.0), ("pace", 1.0)):
        found = learned_shares(model, invented_fit(model, data, **{moving: -30.0}), DRAWS)
        for name in ("learned_share", "learned_step_share"):
            np.testing.assert_allclose(found[name].stack(all=[...]).dropna("all"), share, atol=1e-6)
