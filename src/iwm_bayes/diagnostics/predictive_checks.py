"""Prior and posterior predictive checks: whether a model reproduces features of the responses.

People of the posterior (or the prior) answer again along the observed events. Every test statistic of their answers is
compared with that of the data. A statistic of the data outside the central 95% or 99% of replications is marked. One
outside 99% that another model reproduces speaks against a model (Palminteri, Wyart & Koechlin, 2017,
doi:10.1016/j.tics.2017.03.011). Gelman, Meng & Stern (1996), Statistica Sinica 6, 733-760.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.diagnostics.ppc_statistics import outcome_masks, response_statistics
from iwm_bayes.responses import LEVELS
from iwm_bayes.simulation.predictive import posterior_predictive, prior_predictive
from iwm_bayes.types import ModelSpec

N_DRAWS = 200
OUTSIDE_95, OUTSIDE_99 = "outside 95%", "outside 99%"  # statuses of a test statistic; empty if it is inside


def replicated_statistics(
    model: ModelSpec, data: xr.Dataset, batches: Iterator[dict[str, np.ndarray]]
) -> dict[str, pd.DataFrame]:
    """Compute the test statistics of replicated answers by response: a line per replication, a column per statistic."""
    masks = {name: outcome_masks(data, response) for name, response in model.responses.items()}

    def statistics(name: str, answers: np.ndarray) -> pd.DataFrame:
        response = model.responses[name]
        past = answers if response.effect == "none" else data[f"answer_{name}"].values.astype(float)
        return pd.DataFrame(response_statistics(answers, past, response, masks[name]))

    tables = [{name: statistics(name, answers) for name, answers in batch.items()} for batch in batches]
    return {name: pd.concat([table[name] for table in tables], ignore_index=True) for name in model.responses}


def observed_statistics(model: ModelSpec, data: xr.Dataset) -> dict[str, dict[str, float]]:
    """Compute the test statistics of the data by response, without those that the data do not determine."""
    statistics = {}
    for name, response in model.responses.items():
        answers = data[f"answer_{name}"].values.astype(float)
        values = response_statistics(answers, answers, response, outcome_masks(data, response))
        statistics[name] = {label: float(value) for label, value in values.items() if np.isfinite(value)}
    return statistics


def ppc_table(observed: Mapping[str, Mapping[str, float]], replicated: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Make one line per response and test statistic: observed, median and 95% interval of replications, status."""
    lines = []
    for name, statistics in observed.items():
        for label, value in statistics.items():
            lowest, low, median, high, highest = np.nanquantile(
                replicated[name][label], [0.005, 0.025, 0.5, 0.975, 0.995]
            )
            status = "" if low <= value <= high else OUTSIDE_95 if lowest <= value <= highest else OUTSIDE_99
            lines.append(
                {
                    "response": name,
                    "statistic": label,
                    "observed": value,
                    "median": median,
                    "pi95_low": low,
                    "pi95_high": high,
                    "status": status,
                }
            )
    return pd.DataFrame(lines)


def posterior_predictive_check(model: ModelSpec, fit: xr.DataTree, draws: int = N_DRAWS, seed: int = 1) -> pd.DataFrame:
    """Compare the data with replications from the posterior: see `ppc_table`."""
    data = fit["data"].to_dataset()
    return ppc_table(
        observed_statistics(model, data),
        replicated_statistics(model, data, posterior_predictive(model, fit, draws, seed)),
    )


def prior_predictive_check(model: ModelSpec, data: xr.Dataset, draws: int = N_DRAWS, seed: int = 1) -> pd.DataFrame:
    """Compare the data with simulations from the prior: see `ppc_table`."""
    return ppc_table(
        observed_statistics(model, data), replicated_statistics(model, data, prior_predictive(model, data, draws, seed))
    )


def failed_checks(checks: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Make one line per model and test statistic that lies outside its 99% interval and that another model reproduces.

    `checks` are tables of `ppc_table` by model, for the same answers. Responses are matched by their order, because
    models may name them differently.
    """
    tables = [table.assign(model=name, order=pd.factorize(table["response"])[0]) for name, table in checks.items()]
    joined, key = pd.concat(tables, ignore_index=True), ["order", "statistic"]
    reproduced = joined[joined["status"] == ""].groupby(key)["model"].agg(", ".join).rename("reproduced_by")
    failed = joined[joined["status"] == OUTSIDE_99].join(reproduced, on=key, how="inner")
    return failed[["model", "response", "statistic", "observed", "pi95_low", "pi95_high", "reproduced_by"]]


def largest_discrepancy(checks: pd.DataFrame, count: int) -> str:
    """Name the test statistics furthest from the median of replications, in half-widths of the 95% interval."""
    half_width = (checks["pi95_high"] - checks["pi95_low"]) / 2.0
    distance = (checks["observed"] - checks["median"]).abs() / half_width.clip(lower=1e-9)
    furthest = checks.loc[distance.sort_values(ascending=False, kind="stable").index[:count]]
    return " and ".join(f"{line.statistic} ({line.response})" for line in furthest.itertuples())


def ppc_count_sentence(checks: pd.DataFrame) -> str:
    """Return how many test statistics lie outside the 95% and 99% intervals, and which are furthest outside."""
    outside, beyond = checks[checks["status"] != ""], (checks["status"] == OUTSIDE_99).sum()
    if outside.empty:
        return f"All {len(checks)} test statistics are inside the 95% predictive interval."
    return (
        f"{len(outside)} of {len(checks)} test statistics are outside the 95% predictive interval "
        f"({0.05 * len(checks):.0f} expected by chance), and {beyond} of them outside the 99% interval. "
        f"Furthest outside: {largest_discrepancy(outside, 2)}."
    )


def rounded_ratings(model: ModelSpec, data: xr.Dataset) -> list[str]:
    """Return the ratings that have so few distinct answers that they must have been rounded."""
    answers = {name: data[f"answer_{name}"].values for name, r in model.responses.items() if not r.family.discrete}
    finite = {name: values[np.isfinite(values)] for name, values in answers.items()}
    return [name for name, values in finite.items() if len(np.unique(values)) <= LEVELS[-1] < len(values)]


def rounding_sentence(checks: pd.DataFrame, rounded: list[str]) -> str:
    """Return that rounding may be a reason, if a response in `rounded` has a statistic outside; otherwise nothing."""
    outside = checks.loc[checks["status"] != "", "response"].unique()
    names = [name for name in rounded if name in outside]
    if not names:
        return ""
    return (
        f" Answers to {', '.join(names)} have few levels. Rounding may be a reason; the "
        "responses `availability_ordinal_N` and `worth_ordinal_N` are for ratings with N levels."
    )


def posterior_ppc_sentence(checks: pd.DataFrame, rounded: list[str]) -> str:
    """Return the result of a posterior predictive check, and what it means; `rounded` is from `rounded_ratings`."""
    return (
        f"Posterior predictive checks: {ppc_count_sentence(checks)}{rounding_sentence(checks, rounded)} A model "
        "can converge and still describe the data badly. It does not explain a feature that it does not reproduce."
    )


def prior_ppc_sentence(checks: pd.DataFrame, rounded: list[str]) -> str:
    """Return the result of a prior predictive check, and what to do; `rounded` is from `rounded_ratings`."""
    result = f"Prior predictive checks: {ppc_count_sentence(checks)}"
    if (checks["status"] == "").all():
        return result
    return (
        f"{result} The observed values are improbable under the prior. Check that no scale is reversed and no column "
        "is misread. Check whether ratings were made before the outcome of the same row (`timing`). Otherwise widen "
        f"`prior_90` in the model file, or expect a poor fit.{rounding_sentence(checks, rounded)}"
    )
