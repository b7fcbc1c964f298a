"""What is done with which people of a study too large for the memory."""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from iwm_bayes.data.study import Study, load_study
from iwm_bayes.io import sha256, write_json_atomic
from iwm_bayes.large_scale.parquet import RowIndex, fingerprint, index_people, index_rows, read_column
from iwm_bayes.model.model_file import find_model, load_model_for
from iwm_bayes.types import DEFAULT_FIGURE, GENERALISED, InputError, ModelSpec

PLAN = "plan.json"


class Plan(NamedTuple):
    """What is done with which people."""

    study: str  # its file
    theory: str
    method: str
    figures: list[str]
    bounds: list[int]  # (chunk + 1,) first row of each chunk, and how many rows there are
    size: int  # people of every chunk, those who stand in included
    content: str  # hash of all that numbers depend on


def unsupported(study: Study, model: ModelSpec) -> list[str]:
    """What a study may hold, and cannot have in chunks."""
    where = f"study {study.name}, in chunks"
    items = [name for name, answer in study.responses.items() if answer.reliability is not None]
    return [
        f"{where}: {fault}"
        for fault, holds in (
            (f"{model.name} has correlated parameters, which need `nuts`", model.correlated),
            (f"the noise of {', '.join(items)} cannot be taken from a reliability. Fix it in the theory", bool(items)),
            (
                "a choice of figure cannot be read. Leave the response out",
                any(response.effect == "chooses" for response in model.responses.values()),
            ),
            (
                "members of a group, such as (1|therapist), must all be in memory. Take them out of the formulas",
                any("|" in formula for formula in study.formulas.values()),
            ),
        )
        if holds
    ]


def list_figures(study: Study) -> list[str]:
    """Every figure of a study in order, nobody in particular last."""
    if study.columns.figure is None:
        return [DEFAULT_FIGURE]
    found = dict.fromkeys(
        name for values in read_column(index_rows(study.data), study.columns.figure) for name in values
    )
    return [
        *(name for name in found if name not in ("", GENERALISED)),
        *([GENERALISED] if {"", GENERALISED} & {*found} else []),
    ]


def checked_study(study_file: Path, theory: str | None) -> tuple[Study, ModelSpec, RowIndex]:
    """A study with one theory, the theory, and where the study's rows are; InputError lists what cannot be done."""
    study = load_study(study_file)
    name = theory or study.model[0]
    study, model, rows = (
        study.model_copy(update={"model": [name]}),
        load_model_for(study, name),
        index_rows(study.data),
    )
    problems = unsupported(study, model)
    problems += [
        f'{study.data.name}: there is no column "{named}". It has: {", ".join(rows.columns)}'
        for named in (study.columns.person, study.columns.figure)
        if named is not None and named not in rows.columns
    ]
    if problems:
        raise InputError(problems)
    return study, model, rows


def make_plan(study_file: Path, theory: str | None, method: str, chunk: int, folder: Path) -> Plan:
    """Divide a study's people among chunks of at most `chunk`, as evenly as can be; the plan is kept in the folder.

    InputError where the folder has another plan.
    """
    study, _, rows = checked_study(study_file, theory)
    name = study.model[0]
    everyone, starts = index_people(rows, study.columns.person)
    ends = np.linspace(0, len(everyone), -(-len(everyone) // chunk) + 1).round().astype(int)
    inputs = [sha256(study_file), sha256(find_model(name)), fingerprint(rows), method, str(chunk)]
    inputs += [sha256(study.people.data)] if study.people else []
    plan = Plan(
        str(study_file.resolve()),
        str(find_model(name).resolve()) if name.endswith(".toml") else name,
        method,
        list_figures(study),
        [int(row) for row in starts[ends]],
        int(np.diff(ends).max()),
        hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:20],
    )
    if (folder / PLAN).exists() and read_plan(folder).content != plan.content:
        raise InputError([f"{folder}: is of other data, another study, theory, method or chunk. Choose another folder"])
    write_json_atomic(folder / PLAN, plan._asdict())
    return plan


def read_plan(folder: Path) -> Plan:
    """The plan of a folder."""
    return Plan(**json.loads((folder / PLAN).read_text(encoding="utf-8")))


def study_and_model(plan: Plan) -> tuple[Study, ModelSpec]:
    """A plan's study, with its theory alone, and the theory as the study asks it."""
    study = load_study(Path(plan.study)).model_copy(update={"model": [plan.theory]})
    return study, load_model_for(study, plan.theory)
