"""What a key result says about symptoms, and about people who left: one sentence for each answer."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.diagnostics.results import Results
from iwm_bayes.estimands.counterfactual.leaving import HOLDS, SHARE
from iwm_bayes.estimands.counterfactual.symptom import symptoms
from iwm_bayes.estimands.estimand import line_table
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.report.answer.words import quantity, with_figure
from iwm_bayes.types import ModelSpec

STEP = 0.1  # of a belief: the change for which a symptom's change is said
BELIEFS = {"slope_availability": "availability", "slope_worth": "self-worth"}


def outcome_sentences(model: ModelSpec, fit: xr.DataTree, results: Results) -> list[str]:
    """Return the sentences on symptoms, effects of arms on them, and sensitivity to leaving; empty without either."""
    found = [*slope_sentences(model, fit)]
    if "symptom_effects" in results.datasets:
        found += effect_sentences(results.datasets["symptom_effects"])
    if "leaving_sensitivity" in results.datasets:
        found += leaving_sentences(line_table(results.datasets["leaving_sensitivity"]))
    return found


def slope_sentences(model: ModelSpec, fit: xr.DataTree) -> Iterator[str]:
    """Yield how a symptom changes with each belief within people, in the numbers of the study's table."""
    mu = fit["unconstrained_posterior"].to_dataset()["mu"]
    known = set(map(str, mu["parameter"].values))
    for name in symptoms(model):
        low, high = fit["constant_data"].attrs.get(f"scale of {name}", (0.0, 1.0))
        for leaf, belief in BELIEFS.items():
            if f"{name}_{leaf}" in known:
                draws = STEP * (high - low) * mu.sel(parameter=f"{name}_{leaf}").values
                yield f"For each {STEP:g} of {belief} gained, {name} {change_words(draws)}."


def change_words(draws: np.ndarray) -> str:
    """Return in which direction something changes, by how much, and whether that is shown."""
    median, low, high = median_ci90(draws)
    if low <= 0 <= high:
        return f"does not clearly change ({quantity(draws, '{:.2g}').text})"
    return f"{'rises' if median > 0 else 'falls'} by {quantity(draws if median > 0 else -draws, '{:.2g}').text}"


def effect_sentences(effects: xr.Dataset) -> Iterator[str]:
    """Yield what an arm does to a symptom through the beliefs, and past them."""
    first = effects.attrs["reference_arm"]
    for name in map(str, effects["symptom"].values):
        for arm in map(str, effects["arm"].values):
            own = effects["effect"].sel(symptom=name, arm=arm)
            total, through, past = (
                quantity(own.sel(path=path).values, "{:.2g}").text for path in ("total", "indirect", "direct")
            )
            yield (
                f"After the last session, {name} in {arm} minus {first} is {total}: {through} through the beliefs and "
                f"{past} past them."
            )


def leaving_sentences(table: pd.DataFrame) -> Iterator[str]:
    """Yield how far the beliefs of those who left must differ from what is projected until an answer turns."""
    has_several = table["figure"].nunique() > 1
    for line in table[(table["delta"] == 0) & (table["conclusion"] != "")].to_dict("records"):
        named = {str(key): value for key, value in line.items()}
        there = f" {with_figure(str(named['figure']))}" if has_several else ""
        yield leaving_sentence(named, there, float(table["delta"].max()))


def claims(line: Mapping[str, Any], there: str) -> tuple[str, str]:
    """Return what an answer concludes, and its opposite, as parts of a sentence."""
    if line["answer"] == SHARE:
        end = f"earned secure{there} by session {line['by_session']}"
        words = (f"at least half are {end}", f"fewer than half are {end}")
    else:
        one, _, other = str(line["answer"]).partition(" - ")
        words = (f"{one} and {other} differ{there}", f"no difference of {one} and {other} is shown{there}")
    return words if line["conclusion"] in HOLDS else words[::-1]


def leaving_sentence(line: Mapping[str, Any], there: str, farthest: float) -> str:
    """Return at which shift of the beliefs of those who left one answer concludes something else."""
    now, then = claims(line, there)
    turns = [
        f"{abs(line[key]):.2f} {word}"
        for key, word in (("turns_below", "lower"), ("turns_above", "higher"))
        if np.isfinite(line[key])
    ]
    if turns:
        return f"If those who left believed {' or '.join(turns)} than projected, {then} (as it is, {now})."
    return f"If those who left believed up to {farthest:g} lower or higher than projected, it remains that {now}."
