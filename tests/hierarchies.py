"""Models with every kind of hierarchy, and a likelihood of which everything is known, for tests of the sampler."""

import numba
import numpy as np
import pandas as pd
from numba import types

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.inference.pilot import neutral_transform
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate

PEOPLE = 11  # a block of eight, and three more
HEAD = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "kalman"\nresponses = ["availability_rating", "approach"]\n'
BY_FIGURE = 'approach_bias = { by = "figure" }\n'
ALL_POOLINGS = 'availability_rating_noise = { pooling = "none" }\navailability_diffusion = { pooling = "complete" }\n'
FORMULAS = {"availability_start": "arm + (1|ward)", "approach_bias": "arm + (1 + age|ward)"}
CASES = {  # the model file after its head, and formulas
    "independent": ("[parameters]\n" + BY_FIGURE, {}),
    "correlated": ("correlated = true\n[parameters]\n" + BY_FIGURE, {}),
    "covariates and groups": ("[parameters]\n" + BY_FIGURE, FORMULAS),
    "all poolings": ("[parameters]\n" + ALL_POOLINGS, {}),
    "all together": ("correlated = true\n[parameters]\n" + BY_FIGURE + ALL_POOLINGS, FORMULAS),
}


def study(text, formulas, folder, people=PEOPLE):
    """Return a model and simulated data with two figures, an arm, an age and wards."""
    (folder / "own.toml").write_text(HEAD + text, encoding="utf-8")
    model = load_model(folder / "own.toml")
    phases = [Phase({"mother": constant_care(0.6), "therapist": constant_care(0.8)}, 2, assessed=True)]
    generator = np.random.default_rng(1)
    table = {"arm": generator.choice(["a", "b"], people), "age": generator.normal(size=people)}
    frame = pd.DataFrame(table | {"ward": generator.choice(["x", "y", "z"], people)})
    return model, join_covariates(simulate(model, phases, people, 1), frame, model, formulas)


def random_transform(model, data, generator):
    """Return arrays that describe people by random Gaussians, and group levels by a random share and unit."""
    neutral = neutral_transform(model, data)
    arrays = {str(name): generator.normal(0.5, 0.5, values.shape) for name, values in neutral.items()}
    positive = {"complete_width", "group_unit"}
    arrays |= {name: np.abs(array) + 0.1 for name, array in arrays.items() if name in positive}
    return arrays | {name: generator.uniform(size=x.shape) for name, x in arrays.items() if name == "group_centredness"}


def quadratic_arrays(peaks, curvatures):
    """Return the arrays of data that `quadratic` reads; each row (person,) is that of an event."""
    return {"event_array": peaks[:, None], "response_array": curvatures[None]}


def flat(values):
    """Return arrays one after another."""
    return np.concatenate([np.ravel(array) for array in values])


@numba.cfunc(types.void(types.int64, types.int64, *[types.CPointer(types.float64)] * 5))
def quadratic(n_events, n_people, peaks, curvatures, theta, by_person, gradient):
    """Log likelihood that is quadratic in each value; `peaks` and `curvatures` are (free parameter, person)."""
    for person in range(n_people):
        by_person[person] = 0.0
        for row in range(n_events):
            index = row * n_people + person
            distance = theta[index] - peaks[index]
            by_person[person] -= 0.5 * curvatures[index] * distance**2
            gradient[index] = -curvatures[index] * distance
