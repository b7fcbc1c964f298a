"""Figures for paper: one function from a Dataset or table to a figure, no statistics beyond means and intervals."""

from iwm_bayes.plots.assurance import assurance_figure
from iwm_bayes.plots.checks import checks_figure
from iwm_bayes.plots.comparison import comparison_figure
from iwm_bayes.plots.lived import lived_figure
from iwm_bayes.plots.look import as_svg, save
from iwm_bayes.plots.parameters import prior_posterior_figure, shrinkage_figure
from iwm_bayes.plots.plane import belief_plane
from iwm_bayes.plots.predictions import matrix_figure, shares_figure
from iwm_bayes.plots.security import earned_curve, projection_figure
from iwm_bayes.plots.studies import calibration_figure, confusion_figure, recovery_figure
from iwm_bayes.plots.trajectory import trajectory_figure

__all__ = [
    "as_svg",
    "assurance_figure",
    "belief_plane",
    "calibration_figure",
    "checks_figure",
    "comparison_figure",
    "confusion_figure",
    "earned_curve",
    "lived_figure",
    "matrix_figure",
    "prior_posterior_figure",
    "projection_figure",
    "recovery_figure",
    "save",
    "shares_figure",
    "shrinkage_figure",
    "trajectory_figure",
]
