"""Can a theory's parameters be found again? Populations of its priors are simulated and fitted.

Judged on the natural scale, of every person: correlation of truth and posterior mean within a study, bias, and how
often a 90 % interval holds the truth; on the link scale, how much narrower a person's posterior is than what was known
before any data (contraction). Wilson & Collins (2019), doi:10.7554/eLife.49547.
"""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.model.model_file import load_model
from iwm_bayes.model.priors import LINKS, free_parameters
from iwm_bayes.simulation.draws import person_parameters
from iwm_bayes.simulation.population import draw_population
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.sbc import SBC_FIGURES, sbc_phases, without_actions
from iwm_bayes.validation.sweep import Condition


@cache
def compile_cached(theory: str, people: int, sessions: int, method: str) -> CompiledModel:
    """A theory compiled once per process."""
    model = without_actions(load_model(theory))
    return METHODS[method].compile(model, simulate(model, sbc_phases(sessions), people, 0))


def prior_variance(model: ModelSpec) -> dict[str, float]:
    """Of a person's parameters before any data, link scale: of the centre, and around it."""
    return {
        row.name: row.prior_sd**2 + row.parameter.prior_between_sd**2 for row in free_parameters(model, SBC_FIGURES)
    }


def recovery_study(cell: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """One study of a cell: {"at theory", "people", "sessions", "method"}. For `sweep.sweep`."""
    theory, method = str(cell["at theory"]), str(cell["method"])
    people, sessions = int(cell["people"]), int(cell["sessions"])
    compiled = compile_cached(theory, people, sessions, method)
    model = compiled.model
    truth = draw_population(model, SBC_FIGURES, people, generator)
    data = simulate(model, sbc_phases(sessions), truth.values, generator)
    fit = METHODS[method].fit(compiled, data, Settings(random_seed=int(generator.integers(2**31))))
    verdict, known, found = check_convergence(fit), prior_variance(model), {}
    for row in {row.name: row for row in free_parameters(model, SBC_FIGURES)}.values():
        drawn = (
            person_parameters(model, fit, 400)[row.name].stack(sample=("chain", "draw")).transpose("sample", ...).values
        )
        link = LINKS[row.parameter.support][0]
        low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
        leaves = {"truth": truth.values[row.name], "mean": drawn.mean(axis=0), "low": low, "high": high}
        left = float(np.asarray(link(drawn)).var(axis=0).mean())
        found[row.name] = {name: np.ravel(leaf).tolist() for name, leaf in leaves.items()}
        found[row.name]["contraction"] = 1.0 - left / known[row.name]
    return {"passed": verdict.passed, "reasons": verdict.reasons, "parameters": found}


def recovery_measures(one: dict[str, Any]) -> dict[str, float]:
    """Of one parameter in one study: correlation, bias, coverage and contraction."""
    truth, mean, low, high = (np.array(one[name]) for name in ("truth", "mean", "low", "high"))
    alike = np.ptp(truth) == 0.0 or np.ptp(mean) == 0.0
    return {
        "r": np.nan if alike else float(np.corrcoef(truth, mean)[0, 1]),
        "bias": float((mean - truth).mean()),
        "coverage": float(((low <= truth) & (truth <= high)).mean()),
        "contraction": float(one["contraction"]),
    }


def recovery_table(studies: pd.DataFrame) -> pd.DataFrame:
    """One line per people, sessions and parameter: means over studies, "se" of bias and coverage over studies."""
    conditions = ["people", "sessions"]
    lines = [
        {name: line[name] for name in conditions} | {"parameter": parameter} | recovery_measures(one)
        for line in studies.to_dict("records")
        for parameter, one in line["parameters"].items()
    ]
    by_cell = pd.DataFrame(lines).groupby([*conditions, "parameter"], sort=False)
    table, errors = by_cell.mean(), by_cell.sem()
    table.insert(2, "se bias", errors["bias"])
    table.insert(4, "se coverage", errors["coverage"])
    passed = studies.groupby(conditions)["passed"].agg(lambda passed: passed.astype(bool).mean()).rename("gate passed")
    return table.assign(studies=by_cell.size()).reset_index().merge(passed.reset_index(), on=conditions)
