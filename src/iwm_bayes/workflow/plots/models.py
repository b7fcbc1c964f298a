"""Plots of a comparison of models."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from iwm_bayes.comparison.compare import Comparison, comparison_data
from iwm_bayes.comparison.model_frequencies import attribution_data
from iwm_bayes.viz.comparison import attribution_plot, comparison_plot
from iwm_bayes.workflow.comparison_folder import read_comparison


def rankings_and_evidence(comparison: Comparison | str | Path) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return the rankings by unit of cross-validation and the log evidence of a comparison or its folder."""
    if isinstance(comparison, Comparison):
        return dict(comparison.rankings), comparison.evidence
    stored = read_comparison(Path(comparison))
    return stored.rankings, stored.evidence


def plot_comparison(comparison: Comparison | str | Path) -> Figure:
    """Plot the difference in ELPD of each model from the best, with two standard errors.

    `comparison` is what `compare` returns, or the folder that `iwm compare` wrote; InputError if it is none.

    Examples
    --------
    >>> plot_comparison(compare({"kalman": one, "growth": other}, cv="lfo"))
    >>> plot_comparison("runs/comparison")
    """
    rankings, _ = rankings_and_evidence(comparison)
    unit, ranking = next(iter(rankings.items()))
    return comparison_plot(comparison_data(ranking, unit))


def plot_attribution(comparison: Comparison | str | Path, columns: int = 2) -> Figure:
    """Plot how frequent each model is in the population, and the probability that each person follows it.

    Both are by random-effects Bayesian model selection. People have pseudonyms. `comparison` is that of
    `plot_comparison`. `columns` is the number of panels side by side: 2, or 1.
    """
    _, evidence = rankings_and_evidence(comparison)
    return attribution_plot(attribution_data(evidence), columns)
