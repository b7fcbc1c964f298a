"""What data hardly tell about symptoms that follow beliefs.

Each function yields a sentence for each parameter that a study can hardly determine. Five answers for a person's level
and change are a rule of thumb.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from iwm_bayes.filtering.arrays import event_array, new_innovations, session_index, sessions_before, with_innovations
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.priors import figure_names
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.types import ModelSpec, Response, rule_values

MIN_ANSWERS = 5  # of a symptom, per person
MAX_CORRELATION = 0.95  # of the changes of two beliefs: beyond it, the SE of a slope is more than three times as large
MAX_PEOPLE, POPULATIONS = 200, 5  # that are simulated to see whether two beliefs move together


def symptom_problems(model: ModelSpec, data: xr.Dataset) -> Iterator[str]:
    """Yield why the slopes of a symptom are hardly identified."""
    for name, response in model.responses.items():
        if response.lagged:
            yield from few_answers(name, data)
            yield from lag_too_long(name, response, data)
            yield from beliefs_move_together(name, model, data)


def few_answers(name: str, data: xr.Dataset) -> Iterator[str]:
    """Check symptoms with few answers of each person."""
    counts = data[f"answer_{name}"].notnull().sum("event").values
    if np.median(counts) < MIN_ANSWERS:
        yield (
            f"{name}: the median person has {np.median(counts):g} answers. With fewer than {MIN_ANSWERS}, a person's "
            "own level and change are hardly distinguishable: the slopes follow the differences between people, and "
            f"{name}_persistence follows its prior"
        )


def lag_too_long(name: str, response: Response, data: xr.Dataset) -> Iterator[str]:
    """Check a lag that leaves few answers with a session so long before."""
    if not response.lag:
        return
    earlier = sessions_before(session_index(data), data["figure_index"].values, response.lag) >= 0
    answered = data[f"answer_{name}"].notnull().values
    total, known = int(answered.sum()), int((answered & earlier).sum())
    if known < total / 2:
        yield (
            f"{name}: only {known} of {total} answers have a session with the same figure {response.lag} sessions "
            "before. For the others nothing has changed since the start. Choose a shorter `lag`"
        )


def beliefs_move_together(name: str, model: ModelSpec, data: xr.Dataset) -> Iterator[str]:
    """Check whether availability and self-worth change so alike that their slopes are not separable.

    People are drawn from the priors, and learn from the outcomes of the study. How beliefs move by themselves, and
    outcomes that are latent, are drawn as well.
    """
    if "worth" not in model.responses[name].lagged:
        return
    correlation = correlation_of_changes(name, model, data)
    if correlation > MAX_CORRELATION:
        yield (
            f"{name}: availability and self-worth change together in these sessions (correlation "
            f"{correlation:.2f} in people of the prior). Their two slopes are hardly separable, and only their sum is. "
            f"Fix {name}_slope_worth at 0, and read {name}_slope_availability as the slope of both"
        )


def correlation_of_changes(name: str, model: ModelSpec, data: xr.Dataset) -> float:
    """Return the correlation of the changes of both beliefs at the answers of a symptom, the median of populations."""
    chosen = data.isel(person=slice(MAX_PEOPLE))
    figures, answered = figure_names(chosen), chosen[f"answer_{name}"].notnull().values
    events, generator = event_array(chosen), np.random.default_rng(1)
    wanted = [Readout(about, "after") for about in ("availability", "initial_availability", "worth", "initial_worth")]
    found = []
    for _ in range(POPULATIONS if answered.sum() > 2 else 0):
        people = draw_people(model, figures, chosen.sizes["person"], generator)
        moved = with_innovations(events, new_innovations(model.rule, answered.shape, generator))
        read = filter_readouts(model.rule, rule_values(model, people), moved, len(figures), wanted)
        trust, first_trust, worth, first_worth = (values[answered] for values in read)
        changes = trust - first_trust, worth - first_worth
        if min(change.std() for change in changes) > 0:
            found.append(float(np.corrcoef(*changes)[0, 1]))
    return float(np.median(found)) if found else 0.0
