"""Covariates that change from session to session: from the table of sessions to event terms."""

import json

import numpy as np
import pytest
from session_study import MODEL, PEOPLE, SESSIONS, sessions_table, write_study

from iwm_bayes.data.formulas.event_design import session_covariates
from iwm_bayes.data.study import read_study_file
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.types import EventEffect, InputError, parameters, rule_values
from iwm_bayes.workflow.load import load_data
from iwm_bayes.workflow.study import Column, Study


def loaded(folder, formula, table=None, more=""):
    return load_data(read_study_file(write_study(folder, formula, table, more)))


def faults(folder, formula, table=None, more=""):
    with pytest.raises(InputError) as error:
        loaded(folder, formula, table, more)
    return "\n".join(error.value.problems)


def by_person(values):
    """A column of the table as (event, person)."""
    return np.asarray(values, dtype=float).reshape(PEOPLE, SESSIONS).T


def z(values):
    return (values - values.mean()) / values.std(ddof=1)


def test_numbers_are_standardised_over_events_and_words_are_categories(tmp_path):
    """Mean 0 and SD 1 over all sessions; the first category is the reference."""
    model, data = loaded(tmp_path, "mood + homework")
    table = sessions_table()
    assert list(data["event_term"].values) == ["mood", "homework[partly]", "homework[yes]"]
    np.testing.assert_allclose(data["event_terms"][0], by_person(z(table["mood"])), rtol=1e-12)
    for index, word in enumerate(["partly", "yes"], 1):
        np.testing.assert_array_equal(data["event_terms"][index], by_person(table["homework"] == word))
    assert "design" not in data
    assert model.rule.terms == ("mood", "homework[partly]", "homework[yes]")
    assert model.event_effects[1] == EventEffect(
        "availability_rate", "homework[partly]", "availability_rate_homework_partly"
    )


def test_within_and_between_are_those_of_pandas(tmp_path):
    """Between: each person's mean, standardised over people. Within: the deviation from it, over sessions."""
    _, data = loaded(tmp_path, "within(mood) + between(mood)")
    table = sessions_table()
    mean = table.groupby("patient")["mood"].mean()
    deviation = table["mood"] - table.groupby("patient")["mood"].transform("mean")
    assert list(data["event_term"].values) == ["within(mood)"]
    np.testing.assert_allclose(data["event_terms"][0], by_person(deviation / deviation.std(ddof=1)), atol=1e-12)
    assert list(data["coefficient"].values) == ["availability_rate: between(mood)"]
    np.testing.assert_allclose(data["design"][0], z(mean), rtol=1e-10)
    assert json.loads(data.attrs["standardised"])["between(mood)"] == pytest.approx([mean.mean(), mean.std(ddof=1)])


def test_interactions_of_sessions_and_people(tmp_path):
    """The arm belongs to the person, homework and its interaction with the arm to the session."""
    _, data = loaded(tmp_path, "arm * within(mood)")
    table = sessions_table()
    deviation = table["mood"] - table.groupby("patient")["mood"].transform("mean")
    tau = (table["arm"] == "tau").astype(float)
    assert list(data["coefficient"].values) == ["availability_rate: arm[tau]"]
    assert list(data["event_term"].values) == ["within(mood)", "arm[tau]:within(mood)"]
    expected = by_person(tau * deviation / deviation.std(ddof=1))
    np.testing.assert_allclose(data["event_terms"][1], expected, atol=1e-12)


def test_an_effect_has_the_prior_of_a_coefficient(tmp_path):
    """Normal(0, 2 scale), completely pooled; scale is that of the between-person SD of the learning rate."""
    model, _ = loaded(tmp_path, "within(mood)")
    effect, rate = parameters(model)["availability_rate_within_mood"], parameters(model)["availability_rate"]
    assert (effect.support, effect.pooling) == ("real", "complete")
    assert effect.prior_90[1] / 1.6448536269514722 == pytest.approx(2.0 * rate.prior_between_sd)


def test_categories_that_differ_in_signs_have_an_effect_each(tmp_path):
    """A name has no signs, and is numbered where it would be another's: no effect takes the place of another."""
    table = sessions_table().replace({"homework": {"no": "0 h", "partly": "<5 h", "yes": ">5 h"}})
    model, data = loaded(tmp_path, "homework", table, 'availability_rating_noise = "homework"\n')
    terms = ["homework[<5 h]", "homework[>5 h]"]
    assert [(each.term, each.name) for each in model.event_effects] == [
        *zip(terms, ["availability_rate_homework_5_h", "availability_rate_homework_5_h_2"], strict=True),
        *zip(
            terms, ["availability_rating_noise_homework_5_h", "availability_rating_noise_homework_5_h_2"], strict=True
        ),
    ]
    for index, word in enumerate(["<5 h", ">5 h"]):
        np.testing.assert_array_equal(data["event_terms"][index], by_person(table["homework"] == word))
    declared = {each.name: 0.0 for each in model.event_effects}
    bare = {name: 0.5 for name in parameters(model)} | declared
    events, rates = event_array(data), []
    for name in list(declared)[:2]:
        p = rule_values(model, {key: np.full(PEOPLE, value) for key, value in (bare | {name: 1.0}).items()})
        plain = rule_values(model, {key: np.full(PEOPLE, value) for key, value in bare.items()})
        [moved], [same] = (
            filter_readouts(model.rule, each, events[:1], 1, [Readout("availability", "after")]) for each in (p, plain)
        )
        rates.append((moved != same)[0])
    for found, word in zip(rates, ["<5 h", ">5 h"], strict=True):
        np.testing.assert_array_equal(found, by_person(table["homework"] == word)[0].astype(bool))


def test_what_acts_while_time_passes_needs_its_covariate_at_every_event(tmp_path):
    """A learning rate acts where there is an outcome; diffusion acts at a session without one, too."""
    table = sessions_table().astype({"helped": float})
    table.loc[1, ["helped", "mood"]] = np.nan
    assert loaded(tmp_path, "mood", table)[1]["event_terms"].values[0, 1, 0] == 0.0
    path, own = tmp_path / "study.toml", tmp_path / "own.toml"
    own.write_text(own.read_text(encoding="utf-8").replace("rescorla_wagner", "kalman"), encoding="utf-8")
    path.write_text(
        path.read_text(encoding="utf-8").replace("availability_rate", "availability_diffusion"), encoding="utf-8"
    )
    with pytest.raises(InputError, match='row 3, column "mood": blank, and'):
        load_data(read_study_file(path))


def test_blanks_are_reported_by_row_where_they_are_needed(tmp_path):
    """A blank at a session with an outcome is a fault; at one without an outcome the term is 0."""
    table = sessions_table().astype({"helped": float})
    table.loc[[1, 8], ["mood", "homework"]] = [np.nan, None]
    said = faults(tmp_path, "mood + homework", table)
    assert 'sessions.csv, rows 3, 10, column "mood": blank, and [formulas] need it' in said
    assert 'rows 3, 10, column "homework"' in said
    table.loc[[1, 8], "helped"] = np.nan
    _, data = loaded(tmp_path, "within(mood) + homework", table)
    np.testing.assert_array_equal(data["event_terms"].values[:, [1, 2], [0, 1]], 0.0)
    deviation = table["mood"] - table.groupby("patient")["mood"].transform("mean")
    np.testing.assert_allclose(
        data["event_terms"][0], by_person((deviation / deviation.std(ddof=1)).fillna(0.0)), atol=1e-12
    )


def test_a_blank_counts_as_the_reference_whatever_it_is(tmp_path):
    """With another reference than the first category, no column of a blank is 1."""
    table = sessions_table().astype({"helped": float})
    table.loc[1, ["homework", "helped"]] = [None, np.nan]
    _, data = loaded(tmp_path, "T(homework, 'yes')", table)
    assert data["event_terms"].values[:, 1, 0].tolist() == [0.0, 0.0]
    assert data["event_terms"].values[:, :, 1].sum() == (table["homework"][6:12] != "yes").sum()


def test_people_with_blanks_can_be_left_out(tmp_path):
    """`missing = "drop"` leaves out the person whose covariate is blank where it is needed."""
    table = sessions_table().astype({"helped": float})
    table.loc[1, "mood"] = np.nan
    more = '[people]\ndata = "sessions.csv"\nperson = "patient"\nmissing = "drop"\n'
    _, data = loaded(tmp_path, "mood", table, more)
    assert (data.attrs["dropped"], data.sizes["person"]) == ("p01", PEOPLE - 1)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("within(homework)", "has words, and a mean needs numbers"),
        ("within(harm)", "there is no column 'harm', of which [formulas] name within(harm)"),
        ("within(mood + 1)", "within() takes one column and no arithmetic"),
        ("mood + within(mood) + between(mood)", "its terms are collinear over these events"),
        ("mood + I(2 * mood)", "its terms are collinear over these events"),
        ("closeness", "the model explains it"),
        ("log(within(mood))", "log() takes one column"),
        ("(mood|arm)", "covariates of people, which do not change between sessions"),
        ("(1|homework)", '"homework": changes within p01'),
    ],
)
def test_faults_of_formulas_name_the_remedy(tmp_path, formula, said):
    """A formula that cannot have event terms is refused in a sentence."""
    assert said in faults(tmp_path, formula)


def test_a_column_of_both_tables_is_refused(tmp_path):
    """It is unclear which is meant, where it changes within a person."""
    sessions_table().groupby("patient").first().reset_index().to_csv(tmp_path / "people.csv", index=False)
    more = '[people]\ndata = "people.csv"\nperson = "patient"\n'
    said = faults(tmp_path, "mood", more=more)
    assert "column 'mood': is in the table of people, too, and changes within p01" in said
    _, data = loaded(tmp_path, "arm", more=more)
    assert list(data["coefficient"].values) == ["availability_rate: arm[tau]"]


def test_initial_beliefs_have_no_value_per_event(tmp_path):
    """They are read once; a person's mean may move them."""
    path = write_study(tmp_path, "arm", more='availability_start = "mood"\n')
    with pytest.raises(InputError, match="it is read once, before the first event"):
        load_data(read_study_file(path))
    path = write_study(tmp_path, "arm", more='availability_start = "between(mood)"\n')
    _, data = load_data(read_study_file(path))
    assert list(data["coefficient"].values) == ["availability_rate: arm[tau]", "availability_start: between(mood)"]


def test_answers_about_sessions_keep_the_value_of_their_row(tmp_path):
    """An answer that becomes an event of its own has the covariate of the row that it came from."""
    table = sessions_table()
    table["figure"] = np.where(np.arange(len(table)) % 2, "a", "b")
    table["visit"] = (table["visit"] + 1) // 2
    study = Study(
        table,
        person="patient",
        session="visit",
        figure="figure",
        outcome="helped",
        responses={"availability_rating": Column("closeness", scope="session", commensurable=True)},
        formulas={"availability_rating_noise": "mood"},
    )
    _, data = load_data(study.spec, "rescorla_wagner", sessions=table, people=table)
    own = session_covariates(data)["mood"]
    for person in range(2):
        rows = table[table["patient"] == f"p{person + 1:02d}"]
        for answer, mood in zip(rows["closeness"], rows["mood"], strict=True):
            [event] = np.flatnonzero(np.isclose(data["answer_availability_rating"].values[:, person], answer))
            assert own.values[event, person] == mood


def test_a_table_of_people_and_one_of_sessions_serve_one_formula(tmp_path):
    """Covariates of people from their own table, of sessions from that of sessions."""
    table = sessions_table()
    people = table.groupby("patient", as_index=False).first()[["patient", "arm"]]
    people.to_csv(tmp_path / "people.csv", index=False)
    more = '[people]\ndata = "people.csv"\nperson = "patient"\n'
    _, apart = loaded(tmp_path, "arm * mood", table.drop(columns="arm"), more)
    _, together = loaded(tmp_path, "arm * mood", table)
    np.testing.assert_array_equal(apart["event_terms"], together["event_terms"])
    np.testing.assert_array_equal(apart["design"], together["design"])


def test_two_parameters_share_an_event_term(tmp_path):
    """A column counts once in the data, and has an effect on each parameter."""
    model, data = load_data(read_study_file(write_study(tmp_path, "mood", more='availability_rating_noise = "mood"\n')))
    assert list(data["event_term"].values) == ["mood"]
    assert {"availability_rate_mood", "availability_rating_noise_mood"} <= set(parameters(model))
    assert data["event_terms"].dims == ("event_term", "event", "person")


def test_a_parameter_that_all_people_share_can_change_between_sessions(tmp_path):
    """Also by an interaction with a covariate of people; but people cannot differ in it."""
    path = write_study(tmp_path, "homework + arm:homework")
    (tmp_path / "own.toml").write_text(f'{MODEL}[parameters.availability_rate]\npooling = "complete"\n')
    model, data = load_data(read_study_file(path))
    assert "design" not in data
    assert {each.parameter for each in model.event_effects} == {"availability_rate"}
    path.write_text(path.read_text().replace("homework + arm:homework", "homework + arm"))
    with pytest.raises(InputError, match="only a parameter that is free and partially pooled"):
        load_data(read_study_file(path))
