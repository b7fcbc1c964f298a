"""Interactive plots of a dyad: what both members believe and do by exchange, and whether they are secure."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from iwm_bayes.estimands.security.criterion import Criterion
from iwm_bayes.viz.palette import BELIEF_LABELS
from iwm_bayes.viz.plotly.base import (
    Figure,
    axis,
    escape_text,
    layout,
    line_style,
    line_trace,
    threshold_labels,
    threshold_line,
)
from iwm_bayes.viz.plotly.beliefs import range_trace, session_ticks

PANELS = {"availability": "y", "worth": "y2"}
ONE_PANEL, TWO_PANELS = ([0.0, 1.0],), ([0.54, 1.0], [0.0, 0.46])
BOTH = 2  # the index of the line of both members
MARGIN = {"l": 52, "r": 14, "t": 30, "b": 40}


def at_positions(position: np.ndarray) -> Figure:
    """Return the positions of the points of a trace, up to which a page draws it."""
    return {"customdata": [int(at) for at in position]}


def member_traces(name: str, beliefs: xr.Dataset, belief: str, index: int) -> list[Figure]:
    """Return a belief of a member, and the range of 90% of dyads where there are several."""
    values, panel = beliefs.sel(belief=belief), PANELS[belief]
    position, middle = values["position"].values, values["middle"].values
    low, high = values["low"].values, values["high"].values
    line = line_trace(position, middle, name, index) | at_positions(position) | {
        "yaxis": panel,
        "legendgroup": escape_text(name),
        "showlegend": belief == "availability",
        "hovertemplate": f"{escape_text(name)}<br>{BELIEF_LABELS[belief]} %{{y:.2f}}<extra></extra>",
    }  # fmt: skip
    return [line] if np.array_equal(low, high) else [range_trace(position, low, high, index, panel), line]


def dyad_beliefs_figure(members: Mapping[str, xr.Dataset], criterion: Criterion) -> Figure:
    """Draw the beliefs of both members by exchange, in one panel per belief, with the thresholds.

    Parameters
    ----------
    members
        By name of the member: `low`, `middle` and `high` (belief, position); position 0 is before the first exchange.
    criterion
        Its thresholds are drawn.
    """
    beliefs = [belief for belief in PANELS if any(belief in one["belief"] for one in members.values())]
    traces = [
        trace
        for belief in beliefs
        for index, (name, one) in enumerate(members.items())
        if belief in one["belief"]
        for trace in member_traces(name, one, belief, index)
    ]
    thresholds = [(criterion.secure_at_or_above, "secure"), (criterion.insecure_at_or_below, "insecure")]
    domains = TWO_PANELS if len(beliefs) == len(TWO_PANELS) else ONE_PANEL
    axes = {
        f"yaxis{PANELS[belief][1:]}": axis(
            f"{BELIEF_LABELS[belief]} (0–1)", domain=domain, range=[-0.02, 1.02], tickvals=[0, 0.5, 1]
        )
        for belief, domain in zip(beliefs, domains, strict=True)
    }
    last = int(next(iter(members.values()))["position"].values[-1])
    bottom = {"anchor": PANELS[beliefs[-1]], "range": [-0.5, last + 0.5], "tickvals": session_ticks(last)}
    return {
        "data": traces,
        "layout": layout(
            xaxis=axis("exchange", **bottom),
            shapes=[threshold_line(at, PANELS[belief]) for belief in beliefs for at, _ in thresholds],
            annotations=[one for belief in beliefs for one in threshold_labels(thresholds, PANELS[belief])],
            showlegend=True,
            margin=MARGIN,
            **axes,
        ),
        "cursor": True,
    }


def acts_figure(acts: Mapping[str, tuple[int, str, np.ndarray]], single: bool) -> Figure:
    """Draw what members do by exchange: the mean of an act over dyads, or the acts of one dyad.

    Parameters
    ----------
    acts
        By label of the act: the index of the member, the dash of its line, and values (exchange,) from 0 to 1.
    single
        Whether the values are acts of one dyad, which are drawn as points, too.
    """
    traces = []
    for label, (index, dash, values) in acts.items():
        exchange = np.arange(1, len(values) + 1)
        said = "act" if single else "mean act"
        marker = {"marker": {"color": line_style(index)["color"], "size": 6}} if single else {}
        traces.append(
            line_trace(exchange, values, label, index, line=line_style(index, dash=dash, width=1 if single else 2))
            | at_positions(exchange)
            | {"mode": "lines+markers" if single else "lines", **marker}
            | {"hovertemplate": f"{escape_text(label)}<br>{said} %{{y:.2f}}<extra></extra>"}
        )
    last = len(next(iter(acts.values()))[2])
    return {
        "data": traces,
        "layout": layout(
            xaxis=axis("exchange", range=[0.5, last + 0.5], tickvals=session_ticks(last)),
            yaxis=axis("act (0–1)" if single else "mean act (0–1)", range=[-0.04, 1.04], tickvals=[0, 0.5, 1]),
            showlegend=True,
            margin=MARGIN,
        ),
        "cursor": True,
    }


def reciprocity_figure(shares: Mapping[str, np.ndarray], exchanges: int) -> Figure:
    """Draw the share of dyads in which one member, the other and both are secure by each exchange.

    Parameters
    ----------
    shares
        By name of the line: values (exchange,) from the first exchange on, as far as security can be assessed. The
        last line is that of both.
    exchanges
        How many exchanges there are.
    """
    traces = []
    for index, (name, share) in enumerate(shares.items()):
        exchange = np.arange(1, len(share) + 1)
        traces.append(
            line_trace(
                exchange, share, name, index, line=line_style(index, shape="hv", width=3 if index == BOTH else 2)
            )
            | at_positions(exchange)
            | {"hovertemplate": f"{escape_text(name)}<br>by exchange %{{x}}: %{{y:.0%}} secure<extra></extra>"}
        )
    return {
        "data": traces,
        "layout": layout(
            xaxis=axis("exchange", range=[0.5, exchanges + 0.5], tickvals=session_ticks(exchanges)),
            yaxis=axis("secure", range=[-0.02, 1.05], tickformat=".0%", tickvals=[0, 0.5, 1]),
            showlegend=True,
            margin=MARGIN,
        ),
        "cursor": True,
    }
