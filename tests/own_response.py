"""A small study whose model names a response in a Python file: of one's own, or received from somebody."""

from pathlib import Path

from own_rule import TRACE
from small_study import MODEL, STUDY

RESPONSE = '''"""How close people say they are: the belief in availability, with noise, on a scale with two ends."""

from typing import NamedTuple

import numpy as np

from iwm_bayes.ops import Array, constant, erfcx, log, sqrt, where
from iwm_bayes.types import Family, Parameter, Response


class Parameters(NamedTuple):
    noise: Array = Parameter("positive", (0.03, 0.3))
    intercept: Array = Parameter("real", (-0.3, 0.3), prior_between_sd=0.1)
    slope: Array = Parameter("real", (0.5, 1.5), prior_between_sd=0.2)


def arguments(p, belief):
    return {"mu": 0.5 + p.intercept + p.slope * (belief - 0.5), "sigma": sqrt(p.noise**2 + 0.0004)}


def log_density(value, mu, sigma):
    return -(((value - mu) / sigma) ** 2) / 2 - log(sigma) - constant(np.log(2 * np.pi) / 2)


def log_tail(value, low, high, mu, sigma):
    distance = where(value <= low, low - mu, mu - high) / sigma
    return log(erfcx(-distance / np.sqrt(2.0)) / 2) - distance**2 / 2


def draw(generator, mu, sigma):
    return np.clip(generator.normal(mu, sigma), 0.0, 1.0)


FAMILY = Family(log_density, draw, bounds=(0.0, 1.0), log_tail=log_tail)
COMFORT = Response(Parameters(), "availability", "after", FAMILY, arguments, scale={"intercept": 0.0, "slope": 1.0})
'''
CHOICE = '''"""Whether people come."""

from typing import NamedTuple

import numpy as np

from iwm_bayes.ops import Array, log
from iwm_bayes.types import Family, Parameter, Response


class Parameters(NamedTuple):
    lapse: Array = Parameter("unit", (0.02, 0.3))


def arguments(p, expected):
    return {"p": 0.5 * p.lapse + (1.0 - p.lapse) * expected}


def log_density(value, p):
    return value * log(p) + (1.0 - value) * log(1.0 - p)


def draw(generator, p):
    return (generator.random(p.shape) < p).astype(float)


COMES = Response(Parameters(), "expected", "before", Family(log_density, draw, discrete=True), arguments, "withdraws")
'''


def write_own_response(folder: Path, response: str = RESPONSE, rule: str = "rescorla_wagner") -> Path:
    """Write a study, its model and its response, without a table; the response leaves a trace when it runs."""
    trace = f'\nfrom pathlib import Path\n\nPath({str(folder / TRACE)!r}).write_text("")\n'
    (folder / "study.toml").write_text(
        STUDY.replace("responses.availability_rating", "responses.comfort").replace('"rating"', '"comfort"')
    )
    model = MODEL.replace('["availability_rating"]', '["my_responses.py:COMFORT"]')
    (folder / "model.toml").write_text(model.replace("rescorla_wagner", rule))
    (folder / "my_responses.py").write_text(response + trace)
    return folder
