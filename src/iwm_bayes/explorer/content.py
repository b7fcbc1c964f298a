"""What the page shows of a state: people are simulated for every model, drawn, and described in sentences."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION
from iwm_bayes.estimands.security.survival import median_sessions
from iwm_bayes.explorer.controls import NONE
from iwm_bayes.explorer.initial_beliefs import InitialBeliefs, held_wanted, with_initial_beliefs
from iwm_bayes.explorer.page_state import PageState
from iwm_bayes.explorer.scenario import Scenario, ScenarioResult, positions, simulate_scenario
from iwm_bayes.explorer.sentences import readouts, sentences, why_no_security
from iwm_bayes.types import ModelSpec
from iwm_bayes.viz.plotly.attachment_space import space_figure
from iwm_bayes.viz.plotly.beliefs import beliefs_figure
from iwm_bayes.viz.plotly.incidence import Incidence, incidence_figure


class ModelKey:
    """A model as a key of a cache, by identity: what a model is made of cannot be hashed."""

    def __init__(self, model: ModelSpec) -> None:
        self.model = model

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelKey) and self.model is other.model


@lru_cache(maxsize=64)
def simulate_cached(
    key: ModelKey, chosen: tuple[tuple[str, float], ...], initial: InitialBeliefs, scenario: Scenario
) -> ScenarioResult:
    """Simulate a scenario, unless its result is known: when a slider of one model moves, the other keeps its result."""
    return simulate_scenario(key.model, with_initial_beliefs(key.model, dict(chosen), initial), scenario)


def label_of(side: str, name: str) -> str:
    """Return the name of a model in pictures and sentences."""
    return f"{side}: {name}"


def simulate_state(state: PageState, specs: Mapping[str, ModelSpec]) -> dict[str, ScenarioResult]:
    """Simulate the people of a state under each of its models, with matched initial beliefs."""
    shown = {side: specs[name] for side, name in state.models.items() if name != NONE}
    chosen = [state.parameters[side] for side in shown]
    initial = held_wanted(list(shown.values()), chosen, state.initial)
    return {
        label_of(side, state.models[side]): simulate_cached(
            ModelKey(model), tuple(own.items()), initial, state.scenario
        )
        for (side, model), own in zip(shown.items(), chosen, strict=True)
    }


def incidences(results: Mapping[str, ScenarioResult]) -> dict[str, Incidence]:
    """Return the share earned secure and its median session, by label; NaN where it cannot be assessed."""
    return {
        label: Incidence(one.incidence, float(median_sessions(one.judgement, one.horizon)))
        for label, one in results.items()
    }


def page_content(state: PageState, specs: Mapping[str, ModelSpec]) -> dict[str, Any]:
    """Simulate a state and return everything that the page shows of it, as plain dicts, lists and text.

    Returns
    -------
    dict[str, Any]
        `pictures`: a Plotly figure by name, or None. `instead`: by picture, the sentence shown in its place.
        `first`, `last` and current `position`, and `readouts` (one for each position from the
        first to the last). `sentences`, and `notes` on a link.
    """
    results = simulate_state(state, specs)
    trajectories = {label: result.trajectory for label, result in results.items()}
    has_space = any(one.sizes["belief"] == 2 for one in trajectories.values())
    has_security = any(one.horizon for one in results.values())
    at = positions(state.scenario)
    return {
        "pictures": {
            "beliefs": beliefs_figure(trajectories, DEFAULT_CRITERION, state.scenario.gap),
            "space": space_figure(trajectories, DEFAULT_CRITERION) if has_space else None,
            "security": incidence_figure(incidences(results)) if has_security else None,
        },
        "instead": {
            "space": "These models have no self-worth, so there is no attachment space.",
            "security": why_no_security(results),
        },
        "first": int(at[0]),
        "last": int(at[-1]),
        "position": state.position,
        "readouts": readouts(results, at),
        "sentences": sentences(results, state.scenario),
        "notes": list(state.notes),
    }
