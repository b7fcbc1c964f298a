"""Whose outcomes people experience where raters rate a latent outcome: those of the sessions that they go through."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit, logit

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.data.raters import model_with_raters, raters
from iwm_bayes.estimands.counterfactual.arms import paths_in_arm, people_in_arm
from iwm_bayes.estimands.security.follow_up import continued_events, continued_path_batches
from iwm_bayes.estimands.security.population import new_people_batches
from iwm_bayes.filtering.arrays import EVENT_FIELDS
from iwm_bayes.model.priors import LINKS, free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.draws import posterior_batches
from iwm_bayes.simulation.simulate import Phase, drop_absent, simulate
from iwm_bayes.types import parameters

PEOPLE, SESSIONS, DRAWS, VARIATION = 6, 8, 3, 0.5
LENGTHS = np.array([3, 8, 5, 8, 8, 8])
RESPONSIVENESS = np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9])  # of the people of arm a, then of arm b
OUTCOME, RATED = EVENT_FIELDS.index("outcome"), EVENT_FIELDS.index("rated")


@pytest.fixture(scope="module")
def fit():
    """A fit of people whose sessions differ, with known parameters; and the outcome of every session in each draw."""
    model = load_model("rescorla_wagner", without=["worth_rating", "approach"])
    model = model_with_raters(model, raters(["patient", "therapist"]))
    data = simulate(model, [Phase({"therapist": constant_care(0.5)}, SESSIONS)], PEOPLE, 1)
    data = drop_absent(data.assign(present=data["present"] & (np.arange(SESSIONS)[:, None] < LENGTHS)))
    data = join_covariates(data, pd.DataFrame({"arm": list("aaabbb")}), model, {"availability_rate": "arm"})
    data.attrs["formulas"] = '{"availability_rate": "arm"}'
    free, declared, generator = free_parameters(model, ["therapist"]), parameters(model), np.random.default_rng(2)
    known = {"responsiveness": RESPONSIVENESS, "responsiveness_variation": VARIATION}
    values = [np.asarray(known.get(one.name, sum(declared[one.name].prior_90) / 2)) for one in free]
    theta = [LINKS[one.parameter.support][0](value) * np.ones(PEOPLE) for one, value in zip(free, values, strict=True)]
    sigma = [0.1 if one.parameter.pooling == "partial" else np.nan for one in free]
    z = generator.normal(size=(1, DRAWS, 1, SESSIONS, PEOPLE))
    dims = ("chain", "draw", "parameter")
    posterior = xr.Dataset(
        {
            "mu": (dims, np.tile(np.mean(theta, axis=1), (1, DRAWS, 1))),
            "sigma": (dims, np.tile(sigma, (1, DRAWS, 1))),
            "theta": ((*dims, "person"), np.tile(theta, (1, DRAWS, 1, 1))),
            "beta": (("chain", "draw", "coefficient"), np.ones((1, DRAWS, 1))),
            "innovation": (("chain", "draw", "innovation_name", "event", "person"), z),
        },
        {
            "chain": [0],
            "draw": range(DRAWS),
            "parameter": [one.label for one in free],
            "innovation_name": list(model.rule.innovations),
            "coefficient": data["coefficient"].values,
        },
    )
    tree = xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": data})
    return model, tree, expit(logit(RESPONSIVENESS) + VARIATION * z[0, :, 0])  # (draw, event, person)


def of_places(outcome, places):
    """The outcomes of events, (event, draw * person), by hand."""
    draw = np.arange(places.person.shape[1]) // PEOPLE
    return outcome[draw, places.event, places.person]


def test_a_donors_session_has_the_donors_outcome_in_the_same_draw(fit):
    model, tree, outcome = fit
    data = tree["constant_data"].to_dataset()
    [paths] = continued_path_batches(model, tree, DRAWS, "therapist", np.random.default_rng(1))
    places = continued_events(model, data, np.tile(np.arange(PEOPLE), DRAWS), np.random.default_rng(1))
    assert (~places.is_own).any()
    np.testing.assert_allclose(paths.event_array[:, OUTCOME], of_places(outcome, places), rtol=1e-12)
    assert not paths.event_array[:, RATED].any()
    np.testing.assert_allclose(paths.observed_path().outcome, of_places(outcome, places), rtol=1e-12)


def test_new_people_have_the_outcomes_of_their_twins(fit):
    """Their own responsiveness makes no session more responsive."""
    model, tree, outcome = fit
    [(twins, paths)] = new_people_batches(model, tree, DRAWS, 40, "therapist", np.random.default_rng(1))
    first = outcome[np.arange(DRAWS)[:, None], 0, twins].ravel()
    np.testing.assert_allclose(paths.observed_path().outcome[0], first, rtol=1e-12)


@pytest.mark.parametrize(("arm", "people"), [("a", [0, 1, 2]), ("b", [3, 4, 5])])
def test_everybody_has_the_care_of_the_arm(fit, arm, people):
    """Every outcome is one of a session of this arm; people's own arm is another for half of them."""
    model, tree, outcome = fit
    data = tree["constant_data"].to_dataset()
    [batch] = posterior_batches(tree["unconstrained_posterior"].to_dataset(), DRAWS, PEOPLE)
    values = people_in_arm(model, batch, data, arm)
    paths = paths_in_arm(model, batch, values, data, arm, "therapist", np.random.default_rng(1))
    found = paths.observed_path().outcome.reshape(SESSIONS, DRAWS, PEOPLE)
    for draw in range(DRAWS):
        assert {*found[:, draw].ravel().round(10)} <= {*outcome[draw][:, people].ravel().round(10)}
    np.testing.assert_allclose(found[:3, :, people], outcome[:, :3, people].swapaxes(0, 1), rtol=1e-12)
