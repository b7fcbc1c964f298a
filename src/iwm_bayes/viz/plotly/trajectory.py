"""Beliefs along the sessions, what happened, and answers over what is foretold, as one figure that can be asked."""

from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.viz.palette import BLACK, GREEN, LINES, VERMILLION
from iwm_bayes.viz.plotly.base import Figure, axis, band_traces, escape_text, json_numbers, layout, line_trace


def panel_domains(heights: list[float], gap: float = 0.04) -> list[list[float]]:
    """Where panels stand below each other, by their relative heights, the first at the top."""
    room = 1.0 - gap * (len(heights) - 1)
    sizes = [room * height / sum(heights) for height in heights]
    tops = [1.0 - sum(sizes[:place]) - gap * place for place in range(len(sizes))]
    return [[round(max(top - size, 0.0), 4), round(top, 4)] for top, size in zip(tops, sizes, strict=True)]


def belief_traces(course: xr.Dataset, ahead: xr.Dataset | None) -> list[Figure]:
    """Availability and worth with their 90 % intervals, and where they would go."""
    traces: list[Figure] = []
    for place, belief in enumerate(str(name) for name in course["belief"].values):
        own = course.sel(belief=belief)
        traces += band_traces(own["session"], own["low"], own["high"], LINES[place].color)
        traces.append(line_trace(own["session"], own["middle"], belief, place))
        if ahead is not None:
            on = ahead.sel(belief=belief)
            traces += band_traces(on["session"], on["low"], on["high"], LINES[place].color, fillpattern={"shape": "/"})
            traces.append(line_trace(on["session"], on["middle"], f"{belief} ahead", place, opacity=0.6))
    return traces


def marker_trace(x: Any, y: Any, name: str, symbol: str, colour: str, panel: int, size: int = 8) -> Figure:
    return {"type": "scatter", "mode": "markers", "x": json_numbers(x), "y": json_numbers(y), "name": escape_text(name),
            "yaxis": f"y{panel}", "marker": {"symbol": symbol, "color": colour, "size": size}}  # fmt: skip


def event_traces(course: xr.Dataset) -> list[Figure]:
    """Outcomes, ruptures and repairs; of the group the mean and the shares of people."""
    several = course.attrs["who"] == "the group"
    look = {"rupture": ("triangle-down", VERMILLION), "repair": ("triangle-up", GREEN)}
    outcome = "mean outcome" if several else "outcome"
    return [
        marker_trace(course["session"], course["outcome"], outcome, "circle-open", BLACK, 2, 6),
        *(
            marker_trace(course["session"], course[name], f"share: {name}" if several else name, symbol, colour, 2)
            for name, (symbol, colour) in look.items()
        ),
    ]


def answer_traces(course: xr.Dataset, response: str, panel: int) -> list[Figure]:
    """What was answered, over what the fit's people answer along what was lived."""
    own, first = course.sel(response=response), panel == 3
    foretold = band_traces(own["session"], own["predicted_low"], own["predicted_high"], "#888888", yaxis=f"y{panel}",
                    name="90 % foretold", showlegend=first)  # fmt: skip
    answered = marker_trace(own["session"], own["answer"], "answered", "circle", BLACK, panel, 5)
    return [*foretold, answered | {"showlegend": first}]


def trajectory_figure(course: xr.Dataset, ahead: xr.Dataset | None, mark: str) -> Figure:
    """One person or the group along the sessions: beliefs, events, and each answer below, as in `trajectories`."""
    responses = [str(name) for name in course["response"].values]
    places = panel_domains([2.0, 0.8, *[1.0] * len(responses)])
    traces = [*belief_traces(course, ahead), *event_traces(course)]
    names = ["belief", "outcome", *(escape_text(name.replace("_", " ")) for name in responses)]
    axes: Figure = {}
    for panel, (place, name) in enumerate(zip(places, names, strict=True), start=1):
        most = 1.0
        if panel > 2:
            traces += answer_traces(course, responses[panel - 3], panel)
            own = course.sel(response=responses[panel - 3])
            most = float(np.nanmax([own["answer"].max(), own["predicted_high"].max(), 1.0]))
        title = name.replace(" ", "<br>")
        axes["yaxis" + (str(panel) if panel > 1 else "")] = axis(
            title, domain=place, tickfont={"size": 11}, range=[-0.06 * most, 1.06 * most], nticks=3
        )
    across = axis("session; 0 is the start", anchor=f"y{len(places)}")
    drawn = layout(
        mark, xaxis=across, height=400 + 110 * len(responses), margin={"l": 70, "r": 12, "t": 12, "b": 45}, **axes
    )
    return {"data": traces, "layout": drawn | {"legend": drawn["legend"] | {"entrywidth": 90}}}
