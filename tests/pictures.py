"""Small made-up Datasets and tables, one for each plot: no sampler, no simulation, the same on every machine."""

import dyad_pictures
import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.comparison.compare import comparison_data
from iwm_bayes.comparison.model_frequencies import attribution_data
from iwm_bayes.diagnostics.predictive_checks import predictive_checks_data
from iwm_bayes.estimands.learning_curves import LEVELS
from iwm_bayes.estimands.security.curves import time_to_security_data
from iwm_bayes.validation.planning.assurance import planning_curve_data
from iwm_bayes.validation.uniformity import sbc_ranks_data
from iwm_bayes.viz.attachment_space import attachment_space_plot
from iwm_bayes.viz.comparison import attribution_plot, comparison_plot
from iwm_bayes.viz.data import data_plot
from iwm_bayes.viz.earned_security import projection_plot, time_to_security_plot
from iwm_bayes.viz.learning_curves import individual_fits_plot, learning_curves_plot
from iwm_bayes.viz.parameters import group_difference_plot, prior_posterior_plot, session_effect_plot
from iwm_bayes.viz.people import forest_plot, shrinkage_plot
from iwm_bayes.viz.predictive_checks import predictive_checks_plot
from iwm_bayes.viz.reliability import reliability_plot
from iwm_bayes.viz.simulated_studies.matrices import confusion_plot, inversion_plot
from iwm_bayes.viz.simulated_studies.planning import planning_curve_plot
from iwm_bayes.viz.simulated_studies.predictions import prediction_curves_plot, prediction_matrix_plot, prediction_plot
from iwm_bayes.viz.simulated_studies.recovery import recovery_by_size_plot, recovery_plot
from iwm_bayes.viz.simulated_studies.sbc import sbc_ranks_plot
from iwm_bayes.viz.trajectory import trajectory_plot

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
    session, last = np.arange(1, SESSIONS + 1), SESSIONS - 5
    share = np.stack([0.8 / (1 + np.exp(-(session - 6 - index))) for index in range(len(arms))])
    probability = np.clip(share[:, None, None] + 0.06 * waves(len(arms), 2, 20, SESSIONS), 0, 1)
    probability[..., last:] = np.nan
    by_arm = np.array([5.0, 5.0, np.inf])[: len(arms), None, None]  # the last arm does not reach its median
    at_risk = np.round(30 * (1 - share) / (1 + np.arange(len(arms))[:, None]))
    return xr.Dataset(
        {
            "probability": (("arm", "chain", "draw", "session"), np.sort(probability)),
            "at_risk": (("arm", "session"), at_risk),
            "chance_level": ("session", np.where(session <= last, 0.08 * session / SESSIONS, np.nan)),
            "last": ("arm", np.full(len(arms), last)),
            "median_sessions": (("arm", "chain", "draw"), by_arm + np.ones((2, 20))),
        },
        {"arm": arms, "session": session},
        {"figure": "therapist", "duration": 6},
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


def space(**more):
    """Make people in the attachment space, as `attachment_space_data` returns them."""
    first, change = 0.35 + 0.2 * waves(2, 24), 0.25 + 0.15 * waves(2, 24, phase=1)
    ends = np.stack([first, first + change], axis=-1)
    return xr.Dataset(
        {name: (("person", "when"), part) for name, part in zip(("availability", "self_worth"), ends, strict=True)}
        | {"insecure": ("person", np.arange(24) % 6 > 0)}
        | {"earned_secure": ("person", (ends[..., 1].min(axis=0) > 0.55) & (np.arange(24) % 6 > 0))},
        {"person": NAMES[:24], "when": ["first", "last"]},
        {"figure": "therapist", "secure_at_or_above": 0.6},
    ).assign(more)


def learning(people=PEOPLE):
    """Make learning curves, as `learning_curves_data` returns them: a rating, and an answer of 0 or 1."""
    session = np.arange(1, SESSIONS + 1)
    mean = 0.35 + 0.4 * (1 - np.exp(-session / 5)) - 0.12 * (session % 5 == 0)
    observed = np.clip(mean[:, None] + 0.2 * waves(SESSIONS, people), 0, 1)
    bands = mean[:, None] + 0.2 * np.array([-1, -0.5, 0, 0.5, 1])
    middle = mean + 0.02 * waves(SESSIONS, phase=2)
    return xr.Dataset(
        {
            "observed": (("response", "session", "person"), np.stack([observed, (observed > 0.5) * 1.0])),
            "observed_mean": (("response", "session"), np.stack([mean, mean])),
            "predicted_mean": (("response", "session"), np.stack([middle, middle])),
            "predicted": (("response", "session", "level"), np.stack([bands, 0.3 + 0.7 * bands])),
            "is_proportion": ("response", [False, True]),
            "highest": ("response", [1.0, 1.0]),
            "rupture_share": ("session", (session % 5 == 0) * 1.0),
        },
        {"response": ["availability_rating", "approach"], "session": session, "level": list(LEVELS)},
        {"figure": "$mother"},
    )


def individuals(people=PEOPLE):
    """Make answers of single people, as `individual_fits_data` returns them; one did not answer once."""
    session = np.arange(1, SESSIONS + 1)
    middle = 0.35 + 0.4 * (1 - np.exp(-session / 5))[:, None] + 0.1 * waves(SESSIONS, people)
    observed = np.clip(middle + 0.1 * waves(SESSIONS, people, phase=1), 0, 1)
    observed[3, 0] = np.nan
    parts = {"observed": observed, "low": middle - 0.15, "median": middle, "high": middle + 0.15}
    return xr.Dataset(
        {name: (("session", "person"), part) for name, part in parts.items()}
        | {"unresponsive": (("session", "person"), waves(SESSIONS, people) < -0.6)}
        | {"r": ("person", np.append(0.9 * np.abs(waves(people - 1)), np.nan))},
        {"session": session, "person": NAMES[:people]},
        {"figure": "therapist", "response": "worth_rating", "people": 40, "highest": 1.0},
    )


def forest(people=PEOPLE, arms=("",)):
    """Make parameters of people, as `forest_data` returns them; true values of the first are known."""
    arm = np.resize(arms, people)
    tables = []
    for name, phase in (("availability_rate", 0.0), ("worth_rate", 1.0)):
        median = 0.2 + 0.1 * waves(people, phase=phase)
        intervals = {f"ci{level}_{end}": median + sign * level / 1500 for level in (50, 90) for end, sign in ENDS}
        table = pd.DataFrame({"parameter": name, "person": NAMES[:people], "median": median} | intervals)
        shift = 0.1 * (arm == arms[-1]) * (len(arms) > 1)
        group = {"arm": arm, "group_median": 0.2 + shift, "group_ci90_low": 0.17 + shift}
        group |= {"group_ci90_high": 0.22 + shift}
        tables.append(table.assign(**group, true=median + 0.02 if phase == 0.0 else np.nan))
    return pd.concat(tables, ignore_index=True)


def session_effect(values):
    """Make the average of a parameter at values of a covariate, as `session_effect_data` returns it."""
    median = np.linspace(0.1, 0.25, len(values))
    levels = {"median": median, "ci90_low": 0.7 * median, "ci90_high": 1.5 * median}
    return xr.Dataset(
        {name: ("at", level) for name, level in levels.items()},
        {"at": values},
        {"parameter": "availability_rate", "covariate": "within(homework)"},
    )


def difference(group):
    """Make a difference between groups, as `group_difference_data` returns it."""
    draws = np.linspace(-2, 2, 200)
    people = len(group)
    median = 0.2 + 0.08 * waves(people)
    return xr.Dataset(
        {
            "difference": (("chain", "draw"), np.reshape(0.05 + 0.03 * draws * np.abs(draws), (2, 100))),
            "prior_difference": ("prior_draw", 0.08 * draws),
            "median": ("person", median),
            "ci90_low": ("person", median - 0.05),
            "ci90_high": ("person", median + 0.05),
            "group": ("person", group),
        },
        {"person": NAMES[:people]},
        {"contrast": "availability_rate: arm $therapy - waiting", "parameter": "availability_rate", "covariate": "arm"},
    )


NAMES = [f"person {number}" for number in range(1, 1001)]
ENDS = (("low", -1), ("high", 1))
GROUPS = np.where(np.arange(16) % 2, "$therapy", "waiting")
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
).assign(ci90_low=lambda table: table["median"] - 0.08, ci90_high=lambda table: table["median"] + 0.08, arm="")
SHRUNK_ARMS = SHRUNK.assign(
    arm=np.resize(["$therapy", "waiting"], 2 * PEOPLE),
    group_median=lambda table: table["group_median"] + np.resize([0.03, -0.03], 2 * PEOPLE),
)
ELPD = pd.DataFrame(
    {"model": ["kalman", "rescorla_wagner", "growth"], "elpd_diff": [0.0, -3.0, -40.0], "dse": [0.0, 4.0, 8.0]}
    | {"decision": ["best", "not distinguishable", "distinguishable"]}
)
PPC = pd.DataFrame(
    {"response": "availability_rating", "statistic": ["level, first quarter", "reversals", "bimodality"]}
    | {"observed": [0.55, 3.0, 0.9], "median": [0.5, 3.5, 0.4]}
    | {"pi95_low": [0.4, 2.0, 0.2], "pi95_high": [0.6, 5.0, 0.7], "status": ["", "", "outside 99%"], "p_joint": 0.2}
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
CURVE_MODELS = {
    "$strain": "shows",
    "contingent": "shows",
    **dict.fromkeys(("kalman", "static", "hgf", "growth"), "does not"),
}
PREDICTED_CURVES = pd.concat(  # of two models that rise and four that fall, less and less apart
    pd.DataFrame({"model": model, "claim": claim, "x": range(8)}).assign(
        median=lambda line, size=size: size * np.tanh(line["x"] / 3),
        low=lambda line: line["median"] - 0.02,
        high=lambda line: line["median"] + 0.03,
    )
    for size, (model, claim) in zip((0.18, 0.14, -0.1, -0.11, -0.12, -0.2), CURVE_MODELS.items(), strict=True)
)
RECOVERED = pd.DataFrame(
    {"parameter": np.repeat(["start", "rate"], 4), "n_people": [40, 40, 80, 80] * 2, "sessions": [12, 24] * 4}
    | {"r": [0.5, 0.6, 0.7, 0.8, 0.3, 0.5, 0.4, 0.7]}
)
RECOVERED_PEOPLE = pd.DataFrame(
    {"parameter": np.repeat(["availability_start", "availability_rate"], 30), "truth": 0.4 + 0.3 * waves(60)}
).assign(
    mean=lambda table: table["truth"] + 0.06 * waves(60, phase=1),
    low=lambda table: table["mean"] - 0.08,
    high=lambda table: table["mean"] + 0.08,
)
EVIDENCE = pd.DataFrame(-5 + 3 * waves(30, 3) + [2.0, 1.0, 0.0], columns=["kalman", "growth", "$static"])
CONFUSION = pd.DataFrame([[0.9, 0.1], [0.25, 0.75]], ["kalman", "growth"], ["kalman", "growth"])
RANKS = pd.DataFrame({"start": (np.arange(60) + 0.5) / 60, "rate": ((np.arange(60) + 0.5) / 60) ** 1.6})

ASSURANCE = pd.DataFrame(
    {"n_people": np.repeat([40, 80], 6), "sessions": [6, 12, 24] * 4, "se": 0.06}
    | {"outcome": np.tile(np.repeat(["difference between arms found", "converged"], 3), 2)}
    | {"share": [0.2, 0.4, 0.6, 0.9, 1.0, 1.0, 0.4, 0.7, 0.95, 0.95, 0.95, 1.0]}
    | {"decision": np.tile(["below", "may reach", "reaches", "", "", ""], 2)}
)

CHECKS = pd.concat([PPC, PPC.assign(response="approach", observed=[0.42, 5.0, 0.5])])


def retest(intervals):
    """Make reliability and change between waves, as `estimands.reliability.reliability` returns them."""
    names = ["availability_start", "availability_rate", "availability_rating_noise"]
    middle, by_draw = np.array([0.35, 0.78, 0.6]), (1, 80, len(names))
    drawn = middle + 0.2 * waves(*by_draw) * (1 - middle)
    change = np.array([0.0, -0.3, 0.2])[:, None] + 0.12 * waves(*by_draw, len(intervals), phase=1.0)
    dims = ("chain", "draw", "parameter")
    return xr.Dataset(
        {
            "reliability": (dims, drawn),
            "prior_reliability": (("prior_draw", "parameter"), waves(60, len(names), phase=2.0)),
            "change": ((*dims, "interval"), change),
            "sd_person": (dims, 0.5 * np.sqrt(drawn)),
            "sd_wave": (dims, 0.5 * np.sqrt(1 - drawn)),
        },
        {"parameter": names, "interval": intervals},
    )


PLOTS = {
    "time_to_security": lambda: time_to_security_plot(time_to_security_data(curves(["everyone"]))),
    "time_to_security_arms": lambda: time_to_security_plot(
        time_to_security_data(curves(["everyone", "therapy", "waiting"]))
    ),
    "time_to_security_long_names": lambda: time_to_security_plot(
        time_to_security_data(curves(["everyone", "alliance-focused therapy", "care <as usual>"]))
    ),
    "projection": lambda: projection_plot(projection(), "constant:rate=0.8"),
    "attachment_space": lambda: attachment_space_plot(space()),
    "attachment_space_arms": lambda: attachment_space_plot(
        space(arm=("person", np.where(np.arange(24) % 2, "$therapy", "waiting")))
    ),
    "learning_curves": lambda: learning_curves_plot(learning()),
    "learning_curves_narrow": lambda: learning_curves_plot(learning(), columns=1),
    "individual_fits": lambda: individual_fits_plot(individuals(8)),
    "individual_fits_narrow": lambda: individual_fits_plot(individuals(8), columns=3),
    "forest": lambda: forest_plot(forest()),
    "forest_narrow": lambda: forest_plot(forest(), columns=1),
    "forest_arms": lambda: forest_plot(forest(arms=("$therapy", "waiting"))),
    "shrinkage_arms": lambda: shrinkage_plot(SHRUNK_ARMS),
    "shrinkage": lambda: shrinkage_plot(SHRUNK),
    "prior_posterior": lambda: prior_posterior_plot(PARAMETERS),
    "predictive_checks": lambda: predictive_checks_plot(predictive_checks_data({"kalman": CHECKS})),
    "predictive_checks_narrow": lambda: predictive_checks_plot(predictive_checks_data({"kalman": CHECKS}), columns=1),
    "predictive_checks_models": lambda: predictive_checks_plot(
        predictive_checks_data({"kalman": CHECKS, "$growth": CHECKS.assign(status="", observed=CHECKS["median"])})
    ),
    "group_difference": lambda: group_difference_plot(difference(GROUPS)),
    "group_difference_narrow": lambda: group_difference_plot(difference(GROUPS), columns=1),
    "group_difference_number": lambda: group_difference_plot(difference(waves(16))),
    "session_effect": lambda: session_effect_plot(session_effect(["$no", "partly", "yes"])),
    "session_effect_number": lambda: session_effect_plot(session_effect(np.linspace(-2.0, 2.0, 13))),
    "reliability": lambda: reliability_plot(retest(["test to retest"])),
    "reliability_narrow": lambda: reliability_plot(retest(["$t1 to t2", "t2 to t3"]), columns=1),
    "comparison": lambda: comparison_plot(comparison_data(ELPD, "lfo_1")),
    "attribution": lambda: attribution_plot(attribution_data(EVIDENCE)),
    "attribution_narrow": lambda: attribution_plot(attribution_data(EVIDENCE), columns=1),
    "trajectory_person": lambda: trajectory_plot(trajectory("person"), "therapist"),
    "trajectory_group": lambda: trajectory_plot(trajectory("group"), "therapist"),
    "data": lambda: data_plot({"mother": session_data(6), "therapist": session_data(12)}),
    "confusion": lambda: confusion_plot(CONFUSION),
    "inversion": lambda: inversion_plot(CONFUSION / CONFUSION.sum()),
    "recovery": lambda: recovery_plot(RECOVERED_PEOPLE),
    "recovery_by_size": lambda: recovery_by_size_plot(RECOVERED),
    "sbc_ranks": lambda: sbc_ranks_plot(sbc_ranks_data(RANKS)),
    "planning_curve": lambda: planning_curve_plot(planning_curve_data(ASSURANCE, 0.8), 0.8),
    "prediction": lambda: prediction_plot(PREDICTED[PREDICTED["prediction"] == "relapse"], "Do beliefs relapse?"),
    "prediction_matrix": lambda: prediction_matrix_plot(PREDICTED),
    "prediction_curves": lambda: prediction_curves_plot(
        PREDICTED_CURVES, ("session", "availability: repaired, smooth")
    ),
}
PLOTS |= dyad_pictures.PLOTS
