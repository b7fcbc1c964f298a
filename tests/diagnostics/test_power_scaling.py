"""Power-scaling against conjugate normals, and against ArviZ on a whole fit."""

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from runs import known
from scipy import stats

from iwm_bayes.diagnostics.power_scaling import (
    CONFLICT,
    DEPENDS,
    PRIOR_DOMINATED,
    note,
    power_scaling_sentence,
    sensitivities,
)
from iwm_bayes.diagnostics.registry import POWER_SCALING
from iwm_bayes.diagnostics.results import compute_results
from iwm_bayes.estimands.estimand import Shared
from iwm_bayes.estimands.registry import ESTIMANDS
from iwm_bayes.workflow.fit_groups import standard_fit

DRAWS = 20_000
CASES = {  # mean, SD and number of the data, under a prior Normal(0, 1)
    "the data determine it": (0.3, 1.0, 400, ""),
    "hardly any data": (0.3, 20.0, 2, PRIOR_DOMINATED),
    "data far from the prior": (4.0, 1.0, 3, CONFLICT),
}


def conjugate(mean: float, sd: float, count: int, prior_power: float = 1.0, likelihood_power: float = 1.0):
    """The posterior of a normal mean with prior Normal(0, 1), where prior and likelihood are raised to powers."""
    data_precision = likelihood_power * count / sd**2
    precision = prior_power + data_precision
    return stats.norm(data_precision * mean / precision, precision**-0.5)


def distance(one, other, low: float, high: float) -> float:
    """Cumulative Jensen-Shannon distance of two distributions on an interval, normalised; Kallioinen et al., eq. 7."""
    x = np.linspace(low, high, 20_001)

    def from_below(p: np.ndarray, q: np.ndarray) -> float:
        half = (p + q) / 2
        areas = [np.trapezoid(values, x) for values in (p, q)]
        terms = sum(np.trapezoid(cdf * np.log2(np.where(cdf > 0, cdf / half, 1.0)), x) for cdf in (p, q))
        return np.sqrt(max(terms, 0.0) / sum(areas))

    return max(from_below(one.cdf(x), other.cdf(x)), from_below(one.sf(x)[::-1], other.sf(x)[::-1]))


@pytest.mark.parametrize("case", CASES)
def test_sensitivities_are_those_of_power_scaled_conjugate_normals(case):
    """In closed form: the posterior is refitted with each power, and compared with the posterior itself."""
    mean, sd, count, expected = CASES[case]
    posterior = conjugate(mean, sd, count)
    draws = np.random.default_rng(1).permutation(posterior.ppf((np.arange(DRAWS) + 0.5) / DRAWS))
    data = mean + sd * stats.norm.ppf((np.arange(count) + 0.5) / count)
    data = mean + (data - data.mean())
    log_prior = stats.norm.logpdf(draws)
    log_likelihood = -count * (draws - mean) ** 2 / (2 * sd**2)
    found = sensitivities({("table", "mean"): draws}, np.array([log_prior, log_likelihood])).iloc[0]
    for name in ("prior", "likelihood"):
        apart = [
            distance(posterior, conjugate(mean, sd, count, **{f"{name}_power": power}), draws.min(), draws.max())
            / abs(np.log2(power))
            for power in (0.99, 1.01)
        ]
        assert found[name] == pytest.approx(np.mean(apart), rel=0.05, abs=0.004)
    assert note(found) == expected
    assert found["prior_by_chance"] < 0.03


WITHOUT_ANSWERS = {  # and why
    "group_summary": "power-scaling has the parameters of the group themselves",
    "group_sd": "power-scaling has the parameters of the group themselves",
    "expectancy_bias": "medians of further fits, whose draws are not kept",
    "sensitivity": "medians under other criteria than that of time_to_security",
    "leaving_sensitivity": "without a shift these are the answers of time_to_security and arms",
    "rating_thresholds": "thresholds of one person in the middle, as numbers",
    "person_summary": "of single people",
    "beliefs": "of single events",
}


def test_every_estimand_with_draws_is_power_scaled():
    """An estimand has answers at every draw, or there is a reason."""
    assert {name for name, estimand in ESTIMANDS.items() if estimand.answers is None} == set(WITHOUT_ANSWERS)


def test_a_likelihood_that_chance_explains_leaves_it_open():
    """Where the likelihood of many people varies, a sensitivity below that of unrelated draws says nothing."""
    line = {"prior": 0.1, "prior_by_chance": 0.02, "likelihood": 0.12, "likelihood_by_chance": 0.2}
    assert note(pd.Series(line)) == DEPENDS
    assert note(pd.Series(line | {"prior_by_chance": 0.11})) == ""


@pytest.fixture(scope="module")
def fit():
    found = known()
    return found.model, standard_fit(found.model, found.fit, "nuts", {})


@pytest.fixture(scope="module")
def datasets(fit):
    return compute_results(*fit).datasets


@pytest.fixture(scope="module")
def table(datasets):
    return POWER_SCALING.table(datasets["power_scaling"])


def test_parameters_are_those_of_arviz(fit, table):
    """A fit with its groups, as `az.psense` reads them: every parameter of the group, at all draws."""
    whole = fit[1]
    own = table[table["table"] == "group_summary"].set_index("answer")
    assert len(own) == 15
    for component in ("prior", "likelihood"):
        expected = az.psense(whole, var_names=list(own.index), group=component)
        for name, value in own[component].items():
            assert value == pytest.approx(float(expected[name]), rel=1e-4)


def test_answers_are_weighted_at_their_own_draws(fit, datasets, table):
    """A share of new people is known at some of the draws, and is weighted there."""
    whole = fit[1]
    [name] = [one for one in table["answer"] if one.startswith("share earned secure") and "new people, arm w" in one]
    figure, about, arm = "<script>alert(1)</script>", "new people", "waiting"
    own = datasets["time_to_security"].sel(figure=figure, about=about, arm=arm)
    share = own["probability"].sel(session=int(own["last"])).dropna("draw", how="all")
    assert share.sizes["draw"] < whole["posterior"].sizes["draw"] / 2
    groups = {name: whole[name].to_dataset().sel(draw=share["draw"]) for name in ("log_prior", "log_likelihood")}
    alone = xr.DataTree.from_dict({"posterior": share.drop_vars("session").to_dataset(name="share"), **groups})
    line = table.set_index("answer").loc[name]
    assert line["table"] == "time_to_security"
    for component in ("prior", "likelihood"):
        assert line[component] == pytest.approx(float(az.psense(alone, group=component)["share"]), rel=1e-4)


def test_a_log_likelihood_that_was_left_out_is_computed(fit, datasets, table):
    """Answers have the same sensitivities; parameters have those at the draws of the answers."""
    model, whole = fit
    without = whole.filter(lambda node: node.name != "log_likelihood")
    again = POWER_SCALING.table(POWER_SCALING.compute(model, without, Shared({}, datasets)))
    pd.testing.assert_frame_equal(
        again[again["table"] != "group_summary"], table[table["table"] != "group_summary"], rtol=1e-4
    )
    assert len(again) == len(table)


def test_a_fit_without_a_log_prior_has_no_table():
    found = known()
    assert POWER_SCALING.compute(found.model, found.fit, Shared({})) is None


def test_the_sentence_names_the_answers_that_depend_on_the_prior():
    lines = pd.DataFrame(
        [
            *(("arms", answer, PRIOR_DOMINATED) for answer in "abc"),
            *(("styles", "d", CONFLICT), ("styles", "e", "")),
            *(("group_summary", "f", DEPENDS), ("group_summary", "g", "")),
        ],
        columns=["table", "answer", "note"],
    )
    assert power_scaling_sentence(lines) == (
        "Sensitivity to the prior (power-scaling): prior-dominated: a, b and 1 more; prior-data conflict: d; 1 of 2 "
        "group-level parameters depend on the prior."
    )
    assert power_scaling_sentence(lines[lines["note"].isin(["", DEPENDS])]) == ""
