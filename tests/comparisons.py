"""A comparison of models without a fit: made-up scores of people, whose ranking and sentences can be counted."""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.comparison.bms import random_effects_bms
from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.comparison.compare import Comparison
from iwm_bayes.comparison.elpd import Elpd, elpd_table
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks
from iwm_bayes.diagnostics.predictive_checks import PPC_COLUMNS
from iwm_bayes.types import ModelSpec, Rule
from iwm_bayes.workflow.comparison_folder import write_comparison

MODELS = ("kalman", "rescorla_wagner")
PEOPLE = [f"p{index:02d}" for index in range(14)]


def mixture_of(models):
    """Draws of a mixture that follows nobody: two thirds of the people follow the first model."""
    share = np.full((2, 50, len(models)), 1 / 3 / max(len(models) - 1, 1))
    share[..., 0] = 2 / 3 if len(models) > 1 else 1.0
    variables = {
        "frequency": (("chain", "draw", "model"), share),
        "attribution": (("chain", "draw", "model", "person"), np.repeat(share[..., None], len(PEOPLE), axis=-1)),
    }
    return xr.DataTree.from_dict({"posterior": xr.Dataset(variables, {"model": list(models), "person": PEOPLE})})


def comparison_of(models=MODELS, mixture=False, failures=True):
    """Every further model loses 7 of ELPD, half a point with each person, and fails one predictive check."""
    loss = 0.5 + 0.1 * (-1.0) ** np.arange(len(PEOPLE))
    by_person = {name: -1.0 - index * loss for index, name in enumerate(models)}
    evidence = pd.DataFrame(by_person, index=pd.Index(PEOPLE, name="person"))
    table = elpd_table({name: Elpd(values, np.full(len(PEOPLE), 0.1)) for name, values in by_person.items()})
    statuses = [""] + [("outside 99%" if failures else "")] * (len(models) - 1)
    checks = {
        name: pd.DataFrame([("rating", "reversals", 0.5, 0.4, 0.3, 0.6, status, 0.2)], columns=PPC_COLUMNS)
        for name, status in zip(models, statuses, strict=True)
    }
    trace = mixture_of(models) if mixture else None
    fine = ConvergenceChecks(True, [], {}) if mixture else None
    selection = random_effects_bms(evidence.to_numpy())
    return Comparison({"loso": table}, evidence, selection, trace, fine, checks, ["kalman"])


def written_comparison(folder, models=MODELS, **options):
    """The folder of such a comparison, as `iwm compare` writes it."""
    comparison, data = comparison_of(models, **options), xr.Dataset(coords={"person": PEOPLE})
    nothing = Rule((), *[lambda *_: None] * 4)
    fit = xr.DataTree.from_dict({"constant_data": data})
    fits = [FittedModel(ModelSpec(name, nothing, {}), fit) for name in models]
    write_comparison(comparison, folder, fits, person_table=True)
    return folder
