"""Everything that a report shows, section by section, as text, tables and plots; no HTML is written here."""

from pathlib import Path
from typing import Any

from iwm_bayes.report import methods, text
from iwm_bayes.report.context import ReportContext, Trajectory
from iwm_bayes.report.sections.answer import answer_section
from iwm_bayes.report.sections.model_comparison import comparison_section
from iwm_bayes.report.sections.parameters import parameter_section
from iwm_bayes.report.sections.people import people_section
from iwm_bayes.report.sections.predictive_checks import ppc_section
from iwm_bayes.report.sections.question import data_overview, question_section

SECURITY_QUESTION = (
    "How many sessions and corrective experiences do people need to become earned secure, if this hypothesis is true?"
)
BELIEF_QUESTION = "How do people's beliefs change from session to session, if this hypothesis is true?"


def report_contents(run: ReportContext, by_figure: dict[str, Trajectory]) -> dict[str, Any]:
    """Return the contents of a page by section; `plots` holds the specifications of the plots that the page draws."""
    plots: dict[str, Any] = {}
    return {
        "study": run.study,
        "model": run.model.name,
        "status": run.status,
        "answer_title": "Time to earned security" if run.security else "Trajectories",
        "question_sentence": SECURITY_QUESTION if run.security else BELIEF_QUESTION,
        "headline": text.status_headline(run.facts),
        "question": question_section(run),
        "data_plot": data_overview(by_figure),
        "convergence": text.convergence_sentences(run.facts, run.permutation_test),
        "criterion": text.criterion_sentences(run.facts["criterion"], run.has_worth) if run.security else "",
        "answer": answer_section(run, by_figure, plots),
        "people": people_section(run, by_figure[run.figures[0]]) if run.options.person_table else None,
        "parameters": parameter_section(run),
        "checks": ppc_section(run),
        "comparison": comparison_section(run, run.options.comparison) if run.options.comparison else None,
        "methods": methods.methods_paragraph(run),
        "command": methods.reproduction_command(run.facts),
        "files": [
            f"{name}: {Path(file['path']).name}, sha256 {file['sha256']}" for name, file in run.facts["files"].items()
        ],
        "versions": run.facts["versions"],
        "plots": plots,
    }
