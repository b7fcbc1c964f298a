"""What the page shows: people are simulated for every model and plotted, and results are summarised."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from iwm_bayes.explorer.scenario import (
    Scenario,
    ScenarioResult,
    belief_parameters,
    prior_median,
    scenario_summary,
    simulate_scenario,
)
from iwm_bayes.types import ModelSpec
from iwm_bayes.viz.plotly.attachment_space import attachment_space_figure
from iwm_bayes.viz.plotly.base import Figure, axis, layout, line_style, line_trace
from iwm_bayes.viz.plotly.trajectory import trajectory_figure

SIDES = ("A", "B")


class ModelKey:
    """A model as a key of a cache, by identity: what a model is made of cannot be hashed."""

    def __init__(self, model: ModelSpec) -> None:
        self.model = model

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelKey) and self.model is other.model


@lru_cache(maxsize=64)
def simulate_cached(key: ModelKey, chosen: tuple[tuple[str, float], ...], scenario: Scenario) -> ScenarioResult:
    """Simulate a scenario, unless its result is known: when a slider of one model moves, the other keeps its result."""
    return simulate_scenario(key.model, dict(chosen), scenario)


def held_parameters(model: ModelSpec, values: Mapping[str, float]) -> dict[str, float]:
    """Return the value of each parameter with a slider, held between its ends; by default the prior median."""
    held = {}
    for name, parameter in belief_parameters(model).items():
        low, high = parameter.prior_90
        held[name] = min(max(values.get(name, prior_median(parameter)), low), high)
    return held


def incidence_figure(incidences: Mapping[str, np.ndarray]) -> Figure:
    """Draw the share earned secure by each session, (session,) by name."""
    traces = [
        line_trace(np.arange(1, len(share) + 1), share, name, index, line=line_style(index, shape="hv"))
        for index, (name, share) in enumerate(incidences.items())
    ]
    last = max(len(share) for share in incidences.values())
    session_axis = axis("session", range=[1, last])
    share_axis = axis("share earned secure", range=[-0.02, 1.02], tickformat=".0%")
    return {"data": traces, "layout": layout("", xaxis=session_axis, yaxis=share_axis, showlegend=True)}


def without_height(plot: Figure) -> Figure:
    """Remove the height of a plot, so that it fills its area."""
    return plot | {"layout": {name: value for name, value in plot["layout"].items() if name != "height"}}


def page_content(
    models: Mapping[str, ModelSpec | None], parameters: Mapping[str, dict[str, float]], scenario: Scenario
) -> dict[str, Any]:
    """Simulate the scenario and return everything that the page shows, by name of the output.

    Parameters
    ----------
    models
        The models by side, or None.
    parameters
        Values by parameter name, by side; each is held between the ends of its slider.
    """
    results = {
        side: simulate_cached(ModelKey(model), tuple(held_parameters(model, parameters[side]).items()), scenario)
        for side, model in models.items()
        if model is not None
    }
    labels = {side: f"{side}: {model.name}" for side, model in models.items() if model is not None}
    trajectories = {labels[side]: result.trajectory for side, result in results.items()}
    with_worth = {name: trajectory for name, trajectory in trajectories.items() if trajectory.sizes["belief"] == 2}
    content: dict[str, Any] = {
        "space": without_height(attachment_space_figure(with_worth, "")),
        "incidence": incidence_figure({labels[side]: result.incidence for side, result in results.items()}),
    }
    for side in SIDES:
        result = results.get(side)
        plot = without_height(trajectory_figure(result.trajectory, None, "")) if result else {}
        content[f"summary-{side}"] = scenario_summary(result) if result else ""
        content[f"trajectory-{side}"] = plot
        content[f"hidden-{side}"] = result is None
    return content
