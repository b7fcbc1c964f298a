"""What people of a theory would have answered along what was lived: who was met and what was seen stay as they were.

Unlike `living.live`, in which answers decide what happens next, and like the likelihood, which takes what happened as
given. Echoes of answers and moods are carried from event to event.
"""

from collections.abc import Mapping

import numpy as np

from iwm_bayes.filtering.filter import filter_events
from iwm_bayes.ops import Array
from iwm_bayes.simulation.closed_loop import accumulated_carryovers, decayed_carryovers, draw_response, empty_history
from iwm_bayes.types import ModelSpec, rule_values


def simulate_open_loop(
    model: ModelSpec,
    people: Mapping[str, Array],
    course: np.ndarray,
    figures: int,
    others: int,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Answers by response, (event, person), of people by their natural-scale values.

    `others` is how many of the figures there are to turn to, not counting someone whom nobody has met.
    """
    life = empty_history(model, figures, course.shape[2])._replace(others=others)
    early = [name for name, response in model.responses.items() if response.timing == "before"]
    late = [name for name in model.responses if name not in early]
    found: dict[str, list[np.ndarray]] = {name: [] for name in model.responses}
    for moment in filter_events(model.rule, rule_values(model, people), course, figures):
        life = life._replace(echoes=decayed_carryovers(model, people, model.responses, life, moment.event))
        begun = moment._replace(after=moment.before, seen=np.zeros_like(moment.seen))
        for name in early:
            answer, life = draw_response(model, people, name, begun, life, rng)
            found[name].append(answer)
        life = life._replace(echoes=life.echoes | accumulated_carryovers(model, people, life, moment))
        for name in late:
            answer, life = draw_response(model, people, name, moment, life, rng)
            found[name].append(answer)
    return {name: np.stack(answers) for name, answers in found.items()}
