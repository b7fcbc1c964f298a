"""`iwm new` guesses the study that a table was made from, says why, and is silent about what it cannot know."""

import contextlib
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import dyads
import numpy as np
import pandas as pd
import pymc  # noqa: F401  # raises the limit of recursion, which must not change while hypothesis runs
import pytest
import xarray as xr
from command import iwm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from real_studies import STUDIES, opened

from iwm_bayes.data.dataset import read_data, to_table
from iwm_bayes.data.study import read_study_file
from iwm_bayes.data.toml import expand_path
from iwm_bayes.model.specification.model_file import built_in_models, load_model
from iwm_bayes.simulation.care import parse_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError
from iwm_bayes.workflow.load import load_study_and_data
from iwm_bayes.workflow.new_study.answers import guess_scale, read_graded
from iwm_bayes.workflow.new_study.columns import read_column
from iwm_bayes.workflow.new_study.dyads import sign_of_dyads
from iwm_bayes.workflow.new_study.names import answer_role, name_score, name_words
from iwm_bayes.workflow.new_study.write import write_new_study

MODEL = load_model("rescorla_wagner")
NAMES = {  # what researchers call their columns, in five languages
    "person": [
        "person",
        "patient_id",
        "Patientin",
        "Klient-Nr",
        "participant",
        "paciente",
        "SubjectID",
        "deelnemer",
        "vp",
    ],
    "session": ["session", "visit", "Sitzung", "Sitzungsnummer", "sesión", "séance", "VisitNr", "trial", "sessie"],
    "figure": ["figure", "partner", "Therapeutin", "with whom", "cuidadora", "therapist", "Bezugsperson", "qui"],
    "time": ["date", "Datum", "fecha", "visit date", "day", "jour", "Besuchsdatum"],
    "outcome": [
        "responsive",
        "outcome",
        "Feinfühligkeit",
        "apoyo",
        "soutien",
        "helpful",
        "steun",
        "therapistResponsiveness",
    ],
    "availability_rating": [
        "closeness",
        "Vertrauen",
        "confianza",
        "Nähe",
        "trust_rating",
        "vertrouwen",
        "availability",
    ],
    "worth_rating": ["self_esteem", "Selbstwert", "autoestima", "estime de soi", "selfWorth", "zelfwaardering"],
    "approach": ["approach", "came", "reachedOut", "erschienen", "asistió", "toenadering"],
}
SCALES = [(0, 1), (1, 5), (1, 7), (0, 10), (0, 100)]
WORDS = [
    None,
    ("no", "yes"),
    ("nein", "ja"),
    ("No", "Yes"),
    ("non", "oui"),
    ("no", "sí"),
    ("nee", "ja"),
    ("low", "high"),
]
UNUSED = ["remarks", "rt", "age", "room"]
drawn = settings(
    max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def simulated_table(seed: int, two_figures: bool) -> pd.DataFrame:
    """Eight simulated people with eight sessions; both ends of every rating were used by somebody."""
    care = {"mum": parse_care("constant:rate=0.5"), "dad": parse_care("constant:rate=0.7")}
    phase = Phase(care if two_figures else {"mum": care["mum"]}, 8)
    table = to_table(simulate(MODEL, [phase], 8, seed)).reset_index(drop=True)
    table.loc[0, ["availability_rating", "worth_rating"]] = 0.0
    table.loc[1, ["availability_rating", "worth_rating"]] = 1.0
    return table


TABLES = {(seed, two): simulated_table(seed, two) for seed in (1, 2, 3) for two in (False, True)}


def write_csv(path: Path, table: pd.DataFrame) -> Path:
    """The table as a CSV file."""
    table.to_csv(path, index=False)
    return path


@st.composite
def clinics(draw: st.DrawFn) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A researcher's table, and the content of the study file that it was made from."""
    two_figures = draw(st.booleans())
    table = TABLES[draw(st.integers(1, 3)), two_figures]
    name = {role: draw(st.sampled_from(names)) for role, names in NAMES.items()}
    scales = {role: draw(st.sampled_from(SCALES)) for role in ("availability_rating", "worth_rating", "outcome")}
    missing = draw(st.sampled_from([None, "unseen", "unrecorded"]))
    asked = draw(
        st.lists(st.sampled_from(["availability_rating", "worth_rating", "approach"]), min_size=1, unique=True)
    )
    columns: dict[str, Any] = {name["person"]: table["person"], name["session"]: table["session"].astype(int)}
    study: dict[str, Any] = {"person": name["person"], "session": name["session"]}
    if two_figures:
        columns[name["figure"]], study["figure"] = table["figure"], name["figure"]
    if draw(st.booleans()):
        days = pd.to_timedelta(7 * table["session"] + (table["session"] > 4), unit="D")
        columns[name["time"]], study["time"] = (pd.Timestamp("2026-01-01") + days).dt.date, name["time"]
    low, high = scales["outcome"]
    outcome = (low + (high - low) * (table["outcome"] if missing else table["outcome"].fillna(0.0))).astype("Int64")
    columns[name["outcome"]] = outcome
    study["outcome"] = {"column": name["outcome"], "scale": [low, high]} | ({"missing": missing} if missing else {})
    responses: dict[str, Any] = {}
    for role in (role for role in ("availability_rating", "worth_rating") if role in asked):
        low, high = scales[role]
        values = low + (high - low) * table[role]
        columns[name[role]] = values.round() if high > 1 else values.round(3)
        responses[role] = {"column": name[role], "scale": [low, high]}
    if "approach" in asked:
        words = draw(st.sampled_from(WORDS))
        came = table["approach"].astype("Int64")
        columns[name["approach"]] = came if words is None else came.map(dict(enumerate(words)))
        responses["approach"] = {"column": name["approach"]} | ({"levels": list(words)} if words else {})
    generator = np.random.default_rng(draw(st.integers(0, 9)))
    unused = draw(st.lists(st.sampled_from(UNUSED), unique=True))
    columns |= {column: generator.normal(500, 90, len(table)).round(2) for column in unused}
    frame = pd.DataFrame(columns)[draw(st.permutations(list(columns)))]
    return frame, {"columns": study, "responses": responses, "missing": missing}


def true_study(folder: Path, content: dict[str, Any]) -> Path:
    """The study file that a careful researcher writes."""
    columns, outcome = content["columns"], content["columns"]["outcome"]
    lines = ["schema = 2", 'name = "truth"', 'data = "sessions.csv"', 'model = "rescorla_wagner"']
    lines += ["[columns]"]
    lines += [f'{key} = "{column}"' for key, column in columns.items() if key != "outcome"]
    lines += ["[columns.outcome]", *(f"{key} = {value!r}" for key, value in outcome.items())]
    for name, keys in content["responses"].items():
        lines += [f"[responses.{name}]", *(f"{key} = {value!r}" for key, value in keys.items())]
    path = folder / "truth.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@given(clinics())
@drawn
def test_the_study_that_a_table_was_made_from_is_recovered(tmp_path_factory, clinic) -> None:
    """Names in five languages, any order of columns, five scales, words or numbers: both studies give one Dataset.

    Where outcomes are blank, the file says so and is refused until one of its two lines is chosen.
    """
    table, content = clinic
    folder = tmp_path_factory.mktemp("clinic")
    sessions = write_csv(folder / "sessions.csv", table)
    path = write_new_study(folder / "guessed", sessions).path
    if table[content["columns"]["outcome"]["column"]].isna().any():
        with pytest.raises(InputError, match="a blank outcome"):
            load_study_and_data(path, None)
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(f'# missing = "{content["missing"]}"', f'missing = "{content["missing"]}"'))
    guessed, truth = load_study_and_data(path, None), load_study_and_data(true_study(folder, content), None)
    assert list(guessed.model.responses) == list(truth.model.responses)
    assert guessed.data.attrs["time_unit"] == truth.data.attrs["time_unit"]
    xr.testing.assert_allclose(guessed.data, truth.data)


ODD_NAMES = [
    "",
    " ",
    "a b",
    'say "yes"',
    "a\\b",
    "new\nline",
    "tab\t",
    "é",
    "母",
    "[x]",
    "# x",
    "=1",
    "\x7f",
    "id",
    "ID",
    "x'",
]
ODD_CELLS = [
    "",
    "NA",
    "0",
    "1",
    "2",
    "1.5",
    "-99",
    "yes",
    "no",
    "Ja",
    "2026-01-01",
    "20260131",
    "31.01.2026",
    "x",
    "inf",
    "1e300",
]


@st.composite
def odd_tables(draw: st.DrawFn) -> pd.DataFrame:
    """A table with any cells under names that may or may not mean something."""
    pool = [*ODD_NAMES, *(name for names in NAMES.values() for name in names[:4]), "rating", "question", "choice"]
    names = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=8, unique=True))
    n_rows = draw(st.integers(1, 12))
    cells = {name: draw(st.lists(st.sampled_from(ODD_CELLS), min_size=n_rows, max_size=n_rows)) for name in names}
    if draw(st.booleans()):
        cells["patient"] = [str(row // 3) for row in range(n_rows)]
        cells["visit"] = [str(row % 3) for row in range(n_rows)]
    return pd.DataFrame(cells)


@given(odd_tables(), st.sampled_from(["rescorla_wagner", "autoregressive"]))
@settings(drawn, max_examples=300)
def test_any_table_gives_a_file_that_is_read_or_an_error_in_words(tmp_path_factory, table, model) -> None:
    """The file is TOML whatever the columns are called, names them as they are, and `iwm check` ends in words."""
    folder = tmp_path_factory.mktemp("odd")
    sessions = write_csv(folder / "sessions.csv", table)
    try:
        path = write_new_study(folder / "study", sessions, model).path
    except InputError:
        assert not (folder / "study").exists()
        return
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    named = [content["columns"].get(key) for key in ("person", "session", "figure", "time")]
    named += [part["column"] for part in content.get("responses", {}).values()]
    assert {name for name in named if name is not None} <= set(map(str, table.columns))
    assert content["schema"] == 2
    with contextlib.suppress(InputError):
        load_study_and_data(path, None)


@pytest.mark.parametrize("model", built_in_models())
def test_every_built_in_model_gets_a_study_that_can_be_read(tmp_path: Path, model: str) -> None:
    """The simulated table of each model, under the program's own names, is a study of all its responses."""
    spec = load_model(model)
    care = {"mum": parse_care("constant:rate=0.5")}
    table = to_table(simulate(spec, [Phase(care, 6)], 6, 1)).assign(outcome=lambda frame: frame["outcome"].fillna(0.0))
    path = write_new_study(tmp_path / "study", write_csv(tmp_path / "sessions.csv", table), model).path
    study = read_study_file(path)
    assert tuple(study.responses) == tuple(spec.responses)
    assert read_data(study, spec).sizes["person"] == 6


@pytest.mark.parametrize(
    ("cells", "scale"),
    [
        ([0, 1, 1], (0, 1)),
        ([0.12, 0.93], (0, 1)),
        ([1, 2, 5], (1, 5)),
        ([1, 2, 3, 4], (1, 4)),
        ([2, 6], (1, 7)),
        ([1, 7], (1, 7)),
        ([1.5, 6.25], (1, 7)),
        ([0, 3, 9], (0, 10)),
        ([1, 10], (1, 10)),
        ([12, 88], (0, 100)),
        ([-2, 1], (-3, 3)),
        ([1, 7, -99], (1, 7)),
        ([0, 100, 999], (0, 100)),
        ([3, 140], (3, 140)),
    ],
)
def test_the_scale_is_the_one_whose_ends_were_used_or_the_shortest_common_one(cells: list[float], scale) -> None:
    """Codes for what is missing are no part of a scale; an odd range is its own."""
    keys, _, _ = guess_scale(column_of(cells))
    assert keys == {"scale": scale}


def column_of(cells: list[Any]) -> Any:
    """A column of a table with these cells."""
    from iwm_bayes.data.table import Table

    return read_column(Table("t.csv", pd.DataFrame({"x": list(map(str, cells))}), [], []), "x")


@pytest.mark.parametrize(
    ("cells", "keys", "is_sure"),
    [
        (["yes", "no", "yes"], {"levels": ("no", "yes")}, True),
        (["sometimes", "never", "always"], {"levels": ("never", "sometimes", "always")}, True),
        (["red", "blue"], {}, False),
        ([1, 2, 2], {}, False),  # 1 is yes and 2 is no in many a questionnaire
        ([0, 1], {"scale": (0, 1)}, True),
    ],
)
def test_an_order_is_guessed_only_where_it_is_sure(cells, keys, is_sure) -> None:
    """Two words or codes without a known order are left to the researcher, with both orders."""
    _, found, others, sure = read_graded(column_of(cells))
    assert (found, sure) == (keys, is_sure)
    assert len(others) == (0 if is_sure else 2)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("therapist_helpful", "outcome"),
        ("perceived_support", "perceived"),
        ("expectedReward", "expected"),
        ("resp_harm_intent", "availability_reversed"),
        ("Selbstwert (1-7)", "worth"),
        ("Scham", "worth_reversed"),
        ("estimé_de_soi", "worth"),
        ("confianza", "availability"),
        ("confident", "worth"),
        ("dropped_out", "dropout"),
        ("remarks", ""),
        ("reaction_time", ""),
        ("personality", ""),
    ],
)
def test_names_say_what_was_answered(name: str, role: str) -> None:
    """The most particular word decides: an expected reward is no outcome."""
    assert answer_role(name)[0] == role


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("PatientID", "patient id"),
        ("Sitzung-Nr.", "sitzung nr"),
        ("sesión2", "sesion"),
        ("self_esteem_01", "self esteem"),
    ],
)
def test_names_are_cut_into_words(name: str, words: str) -> None:
    """Signs, digits, capitals and accents are no part of a word."""
    assert name_words(name) == words


def test_a_name_that_says_more_scores_less() -> None:
    """An age of patients is not a name of patients."""
    assert name_score("patient_id", "person", ("id",)) == 1
    assert 0 < name_score("patient_age", "person", ("id",)) < 1
    assert name_score("personality", "person") == 0


BASE = pd.DataFrame(
    {
        "patient": ["ann", "ann", "ann", "bob", "bob", "bob"],
        "visit": [1, 2, 3, 1, 2, 3],
        "responsive": [1, 0, 1, 1, 1, 0],
        "closeness": [1, 4, 7, 3, 5, 2],
    }
)


def new(folder: Path, table: pd.DataFrame, *options: str) -> tuple[str, str]:
    """What `iwm new` prints, and the file that it writes."""
    write_csv(folder / "sessions.csv", table)
    done = iwm("new", "mystudy", "sessions.csv", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout, (folder / "mystudy" / "study.toml").read_text(encoding="utf-8")


def test_a_clear_table_passes_the_check_as_it_is(tmp_path: Path) -> None:
    """Every guess is marked, the output says what to do next, the table is neither copied nor changed."""
    before = write_csv(tmp_path / "sessions.csv", BASE).read_bytes()
    printed, text = new(tmp_path, BASE)
    assert (tmp_path / "sessions.csv").read_bytes() == before
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["mystudy", "sessions.csv", "study.toml"]
    assert tomllib.loads(text)["data"] == "../sessions.csv"
    assert all("# guess:" in line for line in text.splitlines() if line.startswith(("person", "session", "column")))
    assert "iwm check mystudy/study.toml" in printed
    assert "no column found for: worth_rating, approach" in printed
    done = iwm("check", "mystudy/study.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 participants" in done.stdout
    assert "6 observations" in done.stdout


def test_a_study_file_is_never_replaced(tmp_path: Path) -> None:
    """The second call is refused with the remedy, and the file is as it was."""
    _, text = new(tmp_path, BASE)
    (tmp_path / "mystudy" / "study.toml").write_text(f"{text}# mine\n", encoding="utf-8")
    done = iwm("new", "mystudy", "sessions.csv", cwd=tmp_path)
    assert done.returncode == 1
    assert "is not replaced. Name another folder" in done.stderr
    assert (tmp_path / "mystudy" / "study.toml").read_text(encoding="utf-8").endswith("# mine\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mystudy", "nowhere.csv"), "nowhere.csv: there is no such file. Correct its path"),
        (("sessions.csv", "sessions.csv"), "is a file. Name a folder"),
        (("sessions.csv/within", "sessions.csv"), "cannot be written"),
        (("mystudy", "sessions.csv", "--model", "kalmann"), 'Did you mean "kalman"?'),
        (("mystudy", "sessions.csv", "--people", "none.csv"), "none.csv: there is no such file"),
    ],
)
def test_bad_arguments_leave_nothing_behind(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    """One sentence with a remedy, and no folder."""
    write_csv(tmp_path / "sessions.csv", BASE)
    done = iwm("new", *arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["sessions.csv"]


def test_a_folder_whose_file_cannot_be_written_is_taken_away(tmp_path: Path, monkeypatch) -> None:
    """An error of the disk leaves no folder and no half of a file."""

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    sessions = write_csv(tmp_path / "sessions.csv", BASE)
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InputError, match="No space left"):
        write_new_study(tmp_path / "mystudy", sessions)
    assert not (tmp_path / "mystudy").exists()


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"patient": ["ann", "bob"], "arm": ["a", "b"], "rating1": [1, 2], "rating2": [3, 4]}),
        pd.DataFrame({"id": [1, 2, 3, 4], "arm": ["a", "a", "b", "b"], "t1": [1, 2, 3, 4], "t2": [4, 2, 1, 1]}),
        pd.DataFrame({"score": [0.1, 0.2, 0.3], "remark": ["x", "y", "z"]}),
    ],
    ids=["named people", "numbered people", "nobody"],
)
def test_a_table_without_repeated_people_is_refused(tmp_path: Path, table: pd.DataFrame) -> None:
    """One error says that the table must be long, and shows how."""
    with pytest.raises(InputError, match="one row per person and session") as refused:
        write_new_study(tmp_path / "mystudy", write_csv(tmp_path / "sessions.csv", table))
    assert len(refused.value.problems) == 1
    assert not (tmp_path / "mystudy").exists()


def test_the_line_that_makes_a_wide_table_long_works(tmp_path: Path) -> None:
    """The Python of the message gives a table of which the study can be written."""
    wide = pd.DataFrame({"patient": ["ann", "bob"], "responsive_1": [1, 0], "responsive_2": [0, 1], "trust_1": [1, 5]})
    wide = wide.assign(trust_2=[4, 4])
    with pytest.raises(InputError) as refused:
        write_new_study(tmp_path / "mystudy", write_csv(tmp_path / "sessions.csv", wide))
    line = refused.value.problems[0].split("`")[-2]
    long = eval(line, {"pandas": pd, "table": wide})
    _, text = new(tmp_path, long)
    assert tomllib.loads(text)["columns"]["session"] == "session"
    assert tomllib.loads(text)["columns"]["outcome"]["column"] == "responsive_"


def test_a_typed_table_gives_the_same_study_as_its_text(tmp_path: Path) -> None:
    """Dates, booleans and whole numbers with blanks, as Parquet stores them."""
    table = pd.DataFrame(
        {
            "patient": BASE["patient"],
            "visit": BASE["visit"],
            "date": pd.to_datetime(["2026-01-01", "2026-01-08", "2026-01-15"] * 2),
            "responsive": BASE["responsive"] == 1,
            "closeness": BASE["closeness"].astype("Int64").mask(BASE["visit"] == 2),
            "came": pd.Series([True, False, True] * 2),
        }
    )
    table.to_parquet(tmp_path / "sessions.parquet")
    write_csv(tmp_path / "sessions.csv", table)
    typed, text = (
        load_study_and_data(write_new_study(tmp_path / kind, tmp_path / f"sessions.{kind}").path, None).data
        for kind in ("parquet", "csv")
    )
    assert {"answer_availability_rating", "answer_approach"} <= set(typed)
    assert typed.attrs["time_unit"] == "7 days"
    xr.testing.assert_allclose(typed, text)


def test_without_an_outcome_the_key_is_a_comment_and_the_check_explains(tmp_path: Path) -> None:
    """A column that could be the outcome is offered, and not taken."""
    printed, text = new(tmp_path, BASE.rename(columns={"responsive": "q7"}))
    assert "outcome: no column has the name of an outcome" in printed
    assert '# column  = "q7"' in text
    done = iwm("check", "mystudy/study.toml", cwd=tmp_path)
    assert done.returncode == 1
    assert "`columns.outcome`: this line is missing" in done.stderr


def test_dates_alone_do_not_number_sessions(tmp_path: Path) -> None:
    """The key is left out, the reason given, and the dates are the time."""
    dates = ["2026-01-01", "2026-01-08", "2026-01-15"] * 2
    printed, text = new(tmp_path, BASE.drop(columns="visit").assign(date=dates))
    assert "session: no column numbers each person's sessions" in printed
    content = tomllib.loads(text)["columns"]
    assert "session" not in content
    assert content["time"] == "date"


@pytest.mark.parametrize(
    ("dates", "reason"),
    [
        (["31.01.2026", "01.02.2026", "02.02.2026"] * 2, "ISO date"),
        (["2026-01-08", "2026-01-01", "2026-01-15"] * 2, "time runs backwards"),
    ],
    ids=["not ISO", "backwards"],
)
def test_a_time_that_cannot_be_read_is_a_comment_with_the_reason(tmp_path: Path, dates, reason: str) -> None:
    """The study can be read without it."""
    printed, text = new(tmp_path, BASE.assign(date=dates))
    assert reason in printed
    assert '# time    = "date"' in text
    assert iwm("check", "mystudy/study.toml", cwd=tmp_path).returncode == 0


def test_a_rating_named_after_the_opposite_is_reversed(tmp_path: Path) -> None:
    """Much mistrust is little availability: the first end of the scale becomes 0."""
    _, text = new(tmp_path, BASE.rename(columns={"closeness": "mistrust"}))
    assert tomllib.loads(text)["responses"]["availability_rating"]["scale"] == [7, 1]


def test_several_items_of_one_name_are_offered_as_items(tmp_path: Path) -> None:
    """The first is taken, and the line for their mean is ready."""
    table = BASE.rename(columns={"closeness": "closeness_1"}).assign(closeness_2=[7, 5, 1, 2, 3, 4])
    _, text = new(tmp_path, table)
    assert tomllib.loads(text)["responses"]["availability_rating"]["column"] == "closeness_1"
    assert '# items   = ["closeness_1", "closeness_2"]' in text


def test_a_therapist_of_each_person_is_a_group_and_no_figure(tmp_path: Path) -> None:
    """Everybody has one: it is offered for a formula, and as a figure in a comment."""
    table = pd.concat([BASE.assign(patient=BASE["patient"] + str(one), therapist=f"T{one}") for one in range(3)])
    _, text = new(tmp_path, table)
    assert "figure" not in tomllib.loads(text)["columns"]
    assert '# figure  = "therapist"' in text
    assert '"(1|therapist)"' in text


def test_repeated_rows_are_counted_and_do_not_hide_clear_names(tmp_path: Path) -> None:
    """One row twice among many is a fault of the table, which the check names."""
    table = pd.concat([BASE.assign(patient=BASE["patient"] + str(one)) for one in range(8)])
    printed, text = new(tmp_path, pd.concat([table, table.iloc[:1]]))
    assert tomllib.loads(text)["columns"]["session"] == "visit"
    assert "4.1% of the rows" in printed
    assert "more than once" in iwm("check", "mystudy/study.toml", cwd=tmp_path).stderr


def test_columns_that_other_models_read_are_comments(tmp_path: Path) -> None:
    """A column of people who left is named, with the response that it would be."""
    printed, text = new(tmp_path, BASE.assign(left=[0, 0, 0, 0, 0, 1]))
    assert "not in the model rescorla_wagner, and so a comment: dropout" in printed
    assert "# [responses.dropout]" in text


def test_people_are_joined_by_their_ids_and_a_formula_is_shown(tmp_path: Path) -> None:
    """Another column name and other spellings of numbers do not matter; the example of a formula can be read."""
    people = pd.DataFrame({"Nr": ["001", "002"], "age": [31, 42], "arm": ["cbt", "tau"]})
    write_csv(tmp_path / "people.csv", people)
    table = BASE.assign(patient=BASE["patient"].map({"ann": 1, "bob": 2}))
    _, text = new(tmp_path, table, "--people", "people.csv")
    assert tomllib.loads(text)["people"] == {"data": "../people.csv", "person": "Nr"}
    assert iwm("check", "mystudy/study.toml", cwd=tmp_path).returncode == 0
    with_formula = text.replace("# [formulas]", "[formulas]").replace("# availability_rate", "availability_rate")
    assert tomllib.loads(with_formula)["formulas"] == {"availability_rate": "arm + age"}


def test_a_table_of_other_people_is_said(tmp_path: Path) -> None:
    """Nobody of the sessions is in it: the part is a comment."""
    write_csv(tmp_path / "people.csv", pd.DataFrame({"patient": ["cem", "dan"], "age": [31, 42]}))
    printed, text = new(tmp_path, BASE, "--people", "people.csv")
    assert "no column of the table of people has a name of a person" in printed
    assert "people" not in tomllib.loads(text)


def test_a_model_file_is_named_by_a_relative_path(tmp_path: Path) -> None:
    """Responses under names of the model file are matched by what they measure."""
    (tmp_path / "trust.toml").write_text(
        'schema = 2\nclaim = "c"\nreference = "r"\nrule = "kalman"\nresponses = { felt = "availability_ordinal_7" }\n'
    )
    _, text = new(tmp_path, BASE, "--model", "trust.toml")
    content = tomllib.loads(text)
    assert content["model"] == "../trust.toml"
    assert content["responses"]["felt"] == {"column": "closeness", "scale": [1, 7]}
    assert iwm("check", "mystudy/study.toml", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(("role", "name"), [(role, name) for role, names in NAMES.items() for name in names])
def test_every_name_of_the_lists_is_known(tmp_path: Path, role: str, name: str) -> None:
    """Each name alone, among plain ones, in a table that has every column."""
    table = simulated_names(**{role: name})
    content = tomllib.loads(new(tmp_path, table)[1])
    found = content["columns"] | content["responses"]
    assert (found[role] if isinstance(found[role], str) else found[role]["column"]) == name


def simulated_names(**others: str) -> pd.DataFrame:
    """A simulated table with the first name of each role, or another one."""
    table = TABLES[1, True].assign(
        outcome=lambda frame: frame["outcome"].fillna(0.0), time=lambda frame: frame["session"]
    )
    table["time"] = (pd.Timestamp("2026-01-01") + pd.to_timedelta(table["time"], unit="D")).dt.date
    return table.rename(columns={role: names[0] for role, names in NAMES.items()} | others)


class Real(NamedTuple):
    """What a set of public data is, from `shared/data/README.md`."""

    columns: dict[str, str]
    response: dict[str, Any]
    blank: bool
    not_a_figure: str
    people: int


REAL = {
    "srndna_trust": Real(
        {"person": "subject", "session": "trial", "figure": "partner", "outcome": "reciprocated"},
        {"approach": {"column": "choice", "levels": ["low", "high"]}},
        True,
        "",
        97,
    ),
    "barnby2022_harmful_intent": Real(
        {"person": "subject", "session": "time", "figure": "figure", "outcome": "observed"},
        {"availability_rating": {"column": "resp_harm_intent", "scale": [100, 0]}},
        False,
        "",
        693,
    ),
    "dercon2023_affect": Real(
        {"person": "subject", "session": "trial", "outcome": "reward"},
        {"worth_rating": {"column": "rating", "scale": [0, 100], "where": {"question": "confident"}}},
        True,
        "pair",
        20,
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_public_data_get_a_sensible_start(tmp_path: Path, name: str) -> None:
    """The columns are those of the studies in `experiments`; with the meaning of blanks, the table can be read."""
    home = Path(expand_path("${IWM_DATA:-../../../shared/data}", STUDIES))
    if not home.exists():
        pytest.skip(f"the real data are not here ({home}); set IWM_DATA to their folder")
    real = REAL[name]
    path = write_new_study(tmp_path / name, home / name / "tidy.csv").path
    text = path.read_text(encoding="utf-8")
    content = tomllib.loads(text)
    columns = content["columns"]
    assert columns | {"outcome": columns["outcome"]["column"]} == real.columns
    assert content["responses"] == real.response
    assert ('# missing = "unseen"' in text) == real.blank
    assert f'# figure  = "{real.not_a_figure}"' in text or not real.not_a_figure
    path.write_text(text.replace('# missing = "unseen"', 'missing = "unseen"'), encoding="utf-8")
    assert load_study_and_data(path, None).data.sizes["person"] == real.people


def test_friends_strangers_and_computers_reciprocate_half_of_the_time(tmp_path: Path) -> None:
    """The guessed study of the trust game gives the Dataset of the study that was written by hand."""
    _, by_hand = opened("trust_game")
    home = Path(expand_path("${IWM_DATA:-../../../shared/data}", STUDIES))
    path = write_new_study(tmp_path / "trust", home / "srndna_trust" / "tidy.csv").path
    text = path.read_text(encoding="utf-8").replace('# missing = "unseen"', 'missing = "unseen"')
    path.write_text(text, encoding="utf-8")
    xr.testing.assert_allclose(load_study_and_data(path, None).data, by_hand)


@pytest.mark.parametrize(
    ("table", "sign"),
    [
        (dyads.therapy_table(), 'the column "dyad"'),
        (dyads.therapy_table().drop(columns="dyad"), 'the column "role" has two roles'),
        (dyads.couple_table().rename(columns={"couple": "pair"}), '"husband_support"'),
        (dyads.friends_table().rename(columns={"pair": "Couple"}), 'the column "Couple"'),
    ],
)
def test_a_table_of_dyads_is_no_study_of_single_people(tmp_path, table, sign):
    """Nothing is written, and the message says where dyads are explained."""
    table.to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(InputError, match=r"couples\.md") as caught:
        write_new_study(tmp_path / "new", tmp_path / "table.csv")
    assert sign in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_covariates_of_two_people_are_no_dyads():
    """One pair of columns, or words before and after, say nothing of dyads."""
    for names in (["mother_age", "child_age"], ["pre_anxiety", "post_anxiety", "pre_mood", "post_mood"], ["role"]):
        assert not sign_of_dyads(pd.DataFrame({name: ["a", "b", "c"] for name in names}))
