"""Reflective functioning: how sharply an act is told apart into what it says of the other and what of oneself.

    credit  = C h                                          (compensatory: by uncertainty)
    even    = (credit(this figure) + credit(worth)) / 2
    m <- m + (reflection credit + (1 - reflection) even) (outcome - p) / (1 + s H)

with everything else as in `compensatory`, to which it comes down at reflection = 1. At 0 an act moves the belief in
the figure and in oneself alike, however sure one is of either; other figures get their credit whole. Claim: who
mentalises charges a rejection to the one it speaks of. The idea is Fonagy, Gergely, Jurist & Target's (2002, Affect
Regulation, Mentalization, and the Development of the Self); the equation is derived for this program.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.rules import compensatory
from iwm_bayes.rules.compensatory import State, credit, moderated
from iwm_bayes.types import Event, Parameter


class Parameters(NamedTuple):
    availability_start: Array = compensatory.Parameters().availability_start
    worth_start: Array = compensatory.Parameters().worth_start
    total_variance: Array = compensatory.Parameters().total_variance
    self_share: Array = compensatory.Parameters().self_share
    diffusion: Array = compensatory.Parameters().diffusion
    figure_correlation: Array = compensatory.Parameters().figure_correlation
    reflection: Array = Parameter(
        "unit", (0.1, 0.9), pooling="complete", meaning="how far credit follows uncertainty rather than falling evenly"
    )


def learn(p: Parameters, s: State, event: Event) -> State:
    _, worth, mean, variance = credit(s, event)
    expected = moderated(mean, variance)
    surprise = (event.outcome - expected) / (1.0 + variance * expected * (1.0 - expected))
    known = compensatory.learn(p, s, event)  # type: ignore[arg-type]  # the same fields, and one more
    blurred = (1.0 - p.reflection) * (variance / 2.0 - worth)
    return known._replace(
        availability=known.availability - event.figure * blurred * surprise,
        worth=known.worth + blurred * surprise,
    )


RULE = compensatory.RULE._replace(parameters=Parameters(), learn=learn)
