"""A plot of the beliefs that a model implies along one sequence of sessions, the same for all models.

The two initial beliefs are insecure and differ, so that availability and self-worth are distinguishable in models that
treat them alike.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import logit

from iwm_bayes.filtering.arrays import event_fields
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.priors import free_parameters, natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import ModelSpec, rule_values
from iwm_bayes.viz.palette import LINES
from iwm_bayes.viz.style import as_svg, open_sides

FIGURE = "therapist"
OUTCOMES = np.repeat([0.0, 1.0, 0.0, 1.0], [8, 9, 1, 10])
GAP = 24  # index of the session that a gap precedes
GAP_LENGTH = 10.0  # units of time
INITIAL_BELIEFS = {"availability_start": 0.35, "worth_start": 0.2}


def session_array() -> np.ndarray:
    """Return the sessions of one person with one figure, (event, field, person)."""
    elapsed = np.where(np.arange(len(OUTCOMES)) == GAP, GAP_LENGTH, 1.0)
    met = np.arange(len(OUTCOMES)) > 0
    fields = {"outcome": OUTCOMES, "observed": 1.0, "since_figure": elapsed, "since_any": elapsed}
    fields |= {f"is {FIGURE}": 1.0, f"met {FIGURE}": met}
    columns = [np.broadcast_to(fields.get(name, 0.0), OUTCOMES.shape) for name in event_fields([FIGURE])]
    return np.stack(columns, axis=1)[:, :, None].astype(float)


def beliefs(model: ModelSpec) -> dict[str, np.ndarray]:
    """Compute the beliefs (event,) of one person. Parameters other than the initial beliefs have their prior median."""
    theta = {parameter.label: parameter.prior_mean for parameter in free_parameters(model, [FIGURE])}
    theta |= {name: logit(belief) for name, belief in INITIAL_BELIEFS.items() if name in theta}
    values = natural_values(model, {label: np.array([value]) for label, value in theta.items()}, [FIGURE], 1)
    names = ("availability", "worth")
    readouts = [Readout(name, "after") for name in names]
    paths = filter_readouts(model.rule, rule_values(model, values), session_array(), 1, readouts)
    return {name: path[:, 0] for name, path in zip(names, paths, strict=True)}


def belief_plot(name: str) -> bytes:
    """Return the plot of a built-in model as SVG."""
    figure, panel = plt.subplots(figsize=(6.0, 2.4), layout="constrained")
    sessions = np.arange(1, len(OUTCOMES) + 1)
    panel.plot(sessions, OUTCOMES, "o", color="0.6", markersize=3, label="outcome")
    labels = {"availability": "availability", "worth": "self-worth"}
    for (belief, path), line in zip(beliefs(load_model(name)).items(), LINES, strict=False):
        panel.plot(sessions, path, color=line.color, linestyle=line.linestyle, label=labels[belief])
    panel.axvline(GAP + 0.5, color="0.8", linewidth=1, linestyle=":")
    panel.set(ylim=(-0.05, 1.05), xlabel="session", ylabel="belief (0–1)")
    panel.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    open_sides(panel)
    return as_svg(figure)
