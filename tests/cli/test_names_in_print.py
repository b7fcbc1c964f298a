"""Names from tables and files are printed as they are, whatever rich would make of them."""

import ast
import io

import pandas as pd
import pytest
import runs
import typer
from command import iwm
from rich.console import Console
from source import MODULES

from iwm_bayes.cli import console
from iwm_bayes.cli.console import (
    print_lines,
    print_not_converged,
    print_suggestions,
    print_table,
    print_warnings,
    report_interruption,
    say,
    tell,
)
from iwm_bayes.cli.printing.layout import labelled, table_lines
from iwm_bayes.cli.printing.run import Shown, print_heading, print_run
from iwm_bayes.progress import present_step, progress_bars, timed_step
from iwm_bayes.report.context import ReportContext, ReportOptions
from iwm_bayes.workflow import analysis
from iwm_bayes.workflow.run_folder import run_facts

NAMES = ["[red]", "[/b]", "mu[availability_decay]", "[link=x]y[/link]", ":warning:", "\\[bold]", "[", "]["]


@pytest.fixture(params=[True, False], ids=["terminal", "pipe"])
def printed(request, monkeypatch):
    """What is printed, on both streams, with colours where it is a terminal."""
    stream = io.StringIO()
    for name in ("out", "err"):
        one = Console(file=stream, width=console.MIN_WIDTH, force_terminal=request.param, color_system=None)
        monkeypatch.setattr(console, name, one)
    return stream.getvalue


WAYS = {  # every function that prints
    "say": say,
    "say with a label": lambda name: say(name, "Label:", "red"),
    "a label": lambda name: say("text", name, "red"),
    "tell": tell,
    "a line": lambda name: print_lines(labelled("Data", f"about {name}", 80, 9)),
    "the label of a line": lambda name: print_lines(labelled(name, "text", 80, 40, "red")),
    "a cell of a short table": lambda name: print_lines(table_lines(["figure", "n"], [[name, "1"]], 80)),
    "a warning": lambda name: print_warnings([f"about {name}"]),
    "a suggestion": lambda name: print_suggestions([f"about {name}"]),
    "a reason": lambda name: print_not_converged([f"R-hat of {name}"], []),
    "advice": lambda name: print_not_converged([], [f"fix {name}"]),
    "the title of a table": lambda name: print_table(pd.DataFrame({"x" * 40: [1]}), name),
    "a column of a table": lambda name: print_table(pd.DataFrame({name: [1]}), "Title"),
    "a cell of a table": lambda name: print_table(pd.DataFrame({"figure": [name]}), "Title"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_printed_as_it_is(printed, way, name):
    WAYS[way](name)
    assert name in printed()


def test_what_follows_an_interruption_is_printed_as_it_is(printed):
    with pytest.raises(typer.Exit) as stopped, report_interruption("continue [red]"):
        raise KeyboardInterrupt
    assert stopped.value.exit_code == console.INTERRUPTED
    assert "continue [red]" in printed()


@pytest.mark.parametrize("name", NAMES)
def test_the_bar_of_a_task_has_its_name(capsys, name):
    with progress_bars(disable=False) as update:
        update(name, 1, 1)
    with timed_step(f"fitting {name}", disable=False), present_step(disable=False) as step:
        step(f"now {name}")
    said = capsys.readouterr().err
    assert said.count(name) == 3
    assert f"fitting {name} ... 0 s" in said


def test_no_character_controls_the_terminal(printed):
    """Such as one that clears the screen, or sets the title of the window."""
    say("a\x1b[2Jb\x9b31mc\x07d\u202ee")
    assert "a\N{REPLACEMENT CHARACTER}[2Jb" in printed()
    assert not {"\x1b[2J", "\x9b", "\x07", "\u202e"} & {printed()[index : index + 4] for index in range(60)}
    assert not any(control in printed() for control in ("\x1b[2J", "\x9b", "\x07", "\u202e"))


def test_commands_print_through_these_functions_only():
    """A print of its own, or a console of its own, would take a name for markup."""
    for module in (name for name in MODULES if name.startswith("cli.") and name != "cli.console"):
        for node in ast.walk(MODULES[module]):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = getattr(node.func.value, "id", "")
                assert not (node.func.attr == "print" and owner in ("out", "err", "console")), module
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("rich"), module


@pytest.fixture(scope="module", params=["[red]", "[/b]"])
def run_about(request):
    """The analysis of a study whose figure has such a name, for every way of printing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "NASTY", request.param)
        patch.setattr(runs, "FIGURES", ["mother", request.param])
        found = runs.known()
        patch.setattr(analysis, "fit", lambda *_, **__: found.fit)
        return request.param, found, analysis.analyse(found.model, found.data, "nuts", {})


def test_a_run_about_such_a_figure_is_printed(printed, tmp_path, run_about):
    """Every table and sentence that `iwm fit` prints, with the figure named in them."""
    name, found, made = run_about
    place = tmp_path / name
    run = ReportContext(place, name, made.model, made.fit, run_facts(made, {}), made.results, ReportOptions())
    print_heading(name, made.model, found.data)
    print_run(run, Shown(verbose=True))
    text = printed()
    assert f"{name} (18 sessions)" in " ".join(text.split())
    assert f"{name}/report.html" in text
    assert sum(name in line for line in text.splitlines()) > 5


def test_bad_input_with_such_a_name_is_printed(tmp_path):
    """The message of an error goes through the same functions."""
    done = iwm("check", "[red]study[/b].toml", cwd=tmp_path)
    assert done.returncode == 1
    assert "[red]study[/b].toml" in done.stderr
