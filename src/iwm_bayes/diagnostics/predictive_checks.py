"""Prior and posterior predictive checks: whether a model reproduces features of the responses.

People of the posterior (or the prior) answer again along the observed events. Every test statistic of their answers is
compared with that of the data. A statistic of the data outside the central 95% or 99% of replications is marked. One
outside 99% that another model reproduces speaks against a model (Palminteri, Wyart & Koechlin, 2017,
doi:10.1016/j.tics.2017.03.011). Gelman, Meng & Stern (1996), Statistica Sinica 6, 733-760.

Of many statistics, some are outside their intervals even under the true model. So there is one joint test: how often
the largest standardised discrepancy of a replication, over all statistics, is at least that of the data. Westfall &
Young (1993), Resampling-Based Multiple Testing. A statistic that is the same in all replications and in the data cannot
fail, and is left out.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.diagnostics.ppc_statistics import outcome_masks, response_statistics
from iwm_bayes.estimands.dyads.member_fit import member_fit, member_model
from iwm_bayes.responses import LEVELS
from iwm_bayes.simulation.predictive import prior_predictive, replicated_answers
from iwm_bayes.types import ModelSpec

N_DRAWS = 200
MAX_JOINT_P = 0.05  # of the joint test, up to which a model does not reproduce the data
ROUNDING_RANGE = 1e-12  # a statistic that varies by less varies by rounding only
PPC_COLUMNS = ["response", "statistic", "observed", "median", "pi95_low", "pi95_high", "status", "p_joint"]
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


def can_fail(value: float, replications: np.ndarray) -> bool:
    """Return whether a statistic differs between any two of the data and the replications."""
    everything = np.append(replications[np.isfinite(replications)], value)
    return bool(np.ptp(everything) > ROUNDING_RANGE)


def joint_p(observed: np.ndarray, replicated: np.ndarray) -> np.ndarray:
    """Return for each statistic how often the largest discrepancy of a replication is at least its own, (statistic,).

    The smallest of these p values is that of the joint test. Discrepancies are standardised by the mean and the SD of
    data and replications together, which therefore rank among each other as under the model. `replicated` is
    (replication, statistic); what is not defined there does not count.
    """
    everything = np.vstack([observed, replicated])
    discrepancy = np.abs(everything - np.nanmean(everything, axis=0)) / np.nanstd(everything, axis=0)
    own, largest = discrepancy[0], np.nanmax(discrepancy[1:], axis=1, initial=0.0)
    return (1 + (largest[:, None] >= own).sum(axis=0)) / (1 + len(largest))


def ppc_table(observed: Mapping[str, Mapping[str, float]], replicated: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Make one line per response and test statistic that can fail: see `PPC_COLUMNS`."""
    lines, values = [], []
    for name, statistics in observed.items():
        for label, value in statistics.items():
            replications = replicated[name][label].to_numpy(dtype=float)
            if not can_fail(value, replications):
                continue
            lowest, low, median, high, highest = np.nanquantile(replications, [0.005, 0.025, 0.5, 0.975, 0.995])
            status = "" if low <= value <= high else OUTSIDE_95 if lowest <= value <= highest else OUTSIDE_99
            lines.append((name, label, value, median, low, high, status))
            values.append(replications)
    table = pd.DataFrame(lines, columns=PPC_COLUMNS[:-1])
    return table.assign(p_joint=joint_p(table["observed"].to_numpy(), np.array(values).T) if lines else [])


def posterior_predictive_check(model: ModelSpec, fit: xr.DataTree, draws: int = N_DRAWS, seed: int = 1) -> pd.DataFrame:
    """Compare the data with replications from the posterior: see `ppc_table`.

    Replications are other courses of the same people, with new innovations: those of the posterior follow the answers.
    """
    data, posterior = fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
    posterior = posterior.drop_vars("innovation", errors="ignore")
    replications = replicated_answers(model, data, posterior, draws, seed)
    return ppc_table(observed_statistics(model, data), replicated_statistics(model, data, replications))


def prior_predictive_check(model: ModelSpec, data: xr.Dataset, draws: int = N_DRAWS, seed: int = 1) -> pd.DataFrame:
    """Compare the data with simulations from the prior: see `ppc_table`."""
    return ppc_table(
        observed_statistics(model, data), replicated_statistics(model, data, prior_predictive(model, data, draws, seed))
    )


def standardised(observed: np.ndarray, median: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return how far observed values are from the predicted median, in units in which the 95% interval ends at ±1.

    Each side of the median has its own unit, because intervals need not be symmetric. A side without width has that of
    the other, and values outside an interval without any width are at ±2. Arrays are (statistic,).
    """
    distance = observed - median
    own = np.where(distance < 0, median - low, high - median)
    unit = np.where(own > ROUNDING_RANGE, own, high - low)
    return np.where(
        unit > ROUNDING_RANGE, distance / np.where(unit > ROUNDING_RANGE, unit, 1.0), 2.0 * np.sign(distance)
    )


def predictive_checks_data(checks: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join the predictive checks of models, with the column `standardised`; empty where no statistic varies.

    `checks` are tables of `ppc_table` by model. The first column is `model`, and `standardised` is the distance of the
    observed value from the predicted median, see `standardised`.
    """
    tables = [table.assign(model=name) for name, table in checks.items()]
    joined = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["model", *PPC_COLUMNS])
    columns = ("observed", "median", "pi95_low", "pi95_high")
    distance = standardised(*(joined[name].to_numpy(dtype=float) for name in columns))
    return joined[["model", *PPC_COLUMNS]].assign(standardised=distance)


def failed_checks(checks: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Make one line per model and test statistic that lies outside its 99% interval and that another model reproduces.

    `checks` are tables of `ppc_table` by model, for the same answers. Responses are matched by their order, because
    models may name them differently.
    """
    tables = [table.assign(model=name, order=pd.factorize(table["response"])[0]) for name, table in checks.items()]
    joined, key = pd.concat(tables, ignore_index=True), ["order", "statistic"]
    reproduced = joined[joined["status"] == ""].groupby(key)["model"].agg(", ".join).rename("reproduced_by")
    failed = joined[joined["status"] == OUTSIDE_99].join(reproduced, on=key, how="inner")
    return failed[["model", "response", "statistic", "observed", "pi95_low", "pi95_high", "p_joint", "reproduced_by"]]


def largest_discrepancy(checks: pd.DataFrame, count: int) -> str:
    """Name the test statistics furthest from the median of replications, in half-widths of the 95% interval."""
    half_width = (checks["pi95_high"] - checks["pi95_low"]) / 2.0
    distance = (checks["observed"] - checks["median"]).abs() / half_width.clip(lower=1e-9)
    furthest = checks.loc[distance.sort_values(ascending=False, kind="stable").index[:count]]
    return " and ".join(f"{line.statistic} ({line.response})" for line in furthest.itertuples())


def reproduced(checks: pd.DataFrame) -> bool:
    """Return whether the joint test over all statistics finds no discrepancy."""
    return checks.empty or bool(checks["p_joint"].min() > MAX_JOINT_P)


def ppc_count_sentence(checks: pd.DataFrame) -> str:
    """Return the joint test, how many statistics lie outside their intervals, and which are furthest outside."""
    if checks.empty:
        return "No test statistic varies, so none can be checked."
    outside, beyond, count = checks[checks["status"] != ""], (checks["status"] == OUTSIDE_99).sum(), len(checks)
    verdict = "no more than expected under the model" if reproduced(checks) else "more than expected under the model"
    return (
        f"{len(outside)} of {count} test statistics are outside the 95% predictive interval ({0.05 * count:.1f} "
        f"expected by chance), and {beyond} of them outside the 99% interval ({0.01 * count:.1f} expected). "
        f"The largest discrepancy is {verdict} (joint test over all statistics: p = {checks['p_joint'].min():.2g})."
        + (f" Furthest outside: {largest_discrepancy(outside, 2)}." if len(outside) else "")
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
    if reproduced(checks):
        return result
    return (
        f"{result} The observed values are improbable under the prior. Check that no scale is reversed and no column "
        "is misread. Check whether ratings were made before the outcome of the same row (`timing`). Otherwise widen "
        f"`prior_90` in the model file, or expect a poor fit.{rounding_sentence(checks, rounded)}"
    )


def checks_of_study(model: ModelSpec, fit: xr.DataTree) -> pd.DataFrame:
    """Return the posterior predictive checks of a fit; of dyads those of both members, with the role in front."""
    if not model.members:
        return posterior_predictive_check(model, fit)
    tables = []
    for role in model.members:
        table = posterior_predictive_check(member_model(model, role), member_fit(model, fit, role))
        tables.append(table.assign(response=f"{role}_" + table["response"].astype(str)))
    return pd.concat(tables, ignore_index=True)
