"""Figures of a report that can be asked: Plotly's specifications as plain dicts, whose text is all escaped.

Plotly reads tags in its text, so that a name from a table must come as entities: `said`.
"""

import html
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from plotly.offline import get_plotlyjs

from iwm_bayes.plots.look import BLACK, GREEN, LINES, VERMILLION
from iwm_bayes.plots.plane import QUARTERS
from iwm_bayes.plots.security import some
from iwm_bayes.trajectories import outline

type Figure = dict[str, Any]

DASHES = ("solid", "dash", "dashdot", "dot", "longdash")
MARKERS = ("circle", "square", "triangle-up", "diamond", "triangle-down")
GREY = "#555555"


def library() -> str:
    """Plotly's own script, which a page holds once."""
    return get_plotlyjs()


def said(name: object) -> str:
    """A name as text, whatever stands in it."""
    return html.escape(str(name))


def numbers(values: Any) -> list[float | None]:
    """Three decimals are enough for the eye; nothing where there is nothing."""
    return [None if not np.isfinite(value) else round(float(value), 3) for value in np.asarray(values, dtype=float)]


def layout(mark: str, **more: Any) -> Figure:
    """What all figures share; `mark` stands in the figure where its numbers must not be used as they are."""
    marks = [
        {"text": said(mark), "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False, "opacity": 0.25,
         "font": {"size": 30, "color": VERMILLION}, "textangle": -20}
    ]  # fmt: skip
    shared = {
        "margin": {"l": 55, "r": 12, "t": 12, "b": 50},
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": "#222222"},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "font": {"size": 11}},
        "dragmode": False,
        "hovermode": "closest",
    }
    notes = [*more.pop("annotations", []), *(marks if mark else [])]
    return shared | {"annotations": notes} | more


def axis(title: str, **more: Any) -> Figure:
    return {"title": {"text": title, "standoff": 6}, "zeroline": False, "linecolor": "#999999", "gridcolor": "#eeeeee",
            "fixedrange": True} | more  # fmt: skip


def band(x: Any, low: Any, high: Any, colour: str, **more: Any) -> list[Figure]:
    """The area between two lines."""
    there = np.isfinite(np.asarray(low, dtype=float))
    x, low, high = (np.asarray(values, dtype=float)[there] for values in (x, low, high))
    around = {"x": numbers([*x, *x[::-1]]), "y": numbers([*low, *high[::-1]])}
    look = {"type": "scatter", "mode": "lines", "fill": "toself", "line": {"width": 0}, "fillcolor": f"{colour}33"}
    return [around | look | {"hoverinfo": "skip", "showlegend": False} | more]


def line(x: Any, y: Any, name: str, place: int, **more: Any) -> Figure:
    """A line whose colour and dash both say which it is."""
    drawn = {"color": LINES[place].color, "dash": DASHES[place], "width": 2}
    return {
        "type": "scatter",
        "mode": "lines",
        "x": numbers(x),
        "y": numbers(y),
        "name": said(name),
        "line": drawn,
    } | more


def steps(values: np.ndarray) -> np.ndarray:
    """Values that hold until the next."""
    return np.repeat(values, 2)


def earned(curves: xr.Dataset, mark: str) -> Figure:
    """The earned-security curve of everyone and of each arm: `arms.curves`; people not yet secure below the axis."""
    session = curves["session"].values
    low, middle, high = curves["probability"].quantile([0.05, 0.5, 0.95], ("chain", "draw")).values
    traces: list[Figure] = []
    arms = [str(arm) for arm in curves["arm"].values]
    for place, arm in enumerate(arms[: len(LINES)]):
        ends = steps(session)[1:], steps(low[place])[:-1], steps(high[place])[:-1]
        traces += band(*ends, LINES[place].color)
        traces.append(line(session, middle[place], arm, place) | {"line": {"shape": "hv", "color": LINES[place].color,
                      "dash": DASHES[place], "width": 2}})  # fmt: skip
    chance = float(curves["chance"])
    traces.append(line([session[0], session[-1]], [chance, chance], "by chance", 3))
    shown = some(session)
    left = curves["at_risk"].sel(session=shown)
    ticks = ["<br>".join([str(at), *(f"{left.sel(arm=arm, session=at):.0f}" for arm in arms)]) for at in shown]
    across = axis(
        "session; below it, people not yet secure",
        tickvals=[int(at) for at in shown],
        ticktext=ticks,
        range=[1, int(max(session[-1], 2))],
    )
    across["title"]["font"] = {"size": 12}
    return {
        "data": traces,
        "layout": layout(
            mark,
            xaxis=across,
            yaxis=axis("share of those who start insecure", range=[0, 1], tickformat=".0%"),
            height=380 + 18 * len(arms),
            margin={"l": 60, "r": 12, "t": 12, "b": 60 + 18 * len(arms)},
        ),
    }


def projection(shares: xr.DataArray, plan: str, mark: str) -> Figure:
    """The share earned secure by each further session under a plan of care."""
    low, middle, high = shares.dropna("sample", how="all").quantile([0.05, 0.5, 0.95], "sample").values
    session = shares["session"].values
    return {
        "data": [*band(session, low, high, LINES[0].color), line(session, middle, f"under {plan}", 0)],
        "layout": layout(
            mark,
            xaxis=axis("further session"),
            yaxis=axis("share of those insecure now", range=[0, 1], tickformat=".0%"),
            height=320,
        ),
    }


def plane(paths: Mapping[str, xr.Dataset], mark: str) -> Figure:
    """The way of the group or of a person through the belief plane, with 90 % ellipses at start, middle and end."""
    traces: list[Figure] = []
    for place, (name, path) in enumerate(list(paths.items())[: len(LINES)]):
        way = path[["mean", "covariance"]].dropna("session")
        across, up = way["mean"].transpose("belief", "session").values
        for at in sorted({0, len(across) // 2, len(across) - 1}):
            around = outline(way["mean"].values[at], way["covariance"].values[at])
            traces.append({"type": "scatter", "mode": "lines", "x": numbers(around[0]), "y": numbers(around[1]),
                           "fill": "toself", "fillcolor": LINES[place].color + "22", "hoverinfo": "skip",
                           "showlegend": False, "line": {"width": 1, "color": LINES[place].color}})  # fmt: skip
        symbols = [f"{MARKERS[place]}-open", *[MARKERS[place]] * (len(across) - 1)]
        sizes = [12, *[4] * (len(across) - 2), 12][: len(across)]
        traces.append(line(across, up, name, place, mode="lines+markers") | {
            "text": [f"session {int(at)}" for at in way["session"].values],
            "hovertemplate": "%{text}<br>availability %{x:.2f}<br>worth %{y:.2f}<extra></extra>",
            "marker": {"symbol": symbols, "size": sizes, "color": LINES[place].color}})  # fmt: skip
    styles = [
        {"text": f"<i>{style}</i>", "x": x, "y": y, "showarrow": False, "font": {"color": GREY},
         "xanchor": "left" if x < 0.5 else "right", "yanchor": "bottom" if y < 0.5 else "top"}
        for style, (x, y) in QUARTERS.items()
    ]  # fmt: skip
    halves = [
        {"type": "line", "x0": 0.5, "x1": 0.5, "y0": 0, "y1": 1, "line": {"color": "#bbbbbb", "width": 1}},
        {"type": "line", "x0": 0, "x1": 1, "y0": 0.5, "y1": 0.5, "line": {"color": "#bbbbbb", "width": 1}},
    ]
    return {
        "data": traces,
        "layout": layout(
            mark,
            annotations=styles,
            shapes=halves,
            showlegend=len(paths) > 1,
            xaxis=axis("availability (0..1)", range=[0, 1], dtick=0.25),
            yaxis=axis("worth (0..1)", range=[0, 1], dtick=0.25, scaleanchor="x", constrain="domain"),
            height=460,
        ),
    }


def domains(heights: list[float], gap: float = 0.04) -> list[list[float]]:
    """Where panels stand below each other, by their relative heights, the first at the top."""
    room = 1.0 - gap * (len(heights) - 1)
    sizes = [room * height / sum(heights) for height in heights]
    tops = [1.0 - sum(sizes[:place]) - gap * place for place in range(len(sizes))]
    return [[round(max(top - size, 0.0), 4), round(top, 4)] for top, size in zip(tops, sizes, strict=True)]


def beliefs(course: xr.Dataset, ahead: xr.Dataset | None) -> list[Figure]:
    """Availability and worth with their 90 % intervals, and where they would go."""
    traces: list[Figure] = []
    for place, belief in enumerate(str(name) for name in course["belief"].values):
        own = course.sel(belief=belief)
        traces += band(own["session"], own["low"], own["high"], LINES[place].color)
        traces.append(line(own["session"], own["middle"], belief, place))
        if ahead is not None:
            on = ahead.sel(belief=belief)
            traces += band(on["session"], on["low"], on["high"], LINES[place].color, fillpattern={"shape": "/"})
            traces.append(line(on["session"], on["middle"], f"{belief} ahead", place, opacity=0.6))
    return traces


def marks(x: Any, y: Any, name: str, symbol: str, colour: str, panel: int, size: int = 8) -> Figure:
    return {"type": "scatter", "mode": "markers", "x": numbers(x), "y": numbers(y), "name": said(name),
            "yaxis": f"y{panel}", "marker": {"symbol": symbol, "color": colour, "size": size}}  # fmt: skip


def events(course: xr.Dataset) -> list[Figure]:
    """Outcomes, ruptures and repairs; of the group the mean and the shares of people."""
    several = course.attrs["who"] == "the group"
    look = {"rupture": ("triangle-down", VERMILLION), "repair": ("triangle-up", GREEN)}
    outcome = "mean outcome" if several else "outcome"
    return [
        marks(course["session"], course["outcome"], outcome, "circle-open", BLACK, 2, 6),
        *(
            marks(course["session"], course[name], f"share: {name}" if several else name, symbol, colour, 2)
            for name, (symbol, colour) in look.items()
        ),
    ]


def answers(course: xr.Dataset, response: str, panel: int) -> list[Figure]:
    """What was answered, over what the fit's people answer along what was lived."""
    own, first = course.sel(response=response), panel == 3
    foretold = band(own["session"], own["predicted_low"], own["predicted_high"], "#888888", yaxis=f"y{panel}",
                    name="90 % foretold", showlegend=first)  # fmt: skip
    answered = marks(own["session"], own["answer"], "answered", "circle", BLACK, panel, 5)
    return [*foretold, answered | {"showlegend": first}]


def trajectory(course: xr.Dataset, ahead: xr.Dataset | None, mark: str) -> Figure:
    """One person or the group along the sessions: beliefs, events, and each answer below, as in `trajectories`."""
    responses = [str(name) for name in course["response"].values]
    places = domains([2.0, 0.8, *[1.0] * len(responses)])
    traces = [*beliefs(course, ahead), *events(course)]
    names = ["belief", "outcome", *(said(name.replace("_", " ")) for name in responses)]
    axes: Figure = {}
    for panel, (place, name) in enumerate(zip(places, names, strict=True), start=1):
        most = 1.0
        if panel > 2:
            traces += answers(course, responses[panel - 3], panel)
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
