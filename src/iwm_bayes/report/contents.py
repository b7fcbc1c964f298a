"""Everything that a report shows, part by part, as text, tables and exhibits; no HTML is written here."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from iwm_bayes.diagnostics.registry import registered
from iwm_bayes.estimands.security.belief_paths import session_mask
from iwm_bayes.report import methods, text
from iwm_bayes.report.answer.words import count_of, session_count, singular, with_figure
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.dyads import contents as dyads
from iwm_bayes.report.dyads.sections import pair_sections
from iwm_bayes.report.elements import Exhibit, Picture, Table
from iwm_bayes.report.sections import answer, details, groups, model_comparison, model_fit, parameters, people


def study_line(run: ReportContext) -> str:
    """Return in one line what was studied: people, sessions, model, program and date."""
    data, figure = run.data, run.figures[0]
    sessions = session_count(session_mask(data, figure).sum(axis=0))
    met = sessions.replace("session", "exchange") if run.model.members else f"{sessions} {with_figure(figure)}"
    return " · ".join(
        [
            count_of(data.sizes["person"], run.noun),
            met,
            f"model {run.model.name}",
            f"{'Bayesian fit' if run.facts['exact'] else 'approximate fit'} ({run.facts['method']})",
            f"iwm_bayes {run.facts['versions']['iwm-bayes']}",
            f"{date.today():%d %b %Y}".lstrip("0"),
        ]
    )


def report_contents(run: ReportContext) -> dict[str, Any]:
    """Return the contents of a page.

    A fit that has not converged has its diagnostics, parameters and data in folded parts, and nothing of its answer.
    """
    common = {
        "study": run.study,
        "noun": run.noun,
        "one": singular(run.noun),
        "key": run.key,
        "status": run.status,
        "mark": run.mark,
        "study_line": study_line(run),
        "convergence": {
            "sentences": text.convergence_sentences(run.facts, run.permutation_test),
            "ranks": details.rank_plot(run),
        },
        "all_parameters": all_parameters(run),
        "data": details.data_details(run),
        "members": dyads.member_links(run),
        "methods": methods.methods_paragraph(run),
        "citation": methods.bibtex(run),
        "command": methods.reproduction_command(run.facts),
        "files": [
            f"{name}: {Path(file['path']).name}, sha256 {file['sha256']}" for name, file in run.facts["files"].items()
        ],
        "versions": run.facts["versions"],
    }
    nothing: dict[str, Any] = dict.fromkeys(ANSWERS)
    if not run.key.usable:
        return common | nothing
    return common | nothing | numbered(dyad_answers(run) if run.model.members else answers(run))


ANSWERS = (
    *("terms", "prior", "figure_one", "pair", "fit", "learning", "groups", "between_sessions", "comparison"),
    *("definition", "sensitivity", "checks", "pair_tables"),
    *("styles", "others", "times", "projection", "further", "people"),
)


def answers(run: ReportContext) -> dict[str, Any]:
    """Return the parts of a page that say what a fit answers, in the order of ANSWERS."""
    checks_summary, checks_exhibit, checks_table = model_fit.predictive_check_details(run)
    return {
        "terms": text.short_definition(run.facts["criterion"], run.has_worth) if run.security else "",
        "prior": details.sensitivity_to_prior(run),
        "figure_one": answer.figure_one(run),
        "fit": {
            "sentence": model_fit.fit_sentence(run),
            "exhibits": [found for found in (model_fit.learning_curves(run), model_fit.individual_fits(run)) if found],
        },
        "learning": {
            "sentences": parameters.learning_sentences(run),
            "table": parameters.table_one(run),
            "exhibits": [found for found in (parameters.forest(run), parameters.reliability(run)) if found],
        },
        "groups": groups.group_section(run),
        "between_sessions": groups.session_section(run),
        "comparison": model_comparison.comparison_section(run),
        "definition": details.definition(run),
        "sensitivity": answer.assessed_table(run, "sensitivity"),
        "checks": {"summary": checks_summary, "exhibit": checks_exhibit, "table": checks_table},
        "styles": run.table("styles"),
        "others": {"exhibits": answer.other_figures(run), "sentences": answer.unassessed_sentences(run)},
        "times": answer.assessed_table(run, "time_to_security"),
        "projection": details.projection(run),
        "further": further_tables(run),
        "people": people.people_section(run),
    }


def dyad_answers(run: ReportContext) -> dict[str, Any]:
    """Return the parts of a page on dyads; what is about one member is in the report of this member."""
    checks_summary, checks_exhibit, checks_table = model_fit.predictive_check_details(run)
    return {
        "terms": dyads.terms(run),
        "prior": details.sensitivity_to_prior(run),
        "figure_one": dyads.figure_one(run),
        "pair": pair_sections(run),
        "fit": {"sentence": model_fit.fit_sentence(run), "exhibits": [dyads.single_dyads(run)]},
        "learning": {
            "sentences": parameters.learning_sentences(run),
            "table": parameters.table_one(run),
            "exhibits": [],
        },
        "groups": groups.group_section(run),
        "comparison": model_comparison.comparison_section(run),
        "pair_tables": dyads.pair_tables(run),
        "checks": {"summary": checks_summary, "exhibit": checks_exhibit, "table": checks_table},
        "further": further_tables(run),
    }


SHOWN = (  # tables that a part of the page shows; those of estimands that are registered later have a part of their own
    *("time_to_security", "arms", "sensitivity", "styles", "marginal_effects", "group_sd", "group_clustering"),
    *("group_summary", "expectancy_bias", *dyads.TABLES),
)


def further_tables(run: ReportContext) -> list[Table]:
    """Return the tables of registered estimands that no other part shows, but those that only become files."""
    known = registered()
    names = [name for name in run.tables if name not in SHOWN and known[name].section != "file"]
    return [table for name in names if (table := run.table(name))]


def all_parameters(run: ReportContext) -> dict[str, Any]:
    """Return every group parameter, with priors and shrinkage."""
    found = (parameters.prior_and_posterior(run), parameters.shrinkage(run))
    tables = (run.table("group_summary"), run.table("expectancy_bias"))
    return {
        "exhibits": [exhibit for exhibit in found if exhibit],
        "tables": [table for table in tables if table],
    }


OPEN_PARTS = (
    "figure_one",
    "pair",
    "fit",
    "learning",
    "groups",
    "between_sessions",
    "comparison",
)  # whose exhibits have numbers, in this order


def numbered(parts: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a page with numbers for the exhibits of open parts."""
    number = 0
    for name in OPEN_PARTS:
        part = parts.get(name)
        if isinstance(part, Exhibit):
            number += 1
            parts[name] = part._replace(number=number)
            continue
        for one in part if isinstance(part, list) else [part] if part else []:
            exhibits = one["exhibits"]
            one["exhibits"] = [each._replace(number=number + index + 1) for index, each in enumerate(exhibits)]
            number += len(exhibits)
    return parts


def pictures(part: Any) -> Iterator[Picture]:
    """Iterate over every picture in the contents of a page."""
    if isinstance(part, Picture):
        yield part
    elif isinstance(part, dict):
        for value in part.values():
            yield from pictures(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from pictures(value)
