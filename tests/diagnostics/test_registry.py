"""What is registered appears everywhere: an estimand is one file and one line."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import xarray as xr
from numeric_tables import words_in_numbers
from runs import known, without_drawing

from iwm_bayes.cli.printing.run import Shown, print_run, run_of_analysis
from iwm_bayes.data.binding import WANTED
from iwm_bayes.diagnostics.registry import registered
from iwm_bayes.diagnostics.results import compute_results
from iwm_bayes.estimands.estimand import Estimand
from iwm_bayes.estimands.registry import ESTIMANDS, estimand_problems, parts
from iwm_bayes.report.labels import legend, table_title
from iwm_bayes.report.page import write_report
from iwm_bayes.workflow import analysis, run_folder

HOOKS = Path(__file__).parents[2] / "docs" / "hooks"


def largest_rate(model, fit, shared):
    """The largest learning rate of anybody, and how many answers are shared with other estimands."""
    rate = fit["unconstrained_posterior"]["theta"].sel(parameter="availability_rate").max("person")
    return rate.to_dataset(name="rate").assign(answers=len(shared.security))


def rate_table(dataset):
    return pd.DataFrame({"parameter": ["availability_rate"], "largest": [float(dataset["rate"].median())]})


def rate_plot(dataset):
    """A plot of its own, as a function in `viz` would make it."""
    figure, axes = plt.subplots()
    axes.hist(dataset["rate"].values.ravel())
    return {"": figure}


TOY = Estimand(
    "largest_rate",
    "The largest rate of all",
    largest_rate,
    rate_table,
    "How fast the fastest person of the study learns.",
    {"largest": "the median of the largest one, on the link scale"},
    plot=f"{__name__}:rate_plot",
    part="fastest",
)


@pytest.fixture
def with_toy(monkeypatch):
    """The registry has one estimand more."""
    monkeypatch.setitem(ESTIMANDS, TOY.name, TOY)


def run_of(folder, monkeypatch, capsys, estimands=None):
    """The folder of a run of a study, its report, and what `iwm fit` prints of it."""
    found = known()
    data = found.data.assign_attrs({WANTED: json.dumps(estimands)})
    groups = {name: found.fit[name].to_dataset() for name in found.fit.children}
    fit = xr.DataTree.from_dict(groups | {"constant_data": data})
    monkeypatch.setattr(analysis, "fit", lambda *_, **__: fit)
    without_drawing(monkeypatch)  # in the report; plots of the run are files, and are drawn
    made = analysis.analyse(found.model, data, "nuts", {})
    (folder / "study.toml").write_text("nothing")
    files = {name: folder / "study.toml" for name in ("study", "data", "model")}
    run_folder.write_analysis(made, folder / "run", files)
    print_run(run_of_analysis(made, folder / "run", "clinic"), Shown(verbose=True))
    page = write_report(folder / "run", "clinic", found.model, made.fit, results=made.results)
    return folder / "run", page.read_text(encoding="utf-8"), " ".join(capsys.readouterr().out.split())


def test_a_registered_estimand_appears_everywhere(with_toy, tmp_path, monkeypatch, capsys):
    """In terminal, report, tables and plots, with its title and legend; and on the pages of the documentation."""
    run, page, printed = run_of(tmp_path, monkeypatch, capsys)
    assert TOY.title in printed
    assert "largest: the median of the largest one, on the link scale." in printed
    assert TOY.title in page
    assert TOY.glossary in page
    table = pd.read_csv(run / "tables" / "largest_rate.csv")
    assert list(table) == ["parameter", "largest"]
    assert {f"largest_rate.{ending}" for ending in ("svg", "pdf", "png")} <= {p.name for p in (run / "plots").iterdir()}
    assert (table_title(TOY.name), legend(TOY.name, table)[:8]) == (TOY.title, "largest:")
    assert parts()[-2:] == ["fastest", "generalised"]
    monkeypatch.syspath_prepend(str(HOOKS))
    from columns import tables_page
    from estimands import estimands_page

    assert f"| {TOY.title} | {TOY.glossary} | `tables/largest_rate.csv` | `fastest` |" in estimands_page()
    assert f"## {TOY.title}" in tables_page()


def test_a_registered_estimand_is_left_out_by_its_name(with_toy, tmp_path, monkeypatch, capsys):
    run, page, printed = run_of(tmp_path, monkeypatch, capsys, ["styles"])
    assert not (run / "tables" / "largest_rate.csv").exists()
    assert TOY.title not in page + printed


def test_names_and_words_of_estimands_are_complete():
    """Each has a title and a sentence; each table has a name of its own, without spaces; sections are known."""
    for name, one in registered().items():
        assert name == one.name
        assert name.isidentifier()
        assert one.title
        assert one.glossary.endswith(".")
    assert len(registered()) == len(ESTIMANDS) + 3


def test_shared_results_are_computed_once(monkeypatch):
    """Times, arms, sensitivity and styles are made from the same answers."""
    from iwm_bayes.estimands.security import answers

    found, calls = known(), []
    original = answers.earned_security
    monkeypatch.setattr(answers, "earned_security", lambda *given: calls.append(given[2]) or original(*given))
    results = compute_results(found.model, found.fit)
    assert {"time_to_security", "arms", "sensitivity", "styles"} <= {*results.datasets}
    assert calls == list(dict.fromkeys(calls))


def test_unknown_estimands_are_named_with_the_nearest():
    class Study:
        name, estimands = "clinic", ("style", "earned_security", "alliance")

    first, second = estimand_problems(Study())
    assert first.startswith('clinic: estimands: there is no estimand "style". Did you mean "styles"?')
    assert "Did you mean" not in second


def test_tables_of_a_run_hold_numbers(made):
    """Text is made where it is printed."""
    assert words_in_numbers(made[0] / "run") == []


def test_a_column_of_yes_and_no_is_written_as_numbers(tmp_path):
    """1 and 0, and blank where it does not apply."""
    table = pd.DataFrame({"figure": ["a", "b", "c"], "censored": [True, None, False], "other": [True, False, True]})
    run_folder.write_tables(tmp_path, {"table": table})
    assert (tmp_path / "tables" / "table.csv").read_text() == "figure,censored,other\na,1,1\nb,,0\nc,0,1\n"
    assert words_in_numbers(tmp_path) == []
    run_folder.write_tables(tmp_path, {"table": table.assign(share=["93%", "12 [12, 15]", "> 24"])})
    assert words_in_numbers(tmp_path) == ["table.csv: share"]
