"""Marginal effects of covariates that change from session to session, by hand from the table."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import special
from session_study import PEOPLE, sessions_table, write_study

from iwm_bayes.data.study import read_study_file
from iwm_bayes.estimands.group_difference import contrast_names, session_effect_data, session_effects
from iwm_bayes.estimands.marginal_effects import marginal_effect_table, marginal_effects
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.types import InputError
from iwm_bayes.workflow.load import load_data

DRAWS = 3


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A model with an interaction of an arm and homework, a random posterior, and the table; one homework is blank."""
    table = sessions_table().astype({"helped": float})
    table.loc[4, ["homework", "helped"]] = [None, np.nan]
    path = write_study(tmp_path_factory.mktemp("study"), "arm * homework + within(mood)", table)
    model, data = load_data(read_study_file(path))
    generator, free = np.random.default_rng(1), free_parameters(model, figure_names(data))
    posterior = xr.Dataset(
        {
            "mu": (("chain", "draw", "parameter"), generator.normal(-1.0, 0.5, (1, DRAWS, len(free)))),
            "beta": (("chain", "draw", "coefficient"), generator.normal(0.5, 0.1, (1, DRAWS, 1))),
        },
        {"parameter": [each.label for each in free], "coefficient": data["coefficient"].values},
    )
    return model, xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": data}), table


def rate_at(posterior, table, draw):
    """The learning rate of each row at the reference of persons, by a draw and the columns of a table."""
    mu = posterior["mu"].isel(chain=0, draw=draw).to_series()
    tau = (table["arm"] == "tau").to_numpy(dtype=float)
    theta = mu["availability_rate"] + posterior["beta"].values[0, draw, 0] * tau
    theta = theta + mu["availability_rate_within_mood"] * table["within"].to_numpy()
    for word in ("partly", "yes"):
        did = (table["homework"] == word).to_numpy(dtype=float)
        own = mu[f"availability_rate_homework_{word}"] + mu[f"availability_rate_arm_tau_homework_{word}"] * tau
        theta = theta + own * did
    return special.expit(theta)


def test_a_contrast_averages_over_sessions_and_people(fitted):
    """Everyone at their own sessions, with homework done and not done; each person counts alike."""
    model, fit, table = fitted
    deviation = table["mood"] - table.groupby("patient")["mood"].transform("mean")
    own = table.assign(within=deviation / deviation.std(ddof=1))[table["homework"].notna()]
    weight = 1.0 / own.groupby("patient")["mood"].transform("count").to_numpy() / PEOPLE
    effects, posterior = marginal_effects(model, fit), fit["unconstrained_posterior"].to_dataset()
    pairs = {
        "availability_rate: homework yes - no": ({"homework": "no"}, {"homework": "yes"}),
        "availability_rate: arm tau - cbt": ({"arm": "cbt"}, {"arm": "tau"}),
        "availability_rate: within(mood) +1 SD": ({}, {"within": own["within"] + 1.0}),
    }
    for contrast, (before, after) in pairs.items():
        found = effects.sel(contrast=contrast)
        for draw in range(DRAWS):
            low, high = (rate_at(posterior, own.assign(**each), draw) @ weight for each in (before, after))
            assert found["difference"].values[0, draw] == pytest.approx(high - low, rel=1e-10)
            assert found["ratio"].values[0, draw] == pytest.approx(high / low, rel=1e-10)
    lines = marginal_effect_table(effects)
    assert set(pairs) < set(lines["contrast"])
    assert isinstance(lines, pd.DataFrame)


def test_a_group_difference_compares_people(fitted):
    """Homework divides no people into groups; the arm does."""
    model, fit, _ = fitted
    assert contrast_names(model, fit) == ["availability_rate: arm tau - cbt"]


def test_a_curve_passes_through_the_contrasts(fitted):
    """Averages at two categories differ as their contrast says; those of a number have its own units."""
    model, fit, table = fitted
    data = fit["constant_data"].to_dataset()
    pairs = list(session_effects(model, data))
    assert pairs == [("availability_rate", "homework"), ("availability_rate", "within(mood)")]
    found = session_effect_data(model, fit.isel(draw=[0]), "availability_rate", "homework")
    contrast = marginal_effects(model, fit)["difference"].sel(contrast="availability_rate: homework yes - no")
    assert list(found["at"].values) == ["no", "partly", "yes"]
    assert float(found["median"][2] - found["median"][0]) == pytest.approx(contrast.values[0, 0], rel=1e-10)
    curve = session_effect_data(model, fit, "availability_rate", "within(mood)")
    deviation = table["mood"] - table.groupby("patient")["mood"].transform("mean")
    np.testing.assert_allclose(curve["at"].values[[0, -1]], deviation.quantile([0.05, 0.95]), rtol=1e-9)
    assert bool((curve["ci90_low"] <= curve["median"]).all() and (curve["median"] <= curve["ci90_high"]).all())
    with pytest.raises(InputError, match="It has availability_rate and homework; availability_rate and within"):
        session_effect_data(model, fit, "availability_start", "homework")
