"""People compared with the group, where the posterior is known in closed form."""

import numpy as np
import pytest
import xarray as xr
from helpers import names, random_data

from iwm_bayes.estimands.person_summary import person_summary, pseudonyms
from iwm_bayes.model.priors import free_parameters
from iwm_bayes.model.specification.model_file import load_model

MODEL = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "static"\nresponses = ["availability_rating"]\n'
SHARED = '[parameters.availability_rating_noise]\npooling = "complete"\n'
SPREAD, DRAWS = 0.8, 40_000


def posterior_of(model, data, variance, observed, centre):
    """Draws of people around a known centre, each seen once with some variance: precision-weighted, Normal."""
    labels = [row.label for row in free_parameters(model, names(1))]
    weight = SPREAD**2 / (SPREAD**2 + variance)  # of what was observed
    shape = (2, DRAWS // 2)
    noise = np.random.default_rng(1).normal(size=(*shape, 1, len(observed)))
    level = centre + weight * (observed - centre) + np.sqrt(weight * variance) * noise
    group = np.broadcast_to([centre, -2.0], (*shape, 2)) + 1e-9 * noise[..., 0, :2]
    return xr.Dataset(
        {
            "mu": (("chain", "draw", "parameter"), group),
            "sigma": (("chain", "draw", "parameter"), np.full((*shape, 2), [SPREAD, np.nan])),
            "theta": (("chain", "draw", "parameter", "person"), np.concatenate([level, np.nan * level], axis=2)),
        },
        {"parameter": labels, "person": data["person"]},
    )


def test_shrinkage_and_contraction_in_closed_form(tmp_path):
    """Shrinkage is the weight of the group in a precision-weighted mean; contraction is that of this mean."""
    (tmp_path / "own.toml").write_text(MODEL + SHARED, encoding="utf-8")
    model, data = load_model(tmp_path / "own.toml"), random_data(figures=1)
    people, centre = data.sizes["person"], 0.3
    variance, observed = np.geomspace(0.01, 10.0, people), np.linspace(-1.0, 2.0, people)
    fit = xr.DataTree.from_dict(
        {"unconstrained_posterior": posterior_of(model, data, variance, observed, centre), "constant_data": data}
    )
    found = person_summary(model, fit)
    weight = SPREAD**2 / (SPREAD**2 + variance)
    mean, sd = centre + weight * (observed - centre), np.sqrt(weight * variance)
    [row] = [row for row in free_parameters(model, names(1)) if row.parameter.pooling == "partial"]
    prior = np.hypot(row.prior_sd, row.parameter.prior_between_sd)
    assert list(found["person"]) == [f"person {index + 1}" for index in range(people)]
    found = found.set_index("person").loc[pseudonyms([str(name) for name in data["person"].values])]
    assert found["group_median"].values == pytest.approx(1 / (1 + np.exp(-centre)), abs=1e-6)
    error = 4 / np.sqrt(DRAWS)  # four Monte-Carlo errors, in standard deviations
    np.testing.assert_allclose(found["shrinkage"], 1 - weight, rtol=error * np.sqrt(2))
    np.testing.assert_allclose(found["contraction"], 1 - sd**2 / prior**2, atol=error * np.sqrt(2))
    np.testing.assert_allclose(found["shift_prior_sd"], (mean - row.prior_mean) / prior, atol=error)
    of_median = 1.2533 * error * sd / 4  # on the link scale; no steeper on the natural one
    assert (np.abs(found["median"] - 1 / (1 + np.exp(-mean))) < of_median).all()
    assert (found["ci90_low"] < found["median"]).all()
    assert (found["median"] < found["ci90_high"]).all()


def test_pseudonyms_do_not_follow_the_table():
    """The same people are called the same, whoever asks; their numbers are shuffled."""
    people = [f"p{index:03d}" for index in range(50)]
    named = pseudonyms(people)
    assert named == pseudonyms(people)
    assert sorted(named) == sorted(f"person {index + 1}" for index in range(50))
    assert sum(name == f"person {index + 1}" for index, name in enumerate(named)) < 10
