"""Learning curves of every built-in model at three values of its main parameter, along one sequence of sessions.

The two initial beliefs are insecure and differ, so that availability and self-worth are distinguishable in models that
treat them alike.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import logit

from iwm_bayes.filtering.arrays import event_fields
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.priors import LINKS, free_parameters, natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import ModelSpec, parameters, rule_values
from iwm_bayes.viz.palette import LINES
from iwm_bayes.viz.style import PANEL_WIDTH, as_svg, in_house_style

FIGURE = "therapist"
OUTCOMES = np.repeat([0.0, 1.0, 0.0, 1.0], [8, 9, 1, 10])
GAP = 24  # index of the session that a gap precedes
GAP_LENGTH = 10.0  # units of time
INITIAL_BELIEFS = {"availability_start": 0.35, "worth_start": 0.2}
MAIN = {  # the parameter that a model is about; a short name means the copies of both beliefs
    "rescorla_wagner": "rate",
    "dual_rate": "difference",
    "dual_rate_strict": "difference",
    "confirmation": "difference",
    "confirmation_strict": "difference",
    "conjugate_beta": "strength",
    "leaky_beta": "leak",
    "leaky_beta_strict": "leak",
    "kalman": "diffusion",
    "kalman_strict": "diffusion",
    "hgf": "tonic",
    "pearce_hall": "attention",
    "change_point": "hazard",
    "volatile_kalman": "learning",
    "ehgf": "tonic",
    "trust_gate": "change",
    "strain_test": "hazard",
    "contingent": "need",
    "prototype": "pull",
    "revisionist": "diffusion",
    "latent_cause": "concentration",
    "latent_cause_strict": "concentration",
    "splitting": "integration",
    "splitting_strict": "integration",
    "compensatory": "self_share",
    "compensatory_strict": "self_share",
    "figures_apart": "self_share",
    "reflective": "reflection",
    "noisy_and": "hazard",
    "self_other_leak": "worth_leak",
    "static": "start",
    "growth": "pace",
    "autoregressive": "start",
}


def session_array() -> np.ndarray:
    """Return the sessions of one person with one figure, (event, field, person)."""
    elapsed = np.where(np.arange(len(OUTCOMES)) == GAP, GAP_LENGTH, 1.0)
    met = np.arange(len(OUTCOMES)) > 0
    fields = {"outcome": OUTCOMES, "observed": 1.0, "since_figure": elapsed, "since_any": elapsed}
    fields |= {f"is {FIGURE}": 1.0, f"met {FIGURE}": met}
    columns = [np.broadcast_to(fields.get(name, 0.0), OUTCOMES.shape) for name in event_fields([FIGURE])]
    return np.stack(columns, axis=1)[:, :, None].astype(float)


def varied(model: ModelSpec, main: str) -> dict[str, np.ndarray]:
    """Return three values of the main parameter, link scale, by name: the prior's 5%, 50% and 95% quantiles."""
    names = [name for name in (main, f"availability_{main}", f"worth_{main}") if name in parameters(model)]
    declared = parameters(model)[names[0]]
    link, _ = LINKS[declared.support]
    low, high = (float(link(np.float64(end))) for end in declared.prior_90)
    return {name: np.array([low, (low + high) / 2, high]) for name in names}


def values_text(model: ModelSpec, main: str) -> list[str]:
    """Return the three values on the natural scale."""
    name, values = next(iter(varied(model, main).items()))
    _, unlink = LINKS[parameters(model)[name].support]
    return [f"{value:.2g}" for value in unlink(values)]


def beliefs(model: ModelSpec, main: str) -> dict[str, np.ndarray]:
    """Compute the beliefs (event, value) of one person, at three values of the main parameter."""
    theta = {parameter.label: np.full(3, parameter.prior_mean) for parameter in free_parameters(model, [FIGURE])}
    theta |= {name: np.full(3, logit(belief)) for name, belief in INITIAL_BELIEFS.items() if name in theta}
    theta |= varied(model, main)
    values = natural_values(model, theta, [FIGURE], 3)
    names = ("availability", "worth")
    readouts = [Readout(name, "after") for name in names]
    events = np.repeat(session_array(), 3, axis=2)
    paths = filter_readouts(model.rule, rule_values(model, values), events, 1, readouts)
    return dict(zip(names, paths, strict=True))


def draw_belief(panel: Axes, paths: np.ndarray, labels: list[str]) -> None:
    """Draw one belief (event, value), the outcomes, and the gap."""
    sessions = np.arange(1, len(OUTCOMES) + 1)
    panel.plot(sessions, np.where(OUTCOMES > 0, 1.04, -0.04), "o", color="0.6", markersize=2.5, clip_on=False)
    for path, line, label in zip(paths.T, LINES, labels, strict=False):
        panel.plot(sessions, path, color=line.color, linestyle=line.linestyle, label=label)
    panel.axvline(GAP + 0.5, color="0.7", linewidth=1, linestyle=":")
    panel.set(ylim=(-0.06, 1.06), yticks=(0, 0.5, 1), xlabel="Session", xticks=(1, 10, 20, 28))


@in_house_style
def learning_curves(name: str) -> Figure:
    """Draw both beliefs of a built-in model, one panel each."""
    model, main = load_model(name), MAIN[name]
    figure, panels = plt.subplots(1, 2, figsize=(PANEL_WIDTH, 2.6), sharey=True, layout="none")  # faster
    figure.subplots_adjust(left=0.08, right=0.98, top=0.9, bottom=0.36, wspace=0.1)
    titles = {"availability": "Availability (0–1)", "worth": "Self-worth (0–1)"}
    for panel, (belief, paths) in zip(panels, beliefs(model, main).items(), strict=True):
        draw_belief(panel, paths, values_text(model, main))
        panel.set_title(titles[belief])
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=3, title=main, title_fontsize="small")
    return figure


def belief_plot(name: str) -> bytes:
    """Return the plot of a built-in model as SVG."""
    return as_svg(learning_curves(name))
