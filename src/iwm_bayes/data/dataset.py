"""From a table to what every person lived through: a validated `xarray.Dataset`.

Dims are (event, person), and `figure` names the figures. Each person's events come first, in order;
where a person has fewer than the longest, `present` is False and nothing happens.

    outcome        observed responsiveness 0..1; 0 where unseen
    seen           the person experienced the outcome
    reported       1 where the outcome is the person's own report of it
    figure_index   position along `figure` of who was met
    assessment     nothing could happen: no outcome was seen and no act was called for
    session, time  as in the table; time in units of `attrs["time_unit"]`
    since_figure   time since this person's last event with this figure; 1 at the first
    since_any      time since this person's last event; 1 at the first
    distress, threat   0..1, 0 where not recorded
    answer_NAME    one variable per response; NaN where there is none

Where the study has formulas, what they say of each person is added: see `formulas`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.binding import binding_problems, required_columns, supplied_responses, with_timing
from iwm_bayes.data.columns import drop_empty_rows, read_columns
from iwm_bayes.data.event_checks import check_rows, fill_unrecorded, split_session_answers, time_since
from iwm_bayes.data.study import Study
from iwm_bayes.data.table import Table, missing_columns, open_table
from iwm_bayes.types import GENERALISED, InputError, ModelSpec


def to_dataset(
    frame: pd.DataFrame, responses: Iterable[str], time_unit: str, figures: Sequence[str] | None = None
) -> xr.Dataset:
    """Events in a table, one row each and in order within a person, to the (event, person) Dataset.

    Figures are in the order of their first event, unless named.
    """
    frame = frame.assign(since_figure=time_since(frame, ["person", "figure"]), since_any=time_since(frame, ["person"]))
    people, named = pd.unique(frame["person"]), pd.unique(frame["figure"]) if figures is None else np.array(figures)
    person = pd.Categorical(frame["person"], categories=people).codes
    event = frame.groupby("person").cumcount().to_numpy()
    frame = frame.assign(figure_index=pd.Categorical(frame["figure"], categories=named).codes)
    shape = (int(event.max()) + 1, len(people))

    def grid(values: np.ndarray, empty: Any) -> tuple[tuple[str, str], np.ndarray]:
        filled = np.full(shape, empty)
        filled[event, person] = values
        return ("event", "person"), filled

    numeric = ("outcome", "reported", "since_figure", "since_any", "distress", "threat")
    arranged = {name: grid(frame[name].to_numpy(), 0.0) for name in numeric}
    arranged |= {name: grid(frame[name].to_numpy(), np.nan) for name in ("session", "time")}
    arranged |= {f"answer_{name}": grid(frame[f"answer_{name}"].to_numpy(), np.nan) for name in responses}
    arranged |= {name: grid(frame[name].to_numpy(), False) for name in ("seen", "assessment")}
    arranged["present"] = grid(np.ones(len(frame), dtype=bool), False)
    arranged["figure_index"] = grid(frame["figure_index"].to_numpy(), 0)
    coordinates = {"person": people.astype(str), "figure": named.astype(str), "event": np.arange(shape[0])}
    return xr.Dataset(arranged, coordinates, {"time_unit": time_unit})


def in_median_gap_units(frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Dates in units of their median gap, so that priors on what time does have a unit."""
    gaps = frame.groupby("person")["time"].diff()
    typical = float(gaps[gaps > 0].median()) if (gaps > 0).any() else 1.0
    return frame.assign(time=frame["time"] / typical), f"{typical:g} days"


def read_data(study: Study, model: ModelSpec) -> xr.Dataset:
    """The study's table as a Dataset for this theory; InputError lists every problem at once."""
    if study.people is None:
        return table_to_dataset(open_table(study.data), study, model)
    from iwm_bayes.data.covariates import (
        attach_covariates,
    )  # formulas take a second to import, which most commands need not wait for
    from iwm_bayes.data.formulas import formula_problems

    try:
        data = table_to_dataset(open_table(study.data), study, model)
    except InputError as error:
        raise InputError([*error.problems, *formula_problems(study.formulas, model)]) from error
    return attach_covariates(study, model, data, study.people)


def table_to_dataset(table: Table, study: Study, model: ModelSpec, known: Sequence[str] = ()) -> xr.Dataset:
    """A study's table, or whole people of it, as a Dataset; InputError lists every problem at once.

    `known` are all figures of the study in order, where the table is a part of it.
    """
    table.problems.extend(binding_problems(study, model))
    named, model = len(table.problems), supplied_responses(study, model)
    if missing_columns(table, required_columns(study, model)) or not model.responses:
        raise InputError(table.problems)
    given = len(table.frame)
    table = drop_empty_rows(table, study, model)
    frame = read_columns(table, study, model)
    left_out = given - len(frame)
    if len(table.problems) == named:
        check_rows(table, frame, study, model)
    if table.problems:
        raise InputError(table.problems)
    dated, counted = frame.attrs["dated"], frame.attrs["figures"]
    frame = fill_unrecorded(frame).sort_values(["person", "session"], kind="stable")
    frame = split_session_answers(frame, [name for name in model.responses if study.responses[name].scope == "session"])
    frame, unit = in_median_gap_units(frame) if dated else (frame, study.columns.time or "session")
    met = [figure for figure in pd.unique(frame["figure"]) if figure != GENERALISED]
    place = {0: 0} | {index + 1: met.index(figure) + 1 for index, figure in enumerate(counted) if figure in met}
    for name in (name for name, response in model.responses.items() if response.effect == "chooses"):
        frame[f"answer_{name}"] = frame[f"answer_{name}"].map(place)
    general = [GENERALISED] if (frame["figure"] == GENERALISED).any() else []
    data = to_dataset(frame, model.responses, unit, known or met + general).assign_attrs(rows_left_out=left_out)
    data.attrs["without"] = ", ".join(model.without)
    for name in model.responses:
        data.attrs[f"rater of {name}"] = study.responses[name].rater
        data.attrs[f"scope of {name}"] = study.responses[name].scope
        data[f"answer_{name}"].attrs["effect"] = model.responses[name].effect
    return data


def with_stated_reliability(study: Study, model: ModelSpec, data: xr.Dataset) -> ModelSpec:
    """The theory with every answer at its moment, and the noise of ratings that are means of items as reliable as said.

    Error variance is (1 - reliability) times the variance between people at their first answer: Lord & Novick (1968),
    Statistical Theories of Mental Test Scores.
    """
    responses = dict(model.responses)
    for name, response in model.responses.items():
        reliability = study.responses[name].reliability
        if reliability is None:
            continue
        if "noise" not in response.parameters._fields:
            raise InputError([f"[responses.{name}]: only a rating with a noise can have a stated reliability"])
        given = data[f"answer_{name}"].values
        first = given[np.argmax(~np.isnan(given), axis=0), np.arange(given.shape[1])]
        noise = float(np.sqrt(1.0 - reliability) * np.nanstd(first, ddof=1)) if len(first) > 1 else np.nan
        if not noise > 0:
            raise InputError([f"[responses.{name}]: a reliability needs people who differ. Take it out"])
        stated = response.parameters._replace(noise=response.parameters.noise._replace(fixed=noise))
        responses[name] = response._replace(parameters=stated)
    return with_timing(study, model._replace(responses=responses))


def to_table(data: xr.Dataset) -> pd.DataFrame:
    """A Dataset as the table it would be read from: one row per event, blank where nothing was seen or answered."""
    frame = data.drop_vars("figure").to_dataframe().reset_index()
    frame = frame[frame["present"]].sort_values(["person", "session"], kind="stable")
    named: dict[str, Any] = {
        "person": frame["person"],
        "session": frame["session"],
        "figure": data["figure"].values[frame["figure_index"]],
        "outcome": frame["outcome"].where(frame["seen"]),
    }
    named |= {name: frame[name] for name in ("distress", "threat") if data[name].any()}
    named["figure"] = np.where(named["figure"] == GENERALISED, "", named["figure"])
    for answer in (str(name) for name in data.data_vars if str(name).startswith("answer_")):
        name = answer.removeprefix("answer_")
        named[name] = frame[answer]
        if data[answer].attrs.get("effect") == "chooses":
            named[name] = frame[answer].map(dict(enumerate(["nobody", *data["figure"].values])))
    return pd.DataFrame(named)
