"""Turn the table of a study of dyads into the Dataset of its model.

The Dataset is that of `coupling`: a person is a dyad, and an event is an exchange. It also has

    person_ROLE                  (person,), who this member is, where the study says so
    distress_ROLE, threat_ROLE   (event, person), where the study has them
"""

import json
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.dataset import events_to_dataset, in_median_gap_units, scale_ends
from iwm_bayes.data.dyads.coupling import coupled
from iwm_bayes.data.dyads.groups import with_dyad_covariates
from iwm_bayes.data.dyads.schema import EXPERIENCE, PERSON
from iwm_bayes.data.dyads.side_checks import check_sides
from iwm_bayes.data.dyads.sides import KEYS, Side, Sides, read_sides
from iwm_bayes.data.study import StudySpec
from iwm_bayes.data.table import Table
from iwm_bayes.types import DEFAULT_FIGURE, InputError, ModelSpec


def with_reported_acts(side: Side, other: Side) -> pd.DataFrame:
    """Return the answers of a member, completed by what the rows of the other say of its acts."""
    answers = side.answers
    for name in other.reported:
        reported = other.reported[name].dropna()
        answers = answers.reindex(answers.index.union(reported.index))
        answers[name] = answers[name].fillna(reported)
    return answers


def joint_events(model: ModelSpec, sides: Sides) -> pd.DataFrame:
    """Return one row per exchange with the answers of both members, in order; `distress_ROLE` and so on are kept."""
    first, second = sides.by_role.values()
    parts = []
    for side, other in ((first, second), (second, first)):
        columns = {name: f"answer_{side.role}_{name}" for name in model.members[side.role].model.responses}
        columns |= {key: f"{key}_{side.role}" for key in EXPERIENCE}
        parts.append(with_reported_acts(side, other).rename(columns=columns))
    joined = parts[0].join(parts[1], how="outer")
    answers = [name for name in joined if str(name).startswith("answer_")]
    joined = joined[joined[answers].notna().any(axis=1)]
    experience = [str(name) for name in joined if name not in answers]
    joined = joined.assign(**{name: joined[name].fillna(0.0) for name in experience})
    time = sides.rows.groupby(KEYS)["time"].mean()
    events = joined.assign(time=time.reindex(joined.index)).reset_index().sort_values(KEYS, ignore_index=True)
    nothing = {"outcome": 0.0, "rated": 0.0, "distress": 0.0, "threat": 0.0, "observed": False, "assessment": False}
    return events.assign(figure=DEFAULT_FIGURE, **nothing)


def events_to_dyads(events: pd.DataFrame, model: ModelSpec, unit: str) -> xr.Dataset:
    """Return exchanges as the Dataset of dyads, before they are coupled."""
    data = events_to_dataset(events, model.responses, unit)
    row = events.groupby("person").cumcount().to_numpy()
    column = data.indexes["person"].get_indexer(pd.Index(events["person"].astype(str)))
    for name in (str(name) for name in events if str(name).startswith(tuple(f"{key}_" for key in EXPERIENCE))):
        grid = np.zeros((data.sizes["event"], data.sizes["person"]))
        grid[row, column] = events[name].to_numpy()
        data[name] = (("event", "person"), grid)
    return data


def people_of(side: Side, sides: Sides, dyads: np.ndarray) -> np.ndarray:
    """Return who this member is in each dyad, (dyad,)."""
    named = pd.Series(side.person.to_numpy(), sides.rows["person"][side.rows].to_numpy())
    return named[named != ""].groupby(level=0).first().reindex(dyads).fillna("").to_numpy(dtype=str)


def with_words(study: StudySpec, model: ModelSpec, data: xr.Dataset) -> xr.Dataset:
    """Return the data with the attributes of every response."""
    for name, response in model.responses.items():
        given = study.responses[name]
        data.attrs[f"rater of {name}"] = given.rater
        data.attrs[f"scope of {name}"] = given.scope
        data.attrs[f"scale of {name}"] = scale_ends(given, response)
        data[f"answer_{name}"].attrs["effect"] = response.effect
    return data


def table_to_dyads(table: Table, study: StudySpec, model: ModelSpec) -> tuple[Table, xr.Dataset]:
    """Return the rows that were read, and the coupled Dataset; InputError lists every problem."""
    dyad = study.dyad
    assert dyad is not None
    table, sides = read_sides(table, study, model)
    check_sides(table, study, model, sides)
    if table.problems:
        raise InputError(dict.fromkeys(table.problems))
    events = joint_events(model, sides)
    events, unit = in_median_gap_units(events) if sides.dated else (events, study.columns.time or "session")
    data = events_to_dyads(events, model, unit)
    for role, side in sides.by_role.items():
        if dyad.members[role].person is not None:
            data[f"{PERSON}{role}"] = ("person", people_of(side, sides, data["person"].values))
    doubts = json.dumps(list(dict.fromkeys(table.doubts)))
    attributes = {"rows_left_out": sides.left_out, "without": ", ".join(model.without), "doubts": doubts}
    data = coupled(model, with_words(study, model, data.assign_attrs(attributes)))
    for role, member in model.members.items():
        if not data["event_terms"].sel(event_term=f"{role} observed").any():
            problem = f"{table.file}: the {role} has no outcome: {member.outcome} of the other is blank everywhere"
            raise InputError([f"{problem}. Check its column"])
    return table, data


def read_dyads(table: Table, study: StudySpec, model: ModelSpec, people: Any = None) -> xr.Dataset:
    """Return the table of a study of dyads, with its covariates, as the Dataset for this model.

    `people` is a frame or path in place of the table of people. InputError lists every problem.
    """
    table, data = table_to_dyads(table, study, model)
    return with_dyad_covariates(table, study, model, data, people)
