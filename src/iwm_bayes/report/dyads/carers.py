"""Pull, containment and countertransference, and how much one person differs between dyads, in sentences."""

import numpy as np
import xarray as xr

from iwm_bayes.estimands.dyads.countertransference import POPULATION
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.report.answer.words import quantity, sentence_case
from iwm_bayes.report.dyads.words import excludes_0, share_text, signed_text, the
from iwm_bayes.report.labels import parameter_words

MAX_FOLLOWERS = 2  # parameters that follow the other's style most, with a sentence each
RESCUES = "drawn by the other's bids"
STYLE = "A style is what a member learns and acts by: initial beliefs, learning rates, and how readily it acts."
WITHDRAWS = "pushed away by the other's bids"


def own_parameter(label: str, role: str) -> str:
    """Return a parameter of a member in words, such as "learning rate of availability of the therapist"."""
    words = parameter_words(label.removeprefix(f"{role}_"))
    return f"{words[:1].lower()}{words[1:]} of {the(role)}"


def pull_sentence(found: xr.Dataset, role: str) -> str:
    """Return which way a carer is moved by bids, and how far this is acted out."""
    draws = found["acted_out_pull"].sel(role=role).mean("person").values
    median, *_ = median_ci90(draws)
    what = (RESCUES if median > 0 else WITHDRAWS) if excludes_0(draws) else "not clearly moved by the other's bids"
    return f"{sentence_case(the(role))} is {what}: a pull of {signed_text(draws)} log-odds is acted out (dyads' mean)."


def pull_sentences(found: xr.Dataset) -> list[str]:
    """Return a sentence for every member who has a pull."""
    return [pull_sentence(found, str(role)) for role in found["role"].values] if "acted_out_pull" in found else []


def follower_sentences(found: xr.Dataset) -> list[str]:
    """Return for which parameters most follows from the other's style; empty where that is not known."""
    if "r_squared" not in found:
        return []
    medians = found["r_squared"].median(("chain", "draw")).dropna("follower")
    order = [str(label) for label in medians["follower"].values[np.argsort(-medians.values)]][:MAX_FOLLOWERS]
    of_population = found.attrs["source"] == POPULATION
    sentences = []
    for label in order:
        role, draws = str(found["follower_role"].sel(follower=label).values), found["r_squared"].sel(follower=label)
        prior = float(found["prior_r_squared"].sel(follower=label)) if "prior_r_squared" in found else np.nan
        before = f"; prior median {prior:.2f}" if np.isfinite(prior) else ""
        share = quantity(draws.values, "{:.2f}").text
        sentences.append(f"R² of the {own_parameter(label, role)}, given the other's style: {share}{before}.")
    if not of_population and sentences:
        sentences.append(
            "The model takes members as independent, so these values are shrunk towards 0. They are adjusted for how "
            "many parameters a style has, so below 0 means less than chance gives."
        )
    return [*sentences, STYLE] if sentences else []


def variation_sentences(found: xr.Dataset) -> list[str]:
    """Return for every parameter of a person with several dyads how much of its variation lies between these."""
    sentences = []
    for label in map(str, found["parameter"].values):
        one = found.sel(parameter=label)
        role, group = str(one["role"].values), str(one["group"].values)
        between, within = share_text(1.0 - one["share"].values), share_text(one["share"].values)
        sentences.append(
            f"{sentence_case(own_parameter(label, role))}: of the variance, {between} lies between one {group} and "
            f"another, and {within} between the dyads of one {group}."
        )
    return sentences
