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

from iwm_bayes.diagnostics.ppc_statistics import outcome_masks, test_statistics
from iwm_bayes.estimands.belief_paths import belief_path_batches
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.responses import LEVELS
from iwm_bayes.simulation.draws import names
from iwm_bayes.simulation.open_loop import simulate_open_loop
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.types import GENERALISED, ModelSpec

N_DRAWS = 200


def blank_where_unanswered(data: xr.Dataset, name: str, answers: np.ndarray) -> np.ndarray:
    """Replications (..., event, person) where there was an answer in the data, NaN elsewhere."""
    return np.where(data[f"answer_{name}"].notnull().values, answers, np.nan)


def posterior_predictive(model: ModelSpec, fit: xr.DataTree, draws: int, seed: int) -> Iterator[dict[str, np.ndarray]]:
    """Answers of everyone who was fitted, again, by response (replication, event, person), some draws at a time."""
    data, generator = fit["data"].to_dataset(), np.random.default_rng(seed)
    figures, people = names(data), data.sizes["person"]
    others = sum(name != GENERALISED for name in figures)
    for part in belief_path_batches(model, fit, draws, figures[0]):
        found = simulate_open_loop(model, part.values, part.course, len(figures), others, generator)
        yield {
            name: blank_where_unanswered(
                data, name, answers.reshape(len(answers), -1, people).swapaxes(0, 1).astype(float)
            )
            for name, answers in found.items()
        }


def prior_predictive(model: ModelSpec, data: xr.Dataset, draws: int, seed: int) -> Iterator[dict[str, np.ndarray]]:
    """The same of as many people whom nobody has fitted, a population at a time."""
    generator, figures = np.random.default_rng(seed), names(data)
    others = sum(name != GENERALISED for name in figures)
    for _ in range(draws):
        people = draw_people(model, figures, data.sizes["person"], generator)
        found = simulate_open_loop(model, people, event_array(data), len(figures), others, generator)
        yield {name: blank_where_unanswered(data, name, answers[None].astype(float)) for name, answers in found.items()}


def replicated_statistics(
    model: ModelSpec, data: xr.Dataset, parts: Iterator[dict[str, np.ndarray]]
) -> dict[str, pd.DataFrame]:
    """Effects by response: a line per replication, a column per effect."""
    lives = {name: outcome_masks(data, response) for name, response in model.responses.items()}

    def seen(name: str, answers: np.ndarray) -> pd.DataFrame:
        response = model.responses[name]
        past = answers if response.effect == "none" else data[f"answer_{name}"].values.astype(float)
        return pd.DataFrame(test_statistics(answers, past, response, lives[name]))

    found = [{name: seen(name, answers) for name, answers in part.items()} for part in parts]
    return {name: pd.concat([part[name] for part in found], ignore_index=True) for name in model.responses}


def observed_statistics(model: ModelSpec, data: xr.Dataset) -> dict[str, dict[str, float]]:
    """The effects in the data, by response; those of which there is nothing are left out."""
    found = {}
    for name, response in model.responses.items():
        answers = data[f"answer_{name}"].values.astype(float)
        values = test_statistics(answers, answers, response, outcome_masks(data, response))
        found[name] = {effect: float(value) for effect, value in values.items() if np.isfinite(value)}
    return found


def ppc_table(truth: Mapping[str, Mapping[str, float]], made: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One line per response and effect: in the data, in replications (median, 95 %, 99 %), and whether it is missed."""
    lines = []
    for name, several in truth.items():
        for effect, value in several.items():
            least, low, middle, high, most = np.nanquantile(made[name][effect], [0.005, 0.025, 0.5, 0.975, 0.995])
            note = "" if low <= value <= high else "missed" if least <= value <= most else "cannot be made"
            line = {"response": name, "effect": effect, "data": value, "median": middle, "low": low, "high": high}
            lines.append(line | {"note": note})
    return pd.DataFrame(lines)


def largest_discrepancy(checks: pd.DataFrame, count: int) -> str:
    """Effects by name of which the data lie furthest from the median, in half-widths of the 95 %."""
    half = (checks["high"] - checks["low"]) / 2.0
    away = (checks["data"] - checks["median"]).abs() / half.clip(lower=1e-9)
    worst = checks.loc[away.sort_values(ascending=False, kind="stable").index[:count]]
    return " and ".join(f"{line.effect} ({line.response})" for line in worst.itertuples())


def ppc_count_sentence(checks: pd.DataFrame) -> str:
    """How many effects a theory cannot make, how many it misses, and which it is furthest from, in words."""
    off, never = checks[checks["note"] != ""], (checks["note"] == "cannot be made").sum()
    if off.empty:
        return f"makes all {len(checks)} effects that were looked for"
    said = f"cannot make {never} of {len(checks)} effects that were looked for, and misses {len(off) - never} more"
    return f"{said}; furthest off: {largest_discrepancy(off, 2)}"


def rounded_ratings(model: ModelSpec, data: xr.Dataset) -> list[str]:
    """Ratings whose answers are so few different ones that they were rounded."""
    found = {name: data[f"answer_{name}"].values for name, one in model.responses.items() if not one.family.whole}
    there = {name: answers[np.isfinite(answers)] for name, answers in found.items()}
    return [name for name, answers in there.items() if len(np.unique(answers)) <= LEVELS[-1] < len(answers)]


def rounding_sentence(checks: pd.DataFrame, few: list[str]) -> str:
    """Whether rounding may be why the data lie off, in words: of ratings in `few` levels, as `rounded_ratings`."""
    off = checks.loc[checks["note"] != "", "response"].unique()
    rounded = [name for name in few if name in off]
    return (
        f" Answers to {', '.join(rounded)} have few levels, and rounding may be what it cannot make: see "
        "`availability_ordinal_N` (`worth_ordinal_N`) among the responses."
        if rounded
        else ""
    )


def posterior_ppc_sentence(checks: pd.DataFrame, few: list[str]) -> str:
    """What a posterior check says, and what it means; `few` as `rounded_ratings`."""
    return (
        f"The theory {ppc_count_sentence(checks)}. About {0.05 * len(checks):.0f} would be missed by chance."
        f"{rounding_sentence(checks, few)} The gate says that the sampler did its work, not that the theory fits: what a theory "
        "cannot make, it does not explain."
    )


def prior_ppc_sentence(checks: pd.DataFrame, few: list[str]) -> str:
    """What a prior check says, and what it means; `few` as `rounded_ratings`."""
    said = f"Before any data the theory {ppc_count_sentence(checks)}."
    if (checks["note"] == "").all():
        return said
    return (
        f"{said} Hardly any people whom it holds possible do what it cannot make: see whether a scale is reversed, "
        "ratings were made before the act of their row (`moment`), or a column is misread; or widen `typical` in the "
        f"theory file, or expect that it will not fit.{rounding_sentence(checks, few)}"
    )


def posterior_predictive_check(model: ModelSpec, fit: xr.DataTree, draws: int = N_DRAWS, seed: int = 1) -> pd.DataFrame:
    """What people of the fit do, beside what they did."""
    data = fit["data"].to_dataset()
    return ppc_table(
        observed_statistics(model, data),
        replicated_statistics(model, data, posterior_predictive(model, fit, draws, seed)),
    )


def prior_predictive_check(model: ModelSpec, data: xr.Dataset, draws: int = N_DRAWS, seed: int = 1) -> pd.DataFrame:
    """What people of the theory would do before any data, beside what they did."""
    return ppc_table(
        observed_statistics(model, data), replicated_statistics(model, data, prior_predictive(model, data, draws, seed))
    )


def failed_checks(checks: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One line per theory and effect that it cannot make and another holds, of checks by theory on the same answers.

    Answers are matched by their order, because theories may name them differently.
    """
    found = [table.assign(theory=name, answer=pd.factorize(table["response"])[0]) for name, table in checks.items()]
    joined = pd.concat(found, ignore_index=True)
    makes = joined[joined["note"] == ""].groupby(["answer", "effect"])["theory"].agg(", ".join).rename("made by")
    against = joined[joined["note"] == "cannot be made"].join(makes, on=["answer", "effect"], how="inner")
    return against[["theory", "response", "effect", "data", "low", "high", "made by"]]
