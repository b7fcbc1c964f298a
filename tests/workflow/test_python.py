"""The Python interface: the same study and answer as on the command line, and every fault at once."""

import clinic
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from own_rule import has_run, write_own_rule
from scipy.stats import rankdata

import iwm_bayes as iwm
from iwm_bayes.data.dataset import to_table
from iwm_bayes.estimands.group_difference import group_difference_data
from iwm_bayes.estimands.person_summary import pseudonyms
from iwm_bayes.inference.base import Settings
from iwm_bayes.types import ModelSpec, parameters
from iwm_bayes.workflow.analysis import DEFAULT_REQUESTS, analyse
from iwm_bayes.workflow.fit_file import model_of
from iwm_bayes.workflow.load import load_study_and_data
from iwm_bayes.workflow.model import settings_of

STUDY = """
schema = 2
name = "clinic"
data = "sessions.csv"
model = "rescorla_wagner"
[columns]
person = "patient"
session = "visit"
outcome = { column = "responsive", scale = [1, 7], missing = "unseen" }
[responses.availability_rating]
column = "closeness"
scale = [1, 7]
commensurable = true
timing = "before"
[responses.approach]
column = "came"
levels = ["no", "yes"]
[people]
data = "people.csv"
person = "patient"
[formulas]
availability_rate = "arm"
"""
PEOPLE, SESSIONS = 16, 8
DRAWS = {"method": "laplace", "draws": 100, "chains": 2}


@pytest.fixture(scope="module")
def tables():
    """Sessions and people with a researcher's own names, scales and words."""
    data = iwm.simulate("rescorla_wagner", [iwm.Phase({"someone": iwm.constant_care(0.7)}, SESSIONS)], PEOPLE, 3)
    frame = to_table(data).drop(columns=["figure", "worth_rating"])
    sessions = pd.DataFrame(
        {
            "patient": frame["person"],
            "visit": frame["session"],
            "responsive": 1 + 6 * frame["outcome"],
            "closeness": (1 + 6 * frame["availability_rating"]).round(2),
            "came": frame["approach"].map({0.0: "no", 1.0: "yes"}),
        }
    )
    people = pd.unique(sessions["patient"])
    arms = np.where(np.arange(PEOPLE) % 2, "therapy", "waiting")
    return sessions, pd.DataFrame({"patient": people, "arm": arms})


@pytest.fixture(scope="module")
def study(tables):
    sessions, people = tables
    return iwm.Study(
        sessions,
        person="patient",
        session="visit",
        outcome=iwm.Outcome("responsive", scale=(1, 7), missing="unseen"),
        responses={
            "availability_rating": iwm.Column("closeness", scale=(1, 7), commensurable=True, timing="before"),
            "approach": iwm.Column("came", levels=("no", "yes")),
        },
        people=people,
        formulas={"availability_rate": "arm"},
        name="clinic",
    )


@pytest.fixture(scope="module")
def folder(tables, tmp_path_factory):
    """The same study as files."""
    place, (sessions, people) = tmp_path_factory.mktemp("study"), tables
    sessions.to_csv(place / "sessions.csv", index=False)
    people.to_csv(place / "people.csv", index=False)
    (place / "study.toml").write_text(STUDY)
    return place


@pytest.fixture(scope="module")
def fitted(study):
    return iwm.Model("rescorla_wagner", study).fit(**DRAWS)


def test_the_verbs_are_shown():
    """`dir` shows them and nothing else, and each can be imported."""
    assert set(dir(iwm)) == set(iwm.VERBS) >= {
        "Study", "Outcome", "Column", "Model", "fit", "prior_predictive", "posterior_predictive", "check_convergence",
        "earned_security", "project", "compare", "simulate", "load_study", "load_model", "load_fit",
    }  # fmt: skip
    assert all(getattr(iwm, name) is not None for name in iwm.VERBS)
    with pytest.raises(AttributeError, match="has no attribute 'fitt'"):
        _ = iwm.fitt


def test_a_frame_and_files_are_one_study(study, folder, fitted):
    """The Dataset to the last bit, and the answer to the last digit: from Python, and as `iwm fit` makes it."""
    loaded = load_study_and_data(folder / "study.toml", None)
    model = iwm.Model("rescorla_wagner", study)
    xr.testing.assert_identical(model.data, loaded.data)
    assert parameters(model.spec) == parameters(loaded.model)
    from_file = iwm.Model("rescorla_wagner", iwm.load_study(folder / "study.toml"))
    xr.testing.assert_identical(from_file.data, loaded.data)
    settings = {"draws": 100, "chains": 2, "random_seed": 1, "tune": 500}
    as_command = analyse(loaded.model, loaded.data, "laplace", settings, requests=DEFAULT_REQUESTS).fit
    for group in ("unconstrained_posterior", "posterior", "posterior_predictive", "beliefs"):
        xr.testing.assert_equal(as_command[group].to_dataset(), fitted[group].to_dataset())


def test_what_the_study_states_is_not_forgotten(study):
    """Timing of the rating, its scale, and the responses that are not mapped."""
    model = iwm.Model("rescorla_wagner", study)
    assert model.spec.responses["availability_rating"].timing == "before"
    assert parameters(model.spec)["availability_rating_slope"].fixed == 1.0
    assert model.spec.without == ("worth_rating",)
    assert "worth_rating" in repr(model)


def test_priors_are_given_as_in_bambi(study):
    model = iwm.Model("rescorla_wagner", study, priors={"availability_start": (0.2, 0.4), "approach_sensitivity": 1.0})
    declared = parameters(model.spec)
    assert declared["availability_start"].prior_90 == (0.2, 0.4)
    assert declared["approach_sensitivity"].fixed == 1.0
    prior = model.prior_predictive(draws=2000)["prior"].to_dataset()
    inside = ((prior["availability_start_median"] > 0.2) & (prior["availability_start_median"] < 0.4)).mean()
    assert float(inside) == pytest.approx(0.9, abs=3 * np.sqrt(0.09 / 2000))
    with pytest.raises(iwm.InputError, match="availability_start"):
        iwm.Model("rescorla_wagner", study, priors={"availability_strat": (0.2, 0.4)})


def test_every_fault_at_once(tables):
    """Of what is said about columns, without reading the table."""
    sessions, _ = tables
    with pytest.raises(iwm.InputError) as caught:
        iwm.Study(
            sessions,
            person="patient",
            session="visit",
            outcome=iwm.Outcome("responsive", scale=(1, 1), missing="forgotten"),
            responses={"availability_rating": iwm.Column("closeness", levels=("only",))},
            formulas={"rate": "arm"},
        )
    said = "\n".join(caught.value.problems)
    for part in ("two different finite numbers", "missing", "name two answers or more"):
        assert part in said
    with pytest.raises(iwm.InputError, match="give a DataFrame"):
        iwm.Study([1, 2], person="a", session="b", outcome="c", responses={"approach": "d"})


def test_faults_of_the_table_name_rows_and_columns(tables):
    sessions, _ = tables
    wrong = sessions.assign(closeness=sessions["closeness"].where(sessions.index != 5, 9.0))
    study = iwm.Study(
        wrong, person="patient", session="visit", outcome=iwm.Outcome("responsive", scale=(1, 7)),
        responses={"availability_rating": iwm.Column("closeness", scale=(1, 7))},
    )  # fmt: skip
    with pytest.raises(iwm.InputError) as caught:
        iwm.Model("rescorla_wagner", study)
    said = "\n".join(caught.value.problems)
    assert "off the scale 1..7" in said
    assert "row 5" in said
    assert "blank outcome" in said  # what a blank means is not stated


def test_answers_from_the_fit_alone(fitted, tmp_path):
    """The fit carries its model: what is read back gives the same answer, and names the only figure by itself."""
    security = iwm.earned_security(fitted)
    iwm.save_fit(fitted, tmp_path / "fit.nc")
    again = iwm.load_fit(tmp_path / "fit.nc")
    xr.testing.assert_identical(iwm.earned_security(again), security)
    lax = iwm.Criterion(insecure_at_or_below=0.75, secure_at_or_above=0.8)
    shares = iwm.project(again, iwm.constant_care(0.9), 6, criterion=lax)
    assert shares.sizes["session"] == 6
    with pytest.raises(iwm.InputError, match="there is no figure 'nobody'"):
        iwm.earned_security(fitted, "nobody")
    nameless = again.copy()
    nameless.attrs = again.attrs | {"model": ""}
    with pytest.raises(iwm.InputError, match="put together in Python"):
        iwm.earned_security(nameless)


def test_a_model_put_together_in_python_is_given_by_name(study, fitted):
    """Its fit carries none, so that the functions take it; the answer is that of the built-in model."""
    bound = iwm.Model("rescorla_wagner", study)
    plain = ModelSpec(bound.spec.name, bound.spec.rule, bound.spec.responses)
    own = iwm.Model(plain, study)
    fit = own.fit(**DRAWS)
    xr.testing.assert_equal(fit["posterior"].to_dataset(), fitted["posterior"].to_dataset())
    xr.testing.assert_equal(iwm.earned_security(fit, model=own), iwm.earned_security(fitted))


def test_simulated_data_are_fitted_without_a_study():
    data = iwm.simulate("kalman", [iwm.Phase({"mother": iwm.constant_care(0.5)}, 5)], 6, 1)
    model = iwm.Model("kalman", data.drop_vars("answer_worth_rating"))
    assert list(model.spec.responses) == ["availability_rating", "approach"]
    with pytest.raises(iwm.InputError, match="needs a Study or a Dataset"):
        iwm.Model("kalman", pd.DataFrame())


def test_comparison_of_named_fits(tables):
    """The names are those of the mapping; the ranking is a frame, the best first."""
    sessions, _ = tables
    study = iwm.Study(
        sessions, person="patient", session="visit", outcome=iwm.Outcome("responsive", scale=(1, 7), missing="unseen"),
        responses={"availability_rating": iwm.Column("closeness", scale=(1, 7), commensurable=True)},
    )  # fmt: skip
    fitted, growth = (iwm.Model(name, study).fit(**DRAWS) for name in ("rescorla_wagner", "growth"))
    found = iwm.compare({"learning": fitted, "time": growth}, cv="loso")
    assert set(found.ranking["model"]) == {"learning", "time"}
    assert found.ranking["elpd"].is_monotonic_decreasing
    assert "learning" in repr(found)
    with pytest.raises(iwm.InputError, match="cv='future'"):
        iwm.compare({"a": fitted, "b": growth}, cv="future")
    with pytest.raises(iwm.InputError, match="two models or more"):
        iwm.compare({"a": fitted})


def test_plots_take_a_fit(study, fitted):
    names = ("trajectory", "learning_curves", "individual_fits", "forest", "prior_posterior")
    for name in (*names, "predictive_checks", "group_difference", "shrinkage"):
        assert getattr(iwm, f"plot_{name}")(fitted).axes
    for name, reason in (("time_to_security", "cannot be assessed: too few"), ("attachment_space", "no self-worth")):
        with pytest.raises(iwm.InputError, match=reason):
            getattr(iwm, f"plot_{name}")(fitted)
    assert iwm.plot_data(iwm.Model("rescorla_wagner", study)).axes
    with pytest.raises(iwm.InputError, match="there is no person 'x'"):
        iwm.plot_trajectory(fitted, person="x")


def test_a_plotted_difference_is_that_of_the_tables(fitted, tables):
    """Posterior and prior of the contrast, and everyone's own parameter by arm."""
    shown = group_difference_data(model_of(fitted), fitted, "availability_rate: arm waiting - therapy")
    line = iwm.tables(fitted)["marginal_effects"].iloc[0]
    for draws, columns in (
        (shown["difference"], ["ci90_low", "difference", "ci90_high"]),
        (shown["prior_difference"], ["prior_difference_ci90_low", None, "prior_difference_ci90_high"]),
    ):
        for level, column in zip((0.05, 0.5, 0.95), columns, strict=True):
            assert column is None or draws.quantile(level) == pytest.approx(line[column])
    _, people = tables
    own = fitted["posterior"]["availability_rate"].median(("chain", "draw"))
    names = pseudonyms([str(person) for person in own["person"].values])
    arms = people.set_index(people["patient"].astype(str))["arm"]
    for pseudonym, person in zip(names, own["person"].values, strict=True):
        assert shown["median"].sel(person=pseudonym) == pytest.approx(float(own.sel(person=person)), rel=1e-3)
        assert shown["group"].sel(person=pseudonym) == arms[str(person)]
    with pytest.raises(iwm.InputError, match=r"no contrast 'arm'.*waiting - therapy"):
        iwm.plot_group_difference(fitted, "arm")


def test_draws_of_an_extended_model_are_neither_extended_nor_compared(study, fitted):
    """The program does not know what a researcher added, and would mix two posteriors."""
    extended = fitted.copy()
    extended.attrs = fitted.attrs | {"sampled_from_pymc": 1, "inference_method": "nuts"}
    with pytest.raises(iwm.InputError, match="only a fit that `fit` made by nuts"):
        iwm.fit(iwm.Model("rescorla_wagner", study), extend=extended, chains=2)
    with pytest.raises(iwm.InputError, match="whose terms a refit would lack"):
        iwm.compare({"one": extended, "other": fitted})


def test_a_thinned_fit_is_not_extended(study, fitted):
    thinned = fitted.copy()
    thinned.attrs = fitted.attrs | {"thinned": "one of 2 draws is kept", "inference_method": "nuts"}
    with pytest.raises(iwm.InputError, match="the fit to extend is thinned: one of 2 draws"):
        iwm.fit(iwm.Model("rescorla_wagner", study), extend=thinned, chains=2)


def test_an_answer_is_that_of_the_rule_that_was_fitted(tmp_path):
    """After its file has changed, the fit in memory answers as before; a file of a fit is refused, and runs nothing."""
    folder = write_own_rule(tmp_path)
    data = iwm.simulate(folder / "model.toml", [iwm.Phase({"mother": iwm.constant_care(0.7)}, 8)], 12, 1)
    fit = iwm.Model(folder / "model.toml", data).fit(**DRAWS)
    iwm.save_fit(fit, folder / "fit.nc")
    before = iwm.earned_security(fit)
    has_run(folder)
    rule = (folder / "mine.py").read_text()
    (folder / "mine.py").write_text(rule.replace("p.rate * (outcome", "0.5 * p.rate * (outcome"))
    xr.testing.assert_identical(iwm.earned_security(fit), before)
    with pytest.raises(iwm.InputError, match=r"mine\.py: is missing, or not the one that was fitted"):
        iwm.load_fit(folder / "fit.nc", trust=True)
    assert not has_run(folder)


def test_the_prior_and_its_answers_are_independent():
    """Two streams of random numbers: residuals of the first answers do not follow the prior draws of the group."""
    data = iwm.simulate("rescorla_wagner", [iwm.Phase({"a": iwm.constant_care(0.5)}, 2)], 3, 1)
    model = iwm.Model("rescorla_wagner", data.drop_vars(["answer_approach", "answer_worth_rating"]))
    found = model.prior_predictive(draws=2000)
    prior, answers = found["prior"].to_dataset(), found["prior_predictive"].to_dataset()["availability_rating"]
    first = answers.isel(chain=0).values[:, :3]
    start, rate = (prior[f"availability_{name}"].isel(chain=0).values for name in ("start", "rate"))
    expected = start + rate * data["observed"].values[0] * (data["outcome"].values[0] - start)
    for person in range(3):
        residual = first[:, person] - expected[:, person]
        for name in ("availability_start_median", "availability_rate_median", "availability_rating_noise_median"):
            z = rankdata(prior[name].isel(chain=0).values)
            assert abs(np.corrcoef(residual, z)[0, 1]) < 0.1  # four standard errors; one stream gave .9


def test_counts_that_sample_nothing_are_refused(study):
    model = iwm.Model("rescorla_wagner", study)
    with pytest.raises(iwm.InputError) as caught:
        model.fit(draws=0, chains=1, random_seed=-1)
    assert len(caught.value.problems) == 3
    for wrong in ("rescorla_wagner", xr.DataTree()):
        with pytest.raises(iwm.InputError, match="a fit of this program is needed"):
            iwm.earned_security(wrong)
    with pytest.raises(iwm.InputError, match="priors: give a dict"):
        iwm.Model("rescorla_wagner", study, priors=[1])


def test_people_have_their_own_ids(fitted, study):
    """In the table of people, in the order of the study: each median is that of the person's own draws."""
    table = iwm.tables(fitted, person_summary=True)["person_summary"]
    rates = table[table["parameter"] == "availability_rate"].set_index("person")["median"]
    assert list(rates.index) == list(fitted["posterior"]["person"].values)
    theirs = fitted["posterior"]["availability_rate"].median(("chain", "draw")).values
    np.testing.assert_allclose(rates, theirs, rtol=1e-6)


def test_an_answer_in_words_says_its_status(fitted):
    assert iwm.describe_security(fitted).endswith("[approximate (laplace)]")


def test_what_cannot_be_projected_is_refused(fitted):
    """Nobody is insecure by a criterion that nobody can meet: the count that is needed is named."""
    nobody = iwm.Criterion(insecure_at_or_below=0.001)
    with pytest.raises(iwm.InputError, match=r"fewer than 5 with a belief of 0\.001 or below"):
        iwm.project(fitted, iwm.constant_care(0.9), 6, criterion=nobody)


def test_covariates_may_be_columns_of_the_sessions(tables, study):
    """Without a table of people, formulas take the columns of the sessions."""
    sessions, people = tables
    both = iwm.Study(
        sessions.merge(people), person="patient", session="visit", outcome=study.spec.columns.outcome.column,
        responses={"approach": iwm.Column("came", levels=("no", "yes"))}, formulas={"availability_rate": "arm"},
    )  # fmt: skip
    assert both.people is both.sessions


def test_an_extended_fit_keeps_its_settings(fitted):
    """The sampler of new chains is tuned as that of the old ones, unless something else is stated."""
    longer = fitted.copy()
    longer.attrs = fitted.attrs | {"settings": '{"target_accept": 0.98, "chains": 3, "tune": 900, "draws": 100}'}
    assert settings_of(longer) == Settings(draws=100, tune=900, chains=3, target_accept=0.98)


def test_an_approximation_is_not_extended(study, fitted):
    other = iwm.Model("rescorla_wagner", study, priors={"availability_start": (0.2, 0.4)})
    with pytest.raises(iwm.InputError) as caught:
        iwm.fit(other, extend=fitted, draws=50)
    said = "\n".join(caught.value.problems)
    assert "only a fit that `fit` made by nuts" in said
    assert "another model" in said


def test_the_clinic_of_other_tests_is_read(tmp_path):
    """A study file with a date, two figures and words, whose model is a path from the folder of the study."""
    place = clinic.write(tmp_path)
    study = iwm.load_study(place / "study.toml")
    model = iwm.Model(study.spec.model[0], study)
    xr.testing.assert_identical(model.data, load_study_and_data(place / "study.toml", None).data)
