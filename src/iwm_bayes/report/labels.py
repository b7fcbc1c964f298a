"""How to read each table: what its words mean, in one place for the terminal, the report and the documentation.

A table is known by the name of its file in a run or a comparison. Of its words, those are explained that stand in it:
names of columns, and cells of `figure`, `effect` and `note`.
"""

from collections.abc import Mapping

import pandas as pd

from iwm_bayes.types import GENERALISED

LINK_MEANING = "log-odds of what lies in 0..1, logarithms of what is above 0"
GENERALISED_MEANING = "what the theory infers that they would expect of a figure they have never met; nobody was asked"
STATUS_MEANINGS = {
    "missed": "outside 95 % of what the theory's people do",
    "cannot be made": "outside 99 % of what the theory's people do",
}
STATISTIC_MEANINGS = {
    "turns": "how often an answer goes back on the last change",
    "bimodality": "1/3 where answers are normal around a person's mean, 5/9 where even, 1 where there are only two",
    "lag-1 autocorrelation": "how alike an answer is to the one before, around a person's mean",
}
FREQUENCY_MEANINGS = {
    "frequency": "share of people who follow the theory, as estimated",
    "exceedance": "probability that it is the most frequent",
    "protected": "the same, allowing for all being as frequent",
    "people": "for how many it is the most probable",
    "in the mixture": "the share by one fit in which each person follows one theory, with its 90 % interval",
}
LEGENDS: Mapping[str, Mapping[str, str]] = {
    "summary": {
        "typical": "the average person, with 90 % interval low to high",
        "between": f"sd between people, on the link scale ({LINK_MEANING})",
        "informed": "contraction, 0 where the data said nothing of the average person and 1 where they said all",
        "z": "how many sds of the prior the average person moved from its middle",
        "people": "1 - mean shrinkage, how much each person's own data say",
        "bias": "by how much the approximation is too high, link scale",
        "bias_sds": "the same in sds between people",
        "bias_between": "by which share of itself `between` is too high",
    },
    "people": {
        "value": "this person, with 90 % interval low to high",
        "group": "the average person with the same covariates",
        "shrinkage": "how much of the value is borrowed from the group, 0..1",
        "informed": "contraction, 0 where nothing was learned and 1 where all was",
        "z": "how many sds of the prior the person lies from its middle",
    },
    "contrasts": {
        "difference": "on the natural scale",
        "before any data": "90 % of the prior's differences",
        "ratio": "of the first to the second",
    },
    "between": {"sd": f"between members of the group, on the link scale ({LINK_MEANING})"},
    "likeness": {"p": "near 0 where people of a group are more alike than the theory says, near .5 where they are not"},
    "expectancy_bias": {"at 0": "reports are the outcomes; further right, reports are partly what was expected"},
    "answers": {
        "start insecure": "share of people",
        "sessions": "until half of those are earned secure; > N where fewer than half are by session N",
        "corrective": "corrective experiences until then; not reached where fewer than half are by the last session",
        "earned secure": "share of those who start insecure, by the last session",
        "by chance": "the same under care that says nothing",
        GENERALISED: GENERALISED_MEANING,
    },
    "arms": {
        "by session": "the last at which every arm still has people who are followed and not yet earned secure",
        "more earned secure": "share of those who start insecure, by that session, in the first arm less the second",
    },
    "sensitivity": {
        "secure from": "both beliefs at or above this, for as many sessions as the column says; the share of those who "
        "start insecure. A longer hold is also more time for the disappointment that it must outlast, so its share may "
        "be higher",
    },
    "styles": {
        "secure": "both beliefs at .5 or more at the last session, whoever started where (earned secure are only those "
        "who started insecure and then stayed secure for the hold)",
        "preoccupied": "worth alone below .5",
        "dismissing": "availability alone below .5",
        "fearful": "both below .5",
        GENERALISED: GENERALISED_MEANING,
    },
    "ranking": {
        "score": "log predictive density of what was held out, in nats; higher is better",
        "difference": "from the best, with standard error se",
        "weight": "share in the mixture of predictions that foretells best",
        "simulation": "Monte-Carlo error of the score",
        "k > .7": "how many left-out answers or people could not be scored by reweighting (people are refitted)",
    },
    "frequencies": FREQUENCY_MEANINGS,
    "checks": STATUS_MEANINGS
    | STATISTIC_MEANINGS
    | {"median": "of what the theory's people do", "low": "to high: 95 % of it"},
    "cannot make": STATISTIC_MEANINGS | {"low": "to high: 95 % of what the theory's people do"},
    "recovery": {
        "r": "correlation of truth and estimate, over people",
        "bias": "estimate less truth, natural scale",
        "coverage": "share of truths inside 90 % intervals",
        "contraction": "from prior to posterior, 0 where nothing was learned and 1 where all was",
    },
}


def group_summary_title(compared: bool) -> str:
    """The title of the table "summary"; `compared` where formulas have a reference."""
    who = "The average person of the reference, at average covariates" if compared else "The average person"
    return f"{who} (90 % interval), and how much the data said"


def explained_words(frame: pd.DataFrame) -> list[str]:
    """What stands in a table that may need a word: columns, figures, effects and notes."""
    cells = [str(cell) for name in ("figure", "effect", "note") if name in frame for cell in frame[name].unique()]
    return [*map(str, frame.columns), *cells]


def legend(table: str, frame: pd.DataFrame) -> str:
    """How to read a table, in one sentence per table; empty where nothing in it needs a word."""
    there = explained_words(frame)
    said = [f"{word}: {meaning}" for word, meaning in LEGENDS.get(table, {}).items() if word in there]
    return f"{'; '.join(said)}." if said else ""
