"""The hierarchical Gaussian filter against pyhgf, an implementation by others: `uv run --group oracle pytest`."""

import numpy as np
import pytest
from helpers import constants, one_person_events

from iwm_bayes.filtering.arrays import EVENT_FIELDS
from iwm_bayes.filtering.filter import filter_events
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner

model = pytest.importorskip("pyhgf.model", reason="pyhgf is not installed: `uv sync --group oracle`")

EVENTS = 500
START = {"start": 0.5, "start_variance": 0.1, "start_volatility": 1.0, "start_vagueness": 1.0, "coupling": 1.0}


@pytest.fixture
def exact():
    """Set JAX to double precision for one test."""
    jax = pytest.importorskip("jax")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def theirs(outcomes, elapsed, tonic, meta):
    """Return mean and precision of both upper levels, by pyhgf's enhanced filter with mean-field updates."""
    network = model.Network(volatility_updates="eHGF", mean_field_updates=True)
    network = network.add_nodes(kind="binary-state")
    network = network.add_nodes(
        kind="continuous-state", value_children=0, mean=0.0, precision=10.0, tonic_volatility=tonic
    )
    network = network.add_nodes(
        kind="continuous-state", volatility_children=1, mean=1.0, precision=1.0, tonic_volatility=meta
    )
    return network.input_data(outcomes, time_steps=elapsed).node_trajectories


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize(("tonic", "meta"), [(-3.0, -6.0), (-1.5, -4.0)])
@pytest.mark.parametrize("regular", [True, False], ids=["regular", "irregular"])
def test_enhanced_filter_equals_pyhgf(tonic, meta, regular):
    """Over 500 random events, one unit of time apart or at random times, both levels agree to 1e-8."""
    generator = np.random.default_rng(1)
    outcomes = generator.integers(0, 2, EVENTS).astype(float)
    elapsed = np.ones(EVENTS) if regular else generator.exponential(1.0, EVENTS)
    rule = lift_learner(RULES["ehgf"], worth=False)
    p = constants(rule, **{f"availability_{key}": x for key, x in {**START, "tonic": tonic, "meta": meta}.items()})
    events = one_person_events(outcomes)
    events[:, [EVENT_FIELDS.index(name) for name in ("since_figure", "since_any")]] = elapsed[:, None, None]
    ours = [filtered.after.availability for filtered in filter_events(rule, p, events, 1)]
    found = theirs(outcomes, elapsed, tonic, meta)
    pairs = {
        "mean": found[1]["mean"],
        "variance": 1.0 / found[1]["precision"],
        "volatility": found[2]["mean"],
        "vagueness": 1.0 / found[2]["precision"],
    }
    for part, expected in pairs.items():
        result = np.array([getattr(state, part)[0, 0] for state in ours])
        np.testing.assert_allclose(result, np.asarray(expected), rtol=0, atol=1e-8)
