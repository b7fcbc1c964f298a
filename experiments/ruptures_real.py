"""The rules in which what follows a rupture decides, beside the other models of a real study: new people.

The runs are fits of the same study by several models (`iwm fit STUDY --model MODEL --method laplace`). Measures: the
ELPD of one whole person who was left out (LOSO), the frequency of each model by random-effects model selection, and
test statistics beside their posterior predictions. These are the functions of `iwm compare`, without leave-future-out
and leave-one-event-out, which take ten times as long. People whose weights are unreliable (Pareto's k above 0.7) are
counted in `n_bad_k`, and are not left out by refits.

Usage: `python ruptures_real.py FOLDER RUN RUN ...`; tables are written to FOLDER.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from iwm_bayes.comparison.bms import random_effects_bms
from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.comparison.draws import posterior_arrays
from iwm_bayes.comparison.elpd import Elpd, elpd_table
from iwm_bayes.comparison.leave_future_out import HORIZONS
from iwm_bayes.comparison.leave_one_person_out import leave_one_person_out
from iwm_bayes.comparison.model_frequencies import frequency_table
from iwm_bayes.comparison.pointwise import pointwise_likelihood
from iwm_bayes.comparison.scoring import N_DRAWS
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.diagnostics.predictive_checks import failed_checks, posterior_predictive_check
from iwm_bayes.workflow.fits import fit_of_run

SEED = 1


def left_out_people(fitted: FittedModel) -> Elpd:
    """Estimate the ELPD of every person under a fit to all others."""
    likelihood = pointwise_likelihood(fitted.model, fitted.data, HORIZONS)
    found = leave_one_person_out(posterior_arrays(fitted.model, fitted.fit, N_DRAWS), likelihood, SEED)
    return Elpd(found.elpd, found.variance, found.pareto_k)


def main(folder: Path, runs: list[Path]) -> None:
    fits = {fitted.model.name: fitted for fitted in map(fit_of_run, runs)}
    elpd = {}
    for name, fitted in fits.items():
        elpd[name] = left_out_people(fitted)
        print(f"{name}: {elpd[name].total:.1f}, converged: {check_convergence(fitted.fit).converged}", flush=True)
    evidence = pd.DataFrame({name: own.by_person for name, own in elpd.items()})
    checks = {name: posterior_predictive_check(fitted.model, fitted.fit, seed=SEED) for name, fitted in fits.items()}
    status = {name: check_convergence(fitted.fit).converged for name, fitted in fits.items()}
    ranking = elpd_table(elpd)
    tables = {
        "elpd_loso": ranking.assign(converged=ranking["model"].map(status)),
        "model_frequencies": frequency_table(evidence, random_effects_bms(np.asarray(evidence)), None),
        "ppc_failures": failed_checks(checks),
    } | {f"ppc_{name}": table for name, table in checks.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.round(4).to_csv(folder / f"{name}.csv", index=False)
        if not name.startswith("ppc_"):
            print(table.round(2).to_string(index=False), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(run) for run in sys.argv[2:]])
