"""The posterior of a mixture of theories.

Theories that are much alike divide people among them in many ways, between which frequencies move slowly: a draw is
worth less than one of a theory alone, and there are more of them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.comparison.mixture_model import Fitted, build_mixture, common_parameters, own_model
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks, check_convergence
from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.laplace.method import compile_likelihood
from iwm_bayes.inference.nutpie_numba import compile_graph
from iwm_bayes.inference.nuts import sample_in_memory, sampler_with_arrays
from iwm_bayes.inference.pilot import pilot_fit
from iwm_bayes.model.hierarchy import TRANSFORMED_VARIABLES, coordinates
from iwm_bayes.types import ModelSpec

DRAW_FACTOR = 2  # times as many draws as of a theory by itself


class MixtureFit(NamedTuple):
    """The posterior of frequency (theory,) and of who follows what, follows (theory, person), and its verdict.

    Parameters of each theory are named "THEORY::centre" and so on.
    """

    trace: xr.DataTree
    verdict: ConvergenceChecks


def sampling_coordinates(fitted: Fitted, part: ModelSpec) -> dict[str, np.ndarray]:
    """What a part of a theory is told of everyone's own answers (see `own_answers`) and of members of groups, by name.

    Answers as they are near the top of the theory's own fit: what everyone shares is given, and nothing follows it.
    """
    before = fitted.fit["constant_data"].to_dataset()
    if "approximate" in fitted.fit["posterior"].attrs:  # no look ahead was needed then
        before = pilot_fit(compile_likelihood(fitted.model._replace(correlated=False), fitted.data), fitted.data)
    found = {str(name): values.values for name, values in before.items() if str(name).startswith("group_")}
    if "local_root" not in before:
        return found
    rows = coordinates(part, fitted.data)["parameter_person"]
    told = before[["local_mode", "local_gradient", "local_root"]].sel(
        parameter_person=rows, parameter_person_other=rows
    )
    return found | {str(name): values.values for name, values in told.items()}


def compile_mixture(theories: Sequence[Fitted]) -> Any:
    """The mixture compiled, and told of people."""
    built, common = build_mixture(theories), common_parameters(theories)
    parts = ("", *(f"{one.model.name}::" for one in theories))
    names = ("frequency", "follows", *(f"{part}{name}" for part in parts for name in TRANSFORMED_VARIABLES))
    compiled = compile_graph(built, [name for name in names if name in built.named_vars])
    given: dict[str, np.ndarray] = {}
    for one in theories:
        own = sampling_coordinates(one, own_model(one, common))
        given |= {f"{one.model.name}::{name}": values for name, values in own.items()}
    return sampler_with_arrays(compiled, built, given)


def fit_mixture(theories: Sequence[Fitted], settings: Settings) -> MixtureFit:
    """The mixture of several theories, each with its fit to the same people; twice as many draws as are asked for."""
    trace = sample_in_memory(compile_mixture(theories), settings._replace(draws=DRAW_FACTOR * settings.draws))
    return MixtureFit(trace, check_convergence(trace, trace["posterior"].to_dataset()[["frequency"]]))
