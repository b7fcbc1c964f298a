"""The title of each table, and what its columns and words mean: one place for the terminal, the report and the docs.

A table is known by the name of its file in a run folder or a comparison folder. A legend explains the words that occur
in the table: names of columns, and cells of the columns `figure`, `statistic`, `note` and `status`.
"""

from collections.abc import Mapping

import pandas as pd

from iwm_bayes.types import GENERALISED

LINK_SCALE = "the link scale (log-odds of a parameter in 0–1, logarithm of a parameter above 0)"
CI90 = "90% credible interval"

TABLE_TITLES: Mapping[str, str] = {
    "group_summary": "Group medians of the parameters",
    "person_summary": "Person-level parameters, under pseudonyms",
    "marginal_effects": "Marginal effects of covariates on the group medians",
    "group_sd": "SD between the levels of a group",
    "group_clustering": "Residual clustering in groups (predictive p)",
    "expectancy_bias": "Group medians under stated expectancy biases",
    "time_to_security": "Time to earned security",
    "arms": "Risk differences between arms",
    "sensitivity": "Sensitivity: share earned secure by the last session, by threshold and duration criterion",
    "styles": "Attachment styles at the last session",
    "ppc": "Posterior predictive checks",
    "ppc_failures": "Test statistics that a model fails and another model reproduces",
    "elpd": "Expected log predictive density (ELPD)",
    "model_frequencies": "Model attribution (random-effects BMS)",
    "attribution": "Model attribution of every person, under pseudonyms",
    "recovery": "Parameter recovery",
}

STATUS_MEANINGS = {
    "outside 95%": "the observed value is outside the 95% predictive interval",
    "outside 99%": "the observed value is outside the 99% predictive interval",
}
STATISTIC_MEANINGS = {
    "reversals": "how often a response reverses the last change",
    "bimodality": "1/3 for responses normal around a person's mean, 5/9 for uniform ones, 1 for two values",
    "lag-1 autocorrelation": "correlation of a response with the one before, around a person's mean",
}
GENERALISED_MEANING = {GENERALISED: "implied by the model for a figure that the person has not met; not measured"}
STYLE_MEANINGS = {
    "secure": "availability and self-worth at 0.5 or above at the last session",
    "preoccupied": "only self-worth below 0.5",
    "dismissing": "only availability below 0.5",
    "fearful": "both below 0.5",
}

LEGENDS: Mapping[str, Mapping[str, str]] = {
    "group_summary": {
        "median": f"posterior median, with its {CI90} from ci90_low to ci90_high",
        "sd_between": f"SD between people, on {LINK_SCALE}",
        "contraction": "1 - posterior variance / prior variance (0: uninformative data, 1: the data determine it)",
        "shift_prior_sd": "shift of the posterior mean from the prior mean, in prior SDs",
        "person_contraction": "1 - mean shrinkage: how far people's own data determine their values",
        "bias": "how far the approximation is too high, on the link scale",
        "bias_sd": "the same bias, in SDs between people",
        "bias_sd_between": "how far sd_between is too high, as a share of itself",
    },
    "person_summary": {
        "median": f"posterior median of this person, with its {CI90} from ci90_low to ci90_high",
        "group_median": "median of people with the same covariates",
        "shrinkage": "share of the value that comes from the group (0–1)",
        "contraction": "1 - posterior variance / prior variance",
        "shift_prior_sd": "shift of the posterior mean from the prior mean, in prior SDs",
    },
    "marginal_effects": {
        "difference": f"on the natural scale, with its {CI90}",
        "p_above_0": "posterior probability that the difference is positive",
        "prior_difference": "90% interval of the difference under the prior",
        "ratio": "of the first to the second",
    },
    "group_sd": {"sd": f"SD between the levels of the group, on {LINK_SCALE}"},
    "group_clustering": {
        "p": "near 0: people of a group are more similar than the model predicts; near 0.5: as similar"
    },
    "expectancy_bias": {"median_at_0": "reports are the outcomes; at 0.3, a report is 30% expectation"},
    "time_to_security": {
        "insecure_at_baseline": "share of people",
        "sessions": f"median number until earned security, among people insecure at baseline, with its {CI90}",
        "corrective_experiences": "median number until earned security",
        "censored": "fewer than half are earned secure by the last session",
        "earned_secure": "share of people insecure at baseline, by the last session",
        "chance_level": "the same share under uninformative care",
        **GENERALISED_MEANING,
    },
    "arms": {
        "by_session": "last session at which every arm has people at risk",
        "risk_difference": "share earned secure by that session, in the first arm minus the second",
        "p_above_0": "posterior probability that the difference is positive",
    },
    "sensitivity": {
        "threshold": "both beliefs at or above it, for as many sessions as the column says. A longer duration "
        "criterion also leaves more time for the disappointment that it must include, so its share may be higher",
    },
    "styles": {**STYLE_MEANINGS, **GENERALISED_MEANING},
    "elpd": {
        "elpd": "expected log predictive density; higher is better",
        "elpd_diff": "difference from the best model, with its standard error dse",
        "weight": "stacking weight: share of the model in the best mixture of predictions",
        "mcse": "Monte Carlo standard error of the ELPD",
        "n_bad_k": "number of left-out people or events with Pareto k above 0.7 (models are refitted for such people)",
    },
    "model_frequencies": {
        "frequency": "estimated share of people that the model describes best",
        "xp": "exceedance probability: the model is the most frequent",
        "pxp": "protected exceedance probability: the same, if equal frequencies are possible",
        "n_attributed": "number of people assigned to the model, their most probable one",
        "frequency_mixture": f"the share by one joint fit of all models, with its {CI90} from ci90_low to ci90_high",
    },
    "ppc": STATUS_MEANINGS
    | STATISTIC_MEANINGS
    | {"median": "of the posterior predictive distribution", "pi95_low": "to pi95_high: 95% predictive interval"},
    "ppc_failures": STATISTIC_MEANINGS
    | {"pi95_low": "to pi95_high: 95% predictive interval", "reproduced_by": "models whose 95% interval has the value"},
    "recovery": {
        "r": "correlation of true and estimated values, over people",
        "bias": "estimate minus true value, on the natural scale",
        "coverage": "share of true values inside the 90% credible intervals",
        "contraction": "1 - posterior variance / prior variance",
    },
}


def group_summary_title(with_covariates: bool) -> str:
    """Return the title of the table `group_summary`; with covariates, its values are those of a reference."""
    reference = " at the reference levels and average covariates" if with_covariates else ""
    return f"{TABLE_TITLES['group_summary']}{reference} (90% CrI), and what the data determine"


def explained_words(frame: pd.DataFrame) -> list[str]:
    """Return the words of a table that may need an explanation: columns, figures, statistics, notes and statuses."""
    columns = [name for name in ("figure", "statistic", "note", "status") if name in frame]
    return [*map(str, frame.columns), *(str(cell) for name in columns for cell in frame[name].unique())]


def legend(table: str, frame: pd.DataFrame) -> str:
    """Return how to read a table, in one sentence; empty if no word of it needs an explanation."""
    words = explained_words(frame)
    explained = [f"{word}: {meaning}" for word, meaning in LEGENDS.get(table, {}).items() if word in words]
    return f"{'; '.join(explained)}." if explained else ""
