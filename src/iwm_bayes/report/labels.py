"""The title of each table, and what its columns and words mean: one place for the terminal, the report and the docs.

A table is known by the name of its file in a run folder or a comparison folder. Titles and meanings of a run's tables
are those of its estimands and checks (`diagnostics.registry`). The others are here. A legend explains the words that
occur in the table: names of columns, and cells of the columns `figure`, `statistic`, `note` and `status`.
"""

import re
from collections.abc import Mapping

import pandas as pd

OTHER_TITLES: Mapping[str, str] = {
    "ppc_failures": "Test statistics that one model does not reproduce and another model reproduces",
    "elpd": "Expected log predictive density (ELPD)",
    "model_frequencies": "Model attribution (random-effects BMS)",
    "attribution": "Model attribution of every person, under pseudonyms",
    "recovery": "Parameter recovery",
    "recovery_people": "True values and estimates of people in simulated studies",
}
CI90 = "90% credible interval"
BELIEF_NAMES = {"availability": "availability", "worth": "self-worth"}
COLUMN_WORDS: Mapping[str, str] = {  # of columns that are no words with underscores between them
    "p_above_0": "P(> 0)",
    "p_above_0.7": "P(> .7)",
    "sd_person": "SD between people",
    "sd_wave": "SD between waves",
    "sd_change": "SD of change",
    "risk_difference": "difference of shares",
    "sd_between": "between-person SD",
    "shift_prior_sd": "shift from prior (prior SDs)",
    "worth": "self-worth",
    "elpd": "ELPD",
    "elpd_diff": "ELPD difference",
    "dse": "SE of difference",
    "se": "SE",
    "mcse": "MCSE",
    "n_bad_k": "Pareto k > 0.7",
    "xp": "XP",
    "pxp": "PXP",
    "n_attributed": "number attributed",
    "pi95": "95% predictive interval",
    "pi99": "99% predictive interval",
    "ci90": "90% CrI",
    "p_joint": "joint p",
}
WAVE_CHANGE = re.compile(r"(.+)_change(?:_(\d+))?(\[.+\])?")  # the change of a parameter between waves
PARAMETER_FORMS = {"start": "Initial {}", "rate": "Learning rate of {}"}

OTHER_MEANINGS: Mapping[str, Mapping[str, str]] = {
    "elpd": {
        "elpd": "expected log predictive density; higher is better",
        "elpd_diff": "difference from the best model",
        "dse": "standard error of this difference",
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
    "recovery": {
        "r": "correlation of true and estimated values, over people",
        "bias": "estimate minus true value, on the natural scale",
        "coverage": "share of true values inside the 90% credible intervals",
        "contraction": "1 - posterior variance / prior variance",
    },
    "recovery_people": {
        "truth": "true value, on the natural scale",
        "mean": f"posterior mean, with the ends low and high of its {CI90}",
    },
}


def table_title(name: str) -> str:
    """Return the title of a table; its name if it has none."""
    from iwm_bayes.diagnostics.registry import registered  # its import takes a second

    known = registered()
    return known[name].title if name in known else OTHER_TITLES.get(name, name)


def table_meanings() -> dict[str, Mapping[str, str]]:
    """Return what the columns and words of each table mean, by the name of the table."""
    from iwm_bayes.diagnostics.registry import STATISTIC_MEANINGS, registered

    failures = {"reproduced_by": "models whose 95% predictive interval contains the observed value"}
    by_name = {name: one.columns for name, one in registered().items()}
    return {**by_name, **OTHER_MEANINGS, "ppc_failures": {**STATISTIC_MEANINGS, **failures}}


def group_summary_title(with_covariates: bool, what: str = "") -> str:
    """Return the title of the table `group_summary`; with covariates, its values are those of a reference."""
    reference = " at the reference levels and mean values of the covariates" if with_covariates else ""
    return f"{what or table_title('group_summary')}{reference} (90% CrI), and how far the data determine them"


def parameter_words(label: str) -> str:
    """Return a parameter in words: "availability_rate[therapist]" is "Learning rate of availability (therapist)".

    Changes between waves, and effects of covariates of sessions, are on the link scale, and say so.
    """
    if change := WAVE_CHANGE.fullmatch(label):
        own, wave, figure = (part or "" for part in change.groups())
        base = parameter_words(own + figure)
        return f"Change{f' to wave {wave}' if wave else ''} of {base[:1].lower()}{base[1:]}, link scale"
    name, bracket, figure = label.partition("[")
    belief, _, quantity = name.partition("_")
    about, where = BELIEF_NAMES.get(belief, ""), f" ({figure.removesuffix(']')})" if bracket else ""
    form, underscore, effect = quantity.partition("_")
    if about and quantity in PARAMETER_FORMS:
        return PARAMETER_FORMS[quantity].format(about) + where
    if about and form == "rate" and underscore:  # the effect of a covariate
        return f"{PARAMETER_FORMS[form].format(about)}: {effect.replace('_', ' ')}{where}, link scale"
    return response_words(name) + where


def response_words(name: str) -> str:
    """Return a response, or another name of the program, in words: "worth_rating" is "Self-worth rating"."""
    words = name.replace("_", " ")
    words = f"self-{words}" if words.startswith("worth") else words
    return words[:1].upper() + words[1:]


def column_words(name: str) -> str:
    """Return the name of a column in words: "p_above_0" is "P(> 0)", and "by_session" is "by session"."""
    return COLUMN_WORDS.get(name, name.replace("_", " "))


def explained_words(frame: pd.DataFrame) -> list[str]:
    """Return the words of a table that may need an explanation: columns, figures, statistics, notes and statuses."""
    columns = [name for name in ("figure", "statistic", "note", "status") if name in frame]
    return [*map(str, frame.columns), *(str(cell) for name in columns for cell in frame[name].unique())]


def legend(table: str, frame: pd.DataFrame) -> str:
    """Return how to read a table, in one sentence; empty if no word of it needs an explanation."""
    words = explained_words(frame)
    known = [(word, meaning) for word, meaning in table_meanings().get(table, {}).items() if word in words]
    explained = [f"{column_words(word) if word in frame else word}: {meaning}" for word, meaning in known]
    return f"{'; '.join(explained)}." if explained else ""
