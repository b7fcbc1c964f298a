"""The rules in which what follows a rupture decides, and the other models of a real study: new people.

Models of a study are fitted by `laplace`, or read from runs of `iwm fit`. Measures: the ELPD of one whole person who
was left out (LOSO), the frequency of each model by random-effects model selection, and test statistics next to their
posterior predictions. These are the functions of `iwm compare`, without leave-future-out and leave-one-event-out, which
take ten times as long. People whose weights are unreliable (Pareto's k above 0.7) are counted in `n_bad_k`, and are not
left out by refits.

Usage: `python ruptures_real.py STUDY FOLDER MODEL MODEL ...`, where each MODEL is a model file or the folder of a run;
tables are written to FOLDER.
"""

import sys
from collections.abc import Mapping
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
from iwm_bayes.inference.fit import Settings, compile_likelihood, laplace
from iwm_bayes.workflow.fits import fit_of_run
from iwm_bayes.workflow.load import load_study_and_data

SEED = 1


def fitted_model(study: Path, place: Path) -> FittedModel:
    """Return the fit of a run, or fit the model of a file to the study."""
    if place.is_dir():
        return fit_of_run(place)
    loaded = load_study_and_data(study, str(place))
    fit = laplace(compile_likelihood(loaded.model, loaded.data), loaded.data, Settings(random_seed=SEED))
    return FittedModel(loaded.model, fit)


def left_out_people(fitted: FittedModel) -> Elpd:
    """Estimate the ELPD of every person under a fit to all others."""
    likelihood = pointwise_likelihood(fitted.model, fitted.data, HORIZONS)
    found = leave_one_person_out(posterior_arrays(fitted.model, fitted.fit, N_DRAWS), likelihood, SEED)
    return Elpd(found.elpd, found.variance, found.pareto_k)


def tables_of(
    elpd: Mapping[str, Elpd], checks: Mapping[str, pd.DataFrame], converged: Mapping[str, bool]
) -> dict[str, pd.DataFrame]:
    """Return the tables of a comparison by the name of their file."""
    evidence, ranking = pd.DataFrame({name: own.by_person for name, own in elpd.items()}), elpd_table(elpd)
    return {
        "elpd_loso": ranking.assign(converged=ranking["model"].map(converged)),
        "model_frequencies": frequency_table(evidence, random_effects_bms(np.asarray(evidence)), None),
        "ppc_failures": failed_checks(checks),
    } | {f"ppc_{name}": table for name, table in checks.items()}


def write(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write the tables, and print those that rank models."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.round(4).to_csv(folder / f"{name}.csv", index=False)
        if not name.startswith("ppc_"):
            print(table.round(2).to_string(index=False), flush=True)


def main(study: Path, folder: Path, places: list[Path]) -> None:
    elpd, checks, converged = {}, {}, {}
    for place in places:
        fitted = fitted_model(study, place)
        name = fitted.model.name
        elpd[name], converged[name] = left_out_people(fitted), check_convergence(fitted.fit).converged
        checks[name] = posterior_predictive_check(fitted.model, fitted.fit, seed=SEED)
        print(f"{name}: {elpd[name].total:.1f}, converged: {converged[name]}", flush=True)
    write(folder, tables_of(elpd, checks, converged))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(place) for place in sys.argv[3:]])
