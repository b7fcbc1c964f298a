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
    "group_sd": "SD between groups, for example between therapists",
    "group_clustering": "Residual clustering in groups (predictive p)",
    "expectancy_bias": "Group medians under assumed expectancy biases",
    "time_to_security": "Time to earned security",
    "arms": "Risk differences between arms",
    "sensitivity": "Sensitivity: share earned secure, by threshold and duration",
    "rating_thresholds": "Thresholds of earned security on the scale of each rating",
    "styles": "Attachment styles at the last session",
    "ppc": "Posterior predictive checks",
    "ppc_failures": "Test statistics that one model does not reproduce and another model reproduces",
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
    "reversals": "share of changes of a response in the opposite direction to its previous change",
    "bimodality": "1/3 for normal responses around a person's mean, 5/9 for uniform responses, 1 for two values",
    "lag-1 autocorrelation": "correlation of a response with the previous response, both relative to the person's mean",
}
P_JOINT_MEANING = (
    "share of replications whose largest discrepancy, of any statistic, is at least that of this statistic; the "
    "smallest value is the p value of the joint test"
)
GENERALISED_MEANING = {GENERALISED: "beliefs that the model implies about a new attachment figure; not measured"}
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
        "person_contraction": "1 - mean shrinkage: share of people's values that comes from their own data",
        "bias": "estimated error of the approximate median, on the link scale (positive: too high)",
        "bias_sd": "the same error, in between-person SDs",
        "bias_sd_between": "estimated error of sd_between, as a share of sd_between (positive: too high)",
    },
    "person_summary": {
        "median": f"posterior median of this person, with its {CI90} from ci90_low to ci90_high",
        "group_median": "median of the group of people with the same covariates",
        "shrinkage": "share of the value that comes from the group (0–1)",
        "contraction": "1 - posterior variance / prior variance",
        "shift_prior_sd": "shift of the posterior mean from the prior mean, in prior SDs",
    },
    "marginal_effects": {
        "difference": f"difference on the natural scale, with its {CI90}",
        "p_above_0": "posterior probability that the difference is positive",
        "prior_difference": "90% interval of the difference under the prior",
        "ratio": "ratio of the two values that the difference compares",
    },
    "group_sd": {"sd": f"SD between groups, on {LINK_SCALE}"},
    "group_clustering": {
        "p": "near 0: people of a group are more similar than the model predicts; near 0.5: as similar as it predicts"
    },
    "expectancy_bias": {
        "median_at_0": "median if each report equals the outcome",
        "median_at_0.3": "median if 30% of each report is the expectation and 70% the outcome",
        "median_at_0.5": "median if half of each report is the expectation",
    },
    "time_to_security": {
        "about": "these people: the people of the study; new people: others of the same population who go through the "
        "sessions of the study",
        "insecure_at_baseline": f"share of people who are insecure at baseline, with its {CI90}",
        "by_session": "last session that can be assessed",
        "number_at_risk": "people insecure at baseline who are observed and not yet earned secure when it begins",
        "sessions": f"median number of sessions until earned security, of people insecure at baseline, with its {CI90}",
        "corrective_experiences": "median number of corrective experiences until earned security",
        "censored": "yes if fewer than half of these people are earned secure by then",
        "earned_secure": "share of these people who are earned secure by then",
        "chance_level": "the same share if care were responsive at random, in half of the sessions",
        **GENERALISED_MEANING,
    },
    "arms": {
        "about": "new people: a claim about treatments; these people: a comparison within this sample",
        "by_session": "last session that can be assessed in every arm",
        "risk_difference": "share of people earned secure by this session: first arm minus second arm",
        "p_above_0": "posterior probability that the difference is positive",
    },
    "sensitivity": {
        "threshold": "least value of both beliefs for earned security. The other columns give the number of sessions "
        "for which the beliefs must keep this value and be resilient. Shares are read at the last session at which all "
        "of these definitions can be assessed",
    },
    "rating_thresholds": {
        "threshold": "belief, on the outcome's scale, below or above which people are insecure or earned secure",
        "rating": f"rating of the median person at this belief, in the numbers of the study's table, with its {CI90}",
        "scale_low": "lowest end of the rating's scale as the study states it; its highest end is scale_high",
        "on_outcome_scale": "yes if the study states that the rating is on the outcome's scale (`commensurable`)",
    },
    "styles": {**STYLE_MEANINGS, **GENERALISED_MEANING},
    "elpd": {
        "elpd": "expected log predictive density; higher is better",
        "elpd_diff": "difference from the best model, with its standard error dse",
        "weight": "stacking weight: weight of the model in the combination of models that predicts best",
        "mcse": "Monte Carlo standard error of the ELPD",
        "n_bad_k": "number of left-out people or events with Pareto k above 0.7 after refits; the ELPD may be too high",
    },
    "model_frequencies": {
        "frequency": "estimated share of people whose data the model describes best",
        "xp": "exceedance probability: probability that the model is the most frequent one",
        "pxp": "protected exceedance probability: xp, corrected for the chance that all models are equally frequent",
        "n_attributed": "number of people for which this model is the most probable",
        "frequency_mixture": f"the same share from one joint fit of all models, with its {CI90}",
    },
    "ppc": STATUS_MEANINGS
    | STATISTIC_MEANINGS
    | {
        "median": "median of the predictive distribution",
        "pi95_low": "lower end of the 95% predictive interval; its upper end is pi95_high",
        "p_joint": P_JOINT_MEANING,
    },
    "ppc_failures": STATISTIC_MEANINGS
    | {
        "p_joint": P_JOINT_MEANING,
        "pi95_low": "lower end of the 95% predictive interval; its upper end is pi95_high",
        "reproduced_by": "models whose 95% predictive interval contains the observed value",
    },
    "recovery": {
        "r": "correlation of true and estimated values, over people",
        "bias": "estimate minus true value, on the natural scale",
        "coverage": "share of true values inside the 90% credible intervals",
        "contraction": "1 - posterior variance / prior variance",
    },
}


def group_summary_title(with_covariates: bool) -> str:
    """Return the title of the table `group_summary`; with covariates, its values are those of a reference."""
    reference = " at the reference levels and mean values of the covariates" if with_covariates else ""
    return f"{TABLE_TITLES['group_summary']}{reference} (90% CrI), and how far the data determine them"


def explained_words(frame: pd.DataFrame) -> list[str]:
    """Return the words of a table that may need an explanation: columns, figures, statistics, notes and statuses."""
    columns = [name for name in ("figure", "statistic", "note", "status") if name in frame]
    return [*map(str, frame.columns), *(str(cell) for name in columns for cell in frame[name].unique())]


def legend(table: str, frame: pd.DataFrame) -> str:
    """Return how to read a table, in one sentence; empty if no word of it needs an explanation."""
    words = explained_words(frame)
    explained = [f"{word}: {meaning}" for word, meaning in LEGENDS.get(table, {}).items() if word in words]
    return f"{'; '.join(explained)}." if explained else ""
