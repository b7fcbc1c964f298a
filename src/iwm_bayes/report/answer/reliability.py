"""The answer of a study with waves: the test-retest reliability of the parameters of learning."""

import xarray as xr

from iwm_bayes.estimands.reliability import ACCEPTABLE
from iwm_bayes.report.answer.security import Answer, Fact
from iwm_bayes.report.answer.words import count_of, listed, probability, quantity
from iwm_bayes.report.labels import parameter_words
from iwm_bayes.types import ModelSpec, named_leaves

MOST_NAMED = 4  # parameters of the rule with a number of their own; a table has all


def reliability_answer(model: ModelSpec, found: xr.Dataset, noun: str) -> Answer | None:
    """Return the reliability of the rule's parameters from `estimands.reliability`; None where none is defined.

    In a model whose rule has the same parameters in all waves, they are those of responses.
    """
    defined = [
        str(label) for label in found["parameter"].values if found["reliability"].sel(parameter=label).notnull().all()
    ]
    rule = {name for name, _ in named_leaves(model.rule.parameters)}
    own = [label for label in defined if label.partition("[")[0] in rule] or defined
    if not own:
        return None
    facts, phrases, intervals = [], [], []
    for label in own[:MOST_NAMED]:
        draws = found["reliability"].sel(parameter=label).values
        text, name = quantity(draws, "{:.2f}"), phrase(label)
        above = probability(draws - ACCEPTABLE)
        facts.append(
            Fact(text.median, f"is the test-retest reliability of {name} ({text.interval}; P(above .7) {above})")
        )
        phrases.append(f"{text.median} for {name}")
        intervals.append(text.ends)
    people = count_of(int(found["people"]), noun)
    return Answer(
        "Test-retest reliability",
        f"Test-retest reliability is {listed(phrases)}",
        f" (90% CrI {listed(intervals)}; {people} with two waves or more).",
        tuple(facts),
        ("Reliability is that of the parameters themselves: noise of estimating them does not lower it.",),
    )


def phrase(label: str) -> str:
    """Return a parameter within a sentence."""
    words = parameter_words(label)
    return words[:1].lower() + words[1:]
