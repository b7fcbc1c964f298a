"""Results of the predictions, with what people wrote about them: the run, the run before, explanations and answers."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from iwm_bayes.io import read_json
from iwm_bayes.types import InputError
from iwm_bayes.validation.prediction_matrix import Matrix, experiments_folder


class Answer(NamedTuple):
    """What people wrote about a prediction after the run."""

    answer: str  # one sentence
    reading: str  # what it means, a few sentences


class Explanation(NamedTuple):
    """What the docstring of an experiment says."""

    question: str  # one sentence
    measure: str  # how it is measured, in paragraphs
    changes: str  # what changed in the question, and why; empty where nothing did


class Results(NamedTuple):
    """A run of all predictions, what was known before, and what people wrote about it."""

    now: Matrix
    shares_before: pd.DataFrame  # of the run before questions and priors were revised
    verdicts_before: pd.DataFrame
    answers: Mapping[str, Answer]
    command: str  # that made the run


def load_answers(path: Path, names: Sequence[str]) -> dict[str, Answer]:
    """Load the answers to some predictions; InputError names every answer that is missing, and what to write."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    missing = [
        f"{name}: {key}"
        for name in names
        for key in Answer._fields
        if not str(content.get(name, {}).get(key, "")).strip()
    ]
    if missing:
        example = '[NAME], answer = "One sentence." and reading = "What it means."'
        raise InputError([f"{path}: not written yet: {', '.join(missing)}. Write {example}"])
    return {name: Answer(*(content[name][key].strip() for key in Answer._fields)) for name in names}


def explanation_of(name: str, docstring: str) -> Explanation:
    """Take the docstring of an experiment to pieces: after its title a question, then the measure and the changes.

    A paragraph about changes begins with "Before:". InputError where there is no question.
    """
    _, *paragraphs = docstring.strip().split("\n\n")
    question, mark, measure = paragraphs[0].partition("?") if paragraphs else ("", "", "")
    if not mark:
        raise InputError([f"{name}: below its title, the docstring of the experiment must begin with a question"])
    changes = [text for text in paragraphs[1:] if text.startswith("Before:")]
    rest = [measure, *(text for text in paragraphs[1:] if text not in changes)]
    whole = ["\n\n".join(" ".join(text.split()) for text in texts if text.strip()) for texts in (rest, changes)]
    return Explanation(" ".join(f"{question}?".split()), *whole)


def load_matrix(folder: Path) -> Matrix:
    """Load the tables of a run from its folder; a run of an older version has no curves and no other models."""
    names = ("matrix", "curves", "others", "verdicts")
    paths = [folder / f"{name}.csv" for name in names]
    return Matrix(*(pd.read_csv(path) if path.exists() else pd.DataFrame(columns=["prediction"]) for path in paths))


def results_of(now: Matrix, command: str, experiments: Path | None = None) -> Results:
    """Return a run with what the folder of the experiments has about it; InputError where an answer is missing."""
    folder = experiments_folder(experiments) / "predictions"
    before = load_matrix(folder / "before")
    answers = load_answers(folder / "answers.toml", list(now.verdicts["prediction"]))
    return Results(now, before.shares, before.verdicts, answers, command)


def load_results(folder: Path, experiments: Path | None = None) -> Results:
    """Load a run from its folder, with its tables in `tables` or next to the manifest."""
    facts = read_json(folder / "manifest.json", "Name a folder that `iwm predictions` wrote")
    tables = folder / "tables"
    return results_of(load_matrix(tables if tables.exists() else folder), str(facts.get("command")), experiments)


def status(verdict: str) -> str:
    """Return the first word of a verdict: decided, undecided or withdrawn."""
    return verdict.partition(":")[0]


def count_decided(verdicts: pd.DataFrame) -> int:
    """Count the predictions that are decided."""
    return int((verdicts["verdict"].map(status) == "decided").sum())
