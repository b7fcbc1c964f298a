"""The figures of a run for paper, as SVG and PDF beside its report: the plane, and the group along its sessions."""

from collections.abc import Mapping
from urllib.parse import quote

from iwm_bayes.report.context import Course, Run
from iwm_bayes.viz.belief_plane import belief_plane
from iwm_bayes.viz.style import save
from iwm_bayes.viz.trajectories import of_group
from iwm_bayes.viz.trajectory import trajectory_figure


def for_paper(run: Run, courses: Mapping[str, Course]) -> None:
    """Write them into the run's folder."""
    groups = {name: of_group(*course) for name, course in courses.items()}
    figures = {"plane": belief_plane(groups)}
    figures |= {f"trajectory {quote(name, safe=' ')}": trajectory_figure(group, name) for name, group in groups.items()}
    for name, figure in figures.items():
        save(figure, *(run.folder / f"{name}.{kind}" for kind in ("svg", "pdf")))
