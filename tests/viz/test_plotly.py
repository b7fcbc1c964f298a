"""Interactive plots as specifications: thresholds and medians are drawn, and models differ in more than colour."""

import numpy as np
import pytest
import xarray as xr
from plotly.offline import get_plotlyjs

from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION, Criterion
from iwm_bayes.viz.plotly.attachment_space import space_figure
from iwm_bayes.viz.plotly.base import plotly_script
from iwm_bayes.viz.plotly.beliefs import beliefs_figure, sessions_of_most
from iwm_bayes.viz.plotly.incidence import Incidence, incidence_figure

POSITION = np.arange(-3, 7)  # two events of childhood, and six sessions


def trajectory(level):
    """Return a trajectory with beliefs that rise from a level, and with one rupture, at session 3, and its repair."""
    middle = level + 0.01 * np.stack([POSITION, POSITION + 1])
    outcome = np.where(POSITION == 3, 0.1, np.where((POSITION == 0) | (POSITION == -3), np.nan, 0.9))
    variables = {
        "low": (("belief", "position"), middle - 0.1),
        "middle": (("belief", "position"), middle),
        "high": (("belief", "position"), middle + 0.1),
        "mean": (("position", "belief"), middle.T),
        "covariance": (("position", "belief", "other"), np.tile(0.01 * np.eye(2), (len(POSITION), 1, 1))),
        "outcome": ("position", outcome),
        "rupture": ("position", np.where(POSITION == 3, 0.9, 0.1)),
        "repair": ("position", np.where(POSITION == 4, 0.8, 0.1)),
    }
    return xr.Dataset(variables, {"belief": ["availability", "worth"], "position": POSITION})


MODELS = {"A: one": trajectory(0.4), "B: other": trajectory(0.5)}


def named(figure, label):
    """Return the traces of a model that are in the legend."""
    return [trace for trace in figure["data"] if trace.get("name") == label and trace.get("showlegend", True)]


def horizontal(figure, axis):
    """Return the heights of horizontal lines across a panel."""
    lines = [one for one in figure["layout"]["shapes"] if one["type"] == "line" and one.get("yref", "y") == axis]
    return sorted(one["y0"] for one in lines if one["y0"] == one["y1"])


def test_thresholds_are_drawn_where_the_criterion_has_them():
    """In the panel of each belief, with what they mean, and as lines of the attachment space."""
    criterion = Criterion(insecure_at_or_below=0.35, secure_at_or_above=0.7)
    beliefs, space = beliefs_figure(MODELS, criterion, 0), space_figure(MODELS, criterion)
    assert horizontal(beliefs, "y") == horizontal(beliefs, "y2") == [0.35, 0.7]
    texts = [one["text"] for one in beliefs["layout"]["annotations"]]
    assert texts.count("secure ≥ 0.7") == texts.count("insecure ≤ 0.35") == 2
    assert horizontal(space, "y") == [0.35, 0.7]
    (region,) = [one for one in space["layout"]["shapes"] if one["type"] == "rect"]
    assert (region["x0"], region["x1"], region["y0"], region["y1"]) == (0.7, 1, 0.7, 1)


def test_the_median_is_drawn_at_its_session():
    """A line falls from the curve to the axis; a model of which fewer than half are earned secure has none."""
    share = np.array([0.1, 0.3, 0.4, 0.6, 0.7, np.nan, np.nan])
    incidences = {"A: one": Incidence(share, 4.0), "B: other": Incidence(share / 2, np.inf)}
    figure = incidence_figure(incidences)
    (drop,) = [trace for trace in figure["data"] if "text" in trace]
    assert (drop["x"], drop["y"][0], drop["y"][-1]) == ([4, 4, 4], 0.6, 0.0)
    assert [text.strip() for text in drop["text"] if text] == ["median 4"]
    (curve,) = named(figure, "A: one")
    assert (curve["x"], curve["y"]) == ([1, 2, 3, 4, 5], [0.1, 0.3, 0.4, 0.6, 0.7])
    (unknown,) = [one for one in figure["layout"]["shapes"] if one["type"] == "rect"]
    assert (unknown["x0"], unknown["x1"]) == (5, 7)


def test_a_model_that_cannot_be_assessed_keeps_its_style_and_says_so():
    """The other model does not take its colour and dash."""
    none = Incidence(np.full(3, np.nan), np.nan)
    figure = incidence_figure({"A: one": none, "B: other": Incidence(np.array([0.2, 0.4, 0.6]), 3.0)})
    styles = [trace["line"]["dash"] for trace in figure["data"][:2]]
    assert figure["data"][0]["name"] == "A: one (not assessable)"
    assert styles == ["solid", "dash"]


@pytest.mark.parametrize(
    "figure",
    [
        beliefs_figure(MODELS, DEFAULT_CRITERION, 0),
        space_figure(MODELS, DEFAULT_CRITERION),
        incidence_figure({label: Incidence(np.array([0.2, 0.6]), 2.0) for label in MODELS}),
    ],
    ids=["beliefs", "space", "security"],
)
def test_models_differ_in_more_than_colour(figure):
    """Both are in one picture, each with a dash of its own."""
    (one,), (other,) = (named(figure, label) for label in MODELS)
    assert one["line"]["color"] != other["line"]["color"]
    assert one["line"]["dash"] != other["line"]["dash"]


def test_availability_begins_anew_with_the_therapist():
    """Its line is broken between the last event of childhood and the first session; that of self-worth is not."""
    traces = named(beliefs_figure(MODELS, DEFAULT_CRITERION, 0), "A: one")
    figure = beliefs_figure(MODELS, DEFAULT_CRITERION, 0)
    (availability,) = traces
    (worth,) = [one for one in figure["data"] if one.get("name") == "A: one" and one["yaxis"] == "y2"]
    assert availability["x"] == [-3, -2, -1, None, *range(7)]
    assert availability["customdata"] == [-3, -2, -1, -1, *range(7)]
    assert worth["x"] == list(range(-3, 7))


def test_sessions_of_most_people_and_their_repairs_are_marked():
    """By the shares of people, whatever the mean outcome; childhood is not marked."""
    shares = np.array([0.9, 0.9, 0.9, np.nan, 0.47, 0.5, 0.9, 0.1, 0.2, 0.6])
    shown = trajectory(0.4).assign(rupture=("position", shares), outcome=("position", np.full(len(shares), 0.4)))
    assert list(sessions_of_most(shown, "rupture")) == [2, 3, 6]
    assert list(sessions_of_most(shown, "repair")) == [4]
    marks = {one["name"]: one["x"] for one in beliefs_figure(MODELS, DEFAULT_CRITERION, 0)["data"] if "marker" in one}
    assert marks == {"rupture": [3], "repair": [4]}


def test_every_position_has_a_frame_of_its_ellipse():
    """It has its centre at the mean; 90% of a Gaussian with an SD of 0.1 lie within 0.1 sqrt(-2 log 0.1)."""
    frames = space_figure(MODELS, DEFAULT_CRITERION)["data"][0]["frames"]
    assert list(frames) == [str(at) for at in POSITION]
    x, y = (np.array(side) for side in frames["6"])
    radius = np.hypot(x - 0.46, y - 0.47)
    assert np.allclose(radius, 0.1 * np.sqrt(-2 * np.log(0.1)), atol=0.002)


def test_the_script_of_a_page_is_that_of_the_library():
    """It is read without importing Plotly, which would delay the page."""
    assert plotly_script() == get_plotlyjs()
