"""Small made-up Datasets and tables, one for each plot: no sampler, no simulation, the same on every machine."""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.trajectories import joint_beliefs
from iwm_bayes.viz.assurance import assurance_plot
from iwm_bayes.viz.attachment_space import attachment_space_plot
from iwm_bayes.viz.comparison import elpd_plot
from iwm_bayes.viz.data import data_plot
from iwm_bayes.viz.earned_security import projection_plot, time_to_security_plot
from iwm_bayes.viz.parameters import prior_posterior_plot, shrinkage_plot
from iwm_bayes.viz.predictions import prediction_matrix_plot, prediction_plot
from iwm_bayes.viz.predictive_checks import ppc_plot
from iwm_bayes.viz.trajectory import trajectory_plot
from iwm_bayes.viz.validation import confusion_plot, recovery_plot, sbc_plot

SESSIONS, PEOPLE, SAMPLES = 12, 6, 40
BELIEFS = ["availability", "worth"]


def waves(*shape, phase=0.0):
    """Return numbers from -1 to 1 that look like noise and are the same everywhere."""
    return np.sin(1.7 * np.arange(np.prod(shape)) ** 1.3 + phase).reshape(shape)


def beliefs(start=0.3, end=0.75):
    """Return draws of two beliefs that rise, with one dent, and become more certain, (belief, sample, session)."""
    session = np.arange(SESSIONS + 1)
    mean = start + (end - start) * (1 - np.exp(-session / 5)) - 0.12 * (session == 5)
    sd = 0.09 * np.exp(-session / 8) + 0.01
    draws = np.stack([mean, 0.85 * mean])[:, None] + sd * waves(2, SAMPLES, SESSIONS + 1)
    return xr.DataArray(draws, {"belief": BELIEFS, "session": session}, ("belief", "sample", "session"))


def trajectory(about):
    """Make a trajectory as `trajectories.make_trajectory` returns it, of one person or the group."""
    draws, session = beliefs(), np.arange(SESSIONS + 1)
    low, middle, high = (
        draws.quantile(level, "sample", keep_attrs=False).drop_vars("quantile") for level in (0.05, 0.5, 0.95)
    )
    has_outcome = session > 0
    outcome = np.where(has_outcome, np.where(session % 5 == 0, 0.0, 1.0), np.nan)
    mean = np.where(has_outcome, np.stack([middle.values[0], np.full(SESSIONS + 1, 0.8)]), np.nan)
    answer = np.clip(mean + 0.15 * waves(2, SESSIONS + 1), 0.0, 1.0)
    responses = {"answer": answer, "predicted": mean, "predicted_low": mean - 0.12, "predicted_high": mean + 0.12}
    return xr.Dataset(
        {"low": low, "middle": middle, "high": high, "outcome": ("session", outcome)}
        | {"rupture": ("session", np.where(has_outcome & (session % 5 == 0), outcome, np.nan))}
        | {"repair": ("session", np.where((session % 5 == 1) & (session > 1), outcome, np.nan))}
        | {name: (("response", "session"), values) for name, values in responses.items()},
        {"response": ["availability_rating", "approach"]},
        {"about": about},
    )


def curves(arms):
    """Make time to earned security by arm, as `by_arm.incidence_by_arm` returns it."""
    session = np.arange(1, SESSIONS + 1)
    share = np.stack([0.8 / (1 + np.exp(-(session - 6 - index))) for index in range(len(arms))])
    probability = np.clip(share[:, None, None] + 0.06 * waves(len(arms), 2, 20, SESSIONS), 0, 1)
    at_risk = np.round(30 * (1 - share) / (1 + np.arange(len(arms))[:, None]))
    return xr.Dataset(
        {
            "probability": (("arm", "chain", "draw", "session"), np.sort(probability)),
            "at_risk": (("arm", "session"), at_risk),
            "chance_level": ("session", 0.08 * session / SESSIONS),
            "last": ("arm", np.full(len(arms), SESSIONS - 5)),
        },
        {"arm": arms, "session": session},
        {"figure": "therapist"},
    )


def projection():
    """Make shares that are earned secure by each further session, as `projection.project` returns them."""
    session = np.arange(1, SESSIONS + 1)
    shares = np.clip(0.7 * (1 - np.exp(-session / 4)) + 0.1 * waves(SAMPLES, SESSIONS), 0, 1)
    return xr.DataArray(np.sort(shares), {"session": session}, ("sample", "session"))


def session_data(length):
    """Make outcomes (session, person) and responses (response, session, person) of a figure's sessions."""
    present = np.arange(length)[:, None] < length - np.arange(PEOPLE) % 3
    outcome = np.where(present, (waves(length, PEOPLE) > -0.3) * 1.0, np.nan)
    answer = np.where(present, 0.5 + 0.3 * waves(2, length, PEOPLE, phase=1), np.nan)
    return xr.Dataset(
        {
            "people": (("session", "person"), np.where(present, 1.0, np.nan)),
            "outcome": (("session", "person"), outcome),
            "answer": (("response", "session", "person"), answer),
        },
        {"session": np.arange(1, length + 1), "response": ["availability_rating", "worth_rating"]},
    )


PARAMETERS = pd.DataFrame(
    {"parameter": ["availability_start", "availability_rate"], "prior_ci90_low": [0.15, 0.02]}
    | {"prior_ci90_high": [0.85, 0.5], "median": [0.35, 0.14], "ci90_low": [0.3, 0.12], "ci90_high": [0.4, 0.16]}
)
SHRUNK = pd.DataFrame(
    {
        "parameter": np.repeat(["availability_start", "availability_rate"], PEOPLE),
        "group_median": np.repeat([0.35, 0.14], PEOPLE),
    }
    | {"shrinkage": 0.5 + 0.4 * waves(2 * PEOPLE), "median": 0.3 + 0.1 * waves(2 * PEOPLE, phase=1)}
).assign(ci90_low=lambda table: table["median"] - 0.08, ci90_high=lambda table: table["median"] + 0.08)
ELPD = pd.DataFrame(
    {"model": ["kalman", "rescorla_wagner", "growth"], "elpd_diff": [0.0, -3.0, -40.0], "dse": [0.0, 4.0, 8.0]}
    | {"decision": ["best", "not distinguishable", "distinguishable"]}
)
PPC = pd.DataFrame(
    {"response": "availability_rating", "statistic": ["level, first quarter", "reversals", "bimodality"]}
    | {"observed": [0.5, 3.0, 0.9], "pi95_low": [0.4, 2.0, 0.2], "pi95_high": [0.6, 5.0, 0.7]}
    | {"status": ["", "", "outside 99%"]}
)
PREDICTED = pd.DataFrame(
    {"prediction": ["entrenchment", "entrenchment", "relapse", "relapse"], "model": ["kalman", "static"] * 2}
    | {
        "claim": ["shows", "does not"] * 2,
        "share": [0.95, 0.02, 0.4, 0.1],
        "se": 0.01,
        "kept": [True, True, False, True],
    }
)
RECOVERED = pd.DataFrame(
    {"parameter": np.repeat(["start", "rate"], 4), "n_people": [40, 40, 80, 80] * 2, "sessions": [12, 24] * 4}
    | {"r": [0.5, 0.6, 0.7, 0.8, 0.3, 0.5, 0.4, 0.7]}
)
CONFUSION = pd.DataFrame([[0.9, 0.1], [0.25, 0.75]], ["kalman", "growth"], ["kalman", "growth"])
GRID = np.linspace(0.0, 1.0, 21)
RANKS = pd.DataFrame({"start": (np.arange(60) + 0.5) / 60, "rate": ((np.arange(60) + 0.5) / 60) ** 1.6})
BAND = (GRID, np.clip(GRID - 0.15, 0, 1), np.clip(GRID + 0.15, 0, 1))

ASSURANCE = pd.DataFrame(
    {"n_people": np.repeat([40, 80], 6), "sessions": [6, 12, 24] * 4, "se": 0.06}
    | {"outcome": np.tile(np.repeat(["difference between arms found", "converged"], 3), 2)}
    | {"share": [0.2, 0.4, 0.6, 0.9, 1.0, 1.0, 0.4, 0.7, 0.95, 0.95, 0.95, 1.0]}
    | {"decision": np.tile(["below", "may reach", "reaches", "", "", ""], 2)}
)

PLOTS = {
    "assurance": lambda: assurance_plot(ASSURANCE, ["n_people", "sessions"], 0.8),
    "attachment_space": lambda: attachment_space_plot(
        {"the group": joint_beliefs(beliefs()), "$one": joint_beliefs(beliefs(0.6, 0.4))}
    ),
    "trajectory_person": lambda: trajectory_plot(trajectory("person"), "therapist"),
    "trajectory_group": lambda: trajectory_plot(trajectory("group"), "therapist"),
    "time_to_security": lambda: time_to_security_plot(curves(["everyone"])),
    "time_to_security_arms": lambda: time_to_security_plot(curves(["everyone", "therapy", "waiting"])),
    "projection": lambda: projection_plot(projection(), "constant:rate=0.8"),
    "data": lambda: data_plot({"mother": session_data(6), "therapist": session_data(12)}),
    "prior_posterior": lambda: prior_posterior_plot(PARAMETERS),
    "shrinkage": lambda: shrinkage_plot(SHRUNK),
    "elpd": lambda: elpd_plot(ELPD, "the next session of a new person"),
    "ppc": lambda: ppc_plot({"kalman": PPC, "growth": PPC.assign(status="")}),
    "prediction": lambda: prediction_plot(PREDICTED[PREDICTED["prediction"] == "relapse"], "Do beliefs relapse?"),
    "prediction_matrix": lambda: prediction_matrix_plot(PREDICTED),
    "recovery": lambda: recovery_plot(RECOVERED),
    "confusion": lambda: confusion_plot(CONFUSION),
    "sbc": lambda: sbc_plot(RANKS, pd.Series({"start": "", "rate": "not uniform"}), BAND),
}
