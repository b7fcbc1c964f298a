"""What a rupture and a repair do to the attribution of harm, predicted for people who were left out.

Ten folds over the people of `studies/reversal.toml`: the theory is fitted to nine, and new people, drawn from the
group posterior, live through what those of the tenth met. Decided by: mean harm intent per block and order within
4 points of the observed, and within 2 for `reversal_contrast.theory.toml`.

`python reversal_blocks.py [THEORY] [FOLDS]`, the study's first theory by default; with folders of runs instead, what
new people of each of these fits would say, everyone being in the fit, and what its own people would: where the two
differ, people's own parameters have taken up what the theory misses.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.dataset import read
from iwm_bayes.data.study import Study, load_study
from iwm_bayes.filtering.arrays import course
from iwm_bayes.filtering.filter import loop, remembered
from iwm_bayes.filtering.readouts import readings, taken
from iwm_bayes.inference.fit import Settings, compile_model, nuts
from iwm_bayes.model.model_file import load
from iwm_bayes.simulation.draws import laid, names, newcomers, thin
from iwm_bayes.types import Model, response_values, rule_values
from iwm_bayes.workflow.fits import of_run

STUDY = Path(__file__).parent / "studies" / "reversal.toml"
DRAWS = 100


def answered(
    model: Model, drawn: Mapping[str, np.ndarray], data: xr.Dataset, generator: np.random.Generator
) -> np.ndarray:
    """Expected ratings, (event, person), averaged over draws of the people who live through what these met."""
    people, figures = data.sizes["person"], len(names(data))
    repeats = next(iter(drawn.values())).shape[-1] // people
    lived = np.tile(course(data), (1, 1, repeats))
    [(name, response)] = model.responses.items()
    wanted, p = readings(response, figures), response_values(model, name, drawn)
    seen = dict(zip(wanted, loop(model.rule, rule_values(model, drawn), lived, figures, wanted), strict=True))
    since = np.tile(data["since_any"].values, (1, repeats))
    held = taken(response, remembered(response, p, seen, since, figures), figures)
    ratings = response.family.draw(generator, **response.given(p, *held))
    return ratings.reshape(len(ratings), repeats, people).mean(axis=1)


def predicted(model: Model, posterior: xr.Dataset, left_out: xr.Dataset, generator: np.random.Generator) -> np.ndarray:
    """Expected ratings of people left out, (event, person)."""
    drawn = newcomers(model, posterior, names(left_out), left_out.sizes["person"], DRAWS, generator)
    return answered(model, drawn, left_out, generator)


def of_the_fit(model: Model, posterior: xr.Dataset, data: xr.Dataset, generator: np.random.Generator) -> np.ndarray:
    """Expected ratings of the people who were fitted, (event, person)."""
    draws = thin(posterior, DRAWS).stack(sample=("chain", "draw"))
    return answered(model, laid(model, draws, names(data), data.sizes["person"]), data, generator)


def met_first(study: Study, data: xr.Dataset) -> np.ndarray:
    """Which partner everyone met first, "Fair" or "Unfair"."""
    order = pd.read_csv(study.data, dtype={"subject": str}).drop_duplicates("subject").set_index("subject")["order"]
    return order.loc[data["person"].values].to_numpy()


def by_block(study: Study, data: xr.Dataset, guess: np.ndarray) -> list[str]:
    """Mean harm intent per order and block, observed and guessed (event, person)."""
    order = met_first(study, data)
    [observed] = (values.values for name, values in data.items() if str(name).startswith("answer_"))
    lines = []
    for first in ("Fair", "Unfair"):
        for block, events in (("first", slice(0, 10)), ("second", slice(10, 20))):
            seen, said = (100 * (1 - x[events][:, order == first].mean()) for x in (observed, guess))
            lines.append(
                f"{first} first, {block} block: observed {seen:.1f}, predicted {said:.1f}, off {said - seen:+.1f}"
            )
    return lines


def by_order(study: Study, data: xr.Dataset, posterior: xr.Dataset) -> list[str]:
    """People's own parameters on the link scale, by what they met first: means of posterior means, and their error."""
    order, own = met_first(study, data), posterior["level"].mean(("chain", "draw"))
    lines = []
    for label in own["personal"].values:
        means = {first: own.sel(personal=label).values[order == first] for first in ("Fair", "Unfair")}
        said = [f"{x.mean():.2f} +- {x.std() / len(x) ** 0.5:.2f} ({first} first)" for first, x in means.items()]
        lines.append(f"{label}: {', '.join(said)}")
    return lines


def main(theory: Path | str, folds: int) -> None:
    study, generator = load_study(STUDY), np.random.default_rng(1)
    model = load(theory)
    data = read(study, model)
    people = data.sizes["person"]
    parts = np.array_split(generator.permutation(people), folds)
    size = people - max(map(len, parts))  # as many in every fit, so that the theory is compiled once
    fits, guess = None, np.full(data["outcome"].shape, np.nan)
    for index, part in enumerate(parts):
        others = generator.permutation(np.setdiff1d(np.arange(people), part))[:size]
        fits = fits or compile_model(model, data.isel(person=others))
        fit = nuts(fits, data.isel(person=others), Settings(draws=250, tune=350, chains=2, seed=index + 1))
        guess[:, part] = predicted(model, fit["posterior"].to_dataset(), data.isel(person=part), generator)
        print(f"fold {index + 1} of {folds} done", flush=True)
    for line in by_block(study, data, guess):
        print(line)


def of_runs(folders: list[Path]) -> None:
    study = load_study(STUDY)
    for folder in folders:
        fitted = of_run(folder)
        posterior = fitted.fit["posterior"].to_dataset()
        for who, guess in (("new people", predicted), ("its own people", of_the_fit)):
            blocks = by_block(study, fitted.data, guess(fitted.model, posterior, fitted.data, np.random.default_rng(1)))
            print(f"{fitted.model.name}, {who}", *blocks, sep="\n  ")
        own = by_order(study, fitted.data, posterior)
        print(f"{fitted.model.name}, people's own parameters", *own, sep="\n  ", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            main(load_study(STUDY).theory[0], 10)
        case [theory, *folds] if theory.endswith(".theory.toml"):
            main(theory, int(*folds or [10]))
        case folders:
            of_runs([Path(folder) for folder in folders])
