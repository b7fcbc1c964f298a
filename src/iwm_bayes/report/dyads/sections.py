"""The open parts of a page on dyads: effects, pull and countertransference, persons with several dyads, changes."""

from typing import Any

import xarray as xr

from iwm_bayes.estimands.dyads.plot_data import actor_partner_data, countertransference_data
from iwm_bayes.report.answer.words import sentence_case
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.dyads.carers import follower_sentences, pull_sentences, variation_sentences
from iwm_bayes.report.dyads.changes import change_sentences
from iwm_bayes.report.dyads.effects import effect_sentences, partner_sentences
from iwm_bayes.report.elements import Exhibit, draw_picture
from iwm_bayes.viz.dyads.actor_partner import actor_partner_plot
from iwm_bayes.viz.dyads.countertransference import countertransference_plot


def actor_partner_exhibit(run: ReportContext, found: xr.Dataset) -> Exhibit:
    """Return all effects with their intervals, and every dyad."""
    data = actor_partner_data(found)
    finding = next(iter([*partner_sentences(found), *effect_sentences(found)]))
    caption = (
        "Change of the expected act per 0.1 of a belief: median, 50% and 90% CrI of the mean of the dyads. Small dots "
        "are single dyads. A partner effect reaches the other's next act through learning; by bids, "
        "through a pull. Where an effect is above 0 by assumption, its size is the question."
    )
    picture = draw_picture("actor_partner", data, f"{caption} {finding}", actor_partner_plot, mark=run.mark)
    return Exhibit(finding, caption, (picture,))


def effects_section(run: ReportContext) -> dict[str, Any] | None:
    """Return the part of the page on actor and partner effects; None where no act follows a belief."""
    found = run.results.datasets.get("actor_partner")
    if found is None or not effect_sentences(found):
        return None
    return {
        "id": "effects",
        "title": "What does a belief of one member do to the acts of both?",
        "sentences": effect_sentences(found),
        "exhibits": [actor_partner_exhibit(run, found)],
    }


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
    title = (
        "Is the pull of bids contained, and does it follow the other's style?"
        if has_pull
        else ("Does what one member brings follow the other's style?")
    )
    return {
        "id": "pull",
        "title": title,
        "sentences": [*pull_sentences(found), *follower_sentences(found)],
        "exhibits": [exhibit] if exhibit else [],
    }


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


def changes_section(run: ReportContext) -> dict[str, Any] | None:
    """Return the part of the page on changes; None where the model has none."""
    found = run.results.datasets.get("counterfactual_dyads")
    if found is None:
        return None
    assumed = (
        "Both members are simulated anew under the fit, with the change and without it, from the same random seed. "
        "That a parameter could change without the others is assumed."
    )
    return {
        "id": "changes",
        "title": "What would become of the same dyads?",
        "sentences": [*change_sentences(found), assumed],
        "exhibits": [],
    }


SECTIONS = (effects_section, pull_section, variation_section, changes_section)


def pair_sections(run: ReportContext) -> list[dict[str, Any]]:
    """Return the parts that these dyads have."""
    return [section for make in SECTIONS if (section := make(run))]
