"""A model whose belief takes random steps and whose learning rate follows a column of the study, for tests.

value <- value + scale * innovation                                  (at every event)
value <- value + sigmoid(logit(rate) + effect * homework) (outcome - value)
"""

from typing import NamedTuple

import numpy as np

from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.ops import Array, logit, sigmoid
from iwm_bayes.rules.modifiers.added_parameters import with_parameters
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec, Parameter, map_tree

HEAD = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'


class Steps(NamedTuple):
    """Parameters of the random steps and of homework."""

    scale: Array = Parameter("positive", (0.02, 0.2), pooling="complete")
    effect: Array = Parameter("real", (-1.0, 1.0), pooling="complete")


def noisy_walk(folder) -> ModelSpec:
    """Return the model."""
    (folder / "walk.toml").write_text(HEAD, encoding="utf-8")
    model = load_model(folder / "walk.toml")
    rule = model.rule

    def drift(p, old_p, s, event):
        step = p.scale * event.innovations.get("step", 0.0)  # 0 at an event that is only supposed
        moved = map_tree(lambda value: value + event.figure * step, s.availability)
        return rule.drift(old_p, s._replace(availability=moved), event)

    def learn(p, old_p, s, event):
        rate = sigmoid(logit(old_p.availability.rate) + p.effect * event.terms["homework"])
        return rule.learn(old_p._replace(availability=old_p.availability._replace(rate=rate)), s, event)

    walk = with_parameters(rule, Steps()._asdict(), drift=drift, learn=learn)
    return model._replace(rule=walk._replace(terms=("homework",), innovations=("step",)))


def noisy_study(model: ModelSpec, people: int, sessions: int, seed: int):
    """Return data of the model: outcomes and answers of the rule without the steps, and homework at half the events."""
    plain = load_model("rescorla_wagner", ["worth_rating", "approach"])
    data = simulate(plain, [Phase({"therapist": constant_care(0.7)}, sessions)], people, seed)
    homework = np.random.default_rng(seed).integers(2, size=data["outcome"].shape).astype(float)
    return data.assign(event_terms=(("event_term", "event", "person"), homework[None])).assign_coords(
        event_term=["homework"]
    )
