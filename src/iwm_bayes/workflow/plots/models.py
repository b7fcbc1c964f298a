"""Plots of a comparison of models."""

from matplotlib.figure import Figure

from iwm_bayes.comparison.compare import Comparison, comparison_data
from iwm_bayes.comparison.model_frequencies import attribution_data
from iwm_bayes.viz.comparison import attribution_plot, comparison_plot


def plot_comparison(comparison: Comparison) -> Figure:
    """Plot the difference in ELPD of each model from the best, with two standard errors.

    Examples
    --------
    >>> plot_comparison(compare({"kalman": one, "growth": other}, cv="lfo"))
    """
    unit = next(iter(comparison.rankings))
    return comparison_plot(comparison_data(comparison.ranking, unit))


def plot_attribution(comparison: Comparison, columns: int = 2) -> Figure:
    """Plot how frequent each model is in the population, and the probability that each person follows it.

    Both are by random-effects Bayesian model selection. People have pseudonyms. `columns` is the number of panels side
    by side: 2, or 1.
    """
    return attribution_plot(attribution_data(comparison.evidence), columns)
