"""A run on the terminal: few lines, none too long, and every number that of the fit."""

import io
import re
from dataclasses import replace

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from rich.console import Console
from scipy.special import expit

from iwm_bayes.cli import console
from iwm_bayes.cli.printing.heading import heading, phases, warning_lines
from iwm_bayes.cli.printing.layout import columns
from iwm_bayes.cli.printing.names import parameter_words, response_words
from iwm_bayes.cli.printing.result import answer_lines, parameter_cells, place_lines, recovery_lines
from iwm_bayes.cli.printing.run import MAX_LINES, Shown, print_heading, print_run, run_of_analysis
from iwm_bayes.model.priors import free_parameters
from iwm_bayes.report.labels import table_meanings
from iwm_bayes.workflow.load import describe_data

COMMANDS = ("iwm compare study.toml --model kalman", "iwm report runs/clinic-kalman --person-table")


@pytest.fixture
def run(made):
    """The run of the tests, as `iwm fit` has it after it is written."""
    folder, _, analysis = made
    return run_of_analysis(analysis, folder / "run", "clinic")


def printed(monkeypatch, run, width=80, encoding="utf-8", **shown):
    """What is printed of a run where standard output is no terminal."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    monkeypatch.setattr(console, "out", Console(file=file, width=width, highlight=False))
    print_heading(run.study, run.model, run.data)
    print_run(run, Shown(**shown))
    file.seek(0)
    return file.read()


def approximate(run):
    """The same run, as if it were by `laplace`."""
    return replace(run, facts=run.facts | {"exact": False, "method": "laplace", "convergence": {}})


def not_converged(run):
    """The same run, as if it had not converged."""
    facts = {"converged": False, "reasons": ["R-hat of a group parameter is 1.200, above 1.01"]}
    return replace(run, facts=run.facts | facts | {"advice": ["sample longer, with --draws 2000"]})


def truth(figure):
    """A true value of 71% and 13 sessions, of which the second is not inside the interval."""
    lines = [("share by session 15", 0.75, 0.6, 0.8, 0.714, True), ("sessions", 10.0, 9.0, 12.0, 13.0, False)]
    names = ["until_security", "estimate", "estimate_ci90_low", "estimate_ci90_high", "true", "true_in_ci90"]
    return pd.DataFrame(lines, columns=names).assign(figure=figure)


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("change", [lambda run: run, approximate, not_converged], ids=["nuts", "laplace", "failed"])
def test_a_run_has_few_lines_and_none_is_too_long(monkeypatch, run, width, change):
    """With the two lines on standard error, at most 35, also with true values; paths may be longer than the line."""
    text = printed(monkeypatch, change(run), width, truth=truth(run.key.figure), commands=COMMANDS)
    lines = text.replace(str(run.folder), "runs/demo").splitlines()
    assert len(lines) + 2 <= MAX_LINES
    assert [line for line in text.splitlines() if columns(line) > width and str(run.folder) not in line] == []
    assert "\x1b" not in text
    assert text.count("RESULT") == (change is not not_converged)


def test_the_short_table_has_the_numbers_of_the_fit(monkeypatch, run):
    """Median, 90% interval, between-person SD and contraction, computed here from the draws in fit.nc."""
    text = printed(monkeypatch, run, 100)
    with xr.open_datatree(run.folder / "fit.nc", engine="h5netcdf") as tree:
        posterior = tree["unconstrained_posterior"].to_dataset().load()
    for free in free_parameters(run.model, ["mother"])[:4]:
        mu = posterior["mu"].sel(parameter=free.label).values.ravel()
        low, median, high = np.quantile(expit(mu), [0.05, 0.5, 0.95])
        sd = np.median(posterior["sigma"].sel(parameter=free.label).values)
        contraction = 1 - mu.var() / free.prior_sd**2
        [line] = [line for line in text.splitlines() if line.startswith(f" {parameter_words(free.label)}  ")]
        numbers = line.removeprefix(f" {parameter_words(free.label)}").split()
        assert numbers == [f"{median:.2f}", f"{low:.2f}–{high:.2f}", f"{sd:.2f}", f"{contraction:.2f}"]


def test_the_status_has_the_numbers_of_the_fit(monkeypatch, run):
    """The largest R-hat of group parameters by ArviZ, divergences, and the checks that are outside their interval."""
    text = " ".join(printed(monkeypatch, run, 100).split())
    group = run.fit["unconstrained_posterior"].to_dataset()[["mu", "sigma"]]
    largest = max(float(values.max()) for values in az.rhat(group).values())
    assert float(re.search(r"max R-hat ([\d.]+)", text).group(1)) >= round(largest, 3)
    assert f"{int(run.fit['sample_stats']['diverging'].sum())} divergences" in text
    checks = pd.read_csv(run.folder / "tables" / "ppc.csv", keep_default_na=False)
    inside = (checks["observed"] >= checks["pi95_low"]) & (checks["observed"] <= checks["pi95_high"])
    assert f"{(~inside).sum()} of {len(checks)} predictive checks outside the 95% interval" in text
    data = run.fit["constant_data"]
    assert f"{int(data['present'].sum())} observations, {int(data['observed'].sum())} with an outcome" in text


def test_the_answer_is_the_key_result(monkeypatch, run):
    """Its first sentence, facts and sensitivity; all further sentences with --verbose."""
    key = run.key
    short, long = (" ".join(printed(monkeypatch, run, 100, verbose=verbose).split()) for verbose in (False, True))
    assert all(" ".join(key.headline.split()) in text for text in (short, long))
    assert all(" ".join(f"{fact.value} {fact.meaning}.".split()) in long for fact in key.facts[:2])
    assert all(" ".join(sentence.split()) in long for sentence in key.sentences)
    assert key.chip("sensitivity").text in short


def test_a_sentence_without_room_is_left_out_whole(run):
    """And the title says where it is; with room for everything it does not."""
    key = run.key
    few, many = answer_lines(key, 80, 6), answer_lines(key, 80, 60)
    assert len(few.lines) <= 6
    assert (few.has_all_facts, many.has_all_facts) == (False, True)
    assert [any("(more: --verbose)" in line.text for line in one.lines) for one in (few, many)] == [True, False]


def test_every_number_of_an_approximate_fit_is_marked(monkeypatch, run):
    """In the table by ~, and each sentence with its status; the method is named first."""
    text = printed(monkeypatch, approximate(run), 100)
    rows = [line for line in text.splitlines() if line.startswith((" initial", " learning"))]
    numbers = [number for row in rows for number in re.split(r"  +|–", row.strip())[1:]]
    assert len(numbers) == 4 * 5
    assert all(number.startswith("~") for number in numbers)
    answer = " ".join(text.partition("RESULT")[2].partition("Group-level")[0].split())
    assert answer.count("[approximate (laplace)]") >= 4
    assert re.search(r"! Approximate +laplace", text)
    assert "(~ approximate (laplace);" in text


def test_a_fit_that_has_not_converged_has_no_result(monkeypatch, run):
    """What is wrong and what to try are in place of the answer and of the table."""
    text = printed(monkeypatch, not_converged(run))
    assert "✗ Not converged" in text
    assert "  - R-hat of a group parameter is 1.200, above 1.01." in text
    assert "  - Sample longer, with --draws 2000." in text
    assert "Group-level parameter" not in text
    assert run.key.headline not in " ".join(text.split())
    marked = printed(monkeypatch, not_converged(run), verbose=True)
    assert "Group medians of the parameters" in marked
    assert "[not converged]" in marked


@pytest.mark.parametrize("width", [80, 100])
def test_long_tables_explain_each_word_once_and_break_none(monkeypatch, run, width):
    """With --verbose every table is there; a table that is too wide continues below."""
    text = printed(monkeypatch, run, width, verbose=True)
    flat = " ".join(text.split())
    for meanings in table_meanings().values():
        for word, meaning in meanings.items():
            assert sum(flat.count(f"{word}: {meaning}{end}") for end in (";", ". ")) <= 1
    for name in ("group_summary", "time_to_security", "arms"):
        cells = run.tables[name].iloc[:, 0].astype(str)
        assert all(word in text.split() for cell in cells for word in cell.split())
    assert max(columns(line.rstrip()) for line in text.splitlines() if str(run.folder) not in line) <= width
    assert "Risk difference" in text


def test_an_encoding_without_marks_gets_others(monkeypatch, run):
    """As on Windows, where standard output of a pipe is cp1252."""
    text = printed(monkeypatch, run, encoding="cp1252")
    assert "+ Converged" in text
    assert "–" in text
    assert "\N{CHECK MARK}" not in text
    assert "90% CrI" in printed(monkeypatch, run, encoding="ascii")


def test_phases_are_in_the_order_of_sessions(run):
    """Everybody has the mother's sessions first; where one person has them later, one does not follow the other."""
    first, second = run.data["figure"].values
    assert phases(run.data) == f"{first} (6 sessions), then {second} (18 sessions)"
    mixed = run.data["figure_index"].values.copy()
    mixed[:, 0] = mixed[::-1, 0]
    assert " and " in phases(run.data.assign(figure_index=(run.data["figure_index"].dims, mixed)))


def test_people_who_are_left_out_are_named_by_check_alone(run):
    """A page of results has how many they are; the ids of the study are for those who have its table."""
    data = run.data.assign_attrs(dropped="p002, p006", people_left_out=2, rows_left_out=1234)
    for by_name, said in (
        (False, "2 people left out, because their covariates are missing (iwm"),
        (True, ": p002, p006"),
    ):
        text = " ".join(line.text for line in heading("clinic", run.model, data, 400, by_name))
        assert said in text
        assert ("p002" in text) == by_name
        assert "1,234 rows without an outcome or a response were left out" in text
    assert "2 people left out, because their covariates are missing: p002, p006" in describe_data(data)


def test_parameters_have_two_significant_digits():
    """Also where rounding adds a digit; where the interval includes 0, of its farther end."""
    row = {"parameter": "slope", "sd_between": np.nan, "contraction": 0.5}
    cells = [
        parameter_cells(row | dict(zip(("median", "ci90_low", "ci90_high"), numbers, strict=True)), "", "~")[1:3]
        for numbers in ((0.0996, 0.0501, 0.15), (0.0021, -0.31, 0.28), (-0.254, -0.4, -0.1), (-0.0004, -0.31, 0.28))
    ]
    assert cells == [
        ["~0.10", "~0.05–~0.15"],
        ["~0.00", "~−0.31 to ~0.28"],
        ["~−0.25", "~−0.40 to ~−0.10"],
        ["~0.00", "~−0.31 to ~0.28"],
    ]


def test_the_heading_counts_people_and_parameters(run):
    text = " ".join(f"{line.label}{line.text}" for line in heading("clinic", run.model, run.data, 200))
    assert "clinic: 12 participants, mother" in text
    assert "rescorla_wagner: The learning rate is constant; 8 group-level parameters" in text
    assert "availability rating, self-worth rating, approach" in text


def test_warnings_are_counted_after_the_second():
    """The first sentence of each."""
    lines = warning_lines(["a is not identified. Add b", "c is weak", "d", "e"], 80, "iwm check explains them")
    text = "\n".join(f"{line.label}{line.text}" for line in lines)
    assert (
        text == "Warning a is not identified.\nWarning c is weak.\n        (2 more warnings; iwm check explains them)"
    )
    assert warning_lines([], 80, "see") == []


def test_true_values_stand_next_to_estimates():
    """Of the figure of the answer only; a difference of shares is in percentage points."""
    about = "share by session 15, difference of arms"
    difference = truth("therapist").head(1).assign(until_security=about, true=0.25)
    difference = difference.assign(estimate=0.2, estimate_ci90_low=-0.05, estimate_ci90_high=0.39)
    table = pd.concat([truth("therapist"), difference, truth("mother")])
    lines = [line.label + line.text for line in recovery_lines(table, "therapist", 120)]
    assert [re.split("  +", line) for line in lines] == [
        ["RECOVERY", "share by session 15", "true 71%, estimate 75% (60–80%)", "inside CrI"],
        ["", "sessions", "true 13, estimate 10 (9–12)", "outside CrI"],
        ["", about, "true 25 points, estimate 20 (−5 to 39 points)", "inside CrI"],
    ]
    assert len({line.index("true") for line in lines}) == 1


def test_names_are_words():
    assert parameter_words("availability_rate") == "learning rate availability"
    assert parameter_words("worth_start") == "initial self-worth"
    assert parameter_words("approach_bias[a friend]") == "approach bias (a friend)"
    assert parameter_words("worth_pace") == "pace self-worth"
    assert response_words("worth_ordinal_7") == "self-worth ordinal 7"


def test_paths_share_a_line_or_are_named_after_the_first(run):
    places = {"Report": run.folder / "report.html", "Plots": run.folder / "plots"}
    assert [line.text for line in place_lines(places, 400)] == [
        f"Report  {run.folder / 'report.html'}   Plots  {run.folder / 'plots'}"
    ]
    assert place_lines(places, 40)[-1].text == "(plots in the same folder)"
