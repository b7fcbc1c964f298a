"""Responses whose parameters differ between the waves of a study: see `rules.modifiers.waves` for the equations.

The shares of residuals and of sums that are left between events (`carry`, `accumulates`) stay the same in all waves.
"""

from collections.abc import Mapping

from iwm_bayes.ops import Array, count_figures, stack_figures
from iwm_bayes.responses.added_parameters import response_with_parameters
from iwm_bayes.rules.modifiers.waves import Waves, added_changes, at_wave
from iwm_bayes.types import Params, Response, named_leaves


def response_with_waves(name: str, response: Response, waves: Waves) -> Response:
    """Make parameters of a response differ between waves; `name` is the model's name for it."""
    declared = dict(named_leaves(response.parameters, name))
    added = {key.removeprefix(f"{name}_"): parameter for key, parameter in added_changes(declared, waves).items()}
    if not added:
        return response

    def arguments(p: Params, old_p: Params, is_wave: Mapping[str, Array], *readouts: Array) -> Mapping[str, Array]:
        if response.figure_scope == "each":  # parameters then have an axis for figures, as the readouts have
            figures = count_figures(readouts[0])
            is_wave = {term: stack_figures([value] * figures) for term, value in is_wave.items()}
        changes = {f"{name}_{field}": getattr(p, field) for field in added}
        return response.arguments(at_wave(old_p, declared, changes, waves, is_wave, name), *readouts)

    return response_with_parameters(response, added, waves.later, arguments)
