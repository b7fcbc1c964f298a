"""The part of a member is what an ordinary fit of its model to its data would be."""

import numpy as np
import pytest
import xarray as xr
from prior_dyads import couple, prior_fit, therapy, with_clinicians
from scipy.stats import beta

from iwm_bayes.data.dataset import covariate_values
from iwm_bayes.estimands.dyads.member_fit import data_of_member, member_fit, member_model, noun_of_member
from iwm_bayes.estimands.forest import forest_data
from iwm_bayes.estimands.learning_curves import learning_curves_data
from iwm_bayes.estimands.person_summary import person_summary
from iwm_bayes.estimands.security.answers import security_answers
from iwm_bayes.estimands.security.by_arm import person_arms
from iwm_bayes.inference.answers import log_likelihood, observed_answers
from iwm_bayes.inference.log_prior import log_prior
from iwm_bayes.inference.natural_scale import on_natural_scale
from iwm_bayes.inference.posterior import person_centres
from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.inputs import coordinates, parameters_pooled
from iwm_bayes.model.priors import LKJ_SHAPE
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.report.answer.words import count_of
from iwm_bayes.simulation.dyads import simulate_dyads
from iwm_bayes.types import Member, parameters, with_parameters

ROLES = ("patient", "therapist")
MOVING = """schema = 2
claim = "c"
reference = "r"
rule = "rescorla_wagner"
belief_noise = true
responses = ["approach", "availability_rating"]
"""


@pytest.fixture(scope="module")
def therapies():
    """A model of therapies, with effects of covariates and clinicians, and a fit."""
    model = therapy()
    return model, prior_fit(model, with_clinicians(model, simulate_dyads(model, 12, 6, 3)))


@pytest.mark.parametrize("role", ROLES)
def test_values_are_those_of_the_joint_fit_by_name(therapies, role):
    """Every variable of posterior and prior is that of the joint fit with the role in front; none is missing."""
    model, fit = therapies
    own = member_fit(model, fit, role)
    for group in ("posterior", "prior"):
        joint, found = fit[group].to_dataset(), own[group].to_dataset()
        assert [f"{role}_{name}" for name in found] == [name for name in joint if name.startswith(f"{role}_")]
        for name in found:
            np.testing.assert_array_equal(found[name].values, joint[f"{role}_{name}"].values)
    link = own["unconstrained_posterior"].to_dataset()
    labels = [f"{role}_{label}" for label in link["parameter"].values]
    joint = fit["unconstrained_posterior"].to_dataset()
    np.testing.assert_array_equal(link["theta"].values, joint["theta"].sel(parameter=labels).values)


@pytest.mark.parametrize("role", ROLES)
def test_every_group_is_that_of_the_members_own_model(therapies, role):
    """What the model of the member computes from its own data and draws is the part of the joint fit."""
    model, fit = therapies
    own, of_member = member_fit(model, fit, role), member_model(model, role)
    data, draws = (own[name].to_dataset() for name in ("constant_data", "unconstrained_posterior"))
    xr.testing.assert_allclose(own["posterior"].to_dataset(), on_natural_scale(of_member, data, draws))
    xr.testing.assert_identical(own["observed_data"].to_dataset(), observed_answers(of_member, data))
    computed = log_likelihood(of_member, own).reset_coords(drop=True)
    xr.testing.assert_allclose(own["log_likelihood"].to_dataset(), computed, rtol=0, atol=1e-10)
    xr.testing.assert_allclose(own["log_prior"].to_dataset(), log_prior(of_member, data, draws), rtol=0, atol=1e-10)
    assert set(own["posterior_predictive"].to_dataset()) == set(of_member.responses)


@pytest.mark.parametrize("role", ROLES)
def test_effects_of_covariates_and_groups_are_those_of_the_member(therapies, role):
    """Means of people, shifted by covariates and clinicians, are the same in both fits."""
    model, fit = therapies
    own = member_fit(model, fit, role)
    data, joint = own["constant_data"].to_dataset(), fit["constant_data"].to_dataset()
    assert ("membership" in data) == (role == "therapist")
    centres = person_centres(own["unconstrained_posterior"].to_dataset(), member_model(model, role), data)
    whole = person_centres(fit["unconstrained_posterior"].to_dataset(), model, joint)
    whole = whole.sel(parameter=[f"{role}_{label}" for label in centres["parameter"].values])
    np.testing.assert_allclose(centres.transpose(*whole.dims).values, whole.values, rtol=0, atol=1e-12)
    assert set(coordinates(member_model(model, role), data)) >= {"parameter", "person", "coefficient"}


@pytest.mark.parametrize(
    ("role", "ids", "noun", "one"),
    [
        ("wife", None, "wives", "1 wife"),
        ("child", ["a", "b"], "children", "1 child"),
        ("therapist", ["a", "a"], "dyads of therapists", "1 dyad of therapists"),
        ("key_worker", ["a", "b"], "key workers", "1 key worker"),
    ],
)
def test_people_of_a_member_have_its_role_as_their_noun(role, ids, noun, one):
    """Those of a couple are 2 wives, and no couples; four dyads of one therapist are no four therapists."""
    data = xr.Dataset() if ids is None else xr.Dataset({f"person_{role}": ("person", ids)})
    assert noun_of_member(data, role) == noun
    assert count_of(1, noun) == one


@pytest.mark.parametrize("role", ROLES)
def test_no_member_is_an_arm(therapies, role):
    """Clinicians who have many dyads are in the part of their own role only, and are named in neither as arms are."""
    model, fit = therapies
    data = data_of_member(model, fit["constant_data"].to_dataset(), role)
    assert ("clinician" in covariate_values(data)) == (role == "therapist")
    assert "clinician" not in str(person_arms(data).name)
    assert "clinician" not in str(person_arms(fit["constant_data"].to_dataset()).name)


def test_estimands_of_single_people_are_computed_for_a_member(therapies):
    """Earned security, learning curves, parameters of the group and of people have values for both members."""
    model, fit = therapies
    for role, figure in zip(ROLES, reversed(ROLES), strict=True):
        own, of_member = member_fit(model, fit, role), member_model(model, role)
        people = person_summary(of_member, own)
        free = [name for name, declared in parameters(of_member).items() if declared.pooling != "complete"]
        assert set(people["parameter"]) <= set(free)
        assert np.isfinite(people["median"]).all()
        assert np.isfinite(learning_curves_data(of_member, own, figure)["predicted_mean"]).all()
        assert figure in security_answers(of_member, own)
        assert len(forest_data(of_member, own))


def test_fixed_values_of_the_dyad_are_those_of_the_member():
    """A parameter that is fixed in the model of dyads is fixed in that of its member."""
    model = couple()
    declared = parameters(model)
    fixed = declared["wife_availability_rate"]._replace(fixed=0.2)
    changed = with_parameters(model, {**declared, "wife_availability_rate": fixed})
    assert parameters(member_model(changed, "wife"))["availability_rate"].fixed == 0.2
    assert parameters(member_model(changed, "husband"))["availability_rate"].fixed is None


def test_the_prior_of_a_part_of_a_correlation_matrix():
    """One correlation of a matrix of n rows with an LKJ prior is a Beta on -1..1: Lewandowski et al. (2009)."""
    model = couple(correlated=True)
    partial = [free.name for free in parameters_pooled(model, ["one"], "partial")]
    own = [name for name in partial if name.startswith("wife_")]
    declared = parameters(model)
    alike = {name: declared[name]._replace(pooling="complete") for name in own[2:]}
    model = with_parameters(model, declared | alike)
    fit = prior_fit(model, simulate_dyads(model, 5, 4, 1))
    n = len(partial) - len(alike)
    found = member_fit(model, fit, "wife")
    draws = found["unconstrained_posterior"].to_dataset()["correlation"]
    r = draws.sel(parameter=own[0].removeprefix("wife_"), parameter_other=own[1].removeprefix("wife_"))
    shape = LKJ_SHAPE - 1.0 + n / 2.0
    expected = beta(shape, shape, loc=-1.0, scale=2.0).logpdf(r.values)
    np.testing.assert_allclose(found["log_prior"]["correlation"].values, expected, rtol=1e-10)


def test_data_of_a_member_have_no_trace_of_the_other(therapies):
    """Names, labels and attributes have no role; the figure is the other."""
    model, fit = therapies
    data = data_of_member(model, fit["constant_data"].to_dataset(), "therapist")
    assert list(data["figure"].values) == ["patient"]
    names = [*data, *data["coefficient"].values, *data["group_level"].values, data.attrs["formulas"]]
    assert not [name for name in names if "patient" in str(name) or "therapist" in str(name)]


def test_beliefs_that_move_by_themselves_are_those_of_the_member(tmp_path):
    """The innovations of a member, under the name that its own model has: the density of its answers is the same."""
    (tmp_path / "moving.toml").write_text(MOVING, encoding="utf-8")
    member = Member(load_model(tmp_path / "moving.toml"), "approach")
    model = dyad_model({"wife": member, "husband": member}, correlated=False)
    fit = prior_fit(model, simulate_dyads(model, 5, 4, 1), draws=10)
    own = member_fit(model, fit, "husband")
    assert list(own["unconstrained_posterior"]["innovation_name"].values) == list(member.model.rule.innovations)
    computed = log_likelihood(member_model(model, "husband"), own).reset_coords(drop=True)
    xr.testing.assert_allclose(own["log_likelihood"].to_dataset(), computed, rtol=0, atol=1e-10)
