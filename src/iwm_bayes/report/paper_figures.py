"""The figures of a run for paper, as SVG and PDF beside its report: the plane, and the group along its sessions."""

from collections.abc import Mapping
from urllib.parse import quote

from iwm_bayes.report.context import FigureCourse, ReportContext
from iwm_bayes.viz.belief_plane import attachment_space_plot
from iwm_bayes.viz.style import save_plot
from iwm_bayes.viz.trajectories import group_trajectory
from iwm_bayes.viz.trajectory import trajectory_plot


def write_paper_figures(run: ReportContext, courses: Mapping[str, FigureCourse]) -> None:
    """Write them into the run's folder."""
    groups = {name: group_trajectory(*course) for name, course in courses.items()}
    figures = {"plane": attachment_space_plot(groups)}
    figures |= {f"trajectory {quote(name, safe=' ')}": trajectory_plot(group, name) for name, group in groups.items()}
    for name, figure in figures.items():
        save_plot(figure, *(run.folder / f"{name}.{kind}" for kind in ("svg", "pdf")))
