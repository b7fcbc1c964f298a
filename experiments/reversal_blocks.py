"""Effects of a rupture and a repair on the attribution of harm, predict_new_people for people who were left out.

The people of `studies/reversal.toml` are split into ten folds. The model is fitted to nine of them. New people, drawn
from the group posterior, experience the outcomes of the people in the tenth. Criterion: mean harm intent per block and
order is within 4 points of the observed one, and within 2 for `reversal_contrast.model.toml`.

Usage: `python reversal_blocks.py [MODEL] [FOLDS]`, by default with the study's first model. Instead, folders of runs
may be given; each of these fits includes everyone. The script then predicts the ratings of new people and those of the
fitted people. Where the two differ, people's own parameters have absorbed what the model misses.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.study import StudySpec, read_study_file
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import accumulated_readouts, filter_readouts
from iwm_bayes.filtering.readouts import readout_arguments, required_readouts
from iwm_bayes.inference.fit import Settings, compile_model, nuts
from iwm_bayes.model.priors import figure_names
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.draws import draws_as_people, new_people, thin_draws
from iwm_bayes.types import ModelSpec, response_values, rule_values
from iwm_bayes.workflow.fits import fit_of_run

STUDY = Path(__file__).parent / "studies" / "reversal.toml"
DRAWS = 100


def expected_ratings(
    model: ModelSpec, values: Mapping[str, np.ndarray], data: xr.Dataset, generator: np.random.Generator
) -> np.ndarray:
    """Return expected ratings (event, person), averaged over simulated people who experience the same outcomes."""
    people, figures = data.sizes["person"], len(figure_names(data))
    repeats = next(iter(values.values())).shape[-1] // people
    events = np.tile(event_array(data), (1, 1, repeats))
    [(name, response)] = model.responses.items()
    readouts, p = required_readouts(response, figures), response_values(model, name, values)
    beliefs = dict(
        zip(readouts, filter_readouts(model.rule, rule_values(model, values), events, figures, readouts), strict=True)
    )
    since = np.tile(data["since_any"].values, (1, repeats))
    arguments = readout_arguments(response, accumulated_readouts(response, p, beliefs, since, figures), figures)
    ratings = response.family.draw(generator, **response.arguments(p, *arguments))
    return ratings.reshape(len(ratings), repeats, people).mean(axis=1)


def predict_new_people(
    model: ModelSpec, posterior: xr.Dataset, left_out: xr.Dataset, generator: np.random.Generator
) -> np.ndarray:
    """Return the expected ratings of people left out, (event, person)."""
    sample = thin_draws(posterior, DRAWS).stack(sample=("chain", "draw"))
    values = new_people(model, sample, figure_names(left_out), left_out.sizes["person"], generator)
    return expected_ratings(model, values, left_out, generator)


def predict_fitted_people(
    model: ModelSpec, posterior: xr.Dataset, data: xr.Dataset, generator: np.random.Generator
) -> np.ndarray:
    """Return the expected ratings of the people who were fitted, (event, person)."""
    draws = thin_draws(posterior, DRAWS).stack(sample=("chain", "draw"))
    return expected_ratings(
        model, draws_as_people(model, draws, figure_names(data), data.sizes["person"]), data, generator
    )


def first_partner(study: StudySpec, data: xr.Dataset) -> np.ndarray:
    """Return the partner that each person met first, "Fair" or "Unfair"."""
    order = pd.read_csv(study.data, dtype={"subject": str}).drop_duplicates("subject").set_index("subject")["order"]
    return order.loc[data["person"].values].to_numpy()


def describe_blocks(study: StudySpec, data: xr.Dataset, prediction: np.ndarray) -> list[str]:
    """Describe mean harm intent per order and block, observed and predicted; `prediction` is (event, person)."""
    order = first_partner(study, data)
    [observed] = (values.values for name, values in data.items() if str(name).startswith("answer_"))
    lines = []
    for first in ("Fair", "Unfair"):
        for block, events in (("first", slice(0, 10)), ("second", slice(10, 20))):
            observed_mean, predicted_mean = (
                100 * (1 - x[events][:, order == first].mean()) for x in (observed, prediction)
            )
            lines.append(
                f"{first} first, {block} block: observed {observed_mean:.1f}, "
                f"predicted {predicted_mean:.1f}, error {predicted_mean - observed_mean:+.1f}"
            )
    return lines


def describe_orders(study: StudySpec, data: xr.Dataset, posterior: xr.Dataset) -> list[str]:
    """Describe people's own parameters (link scale) by order: means of posterior means, and their standard error."""
    order, own = first_partner(study, data), posterior["theta"].mean(("chain", "draw"))
    lines = []
    for label in own.dropna("parameter", how="all")["parameter"].values:
        means = {first: own.sel(parameter=label).values[order == first] for first in ("Fair", "Unfair")}
        texts = [f"{x.mean():.2f} ± {x.std() / len(x) ** 0.5:.2f} ({first} first)" for first, x in means.items()]
        lines.append(f"{label}: {', '.join(texts)}")
    return lines


def main(name: Path | str, folds: int) -> None:
    study, generator = read_study_file(STUDY), np.random.default_rng(1)
    model = load_model(name)
    data = read_data(study, model)
    n_people = data.sizes["person"]
    parts = np.array_split(generator.permutation(n_people), folds)
    size = n_people - max(map(len, parts))  # as many in every fit, so that the model is compiled once
    compiled, prediction = None, np.full(data["outcome"].shape, np.nan)
    for index, part in enumerate(parts):
        others = generator.permutation(np.setdiff1d(np.arange(n_people), part))[:size]
        compiled = compiled or compile_model(model, data.isel(person=others))
        fit = nuts(compiled, data.isel(person=others), Settings(draws=250, tune=350, chains=2, random_seed=index + 1))
        prediction[:, part] = predict_new_people(
            model, fit["unconstrained_posterior"].to_dataset(), data.isel(person=part), generator
        )
        print(f"fold {index + 1} of {folds} done", flush=True)
    for line in describe_blocks(study, data, prediction):
        print(line)


def analyse_runs(folders: list[Path]) -> None:
    study = read_study_file(STUDY)
    for folder in folders:
        fitted = fit_of_run(folder)
        posterior = fitted.fit["unconstrained_posterior"].to_dataset()
        for label, predict in (("new people", predict_new_people), ("fitted people", predict_fitted_people)):
            blocks = describe_blocks(
                study, fitted.data, predict(fitted.model, posterior, fitted.data, np.random.default_rng(1))
            )
            print(f"{fitted.model.name}, {label}", *blocks, sep="\n  ")
        own = describe_orders(study, fitted.data, posterior)
        print(f"{fitted.model.name}, people's own parameters", *own, sep="\n  ", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            main(read_study_file(STUDY).model[0], 10)
        case [name, *folds] if name.endswith(".model.toml"):
            main(name, int(folds[0]) if folds else 10)
        case folders:
            analyse_runs([Path(folder) for folder in folders])
