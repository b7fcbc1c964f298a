"""What is computed for a fit of dyads: answers about pairs, and for each member what is computed for people."""

import pytest
from prior_dyads import couple, simulated_fit

from iwm_bayes.diagnostics.registry import registered
from iwm_bayes.diagnostics.results import compute_results, result_tables
from iwm_bayes.estimands.dyads.member_fit import member_fit, member_model


@pytest.fixture(scope="module")
def couples():
    """A model of couples, and a fit."""
    return couple(), simulated_fit(couple())


def test_a_fit_of_dyads_has_answers_about_pairs(couples):
    """Nothing of single people is computed for it, and every table has a line."""
    found = compute_results(*couples)
    of_pairs = {name for name in found.datasets if registered()[name].about == "dyads"}
    assert {registered()[name].about for name in found.datasets} == {"dyads", "both"}
    assert of_pairs >= {"actor_partner"}
    assert not found.security
    tables = result_tables(found, "converged")
    assert of_pairs <= set(tables)
    assert {name.partition("_")[0] for name in tables["ppc"]["response"]} == {"wife", "husband"}


def test_the_fit_of_a_member_has_the_answers_about_people(couples):
    """Nothing of pairs is computed for it."""
    model, fit = couples
    found = compute_results(member_model(model, "wife"), member_fit(model, fit, "wife"))
    assert set(found.datasets) >= {"group_summary", "time_to_security", "beliefs"}
    assert not [name for name in found.datasets if registered()[name].about == "dyads"]
    assert list(found.security) == ["husband"]
