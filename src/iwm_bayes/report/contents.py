"""What stands in a report, section by section, as text, tables and pictures: nothing here knows of HTML."""

from pathlib import Path
from typing import Any

from iwm_bayes.report import text
from iwm_bayes.report.context import FigureCourse, ReportContext
from iwm_bayes.report.sections.after import comparison_section, parameter_section, ppc_section
from iwm_bayes.report.sections.answer import answer_section
from iwm_bayes.report.sections.before import data_overview, question_section
from iwm_bayes.report.sections.people import people_section


def report_contents(run: ReportContext, courses: dict[str, FigureCourse]) -> dict[str, Any]:
    """Everything that a page shows; `pictures` are what it draws itself."""
    kept: dict[str, Any] = {}
    return {
        "study": run.study,
        "theory": run.model.name,
        "word": run.word,
        "headline": text.status_headline(run.facts),
        "asked": question_section(run),
        "data_picture": data_overview(courses),
        "verdict": text.convergence_sentences(run.facts),
        "definition": text.criterion_sentence(run.facts["criterion"]),
        "answer": answer_section(run, courses, kept),
        "people": people_section(run, courses[run.figures[0]]) if run.asked.people else None,
        "parameters": parameter_section(run),
        "checks": ppc_section(run),
        "comparison": comparison_section(run, run.asked.comparison) if run.asked.comparison else None,
        "methods": text.methods_paragraph(run.model, run.facts, run.data),
        "command": text.reproduction_command(run.facts),
        "files": [
            f"{name}: {Path(file['path']).name}, sha256 {file['sha256']}" for name, file in run.facts["files"].items()
        ],
        "versions": run.facts["versions"],
        "pictures": kept,
    }
