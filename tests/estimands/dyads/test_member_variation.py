"""The share of variation between dyads of one therapist: by hand, and by an analysis of variance."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from prior_dyads import couple, therapy

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.estimands.dyads.member_variation import (
    dyad_similarity,
    member_variation,
    similarity_table,
    variation_table,
)
from iwm_bayes.inference.prior import prior_draws
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.dyads import empty_dyads


def fit_of(sigma, sigma_u, groups):
    """A fit of two draws with these SDs of a pull, and of the groups of its formula."""
    labels = [f"therapist_pull: 1|{group}" for group in groups]
    variables = {
        "sigma": (("chain", "draw", "parameter"), np.reshape(sigma, (1, 2, 1))),
        "sigma_u": (("chain", "draw", "group"), np.reshape(sigma_u, (1, 2, len(groups)))),
    }
    posterior = xr.Dataset(variables, {"parameter": ["therapist_pull"], "group": labels})
    return xr.DataTree.from_dict({"unconstrained_posterior": posterior})


def test_shares_by_hand():
    """Variances of 9 and 16 are shares of .36; without variation between therapists it is 1, within them 0."""
    found = member_variation(therapy(), fit_of([3.0, 0.0], [4.0, 2.0], ["clinician"]))
    np.testing.assert_allclose(found["share"].values.ravel(), [0.36, 0.0])
    assert found["share"].attrs == {}
    found = member_variation(therapy(), fit_of([3.0, 3.0], [0.0, 0.0], ["clinician"]))
    np.testing.assert_allclose(found["share"].values.ravel(), [1.0, 1.0])
    [line] = variation_table(found).to_dict("records")
    assert (line["member"], line["parameter"], line["group"]) == ("therapist", "pull", "clinician")


def test_several_groups_are_added():
    """Within a therapist of a clinic: the variance of both groups lies outside."""
    found = member_variation(therapy(), fit_of([3.0, 3.0], [[4.0, 12.0]] * 2, ["clinician", "clinic"]))
    np.testing.assert_allclose(found["share"].values.ravel(), 9.0 / (9.0 + 16.0 + 144.0))
    np.testing.assert_allclose(found["sd_between"].values.ravel(), np.hypot(4.0, 12.0))


def test_it_is_the_share_that_an_analysis_of_variance_finds():
    """Two hundred therapists with six patients each, in every draw from the prior."""
    model, therapists, patients = therapy(), 200, 6
    data = empty_dyads(model, 2, therapists * patients)
    frame = pd.DataFrame({"clinician": [f"c{index % therapists}" for index in range(data.sizes["person"])]})
    data = join_covariates(data, frame, model, {"therapist_pull": "(1|clinician)"})
    fit = xr.DataTree.from_dict({"unconstrained_posterior": prior_draws(model, data, 30, 2)})
    expected = member_variation(model, fit)["share"].sel(parameter="therapist_pull").values.ravel()
    pull = fit["unconstrained_posterior"]["theta"].sel(parameter="therapist_pull").transpose("draw", ..., "person")
    by_therapist = pull.values.reshape(30, patients, therapists)
    within = by_therapist.var(axis=1, ddof=1).mean(axis=1)
    between = by_therapist.mean(axis=1).var(axis=1, ddof=1) - within / patients
    share = within / (within + between)
    relative = np.sqrt(2.0 / therapists + 2.0 / (therapists * (patients - 1)))  # SE of the ratio of two variances
    assert np.ptp(expected) > 0.5
    np.testing.assert_allclose(
        share,
        expected,
        atol=4 * relative / 4,  # a share moves by a quarter of it at most
    )


def test_a_member_without_groups_has_none():
    """Couples without a formula."""
    posterior = prior_draws(couple(), empty_dyads(couple(), 2, 4), 5, 1)
    assert member_variation(couple(), xr.DataTree.from_dict({"unconstrained_posterior": posterior})) is None


@pytest.mark.parametrize("term", ["arm|clinician"])
def test_slopes_by_group_are_no_variation_between_persons(term):
    """A group of slopes has an SD of its own, which is no part of the share."""
    fit = fit_of([3.0, 3.0], [4.0, 4.0], ["clinician"])
    posterior = fit["unconstrained_posterior"].to_dataset().assign_coords(group=[f"therapist_pull: {term}"])
    assert member_variation(therapy(), xr.DataTree.from_dict({"unconstrained_posterior": posterior})) is None


def test_the_similarity_of_friends_by_hand():
    """Variances of 16 between dyads and 9 within them: an intraclass correlation of .64. Other groups have none."""
    labels = ["availability_rate: 1|dyad", "availability_rate: 1|school"]
    posterior = xr.Dataset(
        {
            "sigma": (("chain", "draw", "parameter"), np.full((1, 2, 1), 3.0)),
            "sigma_u": (("chain", "draw", "group"), np.array([[[4.0, 9.0], [0.0, 9.0]]])),
        },
        {"parameter": ["availability_rate"], "group": labels},
    )
    fit = xr.DataTree.from_dict({"unconstrained_posterior": posterior})
    found = dyad_similarity(load_model("partner"), fit)
    np.testing.assert_allclose(found["icc"].values.ravel(), [0.64, 0.0])
    [line] = similarity_table(found).to_dict("records")
    assert line["parameter"] == "availability_rate"
    assert line["icc"] == pytest.approx(0.32)
    others = posterior.isel(group=[1])
    assert dyad_similarity(load_model("partner"), xr.DataTree.from_dict({"unconstrained_posterior": others})) is None
