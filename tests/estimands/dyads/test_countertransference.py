"""How far one member follows the other: by hand, by regression, and by the prior of correlations."""

import numpy as np
import pytest
import xarray as xr
from prior_dyads import couple, known_fit, prior_fit, simulated_fit, therapy, values_of

from iwm_bayes.estimands.dyads.countertransference import (
    OF_DYADS,
    POPULATION,
    countertransference,
    countertransference_table,
    squared_multiple_correlation,
    style_parameters,
)
from iwm_bayes.inference.prior import prior_draws
from iwm_bayes.simulation.dyads import empty_dyads, simulate_dyads


@pytest.mark.parametrize(("containment", "expected"), [(0.25, -1.5), (1.0, 0.0), (1e-12, -2.0)])
def test_the_pull_that_is_acted_out_is_what_is_not_contained(containment, expected):
    """A pull of -2, of which a quarter, all or nothing is contained."""
    model = therapy()
    near = min(containment, 1.0 - 1e-12)
    values = values_of(model, therapist={"pull": -2.0, "care_containment": near})
    fit = known_fit(model, empty_dyads(model, 2, 4), values)
    found = countertransference(model, fit)
    np.testing.assert_allclose(found["acted_out_pull"].sel(role="therapist"), expected, atol=1e-9)


def test_a_style_is_how_people_learn_and_act():
    """Initial belief, learning rate, pull, and the bias of acts with levels; nothing of ratings."""
    model, data = therapy(), empty_dyads(therapy(), 2, 4)
    assert style_parameters(model, data, "patient") == [
        "patient_availability_start",
        "patient_availability_rate",
        "patient_bid_bias",
    ]
    assert style_parameters(model, data, "therapist") == [
        "therapist_availability_start",
        "therapist_availability_rate",
        "therapist_pull",
        "therapist_care_bias",
    ]


def test_correlations_of_these_dyads_are_those_of_their_values():
    """Without covariates, and with independent members in the model: as `np.corrcoef` and a regression have them."""
    model = couple()
    fit = simulated_fit(model, exchanges=3, dyads=30)
    found = countertransference(model, fit)
    assert found.attrs["source"] == OF_DYADS
    theta = fit["unconstrained_posterior"]["theta"].isel(chain=0, draw=7)
    own, other = (style_parameters(model, fit["constant_data"].to_dataset(), role) for role in ("wife", "husband"))
    matrix = np.corrcoef(theta.sel(parameter=[*own, *other]).values)
    one = found.isel(chain=0, draw=7)
    np.testing.assert_allclose(one["correlation"], matrix[: len(own), len(own) :], atol=1e-12)
    y, x = theta.sel(parameter=own[0]).values, theta.sel(parameter=other).values
    design = np.column_stack([np.ones(30), x.T])
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    adjusted = 1.0 - (residual @ residual / (30 - 1 - len(other))) / y.var(ddof=1)
    assert float(one["r_squared"].sel(follower=own[0])) == pytest.approx(adjusted, abs=1e-10)


def test_r_squared_of_independent_predictors_is_the_sum_of_squares():
    """Correlations of .6 and .3 with two that do not go together."""
    matrix = np.array([[1.0, 0.6, 0.3], [0.6, 1.0, 0.0], [0.3, 0.0, 1.0]])
    assert squared_multiple_correlation(matrix, None) == pytest.approx(0.45)
    assert np.isnan(squared_multiple_correlation(matrix, 3))


def test_correlations_of_the_population_have_the_prior_that_the_table_says():
    """Under the prior of correlations, half of the draws of R^2 are below the prior median."""
    model, draws = couple(correlated=True), 2000
    data = empty_dyads(model, 2, 3)
    posterior = prior_draws(model, data, draws, 3)
    fit = xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": data})
    found = countertransference(model, fit, draws)
    assert found.attrs["source"] == POPULATION
    below = (found["r_squared"] < found["prior_r_squared"]).mean(("chain", "draw"))
    np.testing.assert_allclose(below, 0.5, atol=4 * 0.5 / np.sqrt(draws))
    table = countertransference_table(found)
    np.testing.assert_allclose(table["estimate"], table["prior_median"], atol=0.05)


def test_covariates_and_therapists_are_taken_out():
    """Shifts of dyads by their own covariates leave correlations as they are."""
    model = couple()
    data = simulate_dyads(model, 3, 20, 1)
    fit = prior_fit(model, data)
    draws = fit["unconstrained_posterior"].to_dataset()
    label = "wife_availability_start"
    shift = xr.DataArray(np.linspace(-3.0, 3.0, 20), dims="person")
    design = shift.expand_dims(coefficient=[f"{label}: age"]).assign_coords(person=data["person"])
    theta = draws["theta"] + shift * (draws["parameter"] == label)
    beta = xr.ones_like(draws["mu"].isel(parameter=[0])).rename(parameter="coefficient")
    shifted = draws.assign(
        theta=theta.transpose(*draws["theta"].dims), beta=beta.assign_coords(design["coefficient"].coords)
    )
    whole = xr.DataTree.from_dict({"unconstrained_posterior": shifted, "constant_data": data.assign(design=design)})
    expected, found = countertransference(model, fit), countertransference(model, whole)
    np.testing.assert_allclose(found["correlation"], expected["correlation"], atol=1e-10)
