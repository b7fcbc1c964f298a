"""Join the covariates of people and of sessions to the data of a study, with the designs of its formulas.

A person with a blank covariate is an error that names them. Where the study says `missing = "drop"`, such people are
left out instead: the attribute `dropped` of the data names the first of them, and `people_left_out` is their number.
"""

import json

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.formulas.covariates import list_spellings, read_covariates
from iwm_bayes.data.formulas.design import FORMULAS_KEY, covariate_names, join_covariates, parse_formulas
from iwm_bayes.data.formulas.event_design import session_covariates, session_variable
from iwm_bayes.data.formulas.session_level import blank_where_needed
from iwm_bayes.data.formulas.splits import split_of
from iwm_bayes.data.study import PersonTable, StudySpec
from iwm_bayes.data.table import Table, list_people
from iwm_bayes.types import InputError, ModelSpec


def blank_covariates(table: Table, people: PersonTable, frame: pd.DataFrame) -> list[str]:
    """Return a problem for each covariate that is blank for somebody, and for people who have no row."""
    unknown, drop = frame.attrs["unknown"], 'set `missing = "drop"` under [people] to leave them out'
    problems = []
    if unknown:
        fault = f'{table.file}, column "{people.person}": no row for {list_spellings(unknown)}'
        problems.append(f"{fault}. Write people as the table of sessions does, add their rows, or {drop}")
    blank = frame.drop(index=list(unknown)).isna()
    return problems + [
        f"{table.file}, column {name!r}: blank for {list_people(blank.index[blank[name]])}. Fill it in, or {drop}"
        for name in blank
        if blank[name].any()
    ]


def person_means(data: xr.Dataset) -> tuple[xr.Dataset, pd.DataFrame]:
    """Return the data without between(x) of sessions, and these covariates as columns of people."""
    found = {
        name: values for name, values in session_covariates(data).items() if (split_of(name) or ("",))[0] == "between"
    }
    columns = {name: pd.DataFrame(values.values).max().to_numpy() for name, values in found.items()}
    return data.drop_vars([session_variable(name) for name in found]), pd.DataFrame(columns, data["person"].values)


def attach_covariates(
    study: StudySpec,
    people: PersonTable,
    model: ModelSpec,
    data: xr.Dataset,
    table: Table,
    sessions: Table | None = None,
) -> xr.Dataset:
    """Return the data with the covariates, design matrices and event terms of the study's formulas.

    `people` is what the study says of its people, and `table` their table. A column that it lacks may be one of the
    table of `sessions`, where it does not change within a person. Covariates that change are in the data already.
    InputError names people whose covariates are blank, unless the study drops them.
    """
    data, means = person_means(data)
    changing = list(session_covariates(data))
    formulas = parse_formulas(study.formulas, model, FORMULAS_KEY, changing)
    wanted = covariate_names(formulas) | dict.fromkeys(people.groups, True)
    wanted = {name: as_words for name, as_words in wanted.items() if name not in changing and name not in means}
    elsewhere = {name for name in wanted if name not in table.frame and sessions and name in sessions.frame}
    own = {name: as_words for name, as_words in wanted.items() if name not in elsewhere}
    frame = read_covariates(table, people.person, own, data["person"].values)
    unknown = frame.attrs["unknown"]
    if sessions is not None and elsewhere:
        others = {name: wanted[name] for name in sorted(elsewhere)}
        frame = frame.join(read_covariates(sessions, study.columns.person, others, data["person"].values))
    frame = frame.join(means)
    frame = frame[[name for name in covariate_names(formulas) | dict.fromkeys(people.groups, True) if name in frame]]
    frame.attrs["unknown"] = unknown
    blank = [is_blank for _, is_blank in blank_where_needed(study, model, data)]
    lacking = np.any([where.any(axis=0) for where in blank], axis=0) if blank else np.zeros(len(frame), dtype=bool)
    incomplete = frame.index[frame.isna().any(axis=1) | lacking]
    if len(incomplete) and people.missing is None:
        raise InputError(blank_covariates(table, people, frame))
    respelt = {person: other for person, other in unknown.items() if other}
    sentence = f"{table.file}: these people are left out, because they have no row: {list_spellings(respelt)}"
    doubts = [*table.doubts, *([sentence] if respelt and wanted else [])]
    frame = frame.drop(index=incomplete)
    if len(frame) < 2:
        raise InputError([f"{table.file}: fewer than two people have every covariate of the formulas"])
    dropped = {"dropped": list_people(incomplete), "people_left_out": len(incomplete)}
    data = data.sel(person=frame.index.to_numpy()).assign_attrs(dropped)
    data = data.isel(event=data["present"].any("person").values)
    doubts = [*json.loads(data.attrs.get("doubts", "[]")), *doubts]
    data = data.assign_attrs(doubts=json.dumps(list(dict.fromkeys(doubts))))
    return join_covariates(data, frame, model, study.formulas, people.groups)
