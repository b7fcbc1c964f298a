"""Plots of simulated studies, from the tables that `iwm validate` and `iwm plan` write.

iwm.plot_recovery(pd.read_csv("runs/recovery-kalman/tables/recovery_people.csv"))
"""

import pandas as pd
from matplotlib.figure import Figure

from iwm_bayes.types import InputError
from iwm_bayes.validation.confusion import matrix_data
from iwm_bayes.validation.planning.assurance import planning_curve_data
from iwm_bayes.validation.recovery import RECOVERY_COLUMNS
from iwm_bayes.validation.uniformity import sbc_ranks_data
from iwm_bayes.viz.simulated_studies.matrices import confusion_plot, inversion_plot
from iwm_bayes.viz.simulated_studies.planning import planning_curve_plot
from iwm_bayes.viz.simulated_studies.recovery import recovery_plot
from iwm_bayes.viz.simulated_studies.sbc import sbc_ranks_plot


def plot_confusion(table: pd.DataFrame) -> Figure:
    """Plot the share of studies of each generating model for which each model is selected.

    `table` is `tables/confusion.csv` of `iwm validate confusion`, read by pandas.
    """
    return confusion_plot(matrix_data(table))


def plot_inversion(table: pd.DataFrame) -> Figure:
    """Plot the share of studies with a selected model that each model generated.

    `table` is `tables/inversion.csv` of `iwm validate confusion`, read by pandas.
    """
    return inversion_plot(matrix_data(table))


def plot_recovery(people: pd.DataFrame, columns: int = 3) -> Figure:
    """Plot posterior means over true values of people, with the correlation and the coverage of 90% intervals.

    `people` is `tables/recovery_people.csv` of `iwm validate recovery`, read by pandas; InputError if it is another
    table. `columns` is the number of panels side by side.
    """
    if missing := [name for name in RECOVERY_COLUMNS if name not in people]:
        remedy = "Give tables/recovery_people.csv of `iwm validate recovery`"
        raise InputError([f"the table has no column {', '.join(missing)}. {remedy}"])
    return recovery_plot(people, columns)


def plot_sbc_ranks(ranks: pd.DataFrame, columns: int = 4) -> Figure:
    """Plot how far ranks of true values are from a uniform distribution, with their 95% band.

    `ranks` is `tables/ranks.csv` of `iwm validate sbc`, read by pandas: one row per study, one column per quantity.
    `columns` is the number of panels side by side.
    """
    return sbc_ranks_plot(sbc_ranks_data(ranks), columns)


def plot_planning_curve(table: pd.DataFrame, target: float = 0.8, columns: int = 3) -> Figure:
    """Plot the probability of a decisive study by the number of sessions or people.

    `table` is `tables/assurance.csv` of `iwm plan`, read by pandas. `target` is the assurance that is asked for, 0 to
    1. `columns` is the number of panels side by side.
    """
    return planning_curve_plot(planning_curve_data(table, target), target, columns)
