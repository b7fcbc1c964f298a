"""Pull, containment and countertransference, and how much one person differs between several dyads."""

from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.estimands.dyads.countertransference import POPULATION
from iwm_bayes.estimands.dyads.plot_data import countertransference_data
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.report.answer.words import quantity, sentence_case
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.dyads.words import excludes_0, share_text, signed_text, the
from iwm_bayes.report.elements import Exhibit, draw_picture
from iwm_bayes.report.labels import parameter_words
from iwm_bayes.viz.dyads.countertransference import countertransference_plot

MAX_FOLLOWERS = 2  # parameters that follow the other's style most, with a sentence each
RESCUES = "drawn by the other's bids"
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
    return (
        f"{sentence_case(the(role))} is {what}: a pull of {signed_text(draws)} log-odds is acted out, mean of the dyads."
    )


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
        before = f"; before any data the median is {prior:.2f}" if np.isfinite(prior) else ""
        share = quantity(draws.values, "{:.2f}").text
        sentences.append(f"R² of the {own_parameter(label, role)}, given the other's style: {share}{before}.")
    if not of_population and sentences:
        sentences.append("The model takes members as independent, so these values are shrunk towards 0.")
    return sentences


def countertransference_exhibit(run: ReportContext) -> Exhibit | None:
    """Return what a carer does over the other's style, dyad by dyad; None without parameters of dyads."""
    data = countertransference_data(run.model, run.fit)
    if not len(data):
        return None
    low, r, high = (f"{data.attrs[name]:.2f}".replace("-", "−") for name in ("r_low", "r", "r_high"))
    finding = (
        f"{sentence_case(data.attrs['parameter'])} and {data.attrs['style']}: r = {r} (90% CrI {low} to {high}) across "
        "these dyads."
    )
    several = len(set(data["carer"].values)) < data.sizes["person"]
    letters = f" Dyads of one {data.attrs['role']} have one letter; letters are in no order." if several else ""
    caption = f"Posterior median of each dyad, with its 90% CrI.{letters}"
    name = "countertransference"
    picture = draw_picture(name, data, f"{caption} {finding}", countertransference_plot, mark=run.mark)
    return Exhibit(finding, caption, (picture,))


def pull_section(run: ReportContext) -> dict[str, Any] | None:
    """Return the part of the page on pull and countertransference; None where there is nothing to say."""
    found = run.results.datasets.get("countertransference")
    if found is None:
        return None
    has_pull, exhibit = "acted_out_pull" in found, countertransference_exhibit(run)
    title = "Is the pull of bids contained, and does it follow the other's style?" if has_pull else (
        "Does what one member brings follow the other's style?"
    )
    return {
        "id": "pull",
        "title": title,
        "sentences": [*pull_sentences(found), *follower_sentences(found)],
        "exhibits": [exhibit] if exhibit else [],
    }


def variation_sentences(found: xr.Dataset) -> list[str]:
    """Return for every parameter of a person with several dyads how much of its variation lies between these."""
    sentences = []
    for label in map(str, found["parameter"].values):
        one = found.sel(parameter=label)
        role, group = str(one["role"].values), str(one["group"].values)
        sentences.append(
            f"{sentence_case(own_parameter(label, role))}: {share_text(one['share'].values)} of the variance lies "
            f"between the dyads of one {group}, and the rest between one {group} and another."
        )
    return sentences


def variation_section(run: ReportContext) -> dict[str, Any] | None:
    """Return the part of the page on persons with several dyads; None where no parameter has a group."""
    found = run.results.datasets.get("member_variation")
    if found is None:
        return None
    groups = list(dict.fromkeys(map(str, found["group"].values)))
    return {
        "id": "variation",
        "title": f"Is one {' or '.join(groups)} the same with everybody?",
        "sentences": variation_sentences(found),
        "exhibits": [],
    }
