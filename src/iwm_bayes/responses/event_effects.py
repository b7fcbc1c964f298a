"""Effects of event terms on a response: its parameters have a value per event.

    value[event] = unlink(link(value) + sum over terms of effect * term[event])

An example is a rating that is noisier in sessions by video. The equation is that of
`rules.modifiers.event_effects`. The response reads the terms in addition to beliefs.
"""

from collections.abc import Mapping
from typing import Any

from iwm_bayes.ops import Array
from iwm_bayes.responses.added_parameters import response_with_parameters
from iwm_bayes.rules.modifiers.event_effects import Effects, moved
from iwm_bayes.types import Parameter, Response


def with_event_effects(response: Response, effects: Effects, added: Mapping[str, Parameter]) -> Response:
    """Add effects of event terms on parameters of a response; names are those within the response."""
    terms = list(dict.fromkeys(term for own in effects.values() for term in own.values()))

    def arguments(p: Any, old_p: Any, values: Mapping[str, Array], *readouts: Array) -> Mapping[str, Array]:
        return response.arguments(moved(response.parameters, old_p, effects, p, values), *readouts)

    return response_with_parameters(response, added, terms, arguments)
