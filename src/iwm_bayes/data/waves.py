"""Waves of a study: which events belong to which wave, and the model whose parameters differ between them.

In a Dataset, the coordinate `wave` names the waves in order, and its attributes say what the study states about them.

    wave_index        (event, person), position of an event's wave along `wave`
    session_of_wave   (event, person), the number of the session as in the table; `session` counts on over the waves
    event_terms       1 at the events of each wave but the first; where beliefs restart, 1 where they do
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.event_terms import with_event_terms
from iwm_bayes.data.study import StudySpec
from iwm_bayes.data.study_columns import WaveColumn
from iwm_bayes.data.table import Table, cell_texts, normalise_levels, read_complete_names
from iwm_bayes.responses.added_parameters import is_read_between_events
from iwm_bayes.responses.waves import response_with_waves
from iwm_bayes.rules.modifiers.probe import is_read
from iwm_bayes.rules.modifiers.waves import RESTART, Waves, change_names, with_waves
from iwm_bayes.rules.parameter_names import parameter_copies
from iwm_bayes.types import InputError, ModelSpec, Parameter, named_leaves, parameters

MAX_WAVES = 6
NUMBERED = r"(\D*)(\d+)(\D*)"  # names of waves that differ in a number: t1, wave 2
BELIEFS, DIFFERING = "beliefs between waves", "parameters that differ between waves"  # attributes of `wave`


def wave_order(table: Table, given: WaveColumn, names: np.ndarray) -> list[str]:
    """Return the waves in order: as the study states, by number, or as they first appear, which is then a doubt."""
    found = [str(name) for name in pd.unique(names) if name]
    if given.order is not None:
        order = list(normalise_levels(pd.Series(given.order, dtype=str)))
        if unknown := [name for name in found if name not in order]:
            table.problems.append(
                f'{table.file}, column "{given.column}": {", ".join(unknown)}: not in the `order` of the waves, which '
                f"is {', '.join(order)}. Add it, or correct the table"
            )
        return [name for name in order if name in found] + unknown
    parts = [re.fullmatch(NUMBERED, name) for name in found]
    if all(parts) and len({part.group(1, 3) for part in parts if part}) == 1:
        return sorted(found, key=lambda name: int(re.findall(r"\d+", name)[0]))
    table.doubts.append(
        f'{table.file}, column "{given.column}": waves are taken in the order in which they appear: '
        f'{", ".join(found)}. For another one, write wave = {{ column = "{given.column}", order = [...] }}'
    )
    return found


def read_waves(table: Table, given: WaveColumn, person_column: str) -> tuple[np.ndarray, list[str]]:
    """Return the index of the wave of every row, and the names of the waves in order.

    Faults are added to the problems of the table, such as that nobody has sessions in two waves.
    """
    names = normalise_levels(pd.Series(read_complete_names(table, given.column))).to_numpy()
    order = wave_order(table, given, names)
    where = f'{table.file}, column "{given.column}"'
    if len(order) < 2:
        table.problems.append(f"{where}: there is one wave only. Take `wave` out")
    if len(order) > MAX_WAVES:
        table.problems.append(f"{where}: {len(order)} waves, of at most {MAX_WAVES}. Name a column with few waves")
    index = {name: number for number, name in enumerate(order)}
    wave = np.array([index.get(name, 0) for name in names])
    person = pd.Series(cell_texts(table, person_column).to_numpy())
    if len(order) > 1 and pd.Series(wave).groupby(person).nunique().lt(2).all():
        table.problems.append(
            f"{where}: nobody has sessions in two waves, so nothing can be said about change between waves. Check that "
            "people have the same id in all waves, or take `wave` out"
        )
    return wave, order


def running_sessions(events: pd.DataFrame) -> pd.Series:
    """Return numbers of sessions that rise over the waves; they are those of the table where these rise already.

    Otherwise they count on: the number with which a wave begins, for anybody, follows each person's own last number of
    the wave before. So nobody waits for sessions that only others had. Whole numbers count; 2.5 belongs to session 2.
    """
    ends = events.groupby(["person", "wave"])["session"].agg(["min", "max"])
    later, before = ends["min"], ends.groupby("person")["max"].shift()
    if not (later <= before).any():
        return events["session"]
    begins = np.floor(events.groupby("wave")["session"].min()).reindex(ends.index, level="wave")
    length = np.floor(ends["max"]) - begins + 1.0  # numbers of a wave up to a person's last session
    earlier = length.groupby("person").cumsum() - length
    offset = begins.groupby("person").transform("first") + earlier - begins
    return events["session"] + offset.reindex(pd.MultiIndex.from_frame(events[["person", "wave"]])).to_numpy()


def by_running_session(events: pd.DataFrame, study: StudySpec) -> pd.DataFrame:
    """Return events in order, with sessions that count on over the waves; time that is the session does so, too."""
    numbers = running_sessions(events)
    changed = events.assign(session=numbers, session_of_wave=events["session"])
    changed = changed if study.columns.time else changed.assign(time=numbers)
    if study.beliefs_restart:
        changed = changed.assign(sequence=events["wave"])
    return changed.sort_values(["person", "session"], kind="stable")


def with_wave_terms(data: xr.Dataset, waves: Waves) -> xr.Dataset:
    """Return data that have a `wave_index` with the waves' names, statements and event terms."""
    index, present = data["wave_index"].values, data["present"].values
    terms = {term: present & (index == number) for number, term in enumerate(waves.later, 1)}
    if waves.beliefs == "restarted":
        before = np.concatenate([np.zeros((1, index.shape[1]), dtype=int), index[:-1]])
        terms[RESTART] = present & (index != before)
    stated = {BELIEFS: waves.beliefs, DIFFERING: json.dumps(list(waves.parameters))}
    return with_event_terms(data, terms).assign_coords(wave=("wave", list(waves.names), stated))


def supposed_gap(data: xr.Dataset) -> bool:
    """Return whether beliefs are carried over a gap whose length nobody stated: session numbers begin anew."""
    waves = waves_of(data)
    if waves is None or waves.beliefs == "restarted" or data.attrs["time_unit"] != "session":
        return False
    return bool((data["session"] != data["session_of_wave"]).where(data["present"], False).any())


def waves_of(data: xr.Dataset) -> Waves | None:
    """Return the waves of a data set; None where it has none."""
    if "wave_index" not in data:
        return None
    stated = data["wave"].attrs
    return Waves(tuple(map(str, data["wave"].values)), stated[BELIEFS], tuple(json.loads(stated[DIFFERING])))


def differing_parameters(model: ModelSpec, beliefs: str) -> list[str]:
    """Return the parameters that differ between waves unless a study names some: those that are partially pooled.

    Where beliefs are carried from wave to wave, initial beliefs belong to the first wave and do not differ.
    """
    partial = [name for name, own in parameters(model).items() if own.fixed is None and own.pooling == "partial"]
    without = unchangeable(model, beliefs)
    return [name for name in partial if name not in without]


def unchangeable(model: ModelSpec, beliefs: str) -> dict[str, str]:
    """Return the parameters that cannot differ between waves, each with the reason."""
    found = {}
    if beliefs == "carried":
        found = {
            name: "determines initial beliefs only, and beliefs are carried from wave to wave"
            for name, _ in named_leaves(model.rule.parameters)
            if not is_read(model.rule, name, learns=True)
        }
    for name, response in model.responses.items():
        found |= {
            f"{name}_{leaf}": "says how fast a response fades between events, which is the same in all waves"
            for leaf, _ in named_leaves(response.parameters)
            if is_read_between_events(response, leaf)
        }
    return found


def naming_problems(model: ModelSpec, given: WaveColumn, several: bool) -> list[str]:
    """Return what is wrong with the parameters that a study names to differ between waves.

    Where a study has `several` models, a name may be that of a parameter of another one.
    """
    known, without, faults = parameters(model), unchangeable(model, given.beliefs), {}
    for name in given.parameters or ():
        copies = parameter_copies(name, known)
        if not copies and not several:
            faults[name] = f"{model.name} has no such parameter; it has {', '.join(known)}"
        faults |= {own: fault for own in copies if (fault := reason_against(known[own]) or without.get(own, ""))}
    return [
        f"key `columns.wave.parameters`: {name} cannot differ between waves: {fault}. Take it out"
        for name, fault in faults.items()
    ]


def reason_against(parameter: Parameter) -> str:
    """Return why a parameter cannot differ between waves; empty if it can."""
    if parameter.fixed is not None:
        return f"it is fixed at {parameter.fixed:g}"
    return "it is not pooled, so people have no distribution in which to change" if parameter.pooling == "none" else ""


def study_waves(study: StudySpec, model: ModelSpec, names: Sequence[str]) -> Waves:
    """Return the waves of a study for a model; InputError for parameters that cannot differ between them."""
    given = study.columns.wave
    if given is None:
        raise InputError(
            [f"study {study.name}: the data have waves, and the study names none. Write `wave` in [columns]"]
        )
    waves = waves_for(model, names, given.beliefs)
    if given.parameters is None or set(waves.terms) <= set(model.rule.terms):
        return waves
    if problems := naming_problems(model, given, len(study.model) > 1):
        raise InputError([f"study {study.name}: {problem}" for problem in problems])
    named = (own for name in given.parameters for own in parameter_copies(name, parameters(model)))
    return waves._replace(parameters=tuple(dict.fromkeys(named)))


def waves_for(model: ModelSpec, names: Sequence[str], beliefs: Literal["restarted", "carried"]) -> Waves:
    """Return waves for a model: with the parameters that differ by default, or those that differ in it already."""
    waves, known = Waves(tuple(names), beliefs), parameters(model)
    if set(waves.terms) <= set(model.rule.terms):
        return waves._replace(parameters=tuple(name for name in known if change_names(name, len(names))[0] in known))
    return waves._replace(parameters=tuple(differing_parameters(model, beliefs)))


def one_course(data: xr.Dataset) -> None:
    """Raise InputError where beliefs restart in every wave, so that nobody can be followed from first to last."""
    waves = waves_of(data)
    if waves is not None and waves.beliefs == "restarted":
        raise InputError(
            [
                "earned security follows one course of beliefs, and beliefs restart in every wave of this study. Write "
                'beliefs = "carried" where they go on, or fit one wave alone'
            ]
        )


def recorded_waves(record: Mapping[str, Any]) -> Waves:
    """Return waves as the source of a model has them, which may come from JSON."""
    return Waves(tuple(record["names"]), record["beliefs"], tuple(record["parameters"]))


def model_with_waves(model: ModelSpec, waves: Waves | None) -> ModelSpec:
    """Return a model whose parameters differ between waves; unchanged without waves, or where it has them already."""
    if waves is None or set(waves.terms) <= set(model.rule.terms):
        return model
    known = parameters(model)
    own = waves._replace(parameters=tuple(name for name in waves.parameters if name in known))
    responses = {name: response_with_waves(name, response, own) for name, response in model.responses.items()}
    source = {**model.source, "waves": own._asdict()} if model.source else model.source
    return model._replace(rule=with_waves(model.rule, own), responses=responses, source=source)
