"""The posterior of a mixture of models.

Similar models can divide people in many ways, and their frequencies move slowly between these ways. A draw of the
mixture is therefore worth less than a draw of a single model, and the mixture gets more draws.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.comparison.mixture.parts import common_parameters, own_model
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks, check_convergence
from iwm_bayes.filtering.engine_choice import with_fallback
from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.engines import imported
from iwm_bayes.inference.laplace.method import compile_likelihood
from iwm_bayes.inference.nuts import sample_in_memory
from iwm_bayes.inference.pilot import pilot_fit
from iwm_bayes.model.inputs import coordinates
from iwm_bayes.types import ModelSpec

DRAW_FACTOR = 2  # times as many draws as of a single model
LOCAL_GAUSSIAN = ["local_mode", "local_gradient", "local_root"]  # of each person's responses, see `inference.pilot`

MIXTURES: Mapping[str, Callable[..., Any]] = {  # by engine: from fits, and arrays by fit, to nutpie's model
    "fast": imported("comparison.mixture.engine:fast_mixture"),
    "plain": imported("comparison.mixture.graph:plain_mixture"),
}


class MixtureFit(NamedTuple):
    """The posterior of `frequency` (model,) and `attribution` (model, person), and its convergence checks.

    Parameters of a model are named "MODEL::mu" and so on.
    """

    trace: xr.DataTree
    checks: ConvergenceChecks


def sampling_coordinates(fitted: FittedModel, own: ModelSpec) -> dict[str, np.ndarray]:
    """Return the arrays that set the sampler's coordinates of one model of the mixture, by name.

    They describe people's responses near the mode of the model's own fit, and the levels of groups. Completely pooled
    parameters are fixed in the mixture, so nothing depends on them.
    """
    pilot = pilot_fit(compile_likelihood(fitted.model._replace(correlated=False), fitted.data), fitted.data)
    arrays = {str(name): values.values for name, values in pilot.items() if str(name).startswith("group_")}
    if "local_root" not in pilot:
        return arrays
    labels = coordinates(own, fitted.data)["parameter_person"]
    local = pilot[LOCAL_GAUSSIAN].sel(parameter_person=labels, parameter_person_other=labels)
    return arrays | {str(name): values.values for name, values in local.items()}


def compile_mixture(fits: Sequence[FittedModel]) -> Any:
    """Compile the mixture with the engine in use, in the coordinates of every model."""
    common = common_parameters(fits)
    arrays = [sampling_coordinates(fitted, own_model(fitted, common)) for fitted in fits]
    return with_fallback({name: partial(build, fits, arrays) for name, build in MIXTURES.items()})


def fit_mixture(fits: Sequence[FittedModel], settings: Settings) -> MixtureFit:
    """Sample the mixture of models, each with its own fit to the same people; twice the draws of `settings`."""
    trace = sample_in_memory(compile_mixture(fits), settings._replace(draws=DRAW_FACTOR * settings.draws))
    sampled = {
        "unconstrained_posterior": trace["posterior"].to_dataset(),
        "sample_stats": trace["sample_stats"].to_dataset(),
    }
    return MixtureFit(
        trace, check_convergence(xr.DataTree.from_dict(sampled), trace["posterior"].to_dataset()[["frequency"]])
    )
