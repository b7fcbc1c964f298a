"""A comparison on the terminal: its numbers, marks of approximate and failed fits, and few lines."""

import io
import shlex

import pandas as pd
import pytest
from comparisons import comparison_of
from rich.console import Console

from iwm_bayes.cli import console
from iwm_bayes.cli.printing.comparison import Attribution, print_comparison
from iwm_bayes.cli.printing.layout import columns


def with_status(comparison, *statuses):
    """The same comparison, with the status of each fit in its ranking."""
    rankings = {
        unit: table.assign(status=table["model"].map(dict(zip(("kalman", "rescorla_wagner"), statuses, strict=True))))
        for unit, table in comparison.rankings.items()
    }
    return comparison._replace(rankings=rankings)


def printed(monkeypatch, tmp_path, comparison, width=80, verbose=False):
    """What `iwm compare` prints of a comparison."""
    file = io.StringIO()
    monkeypatch.setattr(console, "out", Console(file=file, width=width, highlight=False))
    attributions = [Attribution("Model attribution", comparison.frequencies)]
    print_comparison(comparison, attributions, tmp_path, verbose, "runs/clinic-kalman")
    return file.getvalue()


@pytest.fixture
def comparison():
    return comparison_of(mixture=True)._replace(not_converged=[])


@pytest.mark.parametrize("width", [80, 100])
def test_a_comparison_has_few_lines_with_its_own_numbers(monkeypatch, tmp_path, comparison, width):
    """ELPD, difference with its standard error, and weight are those of the ranking."""
    text = printed(monkeypatch, tmp_path, comparison, width)
    assert len(text.splitlines()) <= 30
    assert max(columns(line) for line in text.splitlines() if str(tmp_path) not in line) <= width
    [second] = [line.split() for line in text.splitlines() if line.split()[:1] == ["rescorla_wagner"]][:1]
    row = comparison.ranking.iloc[1]
    assert second[1:5] == [
        f"{row['elpd']:.1f}".replace("-", "−"),
        f"{row['elpd_diff']:.1f}".replace("-", "−"),
        f"({row['dse']:.1f})",
        f"{row['weight']:.2f}",
    ]
    assert f"{comparison.summary}." in " ".join(text.split())
    assert f"{comparison.agreement}." in " ".join(text.split())
    assert row["elpd_diff"] < 0
    assert "~" not in text
    assert "✗" not in text


def test_approximate_fits_are_marked_at_their_numbers_and_sentences(monkeypatch, tmp_path, comparison):
    """A model that was sampled has unmarked numbers of its own; what depends on both is marked."""
    marked = with_status(comparison, "converged", "approximate (laplace)")
    text = printed(monkeypatch, tmp_path, marked)
    best, second = (
        next(line.split() for line in text.splitlines() if line.split()[:1] == [name])
        for name in ("kalman", "rescorla_wagner")
    )
    assert best[1] == f"{marked.ranking['elpd'][0]:.1f}".replace("-", "−")
    assert all(number.startswith(("~", "(")) for number in second[1:5])
    assert "! Approximate   rescorla_wagner: approximate (laplace)" in text
    assert text.count("[approximate (laplace)]") + text.count("[approximate\n  (laplace)]") >= 3


def test_a_folder_with_a_blank_is_one_word_of_the_next_command(monkeypatch, tmp_path, comparison):
    text = printed(monkeypatch, tmp_path / "my comparison", comparison, 400)
    [command] = [line.removeprefix("Next").strip() for line in text.splitlines() if line.startswith("Next")]
    words = ["iwm", "report", "runs/clinic-kalman", "--comparison", str(tmp_path / "my comparison")]
    assert shlex.split(command) == words


def test_a_fit_that_has_not_converged_is_marked(monkeypatch, tmp_path, comparison):
    text = printed(monkeypatch, tmp_path, with_status(comparison, "not converged", "converged"))
    assert "✗ Not converged kalman: do not rely on this model's numbers" in text
    best = next(line.split() for line in text.splitlines() if line.split()[:1] == ["kalman"])
    assert best[1].startswith("✗")
    assert "Do not rely on it: the fits of kalman have not converged" in " ".join(text.split())


def test_all_rankings_and_failed_checks_are_long_tables(monkeypatch, tmp_path, comparison):
    """With one explanation for all rankings."""
    twice = comparison._replace(rankings=dict(comparison.rankings) | {"loo": comparison.ranking})
    short, long = (printed(monkeypatch, tmp_path, twice, 100, verbose) for verbose in (False, True))
    assert "one event of a person" not in short
    assert "one event of a person" in long
    assert long.count("elpd: expected log predictive density") == 1
    assert "Test statistics that one model does not reproduce" in long
    assert isinstance(twice.ppc_failures, pd.DataFrame)
    assert "1 predictive check that one model fails" in " ".join(short.split())
