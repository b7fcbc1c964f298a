"""Results of the predictions, with what people wrote about them: the run, the run before, explanations and answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd
from pydantic import ValidationError, create_model

from iwm_bayes.data.toml import Strict, explain_validation, read_toml
from iwm_bayes.io import read_json
from iwm_bayes.types import InputError
from iwm_bayes.validation.prediction_matrix import Matrix, experiments_folder


class Answer(Strict):
    """What people wrote about a prediction after the run."""

    verdict: Literal["decided", "undecided", "withdrawn"]  # for which it was written
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
    """Load the answers to all predictions; InputError names every fault, and every answer that is missing."""
    content = read_toml(path)
    missing = [f"{name}: {key}" for name in names for key in Answer.model_fields if is_missing(content.get(name), key)]
    if missing:
        example = '[NAME], verdict = "decided", answer = "One sentence." and reading = "What it means."'
        raise InputError([f"{path}: not written yet: {', '.join(missing)}. Write {example}"])
    fields: dict[str, Any] = dict.fromkeys(names, (Answer, ...))
    form = create_model("Answers", __base__=Strict, **fields)
    try:
        found = form.model_validate(content)
    except ValidationError as error:
        raise explain_validation(path, form, error) from error
    answers = {name: getattr(found, name) for name in names}
    return {
        name: own.model_copy(update={"answer": own.answer.strip(), "reading": own.reading.strip()})
        for name, own in answers.items()
    }


def is_missing(content: Any, key: str) -> bool:
    """Return whether what is written about a prediction, if anything is, lacks a text."""
    return content is None or (isinstance(content, dict) and not str(content.get(key, "")).strip())


def check_verdicts(path: Path, answers: Mapping[str, Answer], verdicts: pd.DataFrame) -> None:
    """Raise InputError for every answer that was written for another verdict than that of the run."""
    now = {str(one.prediction): status(str(one.verdict)) for one in verdicts.itertuples()}
    other = [
        f"{path}: the answer to {name} was written for the verdict {answers[name].verdict!r}, and the run has "
        f"{verdict!r}. Write it anew, with this verdict"
        for name, verdict in now.items()
        if answers[name].verdict != verdict
    ]
    if other:
        raise InputError(other)


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
    """Return a run with what the folder of the experiments has about it.

    InputError where an answer is missing, or was written for another verdict.
    """
    folder = experiments_folder(experiments) / "predictions"
    before, path = load_matrix(folder / "before"), folder / "answers.toml"
    answers = load_answers(path, list(now.verdicts["prediction"]))
    check_verdicts(path, answers, now.verdicts)
    return Results(now, before.shares, before.verdicts, answers, command)


def load_results(folder: Path, experiments: Path | None = None) -> Results:
    """Load a run from its folder, with its tables in `tables` or next to the manifest; InputError for a part of one."""
    facts = read_json(folder / "manifest.json", "Name a folder that `iwm predictions` wrote")
    tables = folder / "tables" if (folder / "tables").exists() else folder
    lost = [name for name in ("matrix.csv", "verdicts.csv") if not (tables / name).exists()]
    if lost:
        raise InputError([f"{tables}: {', '.join(lost)} is not there. Copy the whole folder of the run"])
    return results_of(load_matrix(tables), str(facts.get("command")), experiments)


def status(verdict: str) -> str:
    """Return the first word of a verdict: decided, undecided or withdrawn."""
    return verdict.partition(":")[0]


def count_decided(verdicts: pd.DataFrame) -> int:
    """Count the predictions that are decided."""
    return int((verdicts["verdict"].map(status) == "decided").sum())
