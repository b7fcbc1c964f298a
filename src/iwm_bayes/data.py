"""From a table to what every person lived through: a validated `xarray.Dataset`.

Dims are (event, person), and `figure` names the figures. Each person's events come first, in order;
where a person has fewer than the longest, `present` is False and nothing happens.

    outcome        observed responsiveness 0..1; 0 where unseen
    seen           the person experienced the outcome
    figure_index   position along `figure` of who was met
    assessment     nothing could happen: no outcome was seen and no act was called for
    session, time  as in the table; time in units of `attrs["time_unit"]`
    since_figure   time since this person's last event with this figure; 1 at the first
    since_any      time since this person's last event; 1 at the first
    distress, threat   0..1, 0 where not recorded
    answer_NAME    one variable per response; NaN where there is none
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.core import InputError, Model
from iwm_bayes.study import Study
from iwm_bayes.table import Table, blank, chosen, complete, missing_columns, open_table, scaled, texts, times


def without_empty_rows(table: Table, study: Study, model: Model) -> Table:
    """The table without rows that name no figure, outcome or response: a trial that was missed says nothing."""
    named = study.columns
    telling = [named.outcome.column, *([named.figure] if named.figure else [])]
    telling += [study.responses[name].column for name in model.responses]
    empty = np.all([blank(table, column) for column in telling], axis=0)
    if empty.all():
        raise InputError([f"{table.file}: no row has an outcome or a response. Check the columns that the study names"])
    return table._replace(frame=table.frame[~empty])


def answer(table: Table, study: Study, model: Model, name: str) -> np.ndarray:
    """One response's column as numbers in the family's units."""
    given = study.responses[name]
    if model.responses[name].family.whole and given.levels is not None:
        return chosen(table, given.column, given.levels)
    found = scaled(table, given.column, given.scale or (0.0, 1.0))
    if model.responses[name].family.whole:
        off = ~np.isnan(found) & (found != 0) & (found != 1)
        table.report(off, given.column, "neither 0 nor 1", f"Say which answers mean 0 and 1: `levels` of `{name}`")
    return found


def outcomes(table: Table, study: Study) -> dict[str, np.ndarray]:
    """Outcome and whether it was seen, before unrecorded ones are filled in; NaN marks those."""
    given = study.columns.outcome
    found = scaled(table, given.column, given.scale)
    if given.cut is not None:
        cut = (given.cut - given.scale[0]) / (given.scale[1] - given.scale[0])
        found = np.where(np.isnan(found), np.nan, found >= cut)
    absent = np.isnan(found)
    if given.missing is None:
        remedy = 'Say what a blank means: missing = "unseen" (nothing happened) or "unrecorded" (a form is missing)'
        table.report(absent & blank(table, given.column), given.column, "a blank outcome", remedy)
    if given.missing == "unrecorded" and absent.all():
        remedy = 'Give outcomes, or say that nothing happened: missing = "unseen"'
        table.report(absent, given.column, "no outcome was recorded", remedy)
    if given.missing == "unrecorded":
        return {"outcome": found, "seen": np.ones(len(found), dtype=bool)}
    return {"outcome": np.where(absent, 0.0, found), "seen": ~absent}


def columns(table: Table, study: Study, model: Model) -> pd.DataFrame:
    """Every column that the program uses, under the program's names, one row per event."""
    named = study.columns
    found: dict[str, Any] = {
        "person": texts(table, named.person),
        "session": complete(table, named.session),
        "figure": texts(table, named.figure) if named.figure else np.full(len(table.frame), "figure"),
    }
    found["time"], dated = times(table, named.time) if named.time else (found["session"], False)
    found |= outcomes(table, study)
    for name, column in (("distress", named.distress), ("threat", named.threat)):
        values = scaled(table, column.column, column.scale) if column else np.zeros(len(table.frame))
        found[name] = np.nan_to_num(values)
    found |= {f"answer_{name}": answer(table, study, model, name) for name in model.responses}
    acts = [found[f"answer_{name}"] for name, response in model.responses.items() if response.effect != "none"]
    acted = np.any(~np.isnan(acts), axis=0) if acts else np.zeros(len(table.frame), dtype=bool)
    found["assessment"] = ~found["seen"] & ~acted
    frame = pd.DataFrame(found)
    frame.attrs["dated"] = dated
    return frame


def check_rows(table: Table, frame: pd.DataFrame, study: Study) -> None:
    """Faults that show only between rows: duplicates, time running backwards, silent people."""
    named = study.columns
    twice = frame.duplicated(["person", "session", "figure"], keep=False).to_numpy()
    remedy = "Keep one row for each person, session and figure"
    table.report(twice, named.session, "the same person, session and figure more than once", remedy)
    ordered = frame.sort_values(["person", "session"], kind="stable")
    backwards = ordered.groupby("person")["time"].diff().lt(0).sort_index().to_numpy()
    remedy = "Correct the time or the session number"
    table.report(backwards, named.time or named.session, "time runs backwards", remedy)
    answers = frame.filter(like="answer_").notna().any(axis=1)
    silent = ~answers.groupby(frame["person"]).transform("any").to_numpy()
    table.report(silent, named.person, "a person without any response", "Leave this person out, or give a response")


def fill_unrecorded(frame: pd.DataFrame) -> pd.DataFrame:
    """Unrecorded outcomes teach with the mean of what this person recorded of this figure."""
    recorded = frame["outcome"]
    by_figure = recorded.groupby([frame["person"], frame["figure"]]).transform("mean")
    by_person = recorded.groupby(frame["person"]).transform("mean")
    filled = recorded.fillna(by_figure).fillna(by_person).fillna(recorded.mean())
    return frame.assign(outcome=filled)


def since(frame: pd.DataFrame, by: list[str]) -> np.ndarray:
    """Time since the last event of the same group; 1 at the first."""
    return frame.groupby(by)["time"].diff().fillna(1.0).to_numpy()


def arrange(frame: pd.DataFrame, responses: Mapping[str, Any], time_unit: str) -> xr.Dataset:
    """Events in a table, one row each and in order within a person, to the (event, person) Dataset."""
    frame = frame.assign(since_figure=since(frame, ["person", "figure"]), since_any=since(frame, ["person"]))
    people, figures = pd.unique(frame["person"]), pd.unique(frame["figure"])
    person = pd.Categorical(frame["person"], categories=people).codes
    event = frame.groupby("person").cumcount().to_numpy()
    frame = frame.assign(figure_index=pd.Categorical(frame["figure"], categories=figures).codes)
    shape = (int(event.max()) + 1, len(people))

    def grid(values: np.ndarray, empty: Any) -> tuple[tuple[str, str], np.ndarray]:
        filled = np.full(shape, empty)
        filled[event, person] = values
        return ("event", "person"), filled

    numeric = ("outcome", "since_figure", "since_any", "distress", "threat")
    arranged = {name: grid(frame[name].to_numpy(), 0.0) for name in numeric}
    arranged |= {name: grid(frame[name].to_numpy(), np.nan) for name in ("session", "time")}
    arranged |= {f"answer_{name}": grid(frame[f"answer_{name}"].to_numpy(), np.nan) for name in responses}
    arranged |= {name: grid(frame[name].to_numpy(), False) for name in ("seen", "assessment")}
    arranged["present"] = grid(np.ones(len(frame), dtype=bool), False)
    arranged["figure_index"] = grid(frame["figure_index"].to_numpy(), 0)
    coordinates = {"person": people.astype(str), "figure": figures.astype(str), "event": np.arange(shape[0])}
    return xr.Dataset(arranged, coordinates, {"time_unit": time_unit})


def in_median_gaps(frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Dates in units of their median gap, so that priors on what time does have a unit."""
    gaps = frame.groupby("person")["time"].diff()
    typical = float(gaps[gaps > 0].median()) if (gaps > 0).any() else 1.0
    return frame.assign(time=frame["time"] / typical), f"{typical:g} days"


def read(study: Study, model: Model) -> xr.Dataset:
    """The study's table as a Dataset for this theory; InputError lists every problem at once."""
    unsupplied = [name for name in model.responses if name not in study.responses]
    unasked = [name for name in study.responses if name not in model.responses and len(study.theory) == 1]
    table = open_table(study.data)
    table.problems.extend(
        f"study {study.name}: the theory {model.name} has a response `{name}` that the study does not supply. "
        f"Add [responses.{name}] with its column, or choose another theory"
        for name in unsupplied
    )
    table.problems.extend(
        f"study {study.name}: [responses.{name}] is no response of the theory {model.name}, "
        f"which has {', '.join(model.responses)}. Rename it or take it out"
        for name in unasked
    )
    named = study.columns
    optional = [named.figure, named.time, *(part.column for part in (named.distress, named.threat) if part)]
    wanted = [named.person, named.session, named.outcome.column, *(name for name in optional if name)]
    wanted += [given.column for name, given in study.responses.items() if name in model.responses]
    if missing_columns(table, wanted) or table.problems:
        raise InputError(table.problems)
    given = len(table.frame)
    table = without_empty_rows(table, study, model)
    frame = columns(table, study, model)
    if not table.problems:
        check_rows(table, frame, study)
    if table.problems:
        raise InputError(table.problems)
    dated = frame.attrs["dated"]
    frame = fill_unrecorded(frame).sort_values(["person", "session"], kind="stable")
    frame, unit = in_median_gaps(frame) if dated else (frame, "session" if named.time is None else named.time)
    return arrange(frame, model.responses, unit).assign_attrs(rows_left_out=given - len(frame))


def to_table(data: xr.Dataset) -> pd.DataFrame:
    """A Dataset as the table it would be read from: one row per event, blank where nothing was seen or answered."""
    frame = data.drop_vars("figure").to_dataframe().reset_index()
    frame = frame[frame["present"]].sort_values(["person", "session"], kind="stable")
    named = {
        "person": frame["person"],
        "session": frame["session"],
        "figure": data["figure"].values[frame["figure_index"]],
        "outcome": frame["outcome"].where(frame["seen"]),
    }
    answers = [str(name) for name in data.data_vars if str(name).startswith("answer_")]
    answered = {name.removeprefix("answer_"): frame[name] for name in answers}
    return pd.DataFrame(named | answered)
