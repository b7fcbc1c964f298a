"""Direct and indirect effects of arms on a symptom, against what follows by hand from known parameters."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats
from scipy.integrate import quad
from scipy.special import expit, logit

from iwm_bayes.data.event_terms import with_event_terms
from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.data.waves import model_with_waves
from iwm_bayes.estimands.counterfactual.arms import donors_of_arm
from iwm_bayes.estimands.counterfactual.symptom import figure_of_symptom, symptom_effect_table, symptom_effects
from iwm_bayes.model.priors import LINKS, free_parameters
from iwm_bayes.responses import RESPONSES
from iwm_bayes.responses.event_effects import with_event_effects
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.rules.modifiers.belief_noise import with_belief_noise
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, phase_waves, simulate
from iwm_bayes.types import GENERALISED, ModelSpec, Parameter, parameters

RULE = lift_learner(RULES["rescorla_wagner"], worth=False)
KNOWN = {
    "availability_start": 0.3,
    "availability_rate": 0.1,
    "symptom_noise": 0.01,  # so that no symptom is near an end of its scale
    "symptom_level": 0.6,
    "symptom_persistence": 0.5,
    "symptom_slope_availability": -0.4,
    "symptom_between_availability": 0.2,
}
SESSIONS, PEOPLE = 10, 8


def model_with(lag):
    """One belief, and a symptom."""
    symptom = RESPONSES["symptom"].without_worth._replace(lag=lag)
    return ModelSpec("one", RULE, {"symptom": symptom})


PHASES = [Phase({"therapist": constant_care(0.5)}, SESSIONS)]


def fit_of(model, formulas, beta, care, terms=(), phases=PHASES, **changed):
    """A fit of a study with two arms, whose 5 draws are all the known values; `care` is that of each arm.

    Event terms, if there are `terms`, are 1 in the arm therapy. Changes between waves are 0. Innovations are those of
    `drawn`.
    """
    waved = model_with_waves(model_with(0), phase_waves(model_with(0), phases, "restarted"))
    known = dict.fromkeys(parameters(model), 0.0) | KNOWN | changed
    values = {name: np.full(PEOPLE, known.get(name, 0.0)) for name in parameters(waved)}
    data = simulate(model_with(0), phases, values, seed=1)
    arm = np.where(np.arange(PEOPLE) < 3, "waiting", "therapy")
    data = with_event_terms(data, {name: np.tile(arm == "therapy", (SESSIONS, 1)) for name in terms}) if terms else data
    data["outcome"] = (("event", "person"), np.tile(np.where(arm == "waiting", *care), (SESSIONS, 1)).astype(float))
    data = join_covariates(data, pd.DataFrame({"arm": arm}), model, formulas)
    free = free_parameters(model, ["therapist"])
    mu = np.array([LINKS[one.parameter.support][0](np.float64(known[one.name])) for one in free])
    theta = np.tile(mu[:, None], PEOPLE)
    if "design" in data:
        for label, shift, row in zip(data["coefficient"].values, beta, data["design"].values, strict=True):
            theta[[one.label == str(label).partition(":")[0] for one in free].index(True)] += shift * row
    dims = ("chain", "draw")
    variables = {
        "mu": ((*dims, "parameter"), np.tile(mu, (1, 5, 1))),
        "theta": ((*dims, "parameter", "person"), np.tile(theta, (1, 5, 1, 1))),
        "beta": ((*dims, "coefficient"), np.tile(beta, (1, 5, 1))),
    }
    coords = {"parameter": [one.label for one in free], "coefficient": data["coefficient"].values}
    if model.rule.innovations:
        variables["innovation"] = ((*dims, "innovation_name", "event", "person"), np.tile(drawn(), (1, 5, 1, 1, 1)))
        coords["innovation_name"] = list(model.rule.innovations)
    data.attrs["scale of symptom"] = [0, 27]
    return xr.DataTree.from_dict({"constant_data": data, "unconstrained_posterior": xr.Dataset(variables, coords)})


def drawn():
    """Innovations of everybody, (event, person)."""
    return np.random.default_rng(7).normal(size=(SESSIONS, PEOPLE))


def trust(rate, outcome, sessions):
    """Belief of Rescorla-Wagner after sessions that all have the same outcome."""
    return outcome + (0.3 - outcome) * (1 - rate) ** sessions


FORMULAS = {"availability_rate": "arm", "symptom_level": "arm"}


@pytest.mark.parametrize("lag", [0, 1, 10, 12])
def test_effects_are_those_of_the_formula(lag):
    """The arm raises the learning rate and the symptom; therapy is the reference, so effects are of waiting."""
    model = model_with(lag)
    effects = symptom_effects(model, fit_of(model, FORMULAS, [-1.0, 0.15], (1.0, 1.0)), draws=5)
    rates = expit(logit(0.1) + np.array([0.0, -1.0]))
    after = max(SESSIONS - lag, 0)
    indirect = -0.4 * (trust(rates[1], 1.0, after) - trust(rates[0], 1.0, after))
    expected = {"total": indirect + 0.15, "indirect": indirect, "direct": 0.15}
    for path, value in expected.items():
        found = effects["effect"].sel(symptom="symptom", path=path, arm="waiting").values
        np.testing.assert_allclose(found, 27 * value, atol=1e-10)
    table = symptom_effect_table(effects)
    assert table["arms"].unique().tolist() == ["waiting - therapy"]
    assert table.set_index("effect")["p_above_0"]["direct"] == 1.0


def test_care_of_an_arm_is_part_of_the_indirect_effect():
    """Learning is the same in both arms, and care is not: people have the sessions of the arm that they would be in."""
    model = model_with(0)
    effects = symptom_effects(model, fit_of(model, {"symptom_level": "arm"}, [0.0], (0.0, 1.0)), draws=5)
    expected = -0.4 * (trust(0.1, 0.0, SESSIONS) - trust(0.1, 1.0, SESSIONS))
    np.testing.assert_allclose(effects["effect"].sel(path="indirect"), 27 * expected, atol=1e-10)
    np.testing.assert_allclose(effects["effect"].sel(path="direct"), 0.0, atol=1e-12)


def test_an_initial_belief_that_an_arm_changes_counts_between_people():
    """The change starts from the higher belief, and the effect between people is added."""
    model = model_with(0)
    effects = symptom_effects(model, fit_of(model, {"availability_start": "arm"}, [1.0], (1.0, 1.0)), draws=5)
    start = expit(logit(0.3) + 1.0)
    change = (1.0 - start) * (1 - 0.9**SESSIONS) - 0.7 * (1 - 0.9**SESSIONS)
    expected = 0.2 * (start - 0.3) - 0.4 * change
    np.testing.assert_allclose(effects["effect"].sel(path="indirect"), 27 * expected, atol=1e-10)


def test_beliefs_move_by_themselves_in_either_arm():
    """People have their own innovations in both arms, whoever gives them sessions."""
    symptom = {"symptom": model_with(0).responses["symptom"]}
    model = ModelSpec("one", with_belief_noise(RULE), symptom)
    noise = 0.05
    fit = fit_of(model, FORMULAS, [-1.0, 0.15], (1.0, 1.0), availability_belief_noise=noise)
    effects, after = symptom_effects(model, fit, draws=5), []
    for rate in expit(logit(0.1) + np.array([0.0, -1.0])):
        belief = np.full(PEOPLE, 0.3)
        for z in drawn():
            belief = belief + noise * z
            belief = belief + rate * (1.0 - belief)
        after.append(belief.mean())
    plain = [trust(rate, 1.0, SESSIONS) for rate in expit(logit(0.1) + np.array([0.0, -1.0]))]
    assert abs(np.diff(after) - np.diff(plain))[0] > 0.005
    np.testing.assert_allclose(effects["effect"].sel(path="indirect"), 27 * -0.4 * np.diff(after)[0], atol=1e-10)
    np.testing.assert_allclose(effects["effect"].sel(path="direct"), 27 * 0.15, atol=1e-10)


@pytest.mark.parametrize(("lag", "after"), [(0, 5), (2, 3), (6, 0)])
def test_a_lag_does_not_reach_into_the_wave_before(lag, after):
    """Two waves of five sessions, in which beliefs restart: with a lag of six nothing has changed."""
    phases = [Phase({"therapist": constant_care(0.5)}, SESSIONS // 2, wave=wave) for wave in ("first", "second")]
    model = model_with(lag)
    model = model_with_waves(model, phase_waves(model, phases, "restarted"))
    effects = symptom_effects(model, fit_of(model, FORMULAS, [-1.0, 0.15], (1.0, 1.0), phases=phases), draws=5)
    usual, slow = (trust(rate, 1.0, after) for rate in expit(logit(0.1) + np.array([0.0, -1.0])))
    np.testing.assert_allclose(effects["effect"].sel(path="indirect"), 27 * -0.4 * (slow - usual), atol=1e-10)


def recorded_mean(mu, noise):
    """The mean of a symptom that is recorded from 0 to 1, by its survival function; its SD is that of an AR(1)."""
    sd = np.hypot(noise, 0.02) / np.sqrt(1 - KNOWN["symptom_persistence"] ** 2)
    return quad(lambda x: stats.norm.sf(x, mu, sd), 0.0, 1.0, epsabs=1e-12)[0]


def test_an_effect_at_the_end_of_the_scale_is_what_a_questionnaire_can_show():
    """Symptoms near 0 lose less than the beliefs would take from them; total = direct + indirect all the same."""
    model, noise, level = model_with(0), 0.2, 0.15
    fit = fit_of(model, FORMULAS, [-1.0, 0.15], (1.0, 1.0), symptom_noise=noise, symptom_level=level)
    effects = symptom_effects(model, fit, draws=5)
    rates = expit(logit(0.1) + np.array([0.0, -1.0]))
    base = level + 0.2 * (0.3 - 0.4) - 0.4 * (trust(rates, 1.0, SESSIONS) - 0.3)
    therapy, cross, waiting = (recorded_mean(mu, noise) for mu in (base[0], base[0] + 0.15, base[1] + 0.15))
    assert base[0] < 0
    expected = {"total": waiting - therapy, "indirect": waiting - cross, "direct": cross - therapy}
    for path, value in expected.items():
        np.testing.assert_allclose(effects["effect"].sel(path=path), 27 * value, atol=1e-8)
    assert expected["direct"] < 0.12


def test_a_covariate_of_the_symptom_belongs_to_the_arm_that_acts():
    """Everybody in therapy has medication at every session, which lowers the symptom past the beliefs."""
    response = model_with(1).responses["symptom"]
    declared = Parameter("real", (-0.3, 0.3), pooling="complete")
    added = with_event_effects(response, {"level": {"level_medication": "medication"}}, {"level_medication": declared})
    model = ModelSpec("one", RULE._replace(terms=("medication",)), {"symptom": added})
    formulas = {"availability_rate": "arm"}
    fit = fit_of(model, formulas, [-1.0], (1.0, 1.0), ["medication"], symptom_level_medication=-0.1)
    effects = symptom_effects(model, fit, draws=5)
    slow, usual = trust(expit(logit(0.1) - 1.0), 1.0, SESSIONS - 1), trust(0.1, 1.0, SESSIONS - 1)
    np.testing.assert_allclose(effects["effect"].sel(path="direct"), 27 * 0.1, atol=1e-10)
    np.testing.assert_allclose(effects["effect"].sel(path="indirect"), 27 * -0.4 * (slow - usual), atol=1e-10)


def test_a_symptom_that_is_asked_when_nobody_is_met_has_no_effects():
    """The beliefs of no session are those that it follows; a study in which there is no figure at all has none."""
    model = model_with(0)
    fit = fit_of(model, FORMULAS, [-1.0, 0.15], (1.0, 1.0))
    data = fit["constant_data"].to_dataset()
    unasked = data.assign(answer_symptom=data["answer_symptom"].where(False))
    for changed in (unasked, data.assign_coords(figure=[GENERALISED])):
        again = xr.DataTree.from_dict(
            {"constant_data": changed, "unconstrained_posterior": fit["unconstrained_posterior"].to_dataset()}
        )
        assert figure_of_symptom(changed, "symptom") is None
        assert symptom_effects(model, again, draws=5) is None


def test_a_study_without_arms_has_no_effects():
    """Nothing is computed."""
    model = model_with(0)
    values = {name: np.full(PEOPLE, value) for name, value in KNOWN.items()}
    data = simulate(model, [Phase({"therapist": constant_care(0.5)}, SESSIONS)], values, seed=1)
    assert symptom_effects(model, xr.DataTree.from_dict({"constant_data": data})) is None


def test_donors_are_of_the_arm_and_each_about_equally_often():
    """People of the arm keep their own sessions; three donors serve five others, nobody more than twice."""
    arms = pd.Series(["a"] * 3 + ["b"] * 5)
    who = donors_of_arm(arms, "a", 200, np.random.default_rng(1)).reshape(200, 8)
    np.testing.assert_array_equal(who[:, :3], np.tile([0, 1, 2], (200, 1)))
    counts = np.array([np.bincount(row[3:], minlength=3) for row in who])
    assert counts.shape == (200, 3)
    assert counts.min() == 1
    assert counts.max() == 2
