"""What people of a theory would have answered along what was lived: who was met and what was seen stay as they were.

Unlike `living.live`, in which answers decide what happens next, and like the likelihood, which takes what happened as
given. Echoes of answers and moods are carried from event to event.
"""

from collections.abc import Mapping

import numpy as np

from iwm_bayes.filtering.filter import walk
from iwm_bayes.ops import Array
from iwm_bayes.simulation.closed_loop import added_up, after_a_while, birth, respond
from iwm_bayes.types import Model, rule_values


def retold(
    model: Model, people: Mapping[str, Array], course: np.ndarray, figures: int, others: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Answers by response, (event, person), of people by their natural-scale values.

    `others` is how many of the figures there are to turn to, not counting someone whom nobody has met.
    """
    life = birth(model, figures, course.shape[2])._replace(others=others)
    early = [name for name, response in model.responses.items() if response.moment == "before"]
    late = [name for name in model.responses if name not in early]
    found: dict[str, list[np.ndarray]] = {name: [] for name in model.responses}
    for moment in walk(model.rule, rule_values(model, people), course, figures):
        life = life._replace(echoes=after_a_while(model, people, model.responses, life, moment.event))
        begun = moment._replace(after=moment.before, seen=np.zeros_like(moment.seen))
        for name in early:
            answer, life = respond(model, people, name, begun, life, rng)
            found[name].append(answer)
        life = life._replace(echoes=life.echoes | added_up(model, people, life, moment))
        for name in late:
            answer, life = respond(model, people, name, moment, life, rng)
            found[name].append(answer)
    return {name: np.stack(answers) for name, answers in found.items()}
