"""Predictions of models from their priors, in simulated experiments.

A prediction names the models that must show an effect, the rivals that must not, and the smallest effect that counts.
Median people of populations from a model's priors experience the events of the experiment. The *share* of prior draws
that show the effect is the share of the model's parameter space that predicts it (parameter-space partitioning: Pitt et
al., 2006, doi:10.1037/0033-295X.113.1.57). A prediction is decided if this share is at least 0.9 for every model that
claims the effect, and at most 0.6 for every rival. Nothing is fitted.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.types import InputError, ModelSpec

MIN_SHARE_CLAIMED, MAX_SHARE_RIVAL = 0.9, 0.6
QUARTILES = (0.25, 0.5, 0.75)
N_DRAWS = 2000  # prior draws per model, for which a share has a standard error of at most 0.011


class Curve(NamedTuple):
    """What the picture of an experiment shows of one model, such as a difference between arms by session."""

    x: np.ndarray  # (point,)
    y: np.ndarray  # (point, draw)


class Result(NamedTuple):
    """What one model predicts in an experiment."""

    effect: np.ndarray  # (draw,)
    curve: Curve


class Prediction(NamedTuple):
    """An effect, the models that claim it and their rivals, and how it is measured."""

    name: str
    question: str
    shows: tuple[str, ...]  # models that must show the effect: built-in names, or files
    rivals: tuple[str, ...]  # models that must not
    smallest: float  # the smallest effect that counts, in `unit`
    unit: str
    experiment: Callable[[ModelSpec, int, np.random.Generator], Result]  # (model, draws, generator)
    axes: tuple[str, str]  # what the curve is over, and what it shows
    takes_part: Callable[[ModelSpec], bool] = lambda _: True  # whether a model has what the experiment measures
    # models that claimed the effect before, and why they no longer do
    withdrawn: Mapping[str, str] = MappingProxyType({})


def predict(prediction: Prediction, model: ModelSpec, draws: int) -> Result:
    """Run the experiment of a prediction for one model, each with its own seed; InputError if it cannot take part."""
    if not prediction.takes_part(model):
        raise InputError(
            [f"{model.name} does not have what the prediction {prediction.name} measures: {prediction.unit}"]
        )
    seed = zlib.crc32(f"{prediction.name} {model.name}".encode())
    return prediction.experiment(model, draws, np.random.default_rng(seed))


def effect_share(effect: np.ndarray, smallest: float) -> dict[str, float]:
    """Compute the share of draws that show an effect, its Monte Carlo error, and the median effect.

    `undefined` is the share of draws in which there is no such effect to measure (NaN).
    """
    defined = effect[~np.isnan(effect)]
    share, median = float(np.mean(effect >= smallest)), float(np.median(defined)) if len(defined) else np.nan
    error = np.sqrt(share * (1.0 - share) / len(effect))
    return {"share": share, "se": error, "median": median, "undefined": 1.0 - len(defined) / len(effect)}


def curve_lines(curve: Curve) -> pd.DataFrame:
    """Return the median and the middle half of a curve over draws, one line per point; NaN in a draw is left out."""
    low, median, high = np.nanquantile(curve.y, QUARTILES, axis=1)
    return pd.DataFrame({"x": curve.x, "low": low, "median": median, "high": high})


def claims(prediction: Prediction) -> list[tuple[str, str]]:
    """Return each model of a prediction with its claim: "shows" or "does not"."""
    return [(name, "shows") for name in prediction.shows] + [(name, "does not") for name in prediction.rivals]


def is_kept(claim: str, share: Mapping[str, float]) -> bool:
    """Return whether a model does as claimed; draws in which the effect is undefined count against it."""
    if claim == "shows":
        return share["share"] >= MIN_SHARE_CLAIMED
    return share["share"] + share["undefined"] <= MAX_SHARE_RIVAL


def prediction_lines(
    prediction: Prediction, load: Callable[[str], ModelSpec], draws: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one line per model, with `kept`: whether it does as claimed; and one line per point of its curve."""
    lines, curves = [], []
    for name, claim in claims(prediction):
        model = load(name)
        result = predict(prediction, model, draws)
        of_model = {"prediction": prediction.name, "model": model.name, "claim": claim}
        share = effect_share(result.effect, prediction.smallest)
        lines.append(of_model | share | {"kept": is_kept(claim, share)})
        curves.append(curve_lines(result.curve).assign(**of_model))
    table = pd.concat(curves, ignore_index=True)
    return pd.DataFrame(lines), table[["prediction", "model", "claim", "x", "low", "median", "high"]]


def other_lines(prediction: Prediction, models: Sequence[ModelSpec], draws: int) -> pd.DataFrame:
    """Return one line per model that makes no claim about the effect, and that the experiment can measure."""
    lines = []
    for model in filter(prediction.takes_part, models):
        share = effect_share(predict(prediction, model, draws).effect, prediction.smallest)
        lines.append({"prediction": prediction.name, "model": model.name} | share)
    return pd.DataFrame(lines)


def decision_sentence(table: pd.DataFrame) -> str:
    """Return whether a prediction is decided, in words; `table` has one line per model that still has a claim."""
    if not {"shows", "does not"} <= set(table["claim"]):
        return "withdrawn: no model is left that claims the effect, or no rival"
    not_kept = table.loc[~table["kept"], "model"]
    if not not_kept.empty:
        return f"undecided: not as claimed in {', '.join(not_kept)}"
    nearest = table[table["claim"] == "does not"].sort_values("share").to_dict("records")[-1]
    return (
        "decided: every model that claims the effect shows it; the nearest rival, "
        f"{nearest['model']}, shows it in {nearest['share']:.2f} of its prior"
    )
