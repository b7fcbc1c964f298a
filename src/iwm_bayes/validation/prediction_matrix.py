"""The prediction matrix: every prediction of the experiments, by every model that it names.

The experiments are scripts in the folder `experiments` of the repository. They are not installed with the package.
"""

import importlib.util
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pandas as pd

from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.validation.prior_predictions import N_DRAWS, Prediction, decision_sentence, prediction_lines

CHECKOUT = Path(__file__).parents[3] / "experiments"  # where this file is part of a checkout of the repository
PREDICTION_ORDER = (  # how beliefs change, whose beliefs they are, what becomes of them
    "diminishing_returns",
    "entrenchment",
    "rupture_repair",
    "confirmation_bias",
    "inconsistent_care",
    "mistrust",
    "credit",
    "fearful",
    "generalising",
    "transference",
    "relapse",
    "splitting_modes",
    "prototype_drift",
    "starved_learning",
    "state_and_trait",
    "trust_under_strain",
    "self_regulation",
    "reflection",
    "containment",
    "earned_security",
)
INTRODUCTION = """# Predictions of the built-in models

This page reports {number} experiments with simulated people. Median people of populations from the priors of each model
experience the care of the experiment. The table gives the *share* of prior draws that show the effect, by model, with
its Monte Carlo standard error. A prediction is decided if the share is at least 0.9 for every model that claims the
effect, and at most 0.6 for every rival. {decided} of {number} predictions are decided.

An undecided prediction is a result, too: the hypothesis of a model then claims more than its equations imply.
Hypotheses and measures were committed before the first run. Two scripts (`credit`, `state_and_trait`) were repaired
after it, without a change of the criterion. Made by `iwm predictions --draws {draws}`."""


def experiments_folder(folder: Path | None = None) -> Path:
    """Return the folder of the experiments: `folder`, or that of the checkout; InputError where they are not there."""
    chosen = folder or CHECKOUT
    if all((chosen / f"{name}.py").is_file() for name in PREDICTION_ORDER):
        return chosen
    where = (
        f"{folder}: does not hold the experiments" if folder else "the experiments are not installed with the package"
    )
    raise InputError(
        [f"{where}. Check the repository out, and name its folder `experiments` with: iwm predictions FOLDER"]
    )


def load_scripts(folder: Path | None = None) -> Iterator[ModuleType]:
    """Yield the script of every prediction, in order."""
    for name in PREDICTION_ORDER:
        path = experiments_folder(folder) / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise InputError([f"{path}: cannot be read"])
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


def load_predictions(folder: Path | None = None) -> Iterator[Prediction]:
    """Yield every prediction, in order."""
    return (module.PREDICTION for module in load_scripts(folder))


def load_named_model(name: str, folder: Path | None = None) -> ModelSpec:
    """Load a model that a prediction names: a built-in model, or a file in the folder of the experiments."""
    return load_model(experiments_folder(folder) / name if name.endswith(".toml") else name)


class Matrix(NamedTuple):
    """Predictions by models."""

    shares: pd.DataFrame  # one line per prediction and model
    curves: pd.DataFrame  # one line per prediction, model and point of the picture
    verdicts: pd.DataFrame  # one line per prediction


def decide_prediction(prediction: Prediction, draws: int, folder: Path | None = None) -> Matrix:
    """Compute the shares and curves of one prediction, and its verdict."""
    shares, curves = prediction_lines(prediction, partial(load_named_model, folder=folder), draws)
    verdict = {
        "prediction": prediction.name,
        "question": prediction.question,
        "verdict": decision_sentence(shares),
    }
    return Matrix(shares, curves, pd.DataFrame([verdict]))


def prediction_matrix(
    draws: int = N_DRAWS, tell: Callable[[str], None] = lambda _: None, folder: Path | None = None
) -> Matrix:
    """Compute all predictions."""
    parts = []
    for prediction in load_predictions(folder):
        parts.append(decide_prediction(prediction, draws, folder))
        tell(f"{prediction.name}: {parts[-1].verdicts['verdict'].item()}")
    return Matrix(*(pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True)))


def matrix_page(
    matrix: pd.DataFrame, verdicts: pd.DataFrame, readings: Mapping[str, str], draws: int, folder: Path | None = None
) -> str:
    """Write the matrix as a page in Markdown: for each prediction its measure, shares, verdict and reading."""
    decided = int(verdicts["verdict"].str.startswith("decided").sum())
    sections = [INTRODUCTION.format(number=len(verdicts), decided=decided, draws=draws)]
    lines = zip(verdicts["question"].astype(str), verdicts["verdict"].astype(str), strict=True)
    for module, (question, verdict) in zip(load_scripts(folder), lines, strict=True):
        prediction = module.PREDICTION
        _, _, explanation = str(module.__doc__).partition("\n\n")
        effect = f"Effect: {prediction.unit}. It counts from {prediction.smallest:.3g}."
        table = matrix_section(matrix[matrix["prediction"] == prediction.name])
        reading = f"**{verdict[0].upper()}{verdict[1:]}.** {readings[prediction.name]}"
        sections.append("\n\n".join([f"## {question}", explanation.strip(), effect, table, reading]))
    return "\n\n".join(sections) + "\n"


def matrix_section(lines: pd.DataFrame) -> str:
    """Write the lines of one prediction as a table in Markdown."""
    table = ["| model | claim | share (SE) | median effect |", "|---|---|---|---|"]
    for line in lines.to_dict("records"):
        share = f"{line['share']:.3f} ({line['se']:.3f}){'' if line['kept'] else ' **not as claimed**'}"
        table.append(f"| `{line['model']}` | {line['claim']} | {share} | {line['median']:+.3f} |")
    return "\n".join(table)


def load_readings(folder: Path | None = None) -> dict[str, str]:
    """Load what each prediction may mean for readers, by its name."""
    path = experiments_folder(folder) / "predictions" / "readings.toml"
    return dict(tomllib.loads(path.read_text(encoding="utf-8")))
