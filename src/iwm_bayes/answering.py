"""How people answer, whatever they believe: one group, around which they have a place in each of several theories."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pymc as pm
import pytensor.tensor as pt

from iwm_bayes.core import Model
from iwm_bayes.hierarchy import alone, centre_in_graph, pooled, spread_in_graph
from iwm_bayes.population import Row


class Answering(NamedTuple):
    """The group of how people answer, whatever they believe: centres and sds in the graph, by row label."""

    centre: Mapping[str, Any]
    spread: Mapping[str, Any]

    def around(self, separate: list[Row], people: int) -> tuple[Any, Any]:
        """Centres (separate, person) and sds (separate, 1): this group's, or all that the prior leaves open."""
        middle, width = (pt.as_tensor(values) for values in alone(separate, people))
        for index, row in enumerate(separate):
            if row.label in self.spread:
                middle, width = middle[index].set(self.centre[row.label]), width[index].set(self.spread[row.label])
        return middle, width

    def shared(self, people: int) -> dict[str, Any]:
        """What is one for everyone, (person,) by row label."""
        return {label: pt.full((people,), x) for label, x in self.centre.items() if label not in self.spread}


def answering_in_graph(model: Model, figures: list[str]) -> Answering:
    """Declare the group of how people answer, of a theory of which nothing else is free."""
    shared, partial = pooled(model, figures, "partial", "shared"), pooled(model, figures, "partial")
    labels = {"row": [row.label for row in shared], "partial": [row.label for row in partial]}
    pm.modelcontext(None).add_coords(labels)
    centre = centre_in_graph(shared) if shared else ()
    spread = spread_in_graph("spread", [row.parameter.spread for row in partial], "partial") if partial else ()
    return Answering(
        {label: centre[index] for index, label in enumerate(labels["row"])},
        {label: spread[index] for index, label in enumerate(labels["partial"])},
    )
