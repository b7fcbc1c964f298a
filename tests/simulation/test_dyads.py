"""The closed loop of dyads draws what the density scores, and a simulator with a fault is found."""

import runpy

import numpy as np
import pytest
from pages import REPOSITORY

from iwm_bayes.data.dyads.coupling import coupled
from iwm_bayes.filtering.arrays import true_innovations
from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.priors import natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import DistressProcess
from iwm_bayes.simulation.dyads import DIMS, empty_dyads, simulate_dyads, simulate_dyads_along
from iwm_bayes.types import DEFAULT_FIGURE, InputError, Member
from iwm_bayes.validation.simulator_check import check_simulator, draw_studies, score_table
from iwm_bayes.validation.uniformity import LEVEL, holm_correction, uniform_p, uniformity_table

EXPERIMENT = runpy.run_path(str(REPOSITORY / "experiments" / "dyads_closed_loop.py"))
QUICK = (
    "therapy",
    "two carers",
    "letters",
    "graded acts",
    "moods and delayed symptoms",
    "distress",
    "noise of beliefs",
)
SMALL = {"studies": 40, "dyads": 8, "exchanges": 12}


@pytest.mark.parametrize("case", QUICK)
def test_answers_are_those_that_the_density_expects(case):
    """Ranks have the mean and the variance of uniform ones, and scores have mean 0: at 5%, of all tests together."""
    found = EXPERIMENT["check"](case, **SMALL)
    p = [own[test] for own in map(uniform_p, found.ranks.to_numpy().T) for test in ("mean", "variance")]
    assert holm_correction(np.array(p)).min() > LEVEL / (2 * len(QUICK))
    assert score_table(found.scores)["corrected_p"].min() > LEVEL / (2 * len(QUICK))


@pytest.mark.parametrize("fault", EXPERIMENT["BROKEN"])
def test_a_fault_of_the_simulator_is_found(fault):
    """Both tests find it."""
    case, *_ = EXPERIMENT["BROKEN"][fault]
    found = EXPERIMENT["check"](case, fault, **SMALL)
    assert any(uniformity_table(found.ranks)["status"])
    assert score_table(found.scores)["corrected_p"].min() < 0.001


def couple(name="partner", **options):
    """Return a couple, each with this model."""
    return dyad_model({role: Member(load_model(name), "support", **options) for role in ("wife", "husband")})


def test_distress_is_kept_for_those_who_have_it():
    """It is 1 at about a third of exchanges or more, and nothing is recorded about the other."""
    data = simulate_dyads(couple(), 30, 50, 1, {"wife": DistressProcess(0.3)})
    assert "distress_husband" not in data
    wife = data["distress_wife"]
    assert float((wife == 1.0).mean()) == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / 1500))
    np.testing.assert_array_equal(data["event_terms"].sel(event_term="wife distress"), wife)


def test_innovations_are_kept():
    """Each member has innovations of its own, standard normal."""
    model = couple("partner+belief_noise")
    data = simulate_dyads(model, 20, 40, 2)
    kept = true_innovations(model.rule, data)
    assert kept.shape == (len(model.rule.innovations), 20, 40)
    np.testing.assert_allclose(kept.mean(axis=(1, 2)), 0.0, atol=4 / np.sqrt(800))
    np.testing.assert_allclose(kept.std(axis=(1, 2)), 1.0, atol=4 / np.sqrt(1600))


def test_two_who_wait_for_each_others_bids_are_refused():
    """Two carers who react at once to what the other does: nobody can begin. At the next exchange one can."""
    carer = load_model("carer")
    with pytest.raises(InputError, match="each reacts to a bid of the other at the same exchange"):
        dyad_model({role: Member(carer, "care") for role in ("one", "other")})
    model = dyad_model({"one": Member(carer, "care"), "other": Member(carer, "care", exchange="next")})
    assert np.isfinite(simulate_dyads(model, 3, 4, 1)["answer_one_care"]).all()


def test_distress_of_nobody_is_refused():
    """The error names the roles that there are."""
    with pytest.raises(InputError, match="no member husbnad: the members are wife, husband"):
        simulate_dyads(couple(), 3, 4, 1, {"husbnad": DistressProcess(0.3)})


def uneven_dyads(model, count, exchanges, generator):
    """Data of dyads with gaps, missing answers, distress, and fewer exchanges of some dyads."""
    data = empty_dyads(model, exchanges, count)
    since = generator.integers(1, 6, (exchanges, count)).astype(float)
    present = np.arange(exchanges)[:, None] < generator.integers(exchanges // 2, exchanges + 1, count)
    data = data.assign(since_any=(DIMS, since), since_figure=(DIMS, since), present=(DIMS, present))
    distress = (generator.random((exchanges, count)) < 0.3).astype(float)
    data = data.assign(distress_child=(DIMS, distress), threat_child=(DIMS, distress[::-1].copy()))
    answered = {name: present & (generator.random(present.shape) < 0.7) for name in model.responses}
    answers = {f"answer_{name}": (DIMS, np.where(own, 0.0, np.nan)) for name, own in answered.items()}
    return coupled(model, data.assign(answers))


@pytest.mark.parametrize("case", ["distress", "moods and delayed symptoms"])
def test_dyads_of_a_data_set_act_anew_as_the_density_expects(case):
    """With gaps, missing answers and dyads of unequal lengths; what is given stays."""
    roles = {"wife": "child", "husband": "parent"}
    members = {roles.get(role, role): own for role, own in EXPERIMENT["CASES"][case].members.items()}
    model, generator, studies, dyads = dyad_model(members), np.random.default_rng(5), 40, 8
    theta = draw_studies(model, [DEFAULT_FIGURE], dyads, studies, generator)
    given = uneven_dyads(model, studies * dyads, 12, generator)
    values = natural_values(model, theta, [DEFAULT_FIGURE], studies * dyads)
    data = simulate_dyads_along(model, given, values, generator)
    for name in model.responses:
        np.testing.assert_array_equal(data[f"answer_{name}"].isnull(), given[f"answer_{name}"].isnull(), name)
    np.testing.assert_array_equal(data["distress_child"], given["distress_child"])
    found = check_simulator(model, data, theta, studies, generator)
    p = [own[test] for own in map(uniform_p, found.ranks.to_numpy().T) for test in ("mean", "variance")]
    assert holm_correction(np.array(p)).min() > LEVEL / 4
    assert score_table(found.scores)["corrected_p"].min() > LEVEL / 4
