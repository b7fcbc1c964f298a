"""What a report says, before any browser sees it."""

import json
import re
import shutil
from importlib import resources
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from runs import NASTY, PEOPLE, UNSURE, spoilt

from iwm_bayes.estimands.person_summary import learning_contraction, person_summary, pseudonyms
from iwm_bayes.model.model_file import model_library
from iwm_bayes.report import context, text
from iwm_bayes.report.context import ReportOptions
from iwm_bayes.report.page import write_report
from iwm_bayes.report.sections import after, people
from iwm_bayes.report.sections.answer import insecure_at_the_end
from iwm_bayes.types import InputError
from iwm_bayes.viz.plotly.base import escape_text

FAILED = {"passed": False, "reasons": ["17 divergent transitions"], "advice": ["hold on"]}
RANKING = {"theory": ["kalman", "rescorla_wagner"], "difference": [0.0, -7.0], "se": [0.0, 2.0]}


def compared(folder, theories):
    """A comparison of these theories, as `iwm compare` writes it."""
    pd.DataFrame(RANKING | {"says": ["best", "worse"]}).to_csv(folder / "person.csv", index=False)
    pd.DataFrame({"theory": ["kalman"], "people": [12]}).to_csv(folder / "frequencies.csv", index=False)
    pd.DataFrame(columns=["theory", "effect"]).to_csv(folder / "cannot make.csv", index=False)
    facts = {"theories": theories, "says": "kalman foretells best", "agreed": "both agree", "failed": ["kalman"]}
    (folder / "manifest.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture(scope="module")
def page(reported):
    """The report of a fit that passed."""
    return reported.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def failed(made, tmp_path_factory):
    """The report of a fit that failed its gate, in a comparison."""
    folder, found, analysis = made
    run = shutil.copytree(folder / "run", tmp_path_factory.mktemp("failed") / "run")
    spoilt(run, **FAILED)
    beside = compared(tmp_path_factory.mktemp("comparison"), RANKING["theory"])
    asked = ReportOptions(people=True, comparison=beside)
    place = write_report(run, "clinic", found.model, found.fit, asked, analysis.security)
    return place.read_text(encoding="utf-8")


def within(page, section):
    """The text of a section."""
    return re.search(rf'<section id="{section}".*?</section>', page, re.DOTALL).group()


def held(page, name):
    """What the page's own script reads."""
    return json.loads(re.search(rf'id="{name}">(.*?)</script>', page, re.DOTALL).group(1))


def test_sections_stand_in_their_order(page, failed):
    """From what was asked to how to make it again; a comparison where there is one."""
    order = ["asked", "data", "verdict", "answer", "people", "parameters", "checks", "comparison", "methods", "again"]
    assert re.findall(r'<section id="(\w+)"', failed) == order
    assert re.findall(r'<section id="(\w+)"', page) == [name for name in order if name != "comparison"]


def test_figures_for_paper_lie_beside_the_report(reported):
    """As SVG and PDF, under names that are safe for files."""
    names = {path.name for path in reported.parent.iterdir()}
    asked = ("plane", "trajectory mother", f"trajectory {quote(NASTY, safe=' ')}", f"earned {quote(NASTY, safe=' ')}")
    assert names >= {f"{name}.{kind}" for name in asked for kind in ("svg", "pdf")}


def test_the_answer_is_that_of_the_run(made, page):
    """The sentence holds the numbers of answers.csv."""
    line = pd.read_csv(made[0] / "run" / "answers.csv").set_index(["figure", "arm"]).loc[(NASTY, "everyone")]
    answer = within(page, "answer")
    middle, low, high = re.fullmatch(r"(\S+) \[(\S+), (\S+)\]", line["sessions"]).groups()
    assert f"secure after {middle} (90 % interval {low} to {high}) sessions" in answer
    assert f"{line['start insecure']} of people start insecure" in answer


def test_names_from_a_table_are_text(page):
    """No name opens a tag, in the page or in what Plotly reads; people are not named at all."""
    assert NASTY not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>therapy" not in page
    assert {escape_text(NASTY), "mother"} == {
        trace["name"] for trace in held(page, "pictures")["plane"]["data"] if "text" in trace
    }
    assert "p007" not in page


def test_a_failed_fit_says_so_everywhere(failed):
    """At the top, in every caption and picture, in every line of a table and beside every sentence with numbers."""
    assert re.search(r'<header>.*?class="verdict bad".*?</header>', failed, re.DOTALL)
    assert "<li>17 divergent transitions.</li>" in failed
    assert "<li>Try: hold on.</li>" in failed
    own = failed.replace(within(failed, "comparison"), "")  # which judges its fits itself
    beside = re.findall(r"<figcaption>.*?</figcaption>|<p class=\"answer\">.*?</p>", own, re.DOTALL)
    assert len(beside) > 8
    assert all('<strong class="mark">FAILED</strong>' in text for text in beside)
    written_with = ("<td>FAILED</td>", "<td>passed</td>")  # the tables of the run were written when it passed
    lines = re.findall(r"<tr><td.*?</tr>", own)
    assert len(lines) > 20
    assert all(any(gate in line for gate in written_with) for line in lines)
    assert all("FAILED" in str(spec["layout"]["annotations"]) for spec in held(failed, "pictures").values())
    assert {one["forecast"] for one in held(failed, "pages").values()} == {"No forecast: the fit failed its gate."}


@pytest.mark.parametrize(
    ("facts", "word", "says"),
    [
        ({}, "passed", "may be used"),
        ({"passed": False}, "FAILED", "do not use"),
        ({"exact": False, "method": "laplace"}, "approximate (laplace)", "check what matters"),
        ({"passed": False, "partial": "200 of 750 draws"}, "PARTIAL", "Do not use"),
    ],
)
def test_verdicts(facts, word, says):
    found = {"passed": True, "exact": True, "partial": "", "method": "nuts"} | facts
    assert text.status_word(found) == word
    assert says in text.status_headline(found)


FACTS = {"settings": {"draws": 900}, "method": "nuts"}


@pytest.mark.parametrize(
    ("study", "theory", "named"),
    [
        ("mine/study.toml", "mine/arm.toml", "mine/study.toml --theory mine/arm.toml"),
        ("mine/study.toml", "other.toml", "mine/study.toml --theory other.toml"),
        ("mine/study.toml", str(model_library() / "kalman.toml"), "mine/study.toml --theory kalman"),
    ],
)
def test_the_command_can_be_typed_again_where_it_was_typed(study, theory, named, tmp_path, monkeypatch):
    """Paths are those of the folder that one stood in, though the study gave its theory in full."""
    monkeypatch.chdir(tmp_path)
    theory = str(tmp_path / theory) if theory.startswith("mine") else theory
    typed = text.reproduction_command(FACTS | {"files": {"study": {"path": study}, "theory": {"path": theory}}})
    assert typed.startswith(f"uv run iwm fit {named} --method nuts --draws 900")


def test_the_example_is_made_again_by_its_own_command():
    example = Path(str(resources.files("iwm_bayes"))) / "example" / "study.toml"
    files = {"study": {"path": str(example)}, "theory": {"path": str(model_library() / "rescorla_wagner.toml")}}
    assert text.reproduction_command(FACTS | {"files": files}) == "uv run iwm demo"


def test_how_many_are_insecure_at_the_end(made):
    """After each person's own last session, on average over draws: two of twelve people here end early."""
    folder, found, _ = made
    here = context.ReportContext(
        folder, "clinic", found.model, found.fit, {"criterion": {"insecure": 0.4}}, {}, context.ReportOptions()
    )
    course = context.figure_course(here, "mother")
    early = xr.DataArray(np.arange(PEOPLE) < 2, dims="person")
    shorter = course._replace(lived=course.lived.where((course.lived["session"] <= 3) | ~early))
    at_the_end = xr.where(early, course.held.sel(session=3), course.held.sel(session=6))
    by_hand = (at_the_end.min("belief") <= 0.4).sum("person").mean()
    assert 0 < by_hand < PEOPLE
    assert insecure_at_the_end(here, shorter) == pytest.approx(float(by_hand))
    assert insecure_at_the_end(here, course) != pytest.approx(float(by_hand))


def test_forecasts_only_of_whom_their_own_data_tell(made, page):
    """Those of whom the posterior knows next to nothing have a page, and no forecast."""
    _, found, _ = made
    pages, named = held(page, "pages"), pseudonyms([str(name) for name in found.data["person"].values])
    share = learning_contraction(person_summary(found.model, found.fit), found.model)
    assert re.findall(r"<option>(.*?)</option>", page) == [f"person {number}" for number in range(1, PEOPLE + 1)]
    assert named != sorted(named, key=lambda name: int(name.split()[1]))
    assert max(share[named[:UNSURE]]) < 0.5 < min(share[named[UNSURE:]])
    for place, name in enumerate(named):
        forecasts = [trace for trace in pages[name]["trajectory"]["data"] if "ahead" in trace.get("name", "")]
        assert (len(forecasts), pages[name]["forecast"][:2]) == ((0, "No") if place < UNSURE else (2, "Ah"))


@pytest.mark.parametrize(
    ("facts", "own", "sessions", "says"),
    [
        ({"passed": True}, 0.6, 3.0, ""),
        ({"passed": True}, 0.4, 3.0, "No forecast: contraction of this person's learning is 0.40"),
        ({"passed": True}, 0.6, 0.0, "No forecast: there was no session with this figure."),
        ({"passed": False}, 0.6, 3.0, "No forecast: the fit failed its gate."),
        ({"passed": True, "partial": "half"}, 0.6, 3.0, "No forecast: the fit failed its gate."),
    ],
)
def test_why_nothing_is_foretold(made, facts, own, sessions, says):
    folder, found, _ = made
    here = context.ReportContext(
        folder, "clinic", found.model, found.fit, {"partial": ""} | facts, {}, context.ReportOptions()
    )
    found = people.forecast_refusal(here, own, sessions)
    assert found.startswith(says) if says else found == ""


def test_a_comparison_must_be_of_this_theory(made, tmp_path):
    with pytest.raises(InputError, match="no comparison in which rescorla_wagner stands"):
        after.comparison_section(
            context.ReportContext(*made[:1], "clinic", *made[1][::2], {}, {}, context.ReportOptions()),
            compared(tmp_path, ["kalman"]),
        )


def test_a_comparison_is_shown(failed):
    """Its words, its tables, and whose gate failed."""
    shown = within(failed, "comparison")
    assert "kalman foretells best" in shown
    assert "FAILED for kalman" in shown
    assert "rescorla_wagner -7.0" in shown
