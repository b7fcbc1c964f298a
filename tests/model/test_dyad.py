"""Two members who are coupled by data have the density of two single people, and who cannot be a dyad is told why."""

import numpy as np
import pytest

from iwm_bayes.data.dyads.coupling import member_data
from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.inputs import model_data
from iwm_bayes.model.likelihood_terms import likelihood_terms
from iwm_bayes.model.priors import figure_names, free_parameters, natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.dyads import simulate_dyads
from iwm_bayes.types import InputError, Member, parameters

THERAPY = dyad_model(
    {
        "patient": Member(load_model("seeker"), "care"),
        "therapist": Member(load_model("carer"), "openness", bids="bid"),
    }
)
COUPLE = dyad_model({role: Member(load_model("partner"), "support") for role in ("wife", "husband")})
LETTERS = dyad_model({role: Member(load_model("kalman"), "approach", exchange="next") for role in ("anna", "ben")})


def log_density(model, data, theta):
    """The log density of the answers of everybody, (person,), by the equations over arrays."""
    values = natural_values(model, theta, figure_names(data), data.sizes["person"])
    arrays = model_data(model, data)
    total = np.zeros(data.sizes["person"])
    for term in likelihood_terms(model, figure_names(data), values, arrays["event_array"], arrays["response_array"]):
        family = model.responses[term.name].family
        each = family.log_density(term.value, **term.arguments)
        if family.is_censored:
            low, high = family.bounds
            tail = family.log_tail(term.value, low, high, **term.arguments)
            each = np.where((term.value <= low) | (term.value >= high), tail, each)
        total += (each * term.recorded).sum(axis=0)
    return total


@pytest.mark.parametrize("model", [THERAPY, COUPLE, LETTERS], ids=["therapy", "couple", "letters"])
def test_the_density_of_a_dyad_is_the_product_of_those_of_its_members(model):
    """Coupled by data, with nothing shared: the sum of two log densities, of two sets of single people."""
    data = simulate_dyads(model, 15, 7, seed=3)
    generator = np.random.default_rng(4)
    free = free_parameters(model, figure_names(data))
    theta = {one.label: generator.normal(one.prior_mean, one.prior_sd / 2, 7) for one in free}
    single = np.zeros(7)
    for role, member in model.members.items():
        own = member_data(model, data, role)
        labels = [one.label for one in free_parameters(member.model, figure_names(own))]
        single += log_density(member.model, own, {label: theta[f"{role}_{label}"] for label in labels})
    assert np.abs(single).min() > 1.0
    np.testing.assert_allclose(log_density(model, data, theta), single, rtol=0, atol=1e-10)


def test_parameters_have_the_role_in_front():
    """Each member has parameters of its own, under the names of its model file."""
    names = list(parameters(THERAPY))
    own = {role: [name for name in names if name.startswith(f"{role}_")] for role in THERAPY.members}
    assert [name.removeprefix("therapist_") for name in own["therapist"]] == list(parameters(load_model("carer")))
    assert len(own["patient"]) + len(own["therapist"]) == len(names)


WRONG = {
    "one member": ({"patient": Member(load_model("seeker"), "care")}, "two members"),
    "no such act": (
        {"patient": Member(load_model("seeker"), "help"), "therapist": Member(load_model("carer"), "openness")},
        "has no response 'help' to be the outcome. It has care, felt_pull",
    ),
    "nobody can begin": (
        {role: Member(load_model("seeker"), "openness") for role in ("one", "other")},
        "nobody can begin",
    ),
    "roles that begin alike": (
        {role: Member(load_model("partner"), "support") for role in ("mother", "mother_in_law")},
        "one role begins with the other",
    ),
}


@pytest.mark.parametrize(("members", "words"), WRONG.values(), ids=WRONG)
def test_who_cannot_be_a_dyad_is_told_why(members, words):
    """The error names the fault and the remedy."""
    with pytest.raises(InputError, match=words):
        dyad_model(members)
