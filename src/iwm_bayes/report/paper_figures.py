"""The plots of a run for a paper: attachment space, and the trajectory of the group with each figure."""

from collections.abc import Mapping
from pathlib import Path

from iwm_bayes.estimands.trajectories import group_trajectory
from iwm_bayes.report.context import ReportContext, Trajectory
from iwm_bayes.viz.attachment_space import attachment_space_plot
from iwm_bayes.viz.trajectory import trajectory_plot
from iwm_bayes.workflow.run_folder import file_label, write_plots


def write_paper_figures(run: ReportContext, by_figure: Mapping[str, Trajectory], folder: Path) -> None:
    """Write the plots into a folder."""
    groups = {figure: group_trajectory(*trajectory) for figure, trajectory in by_figure.items()}
    plots = {"attachment_space": attachment_space_plot(groups, run.styles)}
    plots |= {f"trajectory_{file_label(figure)}": trajectory_plot(group, figure) for figure, group in groups.items()}
    write_plots(folder, plots)
