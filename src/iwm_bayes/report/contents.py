"""What stands in a report, section by section, as text, tables and pictures: nothing here knows of HTML."""

from pathlib import Path
from typing import Any

from iwm_bayes.report import text
from iwm_bayes.report.context import Course, Run
from iwm_bayes.report.sections.after import checks_section, comparison_section, parameters_section
from iwm_bayes.report.sections.answer import answer_section
from iwm_bayes.report.sections.before import asked_section, data_picture
from iwm_bayes.report.sections.people import people_section


def contents(run: Run, courses: dict[str, Course]) -> dict[str, Any]:
    """Everything that a page shows; `pictures` are what it draws itself."""
    kept: dict[str, Any] = {}
    return {
        "study": run.study,
        "theory": run.model.name,
        "word": run.word,
        "headline": text.headline(run.facts),
        "asked": asked_section(run),
        "data_picture": data_picture(courses),
        "verdict": text.verdict(run.facts),
        "definition": text.definition(run.facts["criterion"]),
        "answer": answer_section(run, courses, kept),
        "people": people_section(run, courses[run.figures[0]]) if run.asked.people else None,
        "parameters": parameters_section(run),
        "checks": checks_section(run),
        "comparison": comparison_section(run, run.asked.comparison) if run.asked.comparison else None,
        "methods": text.methods(run.model, run.facts, run.data),
        "command": text.command(run.facts),
        "files": [
            f"{name}: {Path(file['path']).name}, sha256 {file['sha256']}" for name, file in run.facts["files"].items()
        ],
        "versions": run.facts["versions"],
        "pictures": kept,
    }
