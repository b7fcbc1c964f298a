"""Interactive plot of beliefs by session under one or two models: availability, self-worth and the care, in panels."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from iwm_bayes.estimands.security.criterion import Criterion
from iwm_bayes.viz.palette import BELIEF_LABELS, DARK_GREY, GREEN, VERMILLION
from iwm_bayes.viz.plotly.base import (
    Figure,
    axis,
    escape_text,
    json_numbers,
    layout,
    line_style,
    line_trace,
    threshold_labels,
    threshold_line,
)

PANELS = {"availability": ("y", [0.63, 1.0]), "worth": ("y2", [0.215, 0.585]), "care": ("y3", [0.0, 0.13])}
MOST = 0.5  # share of people from which most have a rupture, or a repair
NEW_FIGURE = 0  # the position at which availability is about another figure than before


def at_new_figure(trajectory: xr.Dataset, belief: str) -> int:
    """Return the index at which a line breaks, because availability is then about the therapist; 0 if it does not."""
    position = trajectory["position"].values
    return int((position < NEW_FIGURE).sum()) if belief == "availability" else 0


def broken(values: np.ndarray, at: int) -> np.ndarray:
    """Return values (n,) with a NaN before index `at`; unchanged where `at` is 0."""
    return np.insert(np.asarray(values, dtype=float), at, np.nan) if at else np.asarray(values, dtype=float)


def range_trace(position: np.ndarray, low: np.ndarray, high: np.ndarray, index: int, panel: str) -> Figure:
    """Return the area that contains 90% of people, with edges in the style of the model."""
    style = line_style(index, width=0.8)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": json_numbers([*position, *position[::-1]]),
        "y": json_numbers([*low, *high[::-1]]),
        "customdata": [int(at) for at in [*position, *position[::-1]]],
        "fill": "toself",
        "fillcolor": f"{style['color']}26",
        "line": style,
        "hoverinfo": "skip",
        "showlegend": False,
        "yaxis": panel,
    }


def belief_traces(label: str, trajectory: xr.Dataset, belief: str, index: int) -> list[Figure]:
    """Return the median of a belief under a model, and the range of 90% of people."""
    values, panel = trajectory.sel(belief=belief), PANELS[belief][0]
    position, split = values["position"].values, at_new_figure(trajectory, belief)
    parts = [slice(0, split), slice(split, None)] if split else [slice(None)]
    low, high = values["low"].values, values["high"].values
    ranges = [range_trace(position[part], low[part], high[part], index, panel) for part in parts]
    x = broken(position, split)
    line = line_trace(x, broken(values["middle"].values, split), label, index) | {
        "customdata": [int(at) for at in np.nan_to_num(x, nan=-1.0)],
        "yaxis": panel,
        "legendgroup": escape_text(label),
        "showlegend": belief == "availability",
        "hovertemplate": f"{escape_text(label)}<br>median {BELIEF_LABELS[belief]} %{{y:.2f}}<extra></extra>",
    }
    return [*ranges, line]


def mark_trace(position: np.ndarray, name: str, symbol: str, color: str, height: float) -> Figure:
    """Return markers of the sessions at which most people have a rupture or a repair."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [int(at) for at in position],
        "y": [height] * len(position),
        "customdata": [int(at) for at in position],
        "name": name,
        "yaxis": PANELS["care"][0],
        "marker": {"symbol": symbol, "color": color, "size": 9},
        "hovertemplate": f"{name} for most people<extra></extra>",
    }


def sessions_of_most(trajectory: xr.Dataset, event: str) -> np.ndarray:
    """Return the sessions in which at least half of the people have an event, "rupture" or "repair"."""
    position = trajectory["position"].values
    return position[(position > NEW_FIGURE) & (trajectory[event].values >= MOST)]


def care_traces(trajectories: Mapping[str, xr.Dataset]) -> list[Figure]:
    """Return the mean observed outcome under each model, and ruptures and repairs of most people under the first."""
    lines = []
    for index, (label, trajectory) in enumerate(trajectories.items()):
        care = trajectory["outcome"].dropna("position")
        lines.append(
            line_trace(care["position"].values, care.values, label, index, line=line_style(index, width=1.2))
            | {"customdata": [int(at) for at in care["position"]], "yaxis": PANELS["care"][0], "showlegend": False}
            | {"hovertemplate": f"{escape_text(label)}<br>mean outcome %{{y:.2f}}<extra></extra>"}
        )
    first = next(iter(trajectories.values()))
    lines.append(mark_trace(sessions_of_most(first, "rupture"), "rupture", "triangle-down", VERMILLION, 0.0))
    lines.append(mark_trace(sessions_of_most(first, "repair"), "repair", "triangle-up-open", GREEN, 1.0))
    return lines


def phase_shapes(position: np.ndarray, gap: int) -> tuple[list[Figure], list[Figure]]:
    """Return the area of childhood and the line of a break, and their labels."""
    shapes: list[Figure] = []
    label = {
        "yref": "paper",
        "y": 1.0,
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11, "color": DARK_GREY},
    }
    labels = [label | {"x": float(position[-1]) / 2.0, "text": "therapy: session"}]
    if position[0] < 0:
        shapes.append({"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": float(position[0]) - 0.5, "x1": -0.5})
        shapes[-1] |= {"fillcolor": "#f2f2f2", "line": {"width": 0}, "layer": "below"}
        labels.append(label | {"x": (float(position[0]) - 1.0) / 2.0, "text": "childhood"})
    if gap:
        at = int(position[-1]) // 2 + 0.5
        shapes.append({"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": at, "x1": at})
        shapes[-1] |= {"line": {"color": "#777777", "width": 3, "dash": "dot"}}
        labels.append(label | {"x": at, "y": 0.6, "text": f"break of {gap}", "yanchor": "middle", "bgcolor": "#ffffff"})
    return shapes, labels


def session_ticks(last: int) -> list[int]:
    """Return the sessions that are labelled, (tick,): 0 and others in even steps, at most eight."""
    step = next(size for size in (2, 5, 10) if last / size < 8)
    return list(range(0, last + 1, step))


def beliefs_figure(trajectories: Mapping[str, xr.Dataset], criterion: Criterion, gap: int) -> Figure:
    """Draw beliefs of one or two models in one panel per belief, with the thresholds, and the care below them.

    Parameters
    ----------
    trajectories
        By label of the model: `low`, `middle` and `high` (belief, position), and `outcome`, `rupture` and `repair`
        (position). Position 0 is before the first session; negative positions are childhood, if there is one.
    criterion
        Its thresholds are drawn.
    gap
        Time without sessions half-way, in units of the time between two sessions; 0 if there is none.
    """
    first = next(iter(trajectories.values()))
    position = np.unique(np.concatenate([one["position"].values for one in trajectories.values()]))
    beliefs = [
        name for name in ("availability", "worth") if any(name in one["belief"] for one in trajectories.values())
    ]
    traces = [
        trace
        for belief in beliefs
        for index, (label, one) in enumerate(trajectories.items())
        if belief in one["belief"]
        for trace in belief_traces(label, one, belief, index)
    ]
    shapes, labels = phase_shapes(position, gap)
    thresholds = [(criterion.secure_at_or_above, "secure"), (criterion.insecure_at_or_below, "insecure")]
    axes = {
        f"yaxis{PANELS[name][0][1:]}": axis(title, domain=PANELS[name][1], range=[-0.02, 1.02], tickvals=[0, 0.5, 1])
        for name, title in [(belief, f"{BELIEF_LABELS[belief]} (0–1)") for belief in beliefs] + [("care", "outcome")]
    }
    axes["yaxis3"] |= {"range": [-0.25, 1.25], "tickvals": [0, 1]}
    ticks = session_ticks(int(first["position"].values[-1]))
    return {
        "data": [*traces, *care_traces(trajectories)],
        "layout": layout(
            xaxis=axis("", anchor="y3", range=[float(position[0]) - 0.5, float(position[-1]) + 0.5], tickvals=ticks),
            shapes=[*shapes, *(threshold_line(at, PANELS[name][0]) for name in beliefs for at, _ in thresholds)],
            annotations=[*labels, *(one for name in beliefs for one in threshold_labels(thresholds, PANELS[name][0]))],
            margin={"l": 48, "r": 14, "t": 58, "b": 26},
            legend={"orientation": "h", "yanchor": "bottom", "y": 1.045, "x": 0, "font": {"size": 12}},
            **axes,
        ),
        "cursor": True,
    }
