"""The parts of a page on dyads: Figure 1, sections, tables, data of both members, and links to their reports."""

from typing import Any

import xarray as xr

from iwm_bayes.estimands.dyads.member_fit import data_of_member
from iwm_bayes.estimands.dyads.plot_data import dyad_data, mean_of_dyads, reciprocity_data
from iwm_bayes.estimands.trajectories import study_data
from iwm_bayes.report.answer.words import count_of, sentence_case
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.dyads.answer import security_terms
from iwm_bayes.report.dyads.words import belief_of, both
from iwm_bayes.report.elements import Exhibit, Picture, Table, draw_picture
from iwm_bayes.types import parameters
from iwm_bayes.viz.data import data_plot
from iwm_bayes.viz.dyads.members import dyad_plot
from iwm_bayes.viz.dyads.reciprocity import reciprocity_plot

SHOWN_DYADS = 6  # single dyads in the open page
TABLES = ("reciprocity", "actor_partner", "countertransference", "member_variation", "counterfactual_dyads")


def member_links(run: ReportContext) -> list[dict[str, str]]:
    """Return where the ordinary report of each member is, seen from this one."""
    return [{"role": role, "address": f"{role}/report.html"} for role in run.model.members]


def terms(run: ReportContext) -> str:
    """Return what secure means; empty where it is not asked."""
    found = run.results.datasets.get("reciprocity")
    has_worth = any("worth_start" in parameters(member.model) for member in run.model.members.values())
    return security_terms(found, has_worth) if found is not None else ""


def pair_tables(run: ReportContext) -> list[Table]:
    """Return the tables of what these parts say."""
    return [table for name in TABLES if (table := run.table(name))]


def reciprocity_picture(run: ReportContext, found: xr.Dataset) -> tuple[Picture, str]:
    """Draw by exchange who is secure; return the picture and its caption."""
    data = reciprocity_data(found)
    caption = (
        "share of these dyads in which a member, or both, are secure at an exchange, whether or not this lasts, by "
        "simulation of both under the fit (median, 90% CrI)"
    )
    return draw_picture("reciprocity", data, sentence_case(caption), reciprocity_plot, mark=run.mark), caption


def mean_picture(run: ReportContext) -> tuple[Picture, str]:
    """Draw the beliefs and acts of both members on average; return the picture and its caption."""
    data = mean_of_dyads(run.model, run.fit)
    caption = "beliefs of both members along the exchanges of the study, mean of the dyads (median, 90% CrI)"
    alternative = f"{sentence_case(caption)}, and below them the mean act of each."
    return draw_picture("both_members", data, alternative, dyad_plot, (1,), run.mark), caption


def figure_one(run: ReportContext) -> Exhibit:
    """Return Figure 1: when members are secure, and what both believe and do."""
    found = run.results.datasets.get("reciprocity")
    drawn = [*([reciprocity_picture(run, found)] if found is not None else []), mean_picture(run)]
    pictures, captions = zip(*drawn, strict=True)
    caption = " ".join(f"{letter}: {caption}." for letter, caption in zip("AB", captions, strict=False))
    finding = f"{run.key.statement}." if found is not None else f"Beliefs of {both(list(run.model.members))}."
    return Exhibit(finding, caption if len(captions) > 1 else sentence_case(f"{captions[0]}."), pictures)


def single_dyads(run: ReportContext) -> Exhibit:
    """Return the beliefs and acts of some dyads."""
    count = run.data.sizes["person"]
    data = dyad_data(run.model, run.fit, min(SHOWN_DYADS, count))
    shown = data.sizes["dyad"]
    which = f"{shown} of {count} {run.noun}" if shown < count else count_of(count, run.noun)
    caption = (
        f"{sentence_case(which)}, under pseudonyms and not ranked: beliefs of both members with 90% CrI, and what each "
        "did. A full marker is an act of 1, an empty one an act of 0."
    )
    ends = data["middle"].sel(belief="availability")
    counts = ends.notnull().sum("exchange").max("role") - 1
    last = ends.isel(exchange=counts).mean("dyad")
    roles = [str(role) for role in data["role"].values]
    finding = "; ".join(
        f"{belief_of('availability', role, other)} goes from "
        f"{float(ends.sel(role=role).isel(exchange=0).mean()):.2f} to {float(last.sel(role=role)):.2f}"
        for role, other in zip(roles, reversed(roles), strict=True)
    )
    picture = draw_picture("dyads", data, caption, dyad_plot, (3, 1), run.mark)
    return Exhibit(f"In {which}, {finding}.", caption, (picture,))


def member_data_picture(run: ReportContext, role: str) -> tuple[Picture, str]:
    """Plot what a member experienced and answered; return the picture, and what it shows in words."""
    responses = list(run.model.members[role].model.responses)
    [(other, events)] = study_data(data_of_member(run.model, run.data, role), responses).items()
    mean = float(events["outcome"].mean())
    finding = f"mean of what the {role} experienced {mean:.2f}"

    def draw(_: Any) -> Any:
        return data_plot({f"{role}: outcomes are acts of the {other}": events})

    alternative = f"Outcomes and responses of the {role} by exchange: {finding}."
    return draw_picture(f"data_{role}", events.mean("person"), alternative, draw), finding


def data_of_both(run: ReportContext) -> Exhibit:
    """Plot the outcomes that each member experienced, and the responses, by exchange."""
    pictures, findings = zip(*(member_data_picture(run, role) for role in run.model.members), strict=True)
    caption = "What each member experienced and answered, by exchange: mean, and the central 90% of dyads (shaded)."
    return Exhibit(f"{sentence_case('; '.join(findings))}.", caption, pictures)
