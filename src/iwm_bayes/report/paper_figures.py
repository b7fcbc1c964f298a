"""The plots of a run for a paper: people in the attachment space, and the trajectory of the group, by figure."""

from collections.abc import Mapping
from pathlib import Path

from iwm_bayes.estimands.attachment_space import attachment_space_data
from iwm_bayes.estimands.trajectories import group_trajectory
from iwm_bayes.report.context import ReportContext, Trajectory
from iwm_bayes.viz.attachment_space import attachment_space_plot
from iwm_bayes.viz.trajectory import trajectory_plot
from iwm_bayes.workflow.run_folder import file_label, write_plots


def write_paper_figures(run: ReportContext, by_figure: Mapping[str, Trajectory], folder: Path) -> None:
    """Write the plots into a folder."""
    groups = {figure: group_trajectory(*trajectory) for figure, trajectory in by_figure.items()}
    plots = {}
    for figure in by_figure:
        security = run.security[figure].security if figure in run.security else None
        people = attachment_space_data(run.model, run.fit, figure, security)
        if people:
            plots[f"attachment_space_{file_label(figure)}"] = attachment_space_plot(people, run.styles)
    plots |= {f"trajectory_{file_label(figure)}": trajectory_plot(group, figure) for figure, group in groups.items()}
    write_plots(folder, plots)
