"""The prediction matrix: every prediction of the experiments, by every model that it names.

The experiments are scripts in the folder `experiments` of the repository. They are not installed with the package.
"""

import importlib.util
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pandas as pd

from iwm_bayes.model.specification.model_file import built_in_models, load_model
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.validation.prior_predictions import N_DRAWS, Prediction, decision_sentence, other_lines, prediction_lines

NULL_MODELS = ("static", "growth", "autoregressive")
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
    others: pd.DataFrame  # one line per prediction and built-in model that makes no claim about it
    verdicts: pd.DataFrame  # one line per prediction


def models_without_a_claim(prediction: Prediction) -> list[ModelSpec]:
    """Return the built-in models that a prediction does not name; a null model cannot show anything."""
    named = {*prediction.shows, *prediction.rivals, *NULL_MODELS}
    return [load_model(name) for name in built_in_models() if name not in named]


def decide_prediction(prediction: Prediction, draws: int, folder: Path | None = None) -> Matrix:
    """Compute the shares and curves of one prediction, the shares of other models, and the verdict."""
    shares, curves = prediction_lines(prediction, partial(load_named_model, folder=folder), draws)
    others = other_lines(prediction, models_without_a_claim(prediction), draws)
    verdict = {
        "prediction": prediction.name,
        "question": prediction.question,
        "verdict": decision_sentence(shares),
    }
    return Matrix(shares, curves, others, pd.DataFrame([verdict]))


def prediction_matrix(
    draws: int = N_DRAWS, tell: Callable[[str], None] = lambda _: None, folder: Path | None = None
) -> Matrix:
    """Compute all predictions."""
    parts = []
    for prediction in load_predictions(folder):
        parts.append(decide_prediction(prediction, draws, folder))
        tell(f"{prediction.name}: {parts[-1].verdicts['verdict'].item()}")
    return Matrix(*(pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True)))
