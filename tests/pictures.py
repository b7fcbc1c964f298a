"""Small made-up Datasets and tables, one for each figure: no sampler, no simulation, the same on every machine."""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.viz.belief_plane import attachment_space_plot
from iwm_bayes.viz.comparison import elpd_plot
from iwm_bayes.viz.data import data_plot
from iwm_bayes.viz.earned_security import projection_plot, time_to_security_plot
from iwm_bayes.viz.parameters import prior_posterior_plot, shrinkage_plot
from iwm_bayes.viz.predictions import prediction_matrix_plot, prediction_plot
from iwm_bayes.viz.predictive_checks import ppc_plot
from iwm_bayes.viz.trajectories import joint_beliefs
from iwm_bayes.viz.trajectory import trajectory_plot
from iwm_bayes.viz.validation import confusion_plot, recovery_plot, sbc_plot

SESSIONS, PEOPLE, SAMPLES = 12, 6, 40
BELIEFS = ["availability", "worth"]


def waves(*shape, phase=0.0):
    """Numbers in -1..1 that look like noise and are the same everywhere."""
    return np.sin(1.7 * np.arange(np.prod(shape)) ** 1.3 + phase).reshape(shape)


def beliefs(start=0.3, end=0.75):
    """(belief, sample, session): two beliefs that rise, with a dent, and are less sure at first."""
    session = np.arange(SESSIONS + 1)
    way = start + (end - start) * (1 - np.exp(-session / 5)) - 0.12 * (session == 5)
    width = 0.09 * np.exp(-session / 8) + 0.01
    drawn = np.stack([way, 0.85 * way])[:, None] + width * waves(2, SAMPLES, SESSIONS + 1)
    return xr.DataArray(drawn, {"belief": BELIEFS, "session": session}, ("belief", "sample", "session"))


def course(who):
    """A trajectory as `trajectories.make_trajectory` gives it, of one person or the group."""
    held, session = beliefs(), np.arange(SESSIONS + 1)
    low, middle, high = (
        held.quantile(place, "sample", keep_attrs=False).drop_vars("quantile") for place in (0.05, 0.5, 0.95)
    )
    began = session > 0
    outcome = np.where(began, np.where(session % 5 == 0, 0.0, 1.0), np.nan)
    level = np.where(began, np.stack([middle.values[0], np.full(SESSIONS + 1, 0.8)]), np.nan)
    answer = np.clip(level + 0.15 * waves(2, SESSIONS + 1), 0.0, 1.0)
    answered = {"answer": answer, "predicted": level, "predicted_low": level - 0.12, "predicted_high": level + 0.12}
    return xr.Dataset(
        {"low": low, "middle": middle, "high": high, "outcome": ("session", outcome)}
        | {"rupture": ("session", np.where(began & (session % 5 == 0), outcome, np.nan))}
        | {"repair": ("session", np.where((session % 5 == 1) & (session > 1), outcome, np.nan))}
        | {name: (("response", "session"), values) for name, values in answered.items()},
        {"response": ["availability_rating", "approach"]},
        {"who": who},
    )


def curves(arms):
    """Earned security by arm, as `arms.curves` gives it."""
    session = np.arange(1, SESSIONS + 1)
    rise = np.stack([0.8 / (1 + np.exp(-(session - 6 - place))) for place in range(len(arms))])
    probability = np.clip(rise[:, None, None] + 0.06 * waves(len(arms), 2, 20, SESSIONS), 0, 1)
    left = np.round(30 * (1 - rise) / (1 + np.arange(len(arms))[:, None]))
    return xr.Dataset(
        {
            "probability": (("arm", "chain", "draw", "session"), np.sort(probability)),
            "at_risk": (("arm", "session"), left),
        },
        {"arm": arms, "session": session},
        {"figure": "therapist"},
    ).assign(chance=0.08)


def projected():
    session = np.arange(1, SESSIONS + 1)
    shares = np.clip(0.7 * (1 - np.exp(-session / 4)) + 0.1 * waves(SAMPLES, SESSIONS), 0, 1)
    return xr.DataArray(np.sort(shares), {"session": session}, ("sample", "session"))


def life(length):
    """What was lived and answered, (session, person) and (response, session, person)."""
    there = np.arange(length)[:, None] < length - np.arange(PEOPLE) % 3
    outcome = np.where(there, (waves(length, PEOPLE) > -0.3) * 1.0, np.nan)
    answer = np.where(there, 0.5 + 0.3 * waves(2, length, PEOPLE, phase=1), np.nan)
    return xr.Dataset(
        {
            "people": (("session", "person"), np.where(there, 1.0, np.nan)),
            "outcome": (("session", "person"), outcome),
            "answer": (("response", "session", "person"), answer),
        },
        {"session": np.arange(1, length + 1), "response": ["availability_rating", "worth_rating"]},
    )


PARAMETERS = pd.DataFrame(
    {"parameter": ["availability_start", "availability_rate"], "prior_low": [0.15, 0.02], "prior_high": [0.85, 0.5]}
    | {"typical": [0.35, 0.14], "low": [0.3, 0.12], "high": [0.4, 0.16]}
)
BORROWED = pd.DataFrame(
    {
        "parameter": np.repeat(["availability_start", "availability_rate"], PEOPLE),
        "group": np.repeat([0.35, 0.14], PEOPLE),
    }
    | {"shrinkage": 0.5 + 0.4 * waves(2 * PEOPLE), "value": 0.3 + 0.1 * waves(2 * PEOPLE, phase=1)}
).assign(low=lambda table: table["value"] - 0.08, high=lambda table: table["value"] + 0.08)
RANKED = pd.DataFrame(
    {"theory": ["kalman", "rescorla_wagner", "growth"], "difference": [0.0, -3.0, -40.0], "se": [0.0, 4.0, 8.0]}
    | {"says": ["best", "not told apart", "worse"]}
)
CHECKED = pd.DataFrame(
    {"response": "rating", "effect": ["level", "turns", "bimodality"], "data": [0.5, 3.0, 0.9], "low": [0.4, 2.0, 0.2]}
    | {"high": [0.6, 5.0, 0.7], "note": ["", "", "missed"]}
)
PREDICTED = pd.DataFrame(
    {"prediction": ["entrenchment", "entrenchment", "relapse", "relapse"], "theory": ["kalman", "static"] * 2}
    | {
        "claim": ["shows", "does not"] * 2,
        "share": [0.95, 0.02, 0.4, 0.1],
        "se": 0.01,
        "kept": [True, True, False, True],
    }
)
RECOVERED = pd.DataFrame(
    {"parameter": np.repeat(["start", "rate"], 4), "people": [40, 40, 80, 80] * 2, "sessions": [12, 24] * 4}
    | {"r": [0.5, 0.6, 0.7, 0.8, 0.3, 0.5, 0.4, 0.7]}
)
CONFUSED = pd.DataFrame([[0.9, 0.1], [0.25, 0.75]], ["kalman", "growth"], ["kalman", "growth"])
EVEN = np.linspace(0.0, 1.0, 21)
PLACES = pd.DataFrame({"start": (np.arange(60) + 0.5) / 60, "rate": ((np.arange(60) + 0.5) / 60) ** 1.6})
BAND = (EVEN, np.clip(EVEN - 0.15, 0, 1), np.clip(EVEN + 0.15, 0, 1))

FIGURES = {
    "belief_plane": lambda: attachment_space_plot(
        {"the group": joint_beliefs(beliefs()), "$one": joint_beliefs(beliefs(0.6, 0.4))}
    ),
    "trajectory_person": lambda: trajectory_plot(course("one person"), "therapist"),
    "trajectory_group": lambda: trajectory_plot(course("the group"), "therapist"),
    "earned_curve": lambda: time_to_security_plot(curves(["everyone"])),
    "earned_curve_arms": lambda: time_to_security_plot(curves(["everyone", "therapy", "waiting"])),
    "projection": lambda: projection_plot(projected(), "steady:rate=0.8"),
    "lived": lambda: data_plot({"mother": life(6), "therapist": life(12)}),
    "prior_posterior": lambda: prior_posterior_plot(PARAMETERS),
    "shrinkage": lambda: shrinkage_plot(BORROWED),
    "comparison": lambda: elpd_plot(RANKED, "the next session of somebody new"),
    "checks": lambda: ppc_plot({"kalman": CHECKED, "growth": CHECKED.assign(note="")}),
    "shares": lambda: prediction_plot(PREDICTED[PREDICTED["prediction"] == "relapse"], "Do they relapse?"),
    "matrix": lambda: prediction_matrix_plot(PREDICTED),
    "recovery": lambda: recovery_plot(RECOVERED),
    "confusion": lambda: confusion_plot(CONFUSED),
    "calibration": lambda: sbc_plot(PLACES, pd.Series({"start": "", "rate": "too high"}), BAND),
}
