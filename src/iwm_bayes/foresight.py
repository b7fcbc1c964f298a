"""What people of a theory would answer before any data: draws from the prior predictive, along what was lived through.

Everyone lives through the events of the data, with parameters from the priors, and answers where somebody answered.
What a choice would have changed is left as it was; echoes of the last answer, which have mean 0, and covariates are
left out. The table asks whether the theory can make data like these at all, and how much else it could make.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.columns import ANYONE
from iwm_bayes.core import Model, each, response_values, rule_values
from iwm_bayes.filtering import course, loop, remembered
from iwm_bayes.ops import Array
from iwm_bayes.people import names
from iwm_bayes.reading import readings
from iwm_bayes.simulate import draw_people


def expected(model: Model, people: Mapping[str, Array], data: xr.Dataset) -> dict[str, Mapping[str, Array]]:
    """The arguments of every response's family at every event, (event, person) each, for natural-scale values."""
    met, person = data["figure_index"].values, np.arange(data.sizes["person"])
    others = sum(figure != ANYONE for figure in names(data))
    wanted = [reading for response in model.responses.values() for reading in readings(response, others)]
    seen = loop(model.rule, rule_values(model, people), course(data), data.sizes["figure"], wanted)
    read, found = dict(zip(wanted, seen, strict=True)), {}
    for name, response in model.responses.items():
        p, everyone = response_values(model, name, people), response.whom == "each"
        p = each(lambda x, whole=everyone: (x[:others] if whole else x[met, person]) if x.ndim == 2 else x, p)
        kept = remembered(response, p, read, data["since_any"].values, others)
        held = [kept[reading] for reading in readings(response, others)]
        if everyone:
            held = [np.stack(held[:others], axis=-2), *held[others:]]
        found[name] = response.given(p, *held)
    return found


def said(answers: np.ndarray) -> dict[str, float]:
    """First and last answers on average, and how much people differ: of answers (event, person), NaN where none."""
    given = ~np.isnan(answers)
    asked, person = given.any(axis=0), np.arange(answers.shape[1])
    first, last = given.argmax(axis=0), len(given) - 1 - given[::-1].argmax(axis=0)
    mean = np.nanmean(answers[:, asked], axis=0)
    return {
        "first": float(answers[first, person][asked].mean()),
        "last": float(answers[last, person][asked].mean()),
        "sd between people": float(mean.std()),
    }


def foresee(model: Model, data: xr.Dataset, draws: int = 100, seed: int = 1) -> pd.DataFrame:
    """What the prior makes, its middle and central 90 %, beside the data: a line per response and thing said of it."""
    generator, people = np.random.default_rng(seed), data.sizes["person"]
    made: dict[str, list[dict[str, float]]] = {
        name: [] for name in model.responses if data[f"answer_{name}"].notnull().any()
    }
    for _ in range(draws):
        drawn = draw_people(model, names(data), people, generator)
        found = expected(model, drawn, data)
        for name, arguments in ((name, found[name]) for name in made):
            blank = np.isnan(data[f"answer_{name}"].values)
            answers = model.responses[name].family.draw(generator, **arguments).astype(float)
            made[name].append(said(np.where(blank, np.nan, answers)))
    lines = []
    for name, several in made.items():
        observed = said(data[f"answer_{name}"].values)
        for what, values in pd.DataFrame(several).items():
            low, middle, high = values.quantile([0.05, 0.5, 0.95])
            line = {"response": name, "what": what, "prior": middle, "low": low, "high": high}
            lines.append(line | {"in the data": observed[str(what)]})
    return pd.DataFrame(lines)
