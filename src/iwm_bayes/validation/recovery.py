"""Parameter recovery: populations are simulated from a model's priors and fitted.

Three measures are on the natural scale, over people: the correlation of true values and posterior means within a study,
the bias, and the coverage of 90% intervals. Contraction is on the link scale: how much narrower a person's posterior is
than the prior of a person. Wilson & Collins (2019), doi:10.7554/eLife.49547.
"""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.model.priors import LINKS, FreeParameter, figure_names, free_parameters
from iwm_bayes.simulation.draws import person_parameters
from iwm_bayes.validation.compile_cache import compile_cached
from iwm_bayes.validation.sbc import design_of
from iwm_bayes.validation.sweep import Condition

N_DRAWS = 400  # of a posterior, from which people are estimated
CONDITIONS = ["n_people", "sessions"]
RECOVERY_COLUMNS = [*CONDITIONS, "study", "parameter", "truth", "mean", "low", "high"]


def compare_with_truth(free: FreeParameter, truth: np.ndarray, estimate: xr.DataArray) -> dict[str, Any]:
    """Return true values, posterior means and 90% intervals of one parameter, and its mean contraction."""
    draws = estimate.stack(sample=("chain", "draw")).transpose("sample", ...).values
    link, _ = LINKS[free.parameter.support]
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    by_person = {"truth": truth, "mean": draws.mean(axis=0), "low": low, "high": high}
    prior_variance = free.prior_sd**2 + free.parameter.prior_between_sd**2
    variance = float(np.asarray(link(draws)).var(axis=0).mean())
    lists = {name: np.ravel(values).tolist() for name, values in by_person.items()}
    return lists | {"contraction": 1.0 - variance / prior_variance}


def recovery_study(condition: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Simulate and fit one study. The condition has "at model", "method" and the design."""
    method, design = str(condition["method"]), design_of(condition)
    compiled = compile_cached(str(condition["at model"]), design.for_compilation(), method)
    model = compiled.model
    truth, data, _ = design.draw(model, generator)
    fit = METHODS[method].fit(compiled, data, Settings(random_seed=int(generator.integers(2**31))))
    checks, estimates = check_convergence(fit), person_parameters(model, fit, N_DRAWS)
    by_name = {free.name: free for free in free_parameters(model, figure_names(data))}
    parameters = {name: compare_with_truth(free, truth.values[name], estimates[name]) for name, free in by_name.items()}
    return {"converged": checks.converged, "reasons": checks.reasons, "parameters": parameters}


def recovery_measures(one: dict[str, Any]) -> dict[str, float]:
    """Compute the measures of one parameter in one study."""
    truth, mean, low, high = (np.array(one[name]) for name in ("truth", "mean", "low", "high"))
    constant = np.ptp(truth) == 0.0 or np.ptp(mean) == 0.0
    return {
        "r": np.nan if constant else float(np.corrcoef(truth, mean)[0, 1]),
        "bias": float((mean - truth).mean()),
        "coverage": float(((low <= truth) & (truth <= high)).mean()),
        "contraction": float(one["contraction"]),
    }


def recovery_data(studies: pd.DataFrame) -> pd.DataFrame:
    """Return one line per study, parameter and person (or group): true value, posterior mean and 90% interval.

    Columns are n_people, sessions, study, parameter, truth, mean, low and high, on the natural scale.
    """
    tables = [
        pd.DataFrame({name: one[name] for name in ("truth", "mean", "low", "high")}).assign(
            **{name: study[name] for name in CONDITIONS}, study=number, parameter=parameter
        )
        for number, study in enumerate(studies.to_dict("records"), 1)
        for parameter, one in study["parameters"].items()
    ]
    joined = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    return joined[RECOVERY_COLUMNS] if tables else joined


def recovery_table(studies: pd.DataFrame) -> pd.DataFrame:
    """Return one line per number of people, number of sessions and parameter: means over studies.

    `se_bias` and `se_coverage` are standard errors over studies; `converged` is a share of studies.
    """
    lines = [
        {name: study[name] for name in CONDITIONS} | {"parameter": parameter} | recovery_measures(one)
        for study in studies.to_dict("records")
        for parameter, one in study["parameters"].items()
    ]
    grouped = pd.DataFrame(lines).groupby([*CONDITIONS, "parameter"], sort=False)
    table, errors = grouped.mean(), grouped.sem()
    table.insert(2, "se_bias", errors["bias"])
    table.insert(4, "se_coverage", errors["coverage"])
    converged = studies.groupby(CONDITIONS)["converged"].agg(lambda own: own.astype(bool).mean())
    return table.assign(studies=grouped.size()).reset_index().merge(converged.reset_index(), on=CONDITIONS)
