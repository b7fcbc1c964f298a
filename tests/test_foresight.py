"""What people of a theory would answer before any data."""

import numpy as np
import pytest
from helpers import arguments, names

from iwm_bayes import theory
from iwm_bayes.care import steady
from iwm_bayes.foresight import expected, foresee, said
from iwm_bayes.simulate import Phase, draw_people, simulate

PLAN = [Phase({name: steady(0.6) for name in names(2)}, 4, assessed=True)]


@pytest.mark.parametrize("name", ["kalman", "compensatory", "noisy_and"])
def test_expected_answers_are_those_of_the_loop(name):
    """The arguments of every response, as the tests' own walk through the events has them."""
    model, generator = theory.load(name), np.random.default_rng(1)
    data = simulate(model, PLAN, 6, 1)
    people = draw_people(model, names(2), 6, generator)
    found, wanted = expected(model, people, data), arguments(model, people, data)
    assert found.keys() == wanted.keys()
    for response, given in wanted.items():
        for argument, values in given.items():
            np.testing.assert_allclose(*np.broadcast_arrays(found[response][argument], values), rtol=1e-12)


def test_what_is_said_of_answers():
    """By hand: three people, of whom one never answers."""
    nothing = np.nan
    answers = np.array([[0.2, nothing, nothing], [nothing, 0.8, nothing], [0.4, 0.6, nothing]])
    assert said(answers) == pytest.approx({"first": 0.5, "last": 0.5, "sd between people": 0.2})


def test_prior_of_a_rating_is_even_where_the_theory_is():
    """A start whose prior is symmetric around .5 is rated .5 by the middle draw; the data stand beside it."""
    model = theory.load("static")
    data = simulate(model, PLAN, 10, 3)
    table = foresee(model, data, draws=150).set_index(["response", "what"])
    line = table.loc["availability_rating", "first"]
    sd = (line["high"] - line["low"]) / 3.29
    assert line["prior"] == pytest.approx(0.5, abs=4 * 1.2533 * sd / np.sqrt(150))  # error of a median
    answers = data["answer_availability_rating"].values
    assert line["in the data"] == pytest.approx(said(answers)["first"])
