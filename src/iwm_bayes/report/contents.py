"""What stands in a report, section by section, as text, tables and pictures: nothing here knows of HTML."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes import plots, trajectories
from iwm_bayes.arms import arms_of, curves
from iwm_bayes.care import parse
from iwm_bayes.checks import posterior_check
from iwm_bayes.columns import ANYONE
from iwm_bayes.core import InputError, Model
from iwm_bayes.derive import earned_security, project
from iwm_bayes.individuals import number, own_share, person_table, pseudonyms
from iwm_bayes.lives import sessions_with
from iwm_bayes.people import names
from iwm_bayes.report import pictures, words
from iwm_bayes.report.tables import Picture, Table, drawing, shown, table
from iwm_bayes.summary import beside_priors

ENOUGH = 0.5  # contraction of a person's own learning from which on a forecast of that person is shown
ROOM = 4_000_000  # characters for pages on people: a report stays below 10 MB, of which Plotly takes 5
OTHER_TABLES = {
    "contrasts": "What covariates do to the average person (90 % intervals)",
    "between": "Between the members of a group: sd on the link scale",
    "likeness": "Are people of the same group alike beyond the theory? (predictive p)",
    "assimilation": "The average person, if so much of every report were what had been expected",
}


class Asked(NamedTuple):
    """What a report is to show besides."""

    people: bool = False  # a page on everyone, under pseudonyms
    plan: str = "steady:rate=0.8"  # of care, for what comes after the last session
    ahead: int = 12  # sessions
    comparison: Path | None = None  # folder of a comparison in which this theory stands


class Run(NamedTuple):
    """A run with what is derived of it."""

    folder: Path
    study: str
    model: Model
    fit: xr.DataTree
    facts: dict[str, Any]
    security: dict[str, xr.Dataset]
    asked: Asked

    @property
    def data(self) -> xr.Dataset:
        return self.fit["data"].to_dataset()

    @property
    def word(self) -> str:
        return words.word(self.facts)

    @property
    def mark(self) -> str:
        """What stands in every picture of a fit that is not to be used as it is."""
        return "" if self.word == "passed" else self.word

    @property
    def figures(self) -> list[str]:
        """Those who were met in sessions, whoever was met most often first."""
        data = self.data
        often = {name: int(sessions_with(data, name).sum()) for name in names(data) if name != ANYONE}
        return sorted((name for name in often if often[name]), key=often.__getitem__, reverse=True)

    def table(self, name: str, title: str) -> list[Table]:
        """A table of the run's folder, if it is there."""
        path = self.folder / f"{name}.csv"
        return [table(pd.read_csv(path), title, self.word)] if path.exists() else []


class Course(NamedTuple):
    """What pictures of one figure's sessions are made of."""

    held: xr.DataArray
    lived: xr.Dataset
    told: xr.Dataset


def security_of(model: Model, fit: xr.DataTree) -> dict[str, xr.Dataset]:
    """Earned security toward every figure and in general, as `analysis.analyse` has it."""
    views = [*(name for name in names(fit["data"].to_dataset()) if name != ANYONE), None]
    return {view or ANYONE: earned_security(model, fit, view) for view in views}


def from_to(course: xr.Dataset) -> str:
    """Where beliefs begin and end, in words."""
    ends = [(str(name), course["middle"].sel(belief=name).dropna("session").values) for name in course["belief"].values]
    return "; ".join(f"{name} goes from {way[0]:.2f} to {way[-1]:.2f} in {len(way) - 1} sessions" for name, way in ends)


def asked_section(run: Run) -> dict[str, Any]:
    """What was asked."""
    data, model = run.data, run.model
    left = data.attrs.get("rows_left_out", 0)
    formulas = json.loads(data.attrs.get("formulas", "{}"))
    return {
        "claim": model.claim,
        "reference": model.reference,
        "predicts": model.predicts,
        "equation": model.equation,
        "data": f"{data.sizes['person']} people, {int(data['present'].sum())} events "
        f"({int(data['seen'].sum())} with an outcome that was seen), unit of time: {data.attrs['time_unit']}"
        + (f"; {left} rows say nothing and were left out" if left else ""),
        "figures": [f"{name}: {int(sessions_with(data, name).sum())} sessions" for name in run.figures],
        "responses": [f"{name}: {int(data[f'answer_{name}'].notnull().sum())} answers" for name in model.responses],
        "formulas": [f"{name} ~ {formula}" for name, formula in formulas.items()],
    }


def data_picture(courses: dict[str, Course]) -> Picture:
    lives = {name: course.lived.merge(course.told[["answer"]]) for name, course in courses.items()}
    says = [
        f"{name}: {life['people'].sum('person').max():.0f} people, {life.sizes['session']} sessions, mean outcome "
        f"{float(life['outcome'].mean()):.2f}"
        for name, life in lives.items()
    ]
    caption = "People present, outcomes and answers by session: means, and the middle 90 % of people (shaded)."
    return drawing(plots.as_svg(plots.lived_figure(lives)), caption, f"{caption} {'; '.join(says)}.")


def answer_section(run: Run, courses: dict[str, Course], kept: dict[str, Any]) -> dict[str, Any]:
    """Earned security in words and curves, the way of the group, and what a plan of care would bring."""
    arms, found = arms_of(run.data), []
    for place, view in enumerate([*run.figures, ANYONE]):
        security = run.security[view]
        sentence, curve = words.answer(security), []
        if security["insecure"].any():
            drawn = curves(security, arms)
            below = ", ".join(map(str, drawn["arm"].values))
            caption = (
                f"Earned secure by session ({view}), among those who start insecure; 90 % intervals. "
                f"Below the axis: people who are not yet secure ({below})."
            )
            spec = pictures.earned(drawn, run.mark)
            curve = [shown(caption, f"{caption} {sentence}", f"earned-{place}", spec, kept)]
        found.append({"view": view, "sentence": sentence, "pictures": curve})
    groups = {name: trajectories.of_group(*course) for name, course in courses.items()}
    ways = []
    for place, (name, course) in enumerate(groups.items()):
        caption = f"The group along its sessions ({name}): beliefs, what happened, and answers over what is foretold."
        spec = pictures.trajectory(course, None, run.mark)
        ways.append(shown(caption, f"{caption} {from_to(course)}.", f"group-{place}", spec, kept))
    if run.model.rule and all(course.sizes["belief"] == 2 for course in groups.values()):
        caption = "The group in the belief plane, by figure (hollow: start, large: end; ellipses hold 90 %)."
        says = " ".join(f"{name}: {from_to(course)}." for name, course in groups.items())
        ways.insert(0, shown(caption, f"{caption} {says}", "plane", pictures.plane(groups, run.mark), kept))
    tables = [
        *run.table("answers", "Until earned security, under the care that was given (medians, 90 % intervals)"),
        *run.table("sensitivity", "Earned secure by the last session, by threshold and hold"),
        *run.table("styles", "Styles at the last session"),
    ]
    ahead = projection(run, kept)
    return {"views": found, "ways": ways, "tables": tables, "ahead": ahead}


def projection(run: Run, kept: dict[str, Any]) -> dict[str, Any]:
    """What further sessions under a plan of care would bring those who are insecure at the end."""
    figure = run.figures[0]
    shares = project(run.model, run.fit, parse(run.asked.plan), run.asked.ahead, figure)
    if not shares.notnull().any():
        return {
            "sentence": f"Toward {figure}, nobody is insecure at the end: there is nothing to project.",
            "pictures": [],
        }
    by_then = words.span(shares.isel(session=-1).values, "{:.0%}")
    sentence = (
        f"Under {run.asked.plan}, {by_then} of those who are insecure toward {figure} at the end would be earned "
        f"secure after {run.asked.ahead} further sessions."
    )
    spec = pictures.projection(shares, run.asked.plan, run.mark)
    caption = f"What {run.asked.ahead} further sessions would bring ({figure}; 90 % interval)."
    return {"sentence": sentence, "pictures": [shown(caption, f"{caption} {sentence}", "projection", spec, kept)]}


def parameters_section(run: Run) -> dict[str, Any]:
    """The average person before and after the data, and how far people are drawn to it."""
    groups = pd.read_csv(run.folder / "summary.csv")
    before = beside_priors(run.model, groups, names(run.data))
    caption = "The average person: 90 % before any data (grey) and after them (blue)."
    drawn = [
        drawing(
            plots.as_svg(plots.prior_posterior_figure(before)),
            caption,
            f"{caption} The numbers are in the table below.",
        )
    ]
    people = person_table(run.model, run.fit)
    if len(people) and people["shrinkage"].notna().any():
        share = people.groupby("parameter", sort=False)["shrinkage"].mean().dropna()
        says = ", ".join(f"{name} {value:.2f}" for name, value in share.items())
        caption = "How much of each person's value is borrowed from the group (dashed)."
        drawn.append(
            drawing(plots.as_svg(plots.shrinkage_figure(people)), caption, f"{caption} Mean shrinkage: {says}.")
        )
    tables = [table(groups, "The average person (90 % interval), and how much the data said", run.word)]
    return {"pictures": drawn, "tables": tables + [one for each in OTHER_TABLES.items() for one in run.table(*each)]}


def checks_section(run: Run) -> dict[str, Any]:
    """What people of the fit do, beside what people did."""
    checks = posterior_check(run.model, run.fit)
    missed = checks[checks["note"] != ""]
    holds = f"{len(checks) - len(missed)} of {len(checks)} effects lie within 95 % of what the fit's people do."
    says = f"{holds} About {0.05 * len(checks):.0f} would be missed by chance."
    caption = "Each effect on a scale of its own: seen (line, or cross), and 95 % of what the fit's people do (bar)."
    drawn = drawing(plots.as_svg(plots.checks_figure({run.model.name: checks})), caption, f"{caption} {says}")
    tables = [table(missed, "Effects that were missed, or cannot be made", run.word)] if len(missed) else []
    return {"says": says, "pictures": [drawn], "tables": tables, "all": table(checks, "All effects", run.word)}


def comparison_section(run: Run) -> dict[str, Any] | None:
    """What a comparison found in which this theory stands."""
    folder = run.asked.comparison
    if folder is None:
        return None
    from iwm_bayes.comparison import UNITS

    path = folder / "manifest.json"
    facts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if run.model.name not in facts.get("theories", []):
        raise InputError(
            [f"{folder}: is no comparison in which {run.model.name} stands. Name what `iwm compare` wrote"]
        )
    rankings = {unit: pd.read_csv(folder / f"{unit}.csv") for unit in UNITS if (folder / f"{unit}.csv").exists()}
    drawn, tables = [], []
    for unit, ranking in rankings.items():
        caption = f"By what they foretell: {UNITS[unit]}."
        tables.append(table(ranking, caption))
        says = "; ".join(
            f"{name} {apart:.1f}" for name, apart in zip(ranking["theory"], ranking["difference"], strict=True)
        )
        drawn.append(
            drawing(
                plots.as_svg(plots.comparison_figure(ranking, UNITS[unit])),
                caption,
                f"{caption} Behind the best: {says}.",
            )
        )
    tables.append(table(pd.read_csv(folder / "frequencies.csv"), "Which theory people follow"))
    against = pd.read_csv(folder / "cannot make.csv")
    tables += [table(against, "What a theory cannot make, though another can")] if len(against) else []
    return {"says": facts["says"], "agreed": facts["agreed"], "failed": facts["failed"], "pictures": drawn[:1],
            "tables": tables}  # fmt: skip


def people_section(run: Run, course: Course) -> dict[str, Any] | None:
    """A page on everyone, under pseudonyms and unranked; a forecast only where a person's own data carry it."""
    if not run.asked.people:
        return None
    figure, data, pages, used = run.figures[0], run.data, {}, 0
    share = own_share(person_table(run.model, run.fit), run.model)
    believed = run.facts["passed"] and not run.facts["partial"]
    ahead = trajectories.forecast(run.model, run.fit, figure, parse(run.asked.plan), run.asked.ahead)
    named = pseudonyms([str(person) for person in data["person"].values])
    for place, name in sorted(enumerate(named), key=lambda entry: number(entry[1])):
        shown_, own = trajectories.of_person(*course, place), float(share.get(name, 0.0))
        on = None
        if believed and own >= ENOUGH and len(shown_["session"]) > 1:
            held = ahead.isel(person=place, drop=True)
            low, middle, high = trajectories.within(held.assign_coords(session=held["session"] + shown_["session"][-1]))
            on = xr.Dataset({"low": low, "middle": middle, "high": high})
        page = {
            "trajectory": pictures.trajectory(shown_, on, run.mark),
            "plane": pictures.plane({name: shown_}, run.mark) if shown_.sizes["belief"] == 2 else None,
            "alternative": f"{name}: {from_to(shown_)}.",
            "forecast": f"Forecast of {run.asked.ahead} sessions under {run.asked.plan}: contraction {own:.2f}."
            if on is not None
            else f"No forecast: contraction of this person's learning is {own:.2f}; at least {ENOUGH:g} is asked for."
            if believed
            else "No forecast: the fit failed its gate.",
        }
        used += len(json.dumps(page))
        if used > ROOM:
            break
        pages[name] = page
    return {"figure": figure, "pages": pages, "of": len(named), "plan": run.asked.plan}


def contents(run: Run) -> dict[str, Any]:
    """Everything that a page shows; `pictures` are what it draws itself."""
    kept: dict[str, Any] = {}
    courses = {
        name: Course(
            trajectories.beliefs(run.model, run.fit, name),
            trajectories.happened(run.data, name),
            trajectories.answers(run.model, run.fit, name),
        )
        for name in run.figures
    }
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
        "people": people_section(run, courses[run.figures[0]]),
        "parameters": parameters_section(run),
        "checks": checks_section(run),
        "comparison": comparison_section(run),
        "methods": words.methods(run.model, run.facts, run.data),
        "command": words.command(run.facts),
        "files": [
            f"{name}: {Path(file['path']).name}, sha256 {file['sha256']}" for name, file in run.facts["files"].items()
        ],
        "versions": run.facts["versions"],
        "pictures": kept,
    }
