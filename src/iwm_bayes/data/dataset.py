"""Turn a study's table into a checked `xarray.Dataset`, and back.

Dims are (event, person), and the coordinate `figure` names the figures. Each person's events come first, in order.
Where a person has fewer events than the longest sequence, `present` is False and nothing happens.

    outcome        observed responsiveness 0..1; 0 where not observed
    observed       the person experienced the outcome
    unrecorded     observed, but the outcome is a mean, because its form is missing or nobody rated it; only where the
                   study has such sessions
    rated          1 where the outcome is latent: `outcome` is then the mean of its ratings, which no model reads
    figure_index   position along `figure` of the figure of the event
    assessment     nothing could happen: no outcome was observed and no action was called for
    session, time  as in the table; time in units of `attrs["time_unit"]`
    since_figure   time since this person's last event with this figure; 1 at the first
    since_any      time since this person's last event; 1 at the first
    distress, threat   0..1, 0 where not recorded
    answer_NAME    one variable per response; NaN where there is none

Where a study has waves, `since_figure` and `since_any` are 1 at the first event of a wave in which beliefs restart, and
there are the variables that `waves` lists. Where it has formulas, covariates, design matrices and event terms are
added: see `formulas`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import xarray as xr
from pandas.api.types import is_numeric_dtype

from iwm_bayes.data.binding import binding_problems, required_columns, supplied_responses
from iwm_bayes.data.columns import drop_empty_rows, read_columns, with_answer_words
from iwm_bayes.data.event_checks import check_rows, split_session_answers, time_since
from iwm_bayes.data.raters import outcome_ratings
from iwm_bayes.data.study import StudySpec
from iwm_bayes.data.study_columns import ResponseColumn
from iwm_bayes.data.table import Table, missing_columns
from iwm_bayes.data.tables.table_file import open_table
from iwm_bayes.data.tables.wide import find_wide_table
from iwm_bayes.data.unrecorded import fill_unrecorded
from iwm_bayes.data.waves import by_running_session, model_with_waves, study_waves, waves_of, with_wave_terms
from iwm_bayes.types import GENERALISED, InputError, ModelSpec, Response

OF_PEOPLE, OF_SESSIONS = "covariate_", "session_covariate_"  # before the names of covariates, in those of variables


def events_to_dataset(
    events: pd.DataFrame, responses: Iterable[str], time_unit: str, figures: Sequence[str] | None = None
) -> xr.Dataset:
    """Return events, one row each and in order within a person, as the (event, person) Dataset.

    Figures are in the order of their first event, unless `figures` gives another.
    """
    person = ["person", *(["sequence"] if "sequence" in events else [])]  # within which time passes
    events = events.assign(since_figure=time_since(events, [*person, "figure"]), since_any=time_since(events, person))
    people = pd.unique(events["person"])
    names = pd.unique(events["figure"]) if figures is None else np.array(figures)
    column = pd.Categorical(events["person"], categories=people).codes
    event = events.groupby("person").cumcount().to_numpy()
    events = events.assign(figure_index=pd.Categorical(events["figure"], categories=names).codes)
    shape = (int(event.max()) + 1, len(people))

    def grid(values: np.ndarray, empty: Any) -> tuple[tuple[str, str], np.ndarray]:
        filled = np.full(shape, empty, values.dtype if isinstance(empty, str) else None)
        filled[event, column] = values
        return ("event", "person"), filled

    numeric = ("outcome", "rated", "since_figure", "since_any", "distress", "threat")
    variables = {name: grid(events[name].to_numpy(), 0.0) for name in numeric}
    variables |= {name: grid(events[name].to_numpy(), np.nan) for name in ("session", "time")}
    variables |= {f"answer_{name}": grid(events[f"answer_{name}"].to_numpy(), np.nan) for name in responses}
    yes_or_no = [name for name in ("observed", "assessment", "unrecorded") if name in events]
    variables |= {name: grid(events[name].to_numpy(), False) for name in yes_or_no}
    for name in (str(name) for name in events if str(name).startswith(OF_SESSIONS)):
        is_number = is_numeric_dtype(events[name])
        variables[name] = grid(events[name].to_numpy(None if is_number else str), np.nan if is_number else "")
    variables["present"] = grid(np.ones(len(events), dtype=bool), False)
    variables["figure_index"] = grid(events["figure_index"].to_numpy(), 0)
    if "wave" in events:
        variables["wave_index"] = grid(events["wave"].to_numpy(), 0)
        variables["session_of_wave"] = grid(events["session_of_wave"].to_numpy(), np.nan)
    coordinates = {"person": people.astype(str), "figure": names.astype(str), "event": np.arange(shape[0])}
    return xr.Dataset(variables, coordinates, {"time_unit": time_unit})


def in_median_gap_units(events: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return events with time in units of the median gap, and the name of that unit.

    Priors on the effect of time then have a unit. Gaps of 0 do not count.
    """
    gaps = events.groupby(["person", *(["sequence"] if "sequence" in events else [])])["time"].diff()
    median_gap = float(gaps[gaps > 0].median()) if (gaps > 0).any() else 1.0
    return events.assign(time=events["time"] / median_gap), "1 day" if median_gap == 1 else f"{median_gap:g} days"


def read_data(study: StudySpec, model: ModelSpec, sessions: Any = None, people: Any = None) -> xr.Dataset:
    """Return the study's table, with its covariates, as the Dataset for this model.

    Parameters
    ----------
    study, model
        What the study file and the model file say.
    sessions, people
        Frames of pandas, polars or Arrow, or paths, in place of the files that the study names: `study.data` and
        `study.people.data`. Where the study names one file as both, `sessions` takes the place of both.

    Raises
    ------
    InputError
        Lists every problem of the tables and of the formulas.
    """
    table = open_table(study.data if sessions is None else sessions, "sessions")
    if study.dyad is not None:
        from iwm_bayes.data.dyads.reading import read_dyads
        from iwm_bayes.data.dyads.roleless import as_single_people

        if study.dyad.members:
            return read_dyads(table, study, model, people)
        table, study = as_single_people(table, study, model)
    if study.people is None:
        if people is not None:
            raise InputError(["people: the study has no [people]. Name there the column `person` of this table"])
        return table_to_dataset(table, study, model)
    # formulas take a second to import, and most commands do not need them
    from iwm_bayes.data.formulas.design import formula_problems
    from iwm_bayes.data.formulas.joining import attach_covariates
    from iwm_bayes.data.formulas.session_level import session_level_names

    same = people is sessions and (people is not None or study.people.data == study.data)
    source = sessions if people is None and study.people.data == study.data else people
    people_table = open_table(study.people.data if source is None else source, "people")
    changing = session_level_names(study, table, () if same else list(map(str, people_table.frame)))
    try:
        data = table_to_dataset(table, study, model, changing=changing)
    except InputError as error:
        raise InputError([*error.problems, *formula_problems(study.formulas, model, changing)]) from error
    model = model_with_waves(model, waves_of(data))  # whose changes between waves may have formulas, too
    data = attach_covariates(study, study.people, model, data, people_table, table)
    if not data["observed"].any():
        name = study.people.data.name if people is None else "people"
        raise InputError(
            [
                f"{name}: without the people whose covariates are blank, nobody has an outcome, so "
                "there is nothing to learn from. Fill in their covariates"
            ]
        )
    return data


def dataset_hash(data: xr.Dataset) -> str:
    """Return a hash of names, dims, types, values and attributes of a Dataset; their order does not matter.

    Text counts by its letters, whatever width its array has, and every NaN is the same. It is a SHA-256 in hexadecimal.
    """
    total = hashlib.sha256()
    for name in sorted(map(str, data.variables)):
        variable = data.variables[name]
        values = np.asarray(variable.values)
        is_text = values.dtype.kind in "OUST"
        about = [name, name in data.coords, variable.dims, values.shape, "text" if is_text else values.dtype.name]
        total.update(json.dumps([*about, variable.attrs], sort_keys=True, default=plain_value).encode())
        if is_text:
            total.update(json.dumps(values.astype(str).ravel().tolist()).encode())
        else:
            numbers = np.where(np.isnan(values), np.nan, values + 0.0) if values.dtype.kind == "f" else values
            total.update(np.ascontiguousarray(numbers, values.dtype.newbyteorder("<")).tobytes())
    total.update(json.dumps(data.attrs, sort_keys=True, default=plain_value).encode())
    return total.hexdigest()


def plain_value(value: Any) -> Any:
    """Return a value of NumPy as JSON can hold it."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def renumber_choices(events: pd.DataFrame, model: ModelSpec, figures: Sequence[str], met: Sequence[str]) -> None:
    """Renumber choices of a figure in place: from the order of `figures` to that of `met`; 0 stays nobody."""
    numbers = {0: 0} | {index + 1: met.index(figure) + 1 for index, figure in enumerate(figures) if figure in met}
    for name in (name for name, response in model.responses.items() if response.effect == "chooses"):
        events[f"answer_{name}"] = events[f"answer_{name}"].map(numbers)


def scale_ends(given: ResponseColumn, response: Response) -> list[float]:
    """Return the numbers of the table that become the lowest and the highest answer; levels in words count from 1."""
    levels = response.family.levels
    default = (1.0, float(levels)) if given.levels is not None else (0.0, levels - 1.0)
    return list(given.scale or (default if response.family.discrete else (0.0, 1.0)))


def table_to_dataset(
    table: Table,
    study: StudySpec,
    model: ModelSpec,
    known: Sequence[str] = (),
    changing: Mapping[str, bool] = MappingProxyType({}),
) -> xr.Dataset:
    """Return a study's table, or the rows of some of its people, as a Dataset; InputError lists every problem.

    `known` are all figures of the study in order, where the table is a part of it. `changing` are the covariates that
    change from session to session, as `session_level_names` returns them.
    """
    table.problems.extend(binding_problems(study, model))
    n_binding, model = len(table.problems), supplied_responses(study, model)
    wanted = required_columns(study, model)
    if wide := find_wide_table(table, study, wanted):
        table.problems.append(wide.problem)
        wanted = {name: key for name, key in wanted.items() if name not in wide.explained}
    if missing_columns(table, wanted) or wide or not model.responses:
        raise InputError(table.problems)
    n_rows = len(table.frame)
    table = drop_empty_rows(with_answer_words(table, study, model), study, model)
    events = read_columns(table, study, model)
    left_out = n_rows - len(events)
    if not (events["observed"].any() or known or table.problems):
        table.problems.append(f"{table.file}: nobody has an outcome, so there is nothing to learn from")
    if len(table.problems) == n_binding:
        check_rows(table, events, study, model)
    if changing:
        from iwm_bayes.data.formulas.session_level import read_session_covariates, report_blanks

        events = events.assign(**read_session_covariates(table, events["person"].to_numpy(), changing))
        if study.people is not None and study.people.missing is None:
            report_blanks(table, study, model, events)
    if table.problems:
        raise InputError(table.problems)
    dated, figures, names = (events.attrs[name] for name in ("dated", "figures", "waves"))
    events = by_running_session(events, study) if names else events.sort_values(["person", "session"], kind="stable")
    session_answers = [name for name in model.responses if study.responses[name].scope == "session"]
    events = split_session_answers(events, session_answers)
    events, unit = in_median_gap_units(events) if dated else (events, study.columns.time or "session")
    met = [figure for figure in pd.unique(events["figure"]) if figure != GENERALISED]
    renumber_choices(events, model, figures, met)
    general = [GENERALISED] if (events["figure"] == GENERALISED).any() else []
    if study.columns.outcome.missing != "unrecorded":
        events = events.drop(columns="unrecorded")
    data = fill_unrecorded(events_to_dataset(events, model.responses, unit, known or met + general))
    if names:
        data = with_wave_terms(data, study_waves(study, model, names))
    data = data.assign_attrs({"rows_left_out": left_out, "without": ", ".join(model.without)})
    data.attrs["doubts"] = json.dumps(list(dict.fromkeys(table.doubts)))
    for name in model.responses:
        data.attrs[f"rater of {name}"] = study.responses[name].rater
        data.attrs[f"scope of {name}"] = study.responses[name].scope
        data.attrs[f"scale of {name}"] = scale_ends(study.responses[name], model.responses[name])
        data[f"answer_{name}"].attrs["effect"] = model.responses[name].effect
    for name in outcome_ratings(model):
        data[f"answer_{name}"].attrs["rates_outcome"] = 1
    return data


def covariate_variable(name: str) -> str:
    """Return the name of a covariate's variable in a Dataset, where a / would be a folder."""
    return f"{OF_PEOPLE}{name.replace('%', '%25').replace('/', '%2F')}"


def covariate_values(data: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the covariates of a Dataset by name."""
    variables = {str(name): values for name, values in data.items() if str(name).startswith(OF_PEOPLE)}
    return {unquote(name.removeprefix(OF_PEOPLE)): values for name, values in variables.items()}


def to_table(data: xr.Dataset) -> pd.DataFrame:
    """Return a Dataset as the table from which it could be read: one row per event.

    Cells are blank where no outcome was observed or recorded, and where there is no answer. Where time is not the
    number of the session, because sessions are not evenly spaced, there is a column of time.
    """
    from iwm_bayes.data.dyads.writing import dyads_to_table, has_members

    if has_members(data):
        return dyads_to_table(data)
    events = (
        data.drop_vars(["figure", "wave", "event_terms", "event_term"], errors="ignore").to_dataframe().reset_index()
    )
    events = events[events["present"]].sort_values(["person", "session"], kind="stable", ignore_index=True)
    figure = data["figure"].values[events["figure_index"]]
    recorded = events["observed"] & ~events["unrecorded"] if "unrecorded" in events else events["observed"]
    columns: dict[str, Any] = {
        "person": events["person"],
        "session": events["session_of_wave" if "session_of_wave" in events else "session"],
        "figure": np.where(figure == GENERALISED, "", figure),
        "outcome": events["outcome"].where(recorded),
    }
    if data.attrs["time_unit"] == "session" and (events["time"] != events["session"]).any():
        columns["time"] = events["time"]
    if "wave_index" in data:
        columns["wave"] = data["wave"].values[events["wave_index"]]
    columns |= {name: events[name] for name in ("distress", "threat") if data[name].any()}
    for answer in (str(name) for name in data.data_vars if str(name).startswith("answer_")):
        name = answer.removeprefix("answer_")
        columns[name] = events[answer]
        if data[answer].attrs.get("effect") == "chooses":
            columns[name] = events[answer].map(dict(enumerate(["nobody", *data["figure"].values])))
    return pd.DataFrame(columns)
