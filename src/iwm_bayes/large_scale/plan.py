"""What is done with which people of a study too large for the memory."""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from iwm_bayes.data.study import Study, load_study
from iwm_bayes.io import sha256, write_whole
from iwm_bayes.large_scale.parquet import Rows, column, fingerprint, people, rows_of
from iwm_bayes.model.model_file import find, load_for
from iwm_bayes.types import ANYONE, UNNAMED, InputError, Model

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


def faults(study: Study, model: Model) -> list[str]:
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


def figures_in(study: Study) -> list[str]:
    """Every figure of a study in order, nobody in particular last."""
    if study.columns.figure is None:
        return [UNNAMED]
    found = dict.fromkeys(name for values in column(rows_of(study.data), study.columns.figure) for name in values)
    return [*(name for name in found if name not in ("", ANYONE)), *([ANYONE] if {"", ANYONE} & {*found} else [])]


def checked(study_file: Path, theory: str | None) -> tuple[Study, Model, Rows]:
    """A study with one theory, the theory, and where the study's rows are; InputError lists what cannot be done."""
    study = load_study(study_file)
    name = theory or study.theory[0]
    study, model, rows = study.model_copy(update={"theory": [name]}), load_for(study, name), rows_of(study.data)
    problems = faults(study, model)
    problems += [
        f'{study.data.name}: there is no column "{named}". It has: {", ".join(rows.columns)}'
        for named in (study.columns.person, study.columns.figure)
        if named is not None and named not in rows.columns
    ]
    if problems:
        raise InputError(problems)
    return study, model, rows


def planned(study_file: Path, theory: str | None, method: str, chunk: int, folder: Path) -> Plan:
    """Divide a study's people among chunks of at most `chunk`, as evenly as can be; the plan is kept in the folder.

    InputError where the folder has another plan.
    """
    study, _, rows = checked(study_file, theory)
    name = study.theory[0]
    everyone, starts = people(rows, study.columns.person)
    ends = np.linspace(0, len(everyone), -(-len(everyone) // chunk) + 1).round().astype(int)
    inputs = [sha256(study_file), sha256(find(name)), fingerprint(rows), method, str(chunk)]
    inputs += [sha256(study.people.data)] if study.people else []
    plan = Plan(
        str(study_file.resolve()),
        str(find(name).resolve()) if name.endswith(".toml") else name,
        method,
        figures_in(study),
        [int(row) for row in starts[ends]],
        int(np.diff(ends).max()),
        hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:20],
    )
    if (folder / PLAN).exists() and plan_of(folder).content != plan.content:
        raise InputError([f"{folder}: is of other data, another study, theory, method or chunk. Choose another folder"])
    write_whole(folder / PLAN, plan._asdict())
    return plan


def plan_of(folder: Path) -> Plan:
    """The plan of a folder."""
    return Plan(**json.loads((folder / PLAN).read_text(encoding="utf-8")))


def bound(plan: Plan) -> tuple[Study, Model]:
    """A plan's study, with its theory alone, and the theory as the study asks it."""
    study = load_study(Path(plan.study)).model_copy(update={"theory": [plan.theory]})
    return study, load_for(study, plan.theory)
