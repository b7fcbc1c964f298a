"""Can a theory make what people did? Predictive checks, and what speaks against a theory.

People of the posterior (or of the prior) answer again along what they lived through; every effect of `effects` is held
against the same effect in the data. An effect outside the central 95 % is *missed*; one outside 99 % that another
theory holds is one that the theory *cannot make* (Palminteri, Wyart & Koechlin, 2017, doi:10.1016/j.tics.2017.03.011).
Gelman, Meng & Stern (1996), Statistica Sinica 6, 733-760.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.diagnostics.ppc_statistics import effects, lived
from iwm_bayes.estimands.belief_paths import in_parts
from iwm_bayes.filtering.arrays import course
from iwm_bayes.responses import LEVELS
from iwm_bayes.simulation.draws import names
from iwm_bayes.simulation.open_loop import retold
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.types import ANYONE, Model

DRAWS = 200


def asked(data: xr.Dataset, name: str, answers: np.ndarray) -> np.ndarray:
    """Replications (..., event, person) where there was an answer in the data, NaN elsewhere."""
    return np.where(data[f"answer_{name}"].notnull().values, answers, np.nan)


def of_posterior(model: Model, fit: xr.DataTree, draws: int, seed: int) -> Iterator[dict[str, np.ndarray]]:
    """Answers of everyone who was fitted, again, by response (replication, event, person), some draws at a time."""
    data, generator = fit["data"].to_dataset(), np.random.default_rng(seed)
    figures, people = names(data), data.sizes["person"]
    others = sum(name != ANYONE for name in figures)
    for part in in_parts(model, fit, draws, figures[0]):
        found = retold(model, part.values, part.course, len(figures), others, generator)
        yield {
            name: asked(data, name, answers.reshape(len(answers), -1, people).swapaxes(0, 1).astype(float))
            for name, answers in found.items()
        }


def of_prior(model: Model, data: xr.Dataset, draws: int, seed: int) -> Iterator[dict[str, np.ndarray]]:
    """The same of as many people whom nobody has fitted, a population at a time."""
    generator, figures = np.random.default_rng(seed), names(data)
    others = sum(name != ANYONE for name in figures)
    for _ in range(draws):
        people = draw_people(model, figures, data.sizes["person"], generator)
        found = retold(model, people, course(data), len(figures), others, generator)
        yield {name: asked(data, name, answers[None].astype(float)) for name, answers in found.items()}


def replicated(model: Model, data: xr.Dataset, parts: Iterator[dict[str, np.ndarray]]) -> dict[str, pd.DataFrame]:
    """Effects by response: a line per replication, a column per effect."""
    lives = {name: lived(data, response) for name, response in model.responses.items()}

    def seen(name: str, answers: np.ndarray) -> pd.DataFrame:
        response = model.responses[name]
        past = answers if response.effect == "none" else data[f"answer_{name}"].values.astype(float)
        return pd.DataFrame(effects(answers, past, response, lives[name]))

    found = [{name: seen(name, answers) for name, answers in part.items()} for part in parts]
    return {name: pd.concat([part[name] for part in found], ignore_index=True) for name in model.responses}


def observed(model: Model, data: xr.Dataset) -> dict[str, dict[str, float]]:
    """The effects in the data, by response; those of which there is nothing are left out."""
    found = {}
    for name, response in model.responses.items():
        answers = data[f"answer_{name}"].values.astype(float)
        values = effects(answers, answers, response, lived(data, response))
        found[name] = {effect: float(value) for effect, value in values.items() if np.isfinite(value)}
    return found


def held(truth: Mapping[str, Mapping[str, float]], made: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One line per response and effect: in the data, in replications (median, 95 %, 99 %), and whether it is missed."""
    lines = []
    for name, several in truth.items():
        for effect, value in several.items():
            least, low, middle, high, most = np.nanquantile(made[name][effect], [0.005, 0.025, 0.5, 0.975, 0.995])
            note = "" if low <= value <= high else "missed" if least <= value <= most else "cannot be made"
            line = {"response": name, "effect": effect, "data": value, "median": middle, "low": low, "high": high}
            lines.append(line | {"note": note})
    return pd.DataFrame(lines)


def furthest_off(checks: pd.DataFrame, count: int) -> str:
    """Effects by name of which the data lie furthest from the median, in half-widths of the 95 %."""
    half = (checks["high"] - checks["low"]) / 2.0
    away = (checks["data"] - checks["median"]).abs() / half.clip(lower=1e-9)
    worst = checks.loc[away.sort_values(ascending=False, kind="stable").index[:count]]
    return " and ".join(f"{line.effect} ({line.response})" for line in worst.itertuples())


def counted(checks: pd.DataFrame) -> str:
    """How many effects a theory cannot make, how many it misses, and which it is furthest from, in words."""
    off, never = checks[checks["note"] != ""], (checks["note"] == "cannot be made").sum()
    if off.empty:
        return f"makes all {len(checks)} effects that were looked for"
    said = f"cannot make {never} of {len(checks)} effects that were looked for, and misses {len(off) - never} more"
    return f"{said}; furthest off: {furthest_off(off, 2)}"


def in_few_levels(model: Model, data: xr.Dataset) -> list[str]:
    """Ratings whose answers are so few different ones that they were rounded."""
    found = {name: data[f"answer_{name}"].values for name, one in model.responses.items() if not one.family.whole}
    there = {name: answers[np.isfinite(answers)] for name, answers in found.items()}
    return [name for name, answers in there.items() if len(np.unique(answers)) <= LEVELS[-1] < len(answers)]


def rounding(checks: pd.DataFrame, few: list[str]) -> str:
    """Whether rounding may be why the data lie off, in words: of ratings in `few` levels, as `in_few_levels`."""
    off = checks.loc[checks["note"] != "", "response"].unique()
    rounded = [name for name in few if name in off]
    return (
        f" Answers to {', '.join(rounded)} have few levels, and rounding may be what it cannot make: see "
        "`availability_ordinal_N` (`worth_ordinal_N`) among the responses."
        if rounded
        else ""
    )


def fit_of_the_theory(checks: pd.DataFrame, few: list[str]) -> str:
    """What a posterior check says, and what it means; `few` as `in_few_levels`."""
    return (
        f"The theory {counted(checks)}. About {0.05 * len(checks):.0f} would be missed by chance."
        f"{rounding(checks, few)} The gate says that the sampler did its work, not that the theory fits: what a theory "
        "cannot make, it does not explain."
    )


def before_any_data(checks: pd.DataFrame, few: list[str]) -> str:
    """What a prior check says, and what it means; `few` as `in_few_levels`."""
    said = f"Before any data the theory {counted(checks)}."
    if (checks["note"] == "").all():
        return said
    return (
        f"{said} Hardly any people whom it holds possible do what it cannot make: see whether a scale is reversed, "
        "ratings were made before the act of their row (`moment`), or a column is misread; or widen `typical` in the "
        f"theory file, or expect that it will not fit.{rounding(checks, few)}"
    )


def posterior_check(model: Model, fit: xr.DataTree, draws: int = DRAWS, seed: int = 1) -> pd.DataFrame:
    """What people of the fit do, beside what they did."""
    data = fit["data"].to_dataset()
    return held(observed(model, data), replicated(model, data, of_posterior(model, fit, draws, seed)))


def prior_check(model: Model, data: xr.Dataset, draws: int = DRAWS, seed: int = 1) -> pd.DataFrame:
    """What people of the theory would do before any data, beside what they did."""
    return held(observed(model, data), replicated(model, data, of_prior(model, data, draws, seed)))


def falsified(checks: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One line per theory and effect that it cannot make and another holds, of checks by theory on the same answers.

    Answers are matched by their order, because theories may name them differently.
    """
    found = [table.assign(theory=name, answer=pd.factorize(table["response"])[0]) for name, table in checks.items()]
    joined = pd.concat(found, ignore_index=True)
    makes = joined[joined["note"] == ""].groupby(["answer", "effect"])["theory"].agg(", ".join).rename("made by")
    against = joined[joined["note"] == "cannot be made"].join(makes, on=["answer", "effect"], how="inner")
    return against[["theory", "response", "effect", "data", "low", "high", "made by"]]
