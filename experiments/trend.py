"""A time trend in addition to learning: is learning found where there is none, and are both found where both are?

60 people give 20 ratings each of what they expect. Outcomes improve with time for everybody. Two designs:

    trend    Ratings approach a plateau with time alone, whatever the outcomes: the design `time` of
             `permutation_size.py`.
    both     Expectations follow outcomes by a delta rule (median rate 0.12) and approach a plateau (median 0.7) with
             time (pace 0.06).

Each study is fitted by a delta rule with a trend (`models/one_belief.toml`), and in the first design by the trend alone
as well. Criteria. Without learning, the 5% quantile of the learned share is below .05 in 85 to 100% of the studies, and
learning with trend has a higher ELPD than the trend, by two standard errors, in at most 10%. The ELPD is that of people
left out, by importance sampling. With both, 90% intervals of the group's rate, plateau and pace, and of the true
learned share of these people, cover in 82 to 96% of the studies by `laplace`, and in 15 of 20 by `nuts`.

Usage: `python trend.py FOLDER [STUDIES] [STUDIES_BY_NUTS]`; a rerun does only what is missing.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from permutation_size import N_PEOPLE, N_SESSIONS, RATING_SD, improving, simulate_study, to_dataset
from repeat import repeat

from iwm_bayes.comparison.draws import posterior_arrays
from iwm_bayes.comparison.leave_one_person_out import leave_one_person_out
from iwm_bayes.comparison.pointwise import pointwise_likelihood
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.learned_share import followed_beliefs, learned_share_table, learned_shares, parts_of_change
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.inference.fit import METHODS, CompiledModel, Settings
from iwm_bayes.model.priors import LINKS
from iwm_bayes.model.specification.additions import with_added
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.rules import growth
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.types import ModelSpec, rule_values

LEARNING = load_model(Path(__file__).parent / "models" / "one_belief.toml")
BOTH = with_added(LEARNING, ["trend"])
TREND = LEARNING._replace(name="growth", rule=lift_learner(growth.RULE, worth=False))
START, RATE, PLATEAU, PACE, SD = 0.4, 0.12, 0.7, 0.06, 0.5  # group medians, and the SD between people (log-odds)
TRUTH = {"availability_rate": RATE, "availability_plateau": PLATEAU, "availability_pace": PACE}
N_DRAWS = 400


@cache
def compiled(model: str, method: str) -> tuple[ModelSpec, CompiledModel]:
    """Compile a model once; every study of this size uses it."""
    spec = {"both": BOTH, "trend": TREND}[model]
    return spec, METHODS[method].compile(spec, simulate_study("time", 1))


def fit(model: str, data: xr.Dataset, seed: int, method: str = "laplace") -> tuple[ModelSpec, xr.DataTree]:
    """Fit one of the models."""
    spec, own = compiled(model, method)
    return spec, METHODS[method].fit(own, data, Settings(random_seed=seed, progressbar=False))


def elpd_of_people(model: ModelSpec, fitted: xr.DataTree, data: xr.Dataset) -> np.ndarray:
    """Return the ELPD of each person under a fit to all others, by importance sampling alone."""
    posterior = posterior_arrays(model, fitted, N_DRAWS)
    return leave_one_person_out(posterior, pointwise_likelihood(model, data), 1).elpd


def trend_alone(seed: int) -> dict[str, object]:
    """Fit a study in which nobody learns by both models; return the learned share and the difference in ELPD."""
    data = simulate_study("time", seed)
    both, trend = (fit(name, data, seed) for name in ("both", "trend"))
    share = learned_share_table(learned_shares(*both)).iloc[0]
    difference = elpd_of_people(*both, data) - elpd_of_people(*trend, data)
    error = difference.std(ddof=1) * np.sqrt(len(difference))
    return {
        "seed": seed,
        "share_low": share["learned_share_ci90_low"],
        "share": share["learned_share"],
        "share_high": share["learned_share_ci90_high"],
        "elpd_diff": difference.sum(),
        "dse": error,
    }


def simulate_both(rng: np.random.Generator) -> tuple[xr.Dataset, float]:
    """Simulate a study in which people learn and time moves them; return it with the true learned share."""
    link, unlink = LINKS["unit"]

    def people(median: float) -> np.ndarray:
        return unlink(link(median) + SD * rng.normal(size=N_PEOPLE))

    values = {"availability_start": people(START), "availability_rate": people(RATE)}
    values |= {"availability_plateau": people(PLATEAU), "availability_pace": np.full(N_PEOPLE, PACE)}
    outcomes = improving(rng, N_PEOPLE, N_SESSIONS)
    belief, ratings = values["availability_start"], []
    for outcome in outcomes:
        belief = values["availability_plateau"] + (belief - values["availability_plateau"]) * (1.0 - PACE)
        belief = belief + values["availability_rate"] * (outcome - belief)
        ratings.append(belief + rng.normal(0, RATING_SD, N_PEOPLE))
    data = to_dataset(outcomes, np.array(ratings))
    p = rule_values(BOTH, values)
    [[[learned, time, _]], _] = parts_of_change(BOTH, p, event_array(data), 1, followed_beliefs(BOTH, data))
    return data, float(np.median(np.abs(learned) / (np.abs(learned) + np.abs(time))))


def both_moving(seed: int, method: str) -> dict[str, object]:
    """Simulate and fit a study with learning and trend; return truth and 90% intervals."""
    data, share = simulate_both(np.random.default_rng([seed, 7]))
    model, fitted = fit("both", data, seed, method)
    found: dict[str, object] = {"seed": seed, "status": check_convergence(fitted).status}
    draws = fitted["unconstrained_posterior"]["mu"]
    for name, true in TRUTH.items():
        low, median, high = LINKS["unit"][1](draws.sel(parameter=name).quantile([0.05, 0.5, 0.95]).values)
        found |= {name: median, f"{name}_low": low, f"{name}_high": high, f"{name}_true": true}
    line = learned_share_table(learned_shares(model, fitted)).iloc[0]
    columns = {"": "", "_low": "_ci90_low", "_high": "_ci90_high"}
    found |= {f"share{own}": line[f"learned_share{column}"] for own, column in columns.items()}
    return found | {"share_true": share}


def print_coverage(results: pd.DataFrame) -> None:
    """Print, for each quantity, in which share of studies its interval covers, and its mean error."""
    for name in (*TRUTH, "share"):
        truth = results[f"{name}_true"]
        covers = (results[f"{name}_low"] <= truth) & (truth <= results[f"{name}_high"])
        error = results[name] - truth
        print(f"  {name}: covered in {covers.sum()} of {len(covers)}; error {error.mean():+.3f} (SD {error.std():.3f})")


def main(folder: Path, studies: int, by_nuts: int) -> None:
    alone = repeat(folder, "alone", studies, trend_alone)
    alone.round(4).to_csv(folder / "alone.csv", index=False)
    preferred = (alone["elpd_diff"] > 2 * alone["dse"]).mean()
    print(
        f"trend alone, {studies} studies: 5% quantile of the learned share below .05 in "
        f"{(alone['share_low'] < 0.05).mean():.0%}; median share {alone['share'].median():.3f}"
    )
    print(f"  learning with trend preferred to the trend by 2 SE in {preferred:.0%}")
    for method, count in (("laplace", studies), ("nuts", by_nuts)):
        if not count:
            continue
        found = repeat(folder, f"both-{method}", count, lambda seed, method=method: both_moving(seed, method))
        found.round(4).to_csv(folder / f"both_{method}.csv", index=False)
        print(
            f"learning and trend, {count} studies by {method}: {(found['status'] != 'not converged').sum()} converged"
        )
        print_coverage(found)


if __name__ == "__main__":
    counts = [int(text) for text in sys.argv[2:]]
    main(Path(sys.argv[1]), *(counts + [100, 20][len(counts) :]))
