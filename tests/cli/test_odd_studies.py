"""What `iwm check` passes must fit: both commands give the same verdict on odd studies.

Graphs are walked through in place of being compiled, so that each small study has a whole fit with its report.
"""

from typing import NamedTuple

import numpy as np
import pytest
from command import iwm

pytestmark = pytest.mark.usefixtures("slow_graphs")
RATING = '[responses.availability_rating]\ncolumn = "rating"\ncommensurable = true\n'
ORDINAL = '[responses.availability_ordinal_5]\ncolumn = "rating"\nlevels = ["1", "2", "3", "4", "5"]\n'
CHOICE = '[responses.approach]\ncolumn = "came"\nlevels = ["no", "yes"]\n'
ARM = '[people]\ndata = "sessions.csv"\nperson = "person"\n[formulas]\navailability_rate = "arm"\n'
DROP = ARM.replace("[formulas]", 'missing = "drop"\n[formulas]')
MODEL = 'schema = 2\nclaim = "-"\nreference = "-"\nrule = "rescorla_wagner"\nresponses = ["{}"]\n'


class At(NamedTuple):
    """A row of the table: person and session, counted from 0."""

    person: int
    session: int


def study(lengths=(3, 3, 3), response=RATING, columns="", more="", **cells):
    """The files of a study of three people with three sessions, unless a case says otherwise."""
    draws = np.random.default_rng(1)
    cells = {"outcome": lambda _: draws.integers(0, 2), "rating": lambda _: round(draws.random(), 2)} | cells
    places = [At(person, session) for person, length in enumerate(lengths) for session in range(length)]
    rows = [[f"p{at.person}", at.session + 1, *(cell(at) for cell in cells.values())] for at in places]
    return {
        "model.toml": MODEL.format(response.partition("]")[0].removeprefix("[responses.")),
        "sessions.csv": "\n".join(",".join(map(str, row)) for row in [["person", "session", *cells], *rows]),
        "study.toml": 'schema = 2\nname = "odd"\ndata = "sessions.csv"\nmodel = "model.toml"\n[columns]\n'
        'person = "person"\nsession = "session"\noutcome = { column = "outcome", missing = "unseen" }\n'
        f"{columns}\n{response}{more}",
    }


def always(value):
    return lambda _: value


FITTED = {
    "one person": study(lengths=(5,)),
    "one session each": study(lengths=(1, 1, 1)),
    "all outcomes equal": study(outcome=always(1)),
    "all ratings equal": study(rating=always(0.5)),
    "a figure met by one person": study(columns='figure = "figure"', figure=lambda at: "mum" if at.person else "dad"),
    "choices of one kind, without ratings": study(response=CHOICE, came=always("yes")),
    "very unequal lengths": study(lengths=(1, 12)),
    "rows at one time": study(columns='time = "day"', day=lambda at: at.session // 2),
    "huge gaps": study(columns='time = "day"', day=lambda at: at.session + 1e6 * (at.session > 1)),
    "one used level": study(response=ORDINAL, rating=always(3)),
    "an outcome of one person": study(outcome=lambda at: 1 if at.person == at.session == 1 else ""),
}
MORE = {
    "all ratings at the end of the scale": study(rating=always(1)),
    "two people, 1 and 40 sessions": study(lengths=(1, 40)),
    "a covariate that tells everybody apart": study(more=ARM, arm=lambda at: "abc"[at.person]),
}
REFUSED = {
    "nobody rated": (study(rating=always("")), "a person without any response"),
    "a person without ratings": (
        study(rating=lambda at: 0.4 if at.person else ""),
        "a person without any response",
    ),
    "unseen outcomes only": (study(outcome=always("")), "nobody has an outcome"),
    "a constant covariate": (study(more=ARM, arm=always("a")), "arm is the same for everyone"),
    "a covariate of one person": (
        study(more=DROP, arm=lambda at: "" if at.person else "a"),
        "fewer than two people have every covariate",
    ),
    "outcomes only of people whose covariates are blank": (
        study(
            more=DROP,
            arm=lambda at: ("a", "b", "")[at.person],
            outcome=lambda at: 1 if at.person == 2 else "",
        ),
        "nobody has an outcome",
    ),
}


def verdicts(folder, files):
    """The exit codes of `check` and of a fit with its report, and what they said."""
    for name, text in files.items():
        (folder / name).write_text(text)
    fit = ("fit", "study.toml", "--method", "laplace", "--draws", "50", "--quiet")
    done = [iwm(*command, cwd=folder) for command in (("check", "study.toml"), fit)]
    return [one.returncode for one in done], [" ".join(one.stderr.split()) for one in done]


@pytest.mark.parametrize("case", [*FITTED, *(pytest.param(case, marks=pytest.mark.slow) for case in MORE)])
def test_what_check_passes_fits(tmp_path, case):
    """The fit ends with a report: converged, or not converged, which is a property of the data and not a fault."""
    (checked, fitted), said = verdicts(tmp_path, (FITTED | MORE)[case])
    assert checked == 0, said
    assert fitted in (0, 3), said
    assert (tmp_path / "runs" / "odd-model" / "report.html").is_file()


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_fitted_is_refused_by_both_in_the_same_words(tmp_path, case):
    files, message = REFUSED[case]
    codes, said = verdicts(tmp_path, files)
    assert codes == [1, 1]
    assert said[0] == said[1]
    assert message in said[0]
    assert not (tmp_path / "runs").exists()
