"""The contents of a report, before a browser shows it."""

import html
import json
import re
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from comparisons import written_comparison
from runs import NASTY, PEOPLE, UNSURE, spoil_manifest

from iwm_bayes.diagnostics.predictive_checks import ppc_count_sentence
from iwm_bayes.diagnostics.results import Results
from iwm_bayes.estimands.person_summary import learning_contraction, person_summary, pseudonyms
from iwm_bayes.estimands.security.tables import NEW_PEOPLE, THESE_PEOPLE
from iwm_bayes.model.specification.model_file import model_library
from iwm_bayes.report import methods, text
from iwm_bayes.report.context import ReportContext, ReportOptions, figure_trajectory
from iwm_bayes.report.page import write_report
from iwm_bayes.report.sections.answer import insecure_at_the_end
from iwm_bayes.report.sections.model_comparison import comparison_section
from iwm_bayes.report.sections.people import Person, refusal_sentence
from iwm_bayes.types import InputError
from iwm_bayes.viz.plotly.base import escape_text
from iwm_bayes.workflow.run_folder import file_label

NOT_CONVERGED = {"converged": False, "reasons": ["17 divergent transitions"], "advice": ["set --target-accept 0.95"]}


def context_of(made, facts):
    """The context of a report with these facts in its manifest."""
    folder, found, _ = made
    return ReportContext(folder, "clinic", found.model, found.fit, facts, Results({}, {}), ReportOptions())


@pytest.fixture(scope="module")
def page(reported):
    """The report of a fit that has converged."""
    return reported.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def not_converged(made, tmp_path_factory):
    """The report of a fit that has not converged, with a comparison."""
    folder, found, analysis = made
    run = shutil.copytree(folder / "run", tmp_path_factory.mktemp("not_converged") / "run")
    spoil_manifest(run, **NOT_CONVERGED)
    comparison = written_comparison(tmp_path_factory.mktemp("compared") / "comparison")
    options = ReportOptions(person_table=True, comparison=comparison)
    path = write_report(run, "clinic", found.model, found.fit, options, analysis.results)
    return path.read_text(encoding="utf-8")


def section_of(page, name):
    """The HTML of a section."""
    return re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL).group()


def embedded(page, name):
    """The JSON that the page's own script reads."""
    return json.loads(re.search(rf'id="{name}">(.*?)</script>', page, re.DOTALL).group(1))


def test_sections_come_in_their_order(page, not_converged):
    """From the question to the reproduction; a section on a comparison only if there is one."""
    order = ["question", "data", "convergence", "answer", "people", "parameters", "checks", "comparison", "methods"]
    order.append("reproduction")
    assert re.findall(r'<section id="(\w+)"', not_converged) == order
    assert re.findall(r'<section id="(\w+)"', page) == [name for name in order if name != "comparison"]


def test_plots_for_a_paper_are_in_the_run_folder(reported):
    """In three formats, under names without spaces or separators."""
    files = {path.name for path in (reported.parent / "plots").iterdir()}
    names = [f"{kind}_{file_label(NASTY)}" for kind in ("attachment_space", "trajectory", "time_to_security")]
    assert files >= {f"{name}.{ending}" for name in names for ending in ("svg", "pdf", "png")}
    assert not [name for name in files if re.search(r"[\s/<>]", name)]


def percent(line, name):
    """A share of a table with its interval, as the report writes it."""
    low, high = (f"{line[f'{name}_ci90_{end}']:.0%}" for end in ("low", "high"))
    return f"{line[name]:.0%} (90% CrI {low.removesuffix('%')}–{high})"


def test_the_answer_is_that_of_the_run(made, page):
    """The sentence has the numbers of time_to_security.csv."""
    table = pd.read_csv(made[0] / "run" / "tables" / "time_to_security.csv")
    lines = table.set_index(["figure", "about", "arm"])
    line, new = (lines.loc[(NASTY, about, "everyone")] for about in (THESE_PEOPLE, NEW_PEOPLE))
    answer, last = section_of(page, "answer"), f"{line['by_session']:.0f}"
    assert np.isnan(line["sessions_ci90_high"])  # not reached by the last session in some draws
    interval = f"{line['sessions_ci90_low']:g} to more than {last}"
    assert f"secure after {line['sessions']:g} (90% CrI {interval}) sessions" in answer
    assert f"{percent(line, 'insecure_at_baseline')} of participants are insecure at baseline" in answer
    assert f"By session {last}, the last that can be assessed" in answer
    assert f"{percent(line, 'earned_secure')} of them are earned secure" in answer
    assert f"Of new people who are insecure at baseline, {percent(new, 'earned_secure')} are" in answer


def test_only_statistics_outside_their_interval_are_listed(made, page):
    """The open table lists as many statistics as the fit has outside, the folded one all; the sentence counts them.

    Most cells of the column `status` are blank, and stay blank in the file that the report reads.
    """
    checks = made[2].tables["ppc"]
    tables = re.findall(r"<tbody>.*?</tbody>", section_of(page, "checks"), re.DOTALL)
    outside = int((checks["status"] != "").sum())
    assert [table.count("<tr>") for table in tables] == [outside, len(checks)]
    assert 0 < outside < len(checks)
    assert html.unescape(section_of(page, "checks")).count(ppc_count_sentence(checks)) >= 1


def test_names_from_a_table_are_text(page):
    """No name opens a tag, in the page or in what Plotly reads; people are not named at all."""
    assert NASTY not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>therapy" not in page
    traces = embedded(page, "plots")["space"]["data"]
    assert {escape_text(NASTY), "mother"} == {trace["name"] for trace in traces if "text" in trace}
    assert "p007" not in page


def test_a_fit_that_has_not_converged_is_marked_everywhere(not_converged):
    """At the top, in every caption and plot, in every line of a table and after every sentence with numbers."""
    assert re.search(r'<header>.*?class="status bad".*?</header>', not_converged, re.DOTALL)
    assert "<li>17 divergent transitions.</li>" in not_converged
    assert "<li>Suggestion: set --target-accept 0.95.</li>" in not_converged
    own = not_converged.replace(section_of(not_converged, "comparison"), "")  # it has statuses of its own
    marked = re.findall(r"<figcaption>.*?</figcaption>|<p class=\"answer\">.*?</p>", own, re.DOTALL)
    assert len(marked) > 8
    assert all('<strong class="mark">not converged</strong>' in text for text in marked)
    statuses = ("<td>not converged</td>", "<td>converged</td>")  # tables were written when the run had converged
    lines = re.findall(r"<tr><td.*?</tr>", own.replace(section_of(own, "checks"), ""))
    assert len(lines) > 20
    assert all(any(status in line for status in statuses) for line in lines)
    specs = embedded(not_converged, "plots").values()
    assert all("not converged" in str(spec["layout"]["annotations"]) for spec in specs)
    forecasts = {person["forecast"] for person in embedded(not_converged, "pages").values()}
    assert forecasts == {"No forecast: the fit has not converged."}


@pytest.mark.parametrize(
    ("facts", "status", "headline"),
    [
        ({}, "converged", "Converged"),
        ({"converged": False}, "not converged", "do not use"),
        ({"exact": False, "method": "laplace"}, "approximate (laplace)", "--method nuts"),
        ({"converged": False, "partial": "200 of 750 draws"}, "partial", "Do not use"),
    ],
)
def test_the_status_of_a_fit(facts, status, headline):
    manifest = {"converged": True, "exact": True, "partial": "", "method": "nuts"} | facts
    assert text.fit_status(manifest) == status
    assert headline in text.status_headline(manifest)


FACTS = {"settings": {"draws": 900}, "method": "nuts"}


@pytest.mark.parametrize(
    ("study", "model", "named"),
    [
        ("mine/study.toml", "mine/arm.toml", "mine/study.toml --model mine/arm.toml"),
        ("mine/study.toml", "other.toml", "mine/study.toml --model other.toml"),
        ("mine/study.toml", str(model_library() / "kalman.toml"), "mine/study.toml --model kalman"),
    ],
)
def test_the_command_repeats_the_run_in_the_same_folder(study, model, named, tmp_path, monkeypatch):
    """Paths are relative to the folder of the first run, also if the study names its model in full."""
    monkeypatch.chdir(tmp_path)
    model = str(tmp_path / model) if model.startswith("mine") else model
    files = {"study": {"path": study}, "model": {"path": model}}
    command = methods.reproduction_command(FACTS | {"files": files})
    assert command.startswith(f"iwm fit {named} --method nuts --draws 900")


def test_the_example_is_repeated_by_iwm_demo():
    example = Path(str(resources.files("iwm_bayes"))) / "example" / "study.toml"
    files = {"study": {"path": str(example)}, "model": {"path": str(model_library() / "rescorla_wagner.toml")}}
    assert methods.reproduction_command(FACTS | {"files": files}) == "iwm demo"


def test_how_many_are_insecure_at_the_end(made):
    """After each person's own last session, on average over draws: two of twelve people here end early."""
    run = context_of(made, {"criterion": {"insecure_at_or_below": 0.4}})
    trajectory = figure_trajectory(run, "mother")
    early = xr.DataArray(np.arange(PEOPLE) < 2, dims="person")
    shorter = trajectory._replace(events=trajectory.events.where((trajectory.events["session"] <= 3) | ~early))
    final = xr.where(early, trajectory.beliefs.sel(session=3), trajectory.beliefs.sel(session=6))
    by_hand = (final.min("belief") <= 0.4).sum("person").mean()
    assert 0 < by_hand < PEOPLE
    assert insecure_at_the_end(run, shorter) == pytest.approx(float(by_hand))
    assert insecure_at_the_end(run, trajectory) != pytest.approx(float(by_hand))


def test_forecasts_need_contraction_of_the_learning_parameters(made, page):
    """People whose data are almost uninformative have a page, and no forecast."""
    _, found, _ = made
    pages, names = embedded(page, "pages"), pseudonyms([str(name) for name in found.data["person"].values])
    contraction = learning_contraction(person_summary(found.model, found.fit), found.model)
    assert re.findall(r"<option>(.*?)</option>", page) == [f"person {number}" for number in range(1, PEOPLE + 1)]
    assert names != sorted(names, key=lambda name: int(name.split()[1]))
    assert max(contraction[names[:UNSURE]]) < 0.5 < min(contraction[names[UNSURE:]])
    for index, name in enumerate(names):
        forecasts = [trace for trace in pages[name]["trajectory"]["data"] if "forecast" in trace.get("name", "")]
        assert (len(forecasts), pages[name]["forecast"][:2]) == ((0, "No") if index < UNSURE else (2, "Fo"))


@pytest.mark.parametrize(
    ("facts", "contraction", "sessions", "refusal"),
    [
        ({"converged": True}, 0.6, 3.0, ""),
        ({"converged": True}, 0.4, 3.0, "No forecast: the contraction of this person's learning parameters is 0.40"),
        ({"converged": True}, 0.6, 0.0, "No forecast: there was no session with this figure."),
        ({"converged": False}, 0.6, 3.0, "No forecast: the fit has not converged."),
        ({"converged": True, "partial": "half"}, 0.6, 3.0, "No forecast: the fit has not converged."),
    ],
)
def test_why_there_is_no_forecast(made, facts, contraction, sessions, refusal):
    run = context_of(made, {"partial": ""} | facts)
    person = Person("person 1", xr.Dataset({"people": sessions}), xr.DataArray(0.0), contraction)
    sentence = refusal_sentence(run, person)
    assert sentence.startswith(refusal) if refusal else sentence == ""


def test_a_comparison_must_include_the_model(made, tmp_path):
    with pytest.raises(InputError, match="no comparison that includes rescorla_wagner"):
        comparison_section(context_of(made, {}), written_comparison(tmp_path / "comparison", ["kalman", "growth"]))


def test_a_comparison_is_shown(not_converged):
    """Its sentences, its tables, and which fits have not converged."""
    shown = section_of(not_converged, "comparison")
    assert "kalman has the highest ELPD" in shown
    assert "Not converged: kalman" in shown
    assert "rescorla_wagner -7.0" in shown
