"""The posterior of a mixture of models.

Similar models can divide people in many ways, and their frequencies move slowly between these ways. A draw of the
mixture is therefore worth less than a draw of a single model, and the mixture gets more draws.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks, check_convergence
from iwm_bayes.inference.base import TRANSFORMED_VARIABLES, Settings
from iwm_bayes.inference.engines import compile_for_nutpie
from iwm_bayes.inference.laplace.method import compile_likelihood
from iwm_bayes.inference.nuts import sample_in_memory
from iwm_bayes.inference.pilot import pilot_fit
from iwm_bayes.model.inputs import coordinates
from iwm_bayes.types import ModelSpec

DRAW_FACTOR = 2  # times as many draws as of a single model
LOCAL_GAUSSIAN = ["local_mode", "local_gradient", "local_root"]  # of each person's responses, see `inference.pilot`


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
    """Compile the mixture, with the sampler's coordinates of every model."""
    from iwm_bayes.comparison.mixture_model import build_mixture, common_parameters, own_model  # it imports PyMC
    from iwm_bayes.inference.plain.graph_sampler import with_arrays

    common, prefixes = common_parameters(fits), ("", *(f"{fitted.model.name}::" for fitted in fits))
    names = ("frequency", "attribution", *(f"{prefix}{name}" for prefix in prefixes for name in TRANSFORMED_VARIABLES))

    def graph_and_names() -> tuple[Any, list[str]]:
        graph = build_mixture(fits)
        return graph, [name for name in names if name in graph.named_vars]

    compiled, graph = compile_for_nutpie(graph_and_names)
    arrays: dict[str, np.ndarray] = {}
    for fitted in fits:
        own = sampling_coordinates(fitted, own_model(fitted, common))
        arrays |= {f"{fitted.model.name}::{name}": values for name, values in own.items()}
    return with_arrays(compiled, graph, arrays)


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
