"""Figure 1: time to earned security, and every person in the attachment space."""

import xarray as xr

from iwm_bayes.diagnostics.registry import registered
from iwm_bayes.estimands.attachment_space import attachment_space_data
from iwm_bayes.estimands.security.answers import SecurityAnswer
from iwm_bayes.estimands.security.curves import time_to_security_data
from iwm_bayes.report.answer.security import half_text, insecure_count, not_assessed, share_words
from iwm_bayes.report.answer.words import count_of, listed, sentence_case, singular, with_figure
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.elements import Exhibit, Picture, Table, draw_picture, make_table
from iwm_bayes.report.labels import table_title
from iwm_bayes.types import GENERALISED
from iwm_bayes.viz.attachment_space import attachment_space_plot
from iwm_bayes.viz.earned_security import time_to_security_plot
from iwm_bayes.workflow.run_folder import file_label


def is_assessed(run: ReportContext, figure: str) -> bool:
    """Return whether time to earned security toward a figure can be assessed."""
    return figure in run.security and not not_assessed(run.security[figure], run.noun)


def assessed_table(run: ReportContext, name: str) -> Table | None:
    """Return a table of earned security by figure, without figures that cannot be assessed; None without a line."""
    if name not in run.tables:
        return None
    table = run.tables[name]
    kept = table[[is_assessed(run, str(figure)) for figure in table["figure"]]]
    about = registered()[name].glossary
    return make_table(kept, table_title(name), name, run.status, about) if len(kept) else None


def median_share(curves: xr.Dataset, arm: int, last: int) -> str:
    """Return the median share of an arm that is earned secure by a session."""
    return share_words(curves["probability"].isel(arm=arm).sel(session=last).values).partition(" ")[0]


def incidence_finding(answer: SecurityAnswer, noun: str) -> str:
    """Return in a sentence what curves of time to earned security show, about the people of the study."""
    curves = answer.curves
    names = [str(arm) for arm in curves["arm"].values]
    if known := [index for index in range(1, len(names)) if int(curves["last"][index])]:
        last = min(int(curves["last"][index]) for index in known)
        shares = [f"{median_share(curves, index, last)} in {names[index]}" for index in known]
        return f"By session {last}, of these {noun} who were insecure at baseline, {listed(shares)} were earned secure."
    last, half = int(curves["last"][0]), half_text(curves)
    reached = median_share(curves, 0, last)
    were = (
        f"half were earned secure by session {half.median}, and {reached} by session {last}"
        if half
        else f"{reached} were earned secure by session {last}"
    )
    return f"Of the {noun} who were insecure at baseline, {were}."


def incidence_picture(run: ReportContext, figure: str) -> Picture:
    """Draw time to earned security toward one figure."""
    answer = run.security[figure]
    finding = incidence_finding(answer, run.noun)
    alternative = f"Cumulative incidence of earned security {with_figure(figure)}, by session. {finding}"
    data = time_to_security_data(answer.curves)
    name = f"time_to_security_{file_label(figure)}"
    return draw_picture(name, data, alternative, time_to_security_plot, mark=run.mark)


def incidence_caption(run: ReportContext, figure: str) -> str:
    """Return what the plot of time to earned security shows."""
    insecure = insecure_count(run.security[figure].curves, run.data.sizes["person"])
    return (
        f"Cumulative incidence of earned security {with_figure(figure)} among the {insecure.median} {run.noun} who "
        "were insecure at baseline (posterior median, 90% CrI; number at risk below). The chance level is that of the "
        f"same {run.noun} under uninformative care."
    )


def space_picture(run: ReportContext, figure: str) -> Picture | None:
    """Draw every person in the attachment space; None where the model has no self-worth."""
    security = run.security[figure].security if figure in run.security else None
    data = attachment_space_data(run.model, run.fit, figure, security)
    if not len(data):
        return None
    people = count_of(data.sizes["person"], run.noun)
    alternative = f"Attachment space: availability and self-worth of {people}, from the first to the last session."
    name = f"attachment_space_{file_label(figure)}"
    return draw_picture(name, data, alternative, attachment_space_plot, mark=run.mark, styles=run.styles)


def space_sentence(run: ReportContext, figure: str) -> str:
    """Return how many people have two secure beliefs at the end; empty where that is not known."""
    answer = run.security.get(figure)
    if answer is None or "style_share" not in answer.security or "secure" not in run.styles:
        return ""
    secure = share_words(answer.security["style_share"].sel(style="secure").values)
    return f" In the secure quarter after their last session: {secure} of the {run.noun}."


def figure_one(run: ReportContext) -> Exhibit | None:
    """Return Figure 1; None where there is nothing that it could show."""
    figure = run.figures[0]
    pictures, captions, finding = [], [], ""
    if is_assessed(run, figure):
        pictures.append(incidence_picture(run, figure))
        captions.append(incidence_caption(run, figure))
        finding = incidence_finding(run.security[figure], run.noun)
    if space := space_picture(run, figure):
        pictures.append(space)
        captions.append(
            f"Posterior mean of the beliefs of each {singular(run.noun)} after the first session (marker) and after "
            f"the last (arrowhead).{space_sentence(run, figure)}"
        )
    if not pictures:
        return None
    lettered = [f"{letter}: {caption}" for letter, caption in zip("AB", captions, strict=False)]
    caption = " ".join(lettered) if len(captions) > 1 else captions[0]
    return Exhibit(finding or f"Beliefs of {run.noun} {with_figure(figure)}.", caption, tuple(pictures))


def other_figures(run: ReportContext) -> list[Exhibit]:
    """Return time to earned security toward every other figure that can be assessed, and generalised."""
    names = [*run.figures[1:], *([GENERALISED] if GENERALISED in run.security else [])]
    return [
        Exhibit(
            f"{sentence_case(with_figure(name))}: {incidence_finding(run.security[name], run.noun)}",
            incidence_caption(run, name),
            (incidence_picture(run, name),),
        )
        for name in names
        if is_assessed(run, name)
    ]


def unassessed_sentences(run: ReportContext) -> list[str]:
    """Return why some figures cannot be assessed."""
    reasons = [not_assessed(answer, run.noun) for answer in run.security.values()]
    return [reason for reason in reasons if reason]
