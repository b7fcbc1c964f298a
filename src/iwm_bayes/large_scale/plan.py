"""The plan of a large-scale fit: which model is fitted by which method, and how people are divided into chunks."""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from iwm_bayes.data.formulas.splits import with_split_names
from iwm_bayes.data.study import StudySpec, read_study_file
from iwm_bayes.data.table import NOT_AVAILABLE
from iwm_bayes.estimands.registry import estimand_problems
from iwm_bayes.io import read_json, sha256, write_json
from iwm_bayes.large_scale.parquet import RowIndex, fingerprint, index_people, index_rows, read_column
from iwm_bayes.model.specification.model_file import find_model, load_model_for, model_from_anywhere
from iwm_bayes.model.specification.parts import python_files
from iwm_bayes.rules.modifiers.model_names import split_model_name
from iwm_bayes.types import DEFAULT_FIGURE, GENERALISED, InputError, ModelSpec

PLAN_FILE = "plan.json"
OTHER_FOLDER = "Choose another --out-dir, or delete the folder `parts` to begin again"


class Plan(NamedTuple):
    """The plan of a large-scale fit."""

    study_file: str
    model: str  # a name or a path
    method: str
    figures: list[str]
    bounds: list[int]  # (chunk + 1,) first row of each chunk, and the number of rows
    chunk_size: int  # people of every chunk, placeholders included
    content_hash: str  # of everything on which the results depend


def unsupported(study: StudySpec, model: ModelSpec) -> list[str]:
    """Return a message for everything in a study or model that a large-scale fit cannot do."""
    where = f"study {study.name}, large-scale fit"
    items = [name for name, answer in study.responses.items() if answer.reliability is not None]
    checks = (
        (f"{model.name} has correlated parameters, which need `nuts`", model.correlated),
        (f"a reliability cannot fix the response SD of {', '.join(items)}. Fix it in the model file", bool(items)),
        (
            "a choice of figure is not supported. Leave the response out",
            any(response.effect == "chooses" for response in model.responses.values()),
        ),
        (
            "both members of dyads must be in memory together. Fit a sample of them with `iwm fit`",
            study.dyad is not None,
        ),
        ("waves must be known before rows are read in parts. Fit a sample of people", study.columns.wave is not None),
        ("beliefs that move by themselves need all events of a person in memory", bool(model.rule.innovations)),
        (
            "the levels of a group, such as (1|therapist), must all be in memory. Remove them from the formulas",
            any("|" in formula for formula in study.formulas.values()),
        ),
        (
            "within(x) and between(x) need the sessions of all people at once. Fit a sample of people",
            any(with_split_names(formula) != formula for formula in study.formulas.values()),
        ),
    )
    return [f"{where}: {problem}" for problem, holds in checks if holds]


def list_figures(study: StudySpec) -> list[str]:
    """Return the figures of a study in order, the generalised expectation last."""
    if study.columns.figure is None:
        return [DEFAULT_FIGURE]
    columns = read_column(index_rows(study.data), study.columns.figure)
    names = dict.fromkeys(name for values in columns for name in values)
    nobody = {"", GENERALISED, *NOT_AVAILABLE}
    return [name for name in names if name not in nobody] + ([GENERALISED] if nobody & {*names} else [])


def checked_study(study_file: Path, model_name: str | None, trust: bool) -> tuple[StudySpec, ModelSpec, RowIndex]:
    """Return a study with one model, this model, and the index of the study's rows.

    The model is the study's first unless named. `trust` is whether the Python files that it names may run.
    InputError lists what a large-scale fit cannot do.
    """
    study = read_study_file(study_file)
    name = model_name or study.model[0]
    study, model = study.model_copy(update={"model": [name]}), load_model_for(study, name, trust)
    if problems := [*estimand_problems(study), *unsupported(study, model)]:
        raise InputError(problems)
    rows = index_rows(study.data)
    problems = [
        f'{study.data.name}: there is no column "{column}". It has: {", ".join(rows.columns)}'
        for column in (study.columns.person, study.columns.figure)
        if column is not None and column not in rows.columns
    ]
    if problems:
        raise InputError(problems)
    return study, model, rows


def make_plan(
    study_file: Path, model_name: str | None, method: str, chunk: int, folder: Path, trust: bool = False
) -> Plan:
    """Divide people into chunks of at most `chunk`, as evenly as possible, and write the plan into `folder`.

    InputError where the folder has another plan.
    """
    study, _, rows = checked_study(study_file, model_name, trust)
    name = study.model[0]
    people, starts = index_people(rows, study.columns.person)
    ends = np.linspace(0, len(people), -(-len(people) // chunk) + 1).round().astype(int)
    inputs = [sha256(study_file), sha256(find_model(name)), fingerprint(rows), method, str(chunk)]
    inputs += split_model_name(name)[1]
    inputs += [sha256(study.people.data)] if study.people else []
    inputs += map(sha256, python_files(find_model(name)).values())
    plan = Plan(
        study_file=str(study_file.resolve()),
        model=model_from_anywhere(name),
        method=method,
        figures=list_figures(study),
        bounds=[int(row) for row in starts[ends]],
        chunk_size=int(np.diff(ends).max()),
        content_hash=hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:20],
    )
    if (folder / PLAN_FILE).exists() and read_plan(folder).content_hash != plan.content_hash:
        raise InputError(
            [f"{folder}: holds a fit of other data, another study, model, method or chunk. Choose another folder"]
        )
    write_json(folder / PLAN_FILE, plan._asdict())
    return plan


def read_plan(folder: Path) -> Plan:
    """Read the plan of a folder."""
    content = read_json(folder / PLAN_FILE, OTHER_FOLDER)
    if content.keys() != set(Plan._fields):
        raise InputError([f"{folder / PLAN_FILE}: another version of the program wrote this plan. {OTHER_FOLDER}"])
    return Plan(**content)


def study_and_model(plan: Plan) -> tuple[StudySpec, ModelSpec]:
    """Return the study of a plan with its one model, and this model with the responses of the study.

    Whether its rule may run was decided when the plan was made.
    """
    study = read_study_file(Path(plan.study_file)).model_copy(update={"model": [plan.model]})
    return study, load_model_for(study, plan.model, trust=True)
