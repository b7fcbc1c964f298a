"""The prediction matrix: every experiment of the folder `experiments`, by every theory that it names."""

import importlib.util
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from types import ModuleType

import pandas as pd

from iwm_bayes.model.model_file import load_model
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.validation.prior_predictions import N_DRAWS, Prediction, decision_sentence, prediction_lines

PREDICTION_ORDER = (  # how beliefs move, whose they are, what becomes of them
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
)


def experiments_folder() -> Path:
    """The folder of the experiments that come with the program."""
    packaged = Path(str(resources.files("iwm_bayes"))) / "experiments"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "experiments"


def load_predictions() -> Iterator[Prediction]:
    """Every prediction, in order."""
    return (module.PREDICTION for module in load_scripts())


def load_scripts() -> Iterator[ModuleType]:
    """Every experiment's script, in order."""
    for name in PREDICTION_ORDER:
        spec = importlib.util.spec_from_file_location(name, experiments_folder() / f"{name}.py")
        if spec is None or spec.loader is None:
            raise InputError([f"{experiments_folder() / name}.py: cannot be read"])
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


def load_named_model(name: str) -> ModelSpec:
    """A theory that a prediction names: on the shelf, or a file beside the experiments."""
    return load_model(experiments_folder() / name if name.endswith(".toml") else name)


def decide_prediction(prediction: Prediction, draws: int) -> tuple[pd.DataFrame, str]:
    """A prediction's lines and its verdict."""
    table = prediction_lines(prediction, load_named_model, draws)
    return table, decision_sentence(table)


def prediction_matrix(
    draws: int = N_DRAWS, tell: Callable[[str], None] = lambda _: None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every cell, and one line per prediction with its verdict."""
    cells, verdicts = [], []
    for prediction in load_predictions():
        table, words = decide_prediction(prediction, draws)
        tell(f"{prediction.name}: {words}")
        cells.append(table)
        verdicts.append({"prediction": prediction.name, "question": prediction.question, "verdict": words})
    return pd.concat(cells, ignore_index=True), pd.DataFrame(verdicts)


def matrix_page(cells: pd.DataFrame, verdicts: pd.DataFrame, readings: Mapping[str, str], draws: int) -> str:
    """The matrix explained, in Markdown: question, how it is measured, shares, verdict, and what that may mean."""
    counted = int(verdicts["verdict"].str.startswith("decided").sum())
    parts = [
        "# What the theories predict\n\n"
        "Fifteen experiments on people who do not exist yet: average people, drawn from what each theory's file holds "
        "likely before any data, live through a course of care. The number beside a theory is the *share* of its "
        "prior that shows the effect, with its Monte-Carlo error. A prediction is decided where at least .9 of every "
        "theory that claims it shows it, and at most .6 of every rival. What is undecided is as much a result: a "
        f"theory's words promise more than its equations keep. {counted} of {len(verdicts)} are decided. Claims and "
        "measures were committed before the first run; two scripts (`credit`, `state_and_trait`) were repaired after "
        f"it, without change of what counts. Made by `iwm predict --draws {draws}`."
    ]
    for module, line in zip(load_scripts(), verdicts.itertuples(index=False), strict=True):
        name = module.PREDICTION.name
        _, _, told = str(module.__doc__).partition("\n\n")
        table = ["| theory | claims | share | median effect |", "|---|---|---|---|"]
        for cell in cells[cells["prediction"] == name].to_dict("records"):
            share = f"{cell['share']:.3f} ({cell['se']:.3f}){'' if cell['kept'] else ' **not kept**'}"
            table.append(f"| `{cell['theory']}` | {cell['claim']} | {share} | {cell['median']:+.3f} |")
        unit = f"Effect: {module.PREDICTION.unit}; counts from {module.PREDICTION.smallest:.3g}."
        found = [f"## {line.question}", told.strip(), unit, "\n".join(table), f"**{line.verdict}.** {readings[name]}"]
        parts.append("\n\n".join(found))
    return "\n\n".join(parts) + "\n"


def load_readings() -> dict[str, str]:
    """What each row may mean, by prediction."""
    return dict(tomllib.loads((experiments_folder() / "predictions" / "readings.toml").read_text(encoding="utf-8")))
