"""Members of dyads who have no roles, as two friends: each is a person of an ordinary study.

The outcome of a person is the act of the other. The two of a dyad are a group, `(1|dyad)`, on every partially pooled
parameter, so that they may resemble each other: the intraclass correlation is sigma_u^2 / (sigma^2 + sigma_u^2), which
is not below 0. Two members who are less alike than strangers cannot be found so.
"""

import numpy as np
import pandas as pd

from iwm_bayes.data.columns import read_answer
from iwm_bayes.data.dyads.coupling import as_outcome, is_act
from iwm_bayes.data.dyads.groups import partially_pooled, with_group
from iwm_bayes.data.dyads.schema import OTHER_ACT, Dyad
from iwm_bayes.data.dyads.side_checks import gaps_between_exchanges
from iwm_bayes.data.study import PersonTable, StudySpec
from iwm_bayes.data.table import (
    NAMES_LIKE_MISSING,
    Table,
    list_people,
    missing_columns,
    read_complete_names,
    read_names,
)
from iwm_bayes.data.times import read_sessions
from iwm_bayes.types import DEFAULT_FIGURE, InputError, ModelSpec, parameters

DYAD = "dyad"  # the group of the two members in formulas, and its column


def act_of_model(study: StudySpec, dyad: Dyad, model: ModelSpec) -> str:
    """Return the response that is the outcome of the other; InputError where there is none such."""
    name = dyad.outcome or ""
    where = f"study {study.name}: key `dyad.outcome`"
    if name not in model.responses:
        raise InputError([f"{where}: {model.name} has no response {name!r}. It has {', '.join(model.responses)}"])
    if not is_act(model.responses[name]):
        problem = f"{where}: {name} has no lowest and highest value, so it cannot be an outcome. Name an act on a scale"
        raise InputError([problem])
    if name not in study.responses:
        raise InputError([f"{where}: {name} has no column. Add [responses.{name}]"])
    if model.rule.outcomes == "binary" and model.responses[name].family.levels != 2:
        raise InputError([f"{where}: {model.name} learns from yes and no alone, and {name} has more values"])
    if model.rule.terms:
        problem = f"{where}: {model.name} reads bids, which members without roles do not have. Give them roles"
        raise InputError([problem])
    return name


def other_members(table: Table, dyad: Dyad, rows: pd.DataFrame, person_column: str) -> pd.Series:
    """Return the other member by (dyad, person); people who have none or several are reported and left out."""
    named = rows[(rows["dyad"] != "") & (rows["person"] != "")]  # blank names are reported elsewhere
    pairs = named[["dyad", "person"]].drop_duplicates()
    counts, again = pairs["dyad"].value_counts(), pairs["person"].value_counts()
    for several, fault in ((False, "one member only: "), (True, "more than two members: ")):
        bad = counts.index[counts > 2] if several else counts.index[counts < 2]
        remedy = "A dyad is two people. Give every pair a dyad of its own" if several else "Add the other"
        table.report(rows["dyad"].isin(bad).to_numpy(), dyad.column, fault + list_people(sorted(bad)), remedy)
    twice = again.index[again > 1]
    remedy = "Correct the name. People who are in several dyads need roles: see [dyad.members]"
    fault = f"one person in several dyads: {list_people(sorted(twice))}"
    table.report(rows["person"].isin(twice).to_numpy(), person_column, fault, remedy)
    two = pairs[pairs["dyad"].isin(counts.index[counts == 2])].sort_values(["dyad", "person"])
    first, last = (two.groupby("dyad")["person"].transform(which) for which in ("first", "last"))
    other = first.where(two["person"] != first, last)
    return pd.Series(other.to_numpy(), pd.MultiIndex.from_frame(two))


def previous_exchange(rows: pd.DataFrame) -> pd.Series:
    """Return the number of the exchange before, by (dyad, session); NaN before the first."""
    exchanges = rows[["dyad", "session"]].drop_duplicates().sort_values(["dyad", "session"])
    before = exchanges.groupby("dyad")["session"].shift()
    return pd.Series(before.to_numpy(), pd.MultiIndex.from_frame(exchanges))


def act_of_other(dyad: Dyad, rows: pd.DataFrame, wanted: pd.DataFrame, other: pd.Series) -> np.ndarray:
    """Return the act of the other that a person experiences, (wanted row,); NaN where there is none."""
    who = other.reindex(pd.MultiIndex.from_frame(wanted[["dyad", "person"]])).to_numpy()
    session = wanted["session"].to_numpy()
    if dyad.exchange == "next":
        session = previous_exchange(rows).reindex(pd.MultiIndex.from_frame(wanted[["dyad", "session"]])).to_numpy()
    acts = rows.groupby(["dyad", "person", "session"])["act"].first()  # of several rows, which are reported elsewhere
    return acts.reindex(pd.MultiIndex.from_arrays([wanted["dyad"], who, session])).to_numpy()


def missing_rows(dyad: Dyad, rows: pd.DataFrame, other: pd.Series) -> pd.DataFrame:
    """Return exchanges at which a person has no row, and yet experiences an act of the other.

    Each has `dyad`, `person`, `session`, the `act` of the other, and the position of a `row` of this exchange.
    """
    exchanges = rows[["dyad", "session"]].assign(row=np.arange(len(rows)))
    exchanges = exchanges.dropna().drop_duplicates(["dyad", "session"])
    every = other.index.to_frame(index=False).merge(exchanges, on="dyad")
    keys = ["person", "session"]
    lacking = every[~pd.MultiIndex.from_frame(every[keys]).isin(pd.MultiIndex.from_frame(rows[keys]))]
    return lacking.assign(act=act_of_other(dyad, rows, lacking, other)).dropna(subset="act")


def with_missing_rows(frame: pd.DataFrame, study: StudySpec, rows: pd.DataFrame, missing: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a row for each of `missing`: of the same exchange and time, and blank otherwise."""
    names, first = study.columns, pd.Series(np.arange(len(rows)), rows["person"]).groupby(level=0).first()
    shared = [name for name in (names.session, names.time) if name is not None]
    added = frame.iloc[missing["row"].to_numpy()][shared].assign(
        **{
            names.person: frame[names.person].iloc[first[missing["person"]].to_numpy()].to_numpy(),
            OTHER_ACT: missing["act"].to_numpy(),
            DYAD: missing["dyad"].to_numpy(),
        }
    )
    return pd.concat([frame, added]) if len(added) else frame


def as_single_people(table: Table, study: StudySpec, model: ModelSpec) -> tuple[Table, StudySpec]:
    """Return the table with the act of the other as a column, and the study with the two of a dyad as a group.

    Faults of dyads are added to the problems of the table. InputError where a column or the act is missing.
    """
    dyad = study.dyad
    assert dyad is not None
    name, names = act_of_model(study, dyad, model), study.columns
    wanted = {dyad.column: "key `dyad.column`", names.person: "key `columns.person`"}
    wanted |= {names.session: "key `columns.session`"}
    wanted |= dict.fromkeys(study.responses[name].columns, f"[responses.{name}]")
    if missing_columns(table, wanted):
        raise InputError(table.problems)
    read_again = table._replace(problems=[], doubts=[])  # whose faults are reported later, with all others
    figure = np.full(len(table.frame), DEFAULT_FIGURE)
    rows = pd.DataFrame(
        {
            "dyad": read_complete_names(table, dyad.column),
            "person": read_names(read_again._replace(words={names.person: NAMES_LIKE_MISSING}), names.person),
            "session": read_sessions(read_again, names.session),
            "act": as_outcome(model.responses[name], read_answer(read_again, study, model, name, figure)),
        },
        table.frame.index,
    )
    other = other_members(table, dyad, rows, names.person)
    experienced, missing = act_of_other(dyad, rows, rows, other), missing_rows(dyad, rows, other)
    lacking = int(np.isnan(experienced).sum())
    if lacking:
        said = f"{table.file}: at {lacking} of {len(rows)} rows there is no {name} of the other"
        table.doubts.append(f"{said}. Nothing was experienced there")
    if len(missing):
        said = f"{table.file}: at {len(missing)} exchanges one member has no row"
        table.doubts.append(f"{said}. The {name} of the other was experienced all the same")
    if dyad.exchange == "next":
        table.doubts.extend(gaps_between_exchanges(table, rows["dyad"], rows["session"]))
    known, pooled = list(parameters(model)), partially_pooled(model)
    changes = {
        "formulas": with_group(study.formulas, pooled, DYAD, known),
        "people": study.people or PersonTable(data=study.data, person=names.person),
    }
    frame = table.frame.assign(**{OTHER_ACT: experienced, DYAD: rows["dyad"].to_numpy()})
    frame = with_missing_rows(frame, study, rows, missing)
    return table._replace(frame=frame), study.model_copy(update=changes)
