"""The verbs of a notebook return what the parts of the program return, and say what is wrong with their arguments."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from runs import known

import iwm_bayes as iwm
from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION
from iwm_bayes.types import InputError
from iwm_bayes.workflow.fit_groups import standard_fit

PHASES = [iwm.Phase({"mother": iwm.constant_care(0.3)}, 3), iwm.Phase({"therapist": iwm.constant_care(0.9)}, 5)]
PEOPLE = {
    "availability_start": np.array([0.2, 0.3, 0.4]),
    "availability_rate": 0.2,
    "worth_start": 0.4,
    "worth_rate": np.array([0.1, 0.2, 0.3]),
    "availability_rating_noise": 0.05,
    "worth_rating_noise": 0.05,
    "approach_bias": 5.0,
    "approach_sensitivity": 1.0,
}


@pytest.fixture(scope="module")
def fit():
    """A fit of people whose parameters are known, with the groups of every fit."""
    found = known()
    return standard_fit(found.model, found.fit, "nuts", {})


def test_a_number_is_the_same_value_for_everybody():
    """A simulation of numbers is that of arrays, and fixed parameters may be given or left out."""
    arrays = {name: np.broadcast_to(value, (3,)) for name, value in PEOPLE.items()}
    whole = arrays | {"availability_rating_intercept": np.zeros(3), "availability_rating_slope": np.ones(3)}
    xr.testing.assert_identical(
        iwm.simulate("rescorla_wagner", PHASES, PEOPLE, 4), iwm.simulate("rescorla_wagner", PHASES, whole, 4)
    )


def test_values_of_people_that_lack_or_clash_are_listed():
    """Unknown and missing parameters, and numbers of people that differ, in one error."""
    wrong = PEOPLE | {"availability_rat": 0.1, "worth_start": np.array([0.4, 0.5])}
    del wrong["approach_bias"]
    with pytest.raises(InputError) as raised:
        iwm.simulate("rescorla_wagner", PHASES, wrong)
    said = str(raised.value)
    assert all(words in said for words in ("'availability_rat'", "approach_bias", "worth_start 2", "worth_rate 3"))


def test_a_simulated_table_has_one_row_per_event_in_the_order_of_people():
    """Rows have a plain index; sessions and outcomes are those of the Dataset."""
    data = iwm.simulate("rescorla_wagner", PHASES, PEOPLE, 4)
    table = iwm.to_table(data)
    assert list(table.index) == list(range(24))
    assert list(table["person"]) == [person for person in data["person"].values for _ in range(8)]
    assert list(table["session"]) == [*range(1, 9)] * 3
    np.testing.assert_array_equal(table["outcome"], data["outcome"].where(data["observed"]).values.T.ravel())


def test_tables_have_the_numbers_of_the_answer(fit):
    """Time to earned security and its interval are quantiles of `earned_security`."""
    figure = fit["constant_data"]["figure"].values[0]
    security, tables = iwm.earned_security(fit, figure), iwm.tables(fit)
    line = tables["time_to_security"].query("figure == @figure and about == 'these people'").iloc[0]
    insecure = security["insecure"].mean("person").quantile([0.5, 0.05, 0.95]).values
    assert line[
        ["insecure_at_baseline", "insecure_at_baseline_ci90_low", "insecure_at_baseline_ci90_high"]
    ].tolist() == (pytest.approx(insecure.tolist()))
    assert "person_summary" not in tables
    everyone = iwm.tables(fit, person_summary=True)["person_summary"]
    assert set(everyone["person"]) == set(fit["constant_data"]["person"].values)


def test_the_answer_in_words_has_the_numbers_of_the_answer(fit):
    """The sentence about people who are insecure at baseline, and a figure that nobody met is an error."""
    figure = fit["constant_data"]["figure"].values[-1]
    insecure = iwm.earned_security(fit, figure)["insecure"]
    low, median, high = insecure.sum("person").quantile([0.05, 0.5, 0.95]).values
    said = iwm.describe_security(fit, figure)
    people = f"{median:.0f} of {insecure.sizes['person']} participants were insecure at baseline"
    assert f"{people} (90% CrI {low:.0f}–{high:.0f})" in said
    with pytest.raises(InputError, match="name a figure"):
        iwm.describe_security(fit)
    assert DEFAULT_CRITERION.duration == iwm.earned_security(fit, figure).attrs["duration"]


def test_draws_of_a_pymc_model_come_home_as_a_fit():
    """Its posterior is that of the trace, and it has the groups of every other fit; another trace is refused."""
    import pymc as pm

    model = iwm.Model("rescorla_wagner", iwm.simulate("rescorla_wagner", PHASES[1:], PEOPLE, 4))
    with model.pymc:
        names = [variable.name for variable in (*model.pymc.free_RVs, *model.pymc.deterministics)]
        drawn = pm.sample_prior_predictive(draws=40, var_names=names, random_seed=1)
    trace = xr.DataTree.from_dict(
        {
            "posterior": drawn["prior"].to_dataset(),
            "sample_stats": xr.Dataset(
                {
                    "diverging": (("chain", "draw"), np.zeros((1, 40), dtype=bool)),
                    "energy": (("chain", "draw"), np.random.default_rng(1).normal(size=(1, 40))),
                }
            ),
        }
    )
    home = iwm.from_pymc(model, trace)
    for name in ("availability_rate", "worth_start_median"):
        np.testing.assert_allclose(home["posterior"][name], trace["posterior"][name], rtol=1e-5)
    assert {"log_likelihood", "log_prior", "beliefs", "posterior_predictive"} <= set(home.children)
    assert home.attrs["status"] == "not converged"
    assert isinstance(iwm.tables(home)["beliefs"], pd.DataFrame)
    with pytest.raises(InputError, match="posterior"):
        iwm.from_pymc(model, xr.DataTree())
