"""What a posterior says about people: their parameters, their paths, and how long trust takes.

Every number is computed draw by draw with the NumPy loop: draws are laid along the person axis, a draw of
a person being a person, some draws at a time so that memory stays bounded.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.care import Care
from iwm_bayes.core import InputError, Model, rule_values
from iwm_bayes.earned import Path, path
from iwm_bayes.filtering import Moment, walk
from iwm_bayes.population import rows, values
from iwm_bayes.simulate import live

AT_ONCE = 50_000  # people in memory, a draw of a person being a person
NEWCOMER = "someone new"


def thin(posterior: xr.Dataset, draws: int) -> xr.Dataset:
    """At most about `draws` draws in all, evenly spaced within each chain."""
    every = max(1, round(posterior.sizes["draw"] * posterior.sizes["chain"] / draws))
    return posterior.isel(draw=slice(None, None, every))


def laid(model: Model, posterior: xr.Dataset, figures: list[str], people: int) -> dict[str, np.ndarray]:
    """Natural-scale values by name, with (sample, person) laid along one axis; posterior has dim sample."""
    samples = posterior.sizes["sample"]
    levels = {
        row.label: np.repeat(posterior["centre"].sel(row=row.label).values, people)
        if row.parameter.pooling == "shared"
        else posterior["level"].sel(personal=row.label).transpose("sample", "person").values.ravel()
        for row in rows(model, figures)
    }
    return values(model, levels, figures, samples * people)


def people_of(model: Model, fit: xr.DataTree, draws: int = 1000) -> xr.Dataset:
    """Every person's free parameters on the natural scale, (chain, draw, [figure,] person)."""
    data, posterior = fit["data"].to_dataset(), thin(fit["posterior"].to_dataset(), draws)
    figures, count = names(data), data.sizes["person"]
    natural = laid(model, posterior.stack(sample=("chain", "draw")), figures, count)
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], count)
    dims = ("chain", "draw", "person")
    found = {
        name: (dims, natural[name].reshape(shape))
        if natural[name].ndim == 1
        else (("figure", *dims), natural[name].reshape(len(figures), *shape))
        for name in dict.fromkeys(row.name for row in rows(model, figures))
    }
    coordinates = {"person": data["person"].values, "figure": figures}
    return xr.Dataset(found, coordinates).transpose("chain", "draw", "figure", "person", missing_dims="ignore")


def names(data: xr.Dataset) -> list[str]:
    return [str(name) for name in data["figure"].values]


def sessions_with(data: xr.Dataset, figure: str | None) -> np.ndarray:
    """Which events (event, person) are sessions with a figure, or with anyone; an assessment is none."""
    happened = data["present"].values & ~data["assessment"].values
    if figure is None:
        return happened
    if figure not in names(data):
        raise InputError([f"there is no figure {figure!r} in these data, which have {', '.join(names(data))}"])
    return happened & (data["figure_index"].values == names(data).index(figure))


class Lives(NamedTuple):
    """Some draws of everyone: what they lived through and what they are like."""

    model: Model
    values: dict[str, np.ndarray]
    course: np.ndarray  # (event, field, draw * person)
    counts: np.ndarray  # (event, draw * person): sessions of the view
    figure: int | None  # the figure in view; None: the general model
    figures: int

    def remembered(self) -> Path:
        """Beliefs along what happened."""
        p = rule_values(self.model, self.values)
        moments = walk(self.model.rule, p, self.course, self.figures)
        return path(self.model, p, moments, self.counts, self.figure, self.figures)

    def relived(self, care: Care, generator: np.random.Generator) -> Path:
        """Beliefs had every session in view brought this care instead, in closed loop."""
        p = rule_values(self.model, self.values)
        order = np.cumsum(self.counts, axis=0) - 1
        chances = care(int(self.counts.sum(axis=0).max()))
        moments = self.lived_again(np.where(self.counts, chances[np.maximum(order, 0)], np.nan), generator)
        return path(self.model, p, moments, self.counts, self.figure, self.figures)

    def lived_again(self, chance: np.ndarray, generator: np.random.Generator) -> Iterator[Moment]:
        """Moments under a chance of responsive acts in view, and as they were out of view."""
        start = self.model.rule.start(rule_values(self.model, self.values), self.figures)
        lived = live(self.model, self.values, self.course, chance, self.figures, start, generator)
        return (moment for moment, _ in lived)
