"""What stands in a report, section by section, as text, tables and pictures: nothing here knows of HTML."""

from pathlib import Path
from typing import Any

from iwm_bayes.report import words
from iwm_bayes.report.after import checks_section, comparison_section, parameters_section
from iwm_bayes.report.answer import answer_section
from iwm_bayes.report.before import asked_section, data_picture
from iwm_bayes.report.people import people_section
from iwm_bayes.report.run import Course, Run


def contents(run: Run, courses: dict[str, Course]) -> dict[str, Any]:
    """Everything that a page shows; `pictures` are what it draws itself."""
    kept: dict[str, Any] = {}
    return {
        "study": run.study,
        "theory": run.model.name,
        "word": run.word,
        "headline": words.headline(run.facts),
        "asked": asked_section(run),
        "data_picture": data_picture(courses),
        "verdict": words.verdict(run.facts),
        "definition": words.definition(run.facts["criterion"]),
        "answer": answer_section(run, courses, kept),
        "people": people_section(run, courses[run.figures[0]]) if run.asked.people else None,
        "parameters": parameters_section(run),
        "checks": checks_section(run),
        "comparison": comparison_section(run, run.asked.comparison) if run.asked.comparison else None,
        "methods": words.methods(run.model, run.facts, run.data),
        "command": words.command(run.facts),
        "files": [
            f"{name}: {Path(file['path']).name}, sha256 {file['sha256']}" for name, file in run.facts["files"].items()
        ],
        "versions": run.facts["versions"],
        "pictures": kept,
    }
