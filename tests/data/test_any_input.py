"""Whatever comes in, `iwm check` ends in a result or in a message: no traceback, no endless run, no file left behind.

Tables, study files, formulas and model files are drawn by hypothesis, some at random and some almost right. By default
there are 60 of each kind, the same ones in each run. With ANY_INPUT=400 there are 400, and others each time.
"""

import os
import time
from pathlib import Path

import pymc  # noqa: F401  # raises the limit of recursion, which must not change while hypothesis runs
import pytest
from command import iwm
from hypothesis import HealthCheck, currently_in_test_context, event, given, settings
from hypothesis import strategies as st

from iwm_bayes.responses import RESPONSES
from iwm_bayes.rules import RULES

EXAMPLES, SECONDS = int(os.environ.get("ANY_INPUT", "60")), 5.0
drawn = settings(
    max_examples=EXAMPLES,
    derandomize="ANY_INPUT" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
STUDY = """schema = 2
name = "clinic"
data = "sessions.csv"
model = "model.toml"
[columns]
person = "id"
session = "visit"
figure = "who"
time = "date"
outcome = { column = "kind", scale = [1, 7], missing = "unseen" }
distress = { column = "need", scale = [0, 10] }
[responses.closeness]
column = "near"
scale = [7, 1]
[responses.approach]
column = "came"
levels = ["no", "yes"]
[people]
data = "people.csv"
person = "id"
missing = "drop"
groups = ["ward"]
[formulas]
rate = "arm + age"
"""
MODEL = """schema = 2
claim = "c"
reference = "r"
rule = "rescorla_wagner"
responses = { closeness = "availability_rating", approach = "approach" }
transfer = false
correlated = false
[parameters.rate]
prior_90 = [0.1, 0.5]
prior_between_sd = 0.5
pooling = "partial"
[parameters.closeness_noise]
fixed = 0.1
"""
HEADER = ["id", "visit", "who", "date", "kind", "near", "came", "need"]
ROWS = [
    [person, str(visit), figure, f"2026-01-{7 * visit:02}", str(1 + visit), str(visit + 2), "yes", str(visit)]
    for person in ("ann", "bob", "cem", "dan")
    for visit, figure in ((1, "mum"), (2, "dad"), (3, "mum"))
]
PEOPLE = "id,age,arm,ward\nann,31,cbt,a\nbob,42,tau,a\ncem,23,cbt,b\ndan,64,tau,b\n"
ODD_CELLS = [
    *("", " ", "NA", "None", "nan", "NaN", "0", "1", "1.0", "001", "-1", "7", "8", "1e300", "-1e300", "1e-320", "inf"),
    *("1.000", "1,5", "950", "20260131", "2026-13-40", "0206-01-01", "9999-12-31", "2026-01-01T10:00Z", "2026-W05"),
    *(
        "2026-01-01T25:00",
        "yes",
        "no",
        "Ja",
        "mum",
        "generalised expectation",
        "figure",
        "nobody",
        "[red]",
        "[/b]",
        "é",
    ),
    *("e\u0301", "=1+1", "%s", "{0}", "x" * 300, "母" * 50, "\x1b[31m", "\u202e", "٣", "²", "1_000", "0x10", "True"),
]
ODD_VALUES = [
    *('""', '"a"', '"id"', '"near"', '"kind"', '"../x"', '"."', '"model.toml"', '"sessions.csv"', '"study.toml"', "[]"),
    *("{}", "0", "1", "-1", "2", "1e300", "inf", "-inf", "nan", "true", "false", "[1, 1]", "[0, 1]", "[1e300, -1e300]"),
    *("[inf, 1]", '["no"]', '["no", "no"]', '["", "yes"]', '["NA", "None"]', "2026-01-01", "2026-01-01T10:00:00Z"),
    *('"a\\u0000b.csv"', '"\\u202e"', '"${HOME}"', '"${NOWHERE_AT_ALL}"', '"/dev/null"', '"before"', '"unrecorded"'),
    *(
        '{ column = "kind" }',
        '{ column = "near", levels = ["1", "2"] }',
        '"rescorla_wagner"',
        '"kalman"',
        '"x.py:RULE"',
    ),
    *(
        '["availability_rating", "approach"]',
        '["seek"]',
        '{ a = "seek" }',
        "9" * 400,
        '"' + "x" * 5000 + '"',
        "[[[[[1]]]]]",
    ),
]
KEYS = [
    *(
        "schema",
        "name",
        "data",
        "model",
        "theory",
        "without",
        "columns",
        "person",
        "session",
        "figure",
        "time",
        "outcome",
    ),
    *(
        "raters",
        "distress",
        "threat",
        "column",
        "items",
        "scale",
        "levels",
        "where",
        "nobody",
        "scope",
        "timing",
        "rater",
    ),
    *(
        "reliability",
        "cut",
        "missing",
        "anchor",
        "people",
        "groups",
        "formulas",
        "rule",
        "responses",
        "parameters",
        "by",
    ),
    *(
        "fixed",
        "prior_90",
        "prior_between_sd",
        "pooling",
        "transfer",
        "arousal",
        "correlated",
        "a.b",
    ),
]
OUTCOMES = [
    "scale = [7, 1]",
    "scale = [-100, 100]",
    'raters = { patient = "near" }',
    "cut = 4, scale = [1, 7]",
    'levels = ["2", "3", "4"]',
]
PLAUSIBLE_LINES = {  # by key: other lines, most of them accepted
    "name": ['name = "a b"', 'name = "é"', 'name = "n"'],
    "data": ['data = "./sessions.csv"', 'data = "${NOWHERE_AT_ALL:-.}/sessions.csv"', 'data = "people.csv"'],
    "model": ['model = ["model.toml", "kalman"]', 'model = "rescorla_wagner"', 'model = "./model.toml"'],
    "figure": ["", 'figure = "came"', 'figure = "id"'],
    "time": ["", 'time = "visit"', 'time = "need"', 'time = "kind"'],
    "outcome": [
        f'outcome = {{ column = "kind", missing = "{m}", {o} }}' for m in ("unseen", "unrecorded") for o in OUTCOMES
    ],
    "distress": [
        "",
        'threat = { column = "need", scale = [0, 10] }',
    ],
    "column": ['items = ["near", "need"]\nreliability = 0.8', 'column = "need"', 'column = "came"\ntiming = "before"'],
    "scale": ["scale = [0, 100]", "scale = [9, -9]", 'scale = [1, 7]\nscope = "session"'],
    "levels": [
        'levels = ["yes", "no"]',
        'levels = ["no", "yes"]\nwhere = { who = "mum" }',
        'levels = ["no", "None", "yes"]',
    ],
    "missing": ["", 'missing = "drop"'],
    "groups": ["groups = []", 'groups = ["ward", "arm"]', 'groups = ["age"]'],
    "rate": ['rate = "1"', 'rate = "log(age) * arm"', 'availability_start = "1 + (age|ward)"', 'noise = "arm"'],
    "prior_90": ["prior_90 = [0.4, 0.6]", "prior_90 = [1e-9, 0.5]", "prior_90 = [0.5, 0.50001]", "fixed = 0"],
    "pooling": ['pooling = "none"', 'pooling = "complete"', 'by = "figure"'],
    "responses": [
        'responses = ["availability_rating"]',
        'responses = { closeness = "worth_rating", approach = "bid" }',
    ],
    "rule": [f'rule = "{name}"' for name in sorted(RULES)],
    "fixed": ["fixed = 0.5", "fixed = false", "fixed = 1", "prior_between_sd = 2"],
}
letters = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return the folder of the study, next to one that nothing may touch."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "keep.txt").write_text("as it was")
    (outside / "study").mkdir()
    return outside / "study"


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check(place: Path, study=STUDY, model=MODEL, table=None, people=PEOPLE):
    """Run `iwm check` on a study, and require a result or a message, in time, without a trace outside its output."""
    table = as_csv([HEADER, *ROWS]) if table is None else table
    files = {"study.toml": study, "model.toml": model, "sessions.csv": table, "people.csv": people}
    for name, content in files.items():
        (place / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))
    before, began = contents(place.parent), time.perf_counter()
    ended = iwm("check", "study.toml", cwd=place)
    if currently_in_test_context():
        event(f"exit {ended.returncode}")
    assert time.perf_counter() - began < SECONDS
    assert contents(place.parent) == before
    if ended.returncode == 0:
        assert ended.stdout
        return
    assert ended.returncode == 1
    problems = [line for line in ended.stderr.splitlines() if line.startswith("x ")]
    assert problems
    assert "Traceback" not in ended.stderr


def as_csv(rows) -> str:
    """Return rows as CSV; cells with separators are quoted."""
    quoted = [[f'"{cell}"' if {",", "\n"} & {*cell} else cell for cell in row] for row in rows]
    return "\n".join(",".join(row) for row in quoted) + "\n"


@st.composite
def damaged(draw, text: str) -> str:
    """Return a text with some pieces deleted, repeated, or replaced by others."""
    for _ in range(draw(st.integers(1, 3))):
        first = draw(st.integers(0, len(text)))
        end = min(first + draw(st.integers(0, 12)), len(text))
        piece = draw(st.one_of(st.just(""), st.just(text[first:end] * 2), letters, st.sampled_from(ODD_VALUES)))
        text = text[:first] + piece + text[end:]
    return text


PLAUSIBLE_CELLS = {  # by column: odd, but accepted where they are alone
    "who": ["mum", "dad", "nan", "figure", "母" * 50, "[red]", "a/b"],
    "kind": ["1", "7", "", "NA", "4.25", "7.0", "1e0"],
    "near": ["1", "7", "", "nan", "6.99"],
    "came": ["yes", "no", "", "None", " yes "],
    "need": ["0", "10", "", "null", "5e-1"],
}
PLAUSIBLE_TIMES = ["2026-01-{:02}", "202601{:02}", "2100-12-{:02}", "{}", "{}.5", "-{}", "{}e9", "2026-01-{:02}T10:00Z"]


@st.composite
def plausible_tables(draw) -> str:
    """Return a table of random size with cells that a study accepts one by one."""
    written = draw(st.sampled_from(PLAUSIBLE_TIMES))
    rows = [HEADER]
    for person in draw(
        st.lists(st.sampled_from(["ann", "bob", "None", "007", "é", "x" * 300]), min_size=1, unique=True)
    ):
        for visit in range(1, draw(st.integers(1, 4)) + 1):
            others = [draw(st.sampled_from(cells)) for cells in PLAUSIBLE_CELLS.values()]
            rows.append([person, str(visit), others[0], written.format(3 * visit), *others[1:]])
    return as_csv(rows)


@st.composite
def odd_people(draw) -> str:
    """Return a table of people with some odd cells."""
    rows = [line.split(",") for line in PEOPLE.splitlines()]
    for _ in range(draw(st.integers(1, 4))):
        row = draw(st.sampled_from(rows))
        row[draw(st.integers(0, 3))] = draw(
            st.one_of(st.sampled_from(ODD_CELLS), st.sampled_from(["a", "cbt", "1", "2"]))
        )
    return as_csv(rows)


@st.composite
def odd_tables(draw) -> str:
    """Return a table that is right apart from some cells, rows, or names of columns."""
    rows = [list(row) for row in [HEADER, *ROWS]]
    for _ in range(draw(st.integers(1, 3))):
        row, column = draw(st.sampled_from(rows)), draw(st.integers(0, len(HEADER) - 1))
        row[column] = draw(st.one_of(st.sampled_from(ODD_CELLS), st.sampled_from(ODD_CELLS), letters))
    match draw(st.sampled_from(["as it is"] * 4 + ["a column", "other rows"])):
        case "a column":
            column, cell = draw(st.integers(0, len(HEADER) - 1)), draw(st.sampled_from(ODD_CELLS))
            rows = [rows[0], *([*row[:column], cell, *row[column + 1 :]] for row in rows[1:])]
        case "other rows":
            rows = draw(st.one_of(st.permutations(rows), st.lists(st.sampled_from(rows), max_size=20)))
    return as_csv(rows)


DIALECTS = {  # the same table as others save it
    "UTF-16": lambda text: text.encode("utf-16"),
    "Latin-1": lambda text: text.encode("latin-1", "replace"),
    "semicolons": lambda text: text.replace(",", ";").encode("utf-8", "replace"),
    "tabs": lambda text: text.replace(",", "\t").encode("utf-8", "replace"),
    "sep line": lambda text: f"sep=;\n{text.replace(',', ';')}".encode("utf-8-sig", "replace"),
    "a separator after each row": lambda text: text.replace("\n", ",\n").encode("utf-8", "replace"),
}
in_dialects = st.tuples(st.one_of(odd_tables(), plausible_tables()), st.sampled_from(sorted(DIALECTS))).map(
    lambda drawn: DIALECTS[drawn[1]](drawn[0])
)


@st.composite
def plausible_models(draw) -> tuple[str, str]:
    """Return a model file of any rule with any two responses, and the study that has them."""
    rule = draw(st.sampled_from(sorted(RULES)))
    kinds = draw(st.lists(st.sampled_from(sorted(RESPONSES)), min_size=2, max_size=2))
    lines = [f'responses = {{ closeness = "{kinds[0]}", approach = "{kinds[1]}" }}']
    lines += [f"{key} = true" for key in ("transfer", "correlated", "arousal") if draw(st.integers(0, 4)) == 0]
    name = draw(st.sampled_from(["rate", "start", "noise", "closeness_noise", "approach_bias", "decay"]))
    prior = st.sampled_from(["prior_90 = [0.1, 0.4]", "fixed = 0.3", "fixed = 0", "by = 'figure'", "pooling = 'none'"])
    lines += draw(st.one_of(st.just([]), prior.map(lambda line: [f"[parameters.{name}]", line])))
    study = STUDY
    for levels in ("scale = [7, 1]", 'levels = ["no", "yes"]'):
        other = st.sampled_from(
            [levels, levels, "", "scale = [1, 7]", "levels = [1, 2, 3, 4, 5, 6, 7]", 'nobody = "no"']
        )
        more = draw(st.sampled_from(["", "", 'timing = "before"', 'scope = "session"', 'rater = "therapist"']))
        study = study.replace(levels, f"{draw(other)}\n{more}")
    head = f'schema = 2\nclaim = "c"\nreference = "r"\nrule = "{rule}"\n'
    return head + "\n".join(lines) + "\n", study


@st.composite
def odd_toml(draw, text: str) -> str:
    """Return a TOML file that is right apart from some values, keys or lines."""
    lines = text.splitlines()
    for _ in range(draw(st.integers(1, 2))):
        index = draw(st.integers(0, len(lines) - 1))
        key, equals, value = lines[index].partition(" = ")
        match draw(st.sampled_from(["plausible", "plausible", "plausible", "value", "key", "drop", "add"])):
            case "plausible":
                key = draw(st.sampled_from(sorted(PLAUSIBLE_LINES)))
                places = [place for place, line in enumerate(lines) if line.startswith(f"{key} =")]
                for place in places:
                    lines[place] = draw(st.sampled_from(PLAUSIBLE_LINES[key]))
            case "value" if equals:
                lines[index] = f"{key} = {draw(st.sampled_from(ODD_VALUES))}"
            case "key" if equals:
                lines[index] = f"{draw(st.sampled_from(KEYS))} = {value}"
            case "drop" if len(lines) > 1:
                del lines[index]
            case _:
                lines.insert(index, f"{draw(st.sampled_from(KEYS))} = {draw(st.sampled_from(ODD_VALUES))}")
    return "\n".join(lines)


NAMES = [
    "arm",
    "age",
    "arm",
    "age",
    "arm",
    "age",
    "ward",
    "id",
    "`arm`",
    "`no such`",
    "os",
    "np",
    "frame",
    "__import__",
    "age.values",
    "C",
    "T",
]
CALLED = [
    *(
        "log",
        "log1p",
        "sqrt",
        "exp",
        "abs",
        "center",
        "scale",
        "bs",
        "poly",
        "C",
        "T",
        "S",
        "I",
        "np.log",
        "eval",
        "open",
    ),
    *("__import__('os').system", "cc", "cr", "tp", "offset", "prop", "binary", "Treatment", "standardize", "os.system"),
]
SIMPLE = st.recursive(
    st.sampled_from(["arm", "age", "log(age)", "(1|ward)", "I(age ** 2)", "(age|ward)", "C(age)", "bs(age, df=3)"]),
    lambda parts: st.tuples(parts, st.sampled_from([" + ", " * ", ":", " / ", " - "]), parts).map("".join),
    max_leaves=4,
)
FORMULAS = st.recursive(
    st.sampled_from([*NAMES, "0", "1", "2", "-1", "1.5", "'x'", "True", "1e9", "age[1]", "lambda: 0", ""]),
    lambda parts: st.one_of(
        st.tuples(parts, st.sampled_from([*"+-*/:|~,=<.^@ ", " ** ", "==", " "]), parts).map("".join),
        st.tuples(st.sampled_from(CALLED), st.lists(parts, max_size=3).map(", ".join)).map(lambda c: f"{c[0]}({c[1]})"),
        st.tuples(
            st.sampled_from(["bs", "poly", "cr"]), parts, st.sampled_from(["df=4", "3", "degree=2", "raw=True"])
        ).map(lambda c: f"{c[0]}({c[1]}, {c[2]})"),
        st.tuples(st.sampled_from(["()", "{}", "[]", "``"]), parts).map(lambda p: f"{p[0][0]}{p[1]}{p[0][1]}"),
    ),
    max_leaves=8,
)


@drawn
@given(
    table=st.one_of(
        st.binary(max_size=300),
        letters,
        damaged(as_csv([HEADER, *ROWS])),
        odd_tables(),
        plausible_tables(),
        plausible_tables(),
        in_dialects,
    )
)
def test_any_table(place, table):
    """Bytes, texts, and tables with odd cells, in any dialect."""
    check(place, table=table, study=STUDY.partition("[people]")[0])


@drawn
@given(people=st.one_of(st.binary(max_size=300), damaged(PEOPLE), odd_people(), odd_people()))
def test_any_table_of_people(place, people):
    """Covariates that are odd, missing or not there."""
    check(place, people=people)


@drawn
@given(study=st.one_of(letters, damaged(STUDY), odd_toml(STUDY), odd_toml(STUDY)))
def test_any_study_file(place, study):
    """Texts, and study files with odd keys and values."""
    check(place, study=study)


@drawn
@given(formula=st.one_of(letters, FORMULAS, SIMPLE))
def test_any_formula(place, formula):
    """Texts, and formulas of names, functions, operators and signs that are none."""
    quoted = formula.replace("\\", "\\\\").replace('"', '\\"')
    quoted = "".join(f"\\u{ord(sign):04x}" if ord(sign) < 32 or ord(sign) == 127 else sign for sign in quoted)
    check(place, study=STUDY.replace("arm + age", quoted))


@drawn
@given(model=st.one_of(letters, damaged(MODEL), odd_toml(MODEL), plausible_models(), plausible_models()))
def test_any_model_file(place, model):
    """Texts, model files with odd keys and values, and models of any rule with any responses."""
    model, study = model if isinstance(model, tuple) else (model, STUDY)
    check(place, model=model, study=study)


def test_the_study_that_is_changed_is_right(place):
    """Else every example would end in the same message."""
    check(place)
    assert iwm("check", "study.toml", cwd=place).returncode == 0
