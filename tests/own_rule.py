"""A small study whose model names a learning rule in a Python file: of one's own, or received from somebody."""

from pathlib import Path

from small_study import MODEL, STUDY

RULE = '''"""A belief that fades.

    value <- value + rate * (outcome - value)
"""

from typing import NamedTuple

import numpy as np

from iwm_bayes.ops import Array, constant, maximum, where
from iwm_bayes.types import Belief, Learner, Parameter


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85))
    rate: Array = Parameter("unit", (0.02, 0.5))


class State(NamedTuple):
    value: Array


def start(p):
    return State(p.start)


def drift(p, s, elapsed):
    return s


def learn(p, s, outcome):
    return State(s.value + p.rate * (outcome - s.value))


def belief(p, s):
    return Belief(s.value)


RULE = Learner(Parameters(), start, drift, learn, belief)
'''
TRACE = "ran"  # the file that the rule writes when it runs


def write_own_rule(folder: Path, rule: str = RULE) -> Path:
    """Write a study, its model and its rule, without a table; the rule leaves a trace when it runs."""
    trace = f'\nfrom pathlib import Path\n\nPath({str(folder / TRACE)!r}).write_text("")\n'
    (folder / "study.toml").write_text(STUDY.replace('"rating"', '"availability_rating"'))
    (folder / "model.toml").write_text(MODEL.replace('"rescorla_wagner"', '"mine.py:RULE"'))
    (folder / "mine.py").write_text(rule + trace)
    return folder


def has_run(folder: Path) -> bool:
    """Return whether the rule ran, and remove its trace."""
    ran = (folder / TRACE).exists()
    (folder / TRACE).unlink(missing_ok=True)
    return ran
