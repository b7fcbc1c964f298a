"""A picture of how beliefs move under a theory, in one life that is the same for all theories.

Starts are insecure and not alike, so that availability and worth are told apart where a theory treats them alike.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import logit

from iwm_bayes.filtering.arrays import event_fields
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.model_file import load_model
from iwm_bayes.model.priors import free_parameters, natural_values
from iwm_bayes.types import ModelSpec, rule_values
from iwm_bayes.viz.palette import LINES
from iwm_bayes.viz.style import as_svg, open_sides

FIGURE = "therapist"
OUTCOMES = np.repeat([0.0, 1.0, 0.0, 1.0], [8, 9, 1, 10])
GAP = 24  # the session before which nothing happens for a while
ABSENT = 10.0  # units of time
STARTS = {"availability_start": 0.35, "worth_start": 0.2}


def lived() -> np.ndarray:
    """The course (event, field, person) of one person with one figure."""
    since = np.where(np.arange(len(OUTCOMES)) == GAP, ABSENT, 1.0)
    told = {"outcome": OUTCOMES, "seen": 1.0, "since_figure": since, "since_any": since, f"is {FIGURE}": 1.0}
    told[f"met {FIGURE}"] = np.arange(len(OUTCOMES)) > 0
    columns = [np.broadcast_to(told.get(name, 0.0), OUTCOMES.shape) for name in event_fields([FIGURE])]
    return np.stack(columns, axis=1)[:, :, None].astype(float)


def beliefs(model: ModelSpec) -> dict[str, np.ndarray]:
    """Beliefs (event,) of someone who starts insecure, with the middle value of every other prior."""
    middle = {row.label: row.prior_mean for row in free_parameters(model, [FIGURE])}
    known = {name: logit(start) for name, start in STARTS.items() if name in middle}
    levels = {label: np.array([level]) for label, level in (middle | known).items()}
    p = rule_values(model, natural_values(model, levels, [FIGURE], 1))
    found = filter_readouts(model.rule, p, lived(), 1, [Readout(about, "after") for about in ("availability", "worth")])
    return dict(zip(("availability", "worth"), (belief[:, 0] for belief in found), strict=True))


def life(name: str) -> bytes:
    """The picture as SVG."""
    figure, panel = plt.subplots(figsize=(6.0, 2.4), layout="constrained")
    sessions = np.arange(1, len(OUTCOMES) + 1)
    panel.plot(sessions, OUTCOMES, "o", color="0.6", markersize=3, label="outcome")
    for (belief, held), line in zip(beliefs(load_model(name)).items(), LINES, strict=False):
        panel.plot(sessions, held, color=line.color, linestyle=line.linestyle, label=belief)
    panel.axvline(GAP + 0.5, color="0.8", linewidth=1, linestyle=":")
    panel.set(ylim=(-0.05, 1.05), xlabel="session", ylabel="belief (0..1)")
    panel.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    open_sides(panel)
    return as_svg(figure)
