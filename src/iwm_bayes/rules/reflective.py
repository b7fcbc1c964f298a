"""Mentalising: how far a person separates what an outcome implies about the other from what it implies about oneself.

    credit  = C h                                          (compensatory: by uncertainty)
    even    = (credit(this figure) + credit(worth)) / 2
    m <- m + (reflection credit + (1 - reflection) even) (outcome - p) / (1 + s H)

All else is as in `compensatory`, which is the case of reflection = 1. At 0 an outcome changes the beliefs about the
figure and about oneself equally, however certain each is. Other figures always get their full credit. Hypothesis:
people who mentalise attribute a rejection to the person it concerns. The idea is from Fonagy, Gergely, Jurist &
Target (2002), Affect Regulation, Mentalization, and the Development of the Self. The equation is derived for this
program.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.rules import compensatory
from iwm_bayes.rules.compensatory import State, credit, moderated_probability
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Event, Parameter

LATEX = Notation(
    symbols={
        **compensatory.LATEX.symbols,
        "reflection": r"\eta",
    },
    start=compensatory.LATEX.start,
    time=compensatory.LATEX.time,
    outcome=(
        compensatory.LATEX.outcome[0],
        r"c = C\,h, \quad \bar{c} = \tfrac{1}{2}\,(c_j + c_w)",
        r"m_i \leftarrow m_i + \left(\eta\,c_i + (1 - \eta)\,\bar{c}\right)\frac{o - p}{1 + s\,H} \ \ (i \in \{j, w\})",
        r"m_k \leftarrow m_k + c_k\,\frac{o - p}{1 + s\,H} \quad \text{(every other figure)}",
        compensatory.LATEX.outcome[2],
    ),
    belief=compensatory.LATEX.belief,
    quantities={**compensatory.LATEX.quantities, "c": "credit by uncertainty; j: the figure of the event"},
)


class Parameters(NamedTuple):
    availability_start: Array = compensatory.Parameters().availability_start
    worth_start: Array = compensatory.Parameters().worth_start
    total_variance: Array = compensatory.Parameters().total_variance
    self_share: Array = compensatory.Parameters().self_share
    diffusion: Array = compensatory.Parameters().diffusion
    figure_correlation: Array = compensatory.Parameters().figure_correlation
    reflection: Array = Parameter(
        "unit",
        (0.1, 0.9),
        pooling="complete",
        meaning="share of credit that follows uncertainty; the rest is split evenly",
    )


def learn(p: Parameters, s: State, event: Event) -> State:
    _, to_worth, mean, variance = credit(s, event)
    expected = moderated_probability(mean, variance)
    prediction_error = (event.outcome - expected) / (1.0 + variance * expected * (1.0 - expected))
    by_uncertainty = compensatory.learn(p, s, event)  # type: ignore[arg-type]  # the same fields, and one more
    correction = (1.0 - p.reflection) * (variance / 2.0 - to_worth)
    return by_uncertainty._replace(
        availability=by_uncertainty.availability - event.figure * correction * prediction_error,
        worth=by_uncertainty.worth + correction * prediction_error,
    )


RULE = compensatory.RULE._replace(parameters=Parameters(), learn=learn)
