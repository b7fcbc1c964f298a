"""The estimands that are made from the answers on earned security: times, arms, sensitivity, styles, and ratings.

Datasets have the dims `figure` and, where it matters which people they are about, `about`: the people of the study, or
new people of the same population. Answers that have fewer draws or sessions than others are filled up with NaN.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import pandas as pd
import xarray as xr

from iwm_bayes.estimands.estimand import CI90, GENERALISED_MEANING, Estimand, Shared, as_lines, line_table
from iwm_bayes.estimands.security.answers import SecurityAnswer
from iwm_bayes.estimands.security.by_arm import EVERYONE, risk_differences
from iwm_bayes.estimands.security.rating_thresholds import rating_thresholds
from iwm_bayes.estimands.security.tables import (
    NEW_PEOPLE,
    THESE_PEOPLE,
    arm_lines,
    sensitivity_lines,
    style_line,
    time_to_security_lines,
)
from iwm_bayes.types import ModelSpec

STYLE_MEANINGS = {
    "secure": "availability and self-worth at 0.5 or above at the last session",
    "preoccupied": "only self-worth below 0.5",
    "dismissing": "only availability below 0.5",
    "fearful": "both below 0.5",
}


def joined(parts: Mapping[str, xr.Dataset], dim: str) -> xr.Dataset:
    """Join datasets along a new dim; what one of them lacks is NaN."""
    return xr.concat(
        list(parts.values()),
        pd.Index(list(parts), name=dim),
        data_vars="all",
        coords="different",
        compat="equals",
        join="outer",
        combine_attrs="drop_conflicts",
    )


def by_figure_and_about(
    answers: Mapping[str, SecurityAnswer], of_curves: Callable[[xr.Dataset], xr.Dataset]
) -> xr.Dataset:
    """Apply a function to the curves of these people and of new people, and join what it returns by figure."""
    return joined(
        {
            figure: joined(
                {THESE_PEOPLE: of_curves(answer.curves), NEW_PEOPLE: of_curves(answer.new_curves)},
                "about",
            )
            for figure, answer in answers.items()
        },
        "figure",
    )


def all_curves(model: ModelSpec, fit: xr.DataTree, shared: Shared) -> xr.Dataset | None:
    """Return the curves of `incidence_by_arm` by figure and about; None without an answer."""
    return by_figure_and_about(shared.security, lambda curves: curves) if shared.security else None


def curves_about(curves: xr.Dataset, figure: str, about: str) -> xr.Dataset:
    """Return the curves toward one figure, of these or of new people, as `incidence_by_arm` returned them."""
    own = curves.sel(figure=figure, about=about, drop=True).dropna("draw", how="all", subset=["insecure"])
    own = own.dropna("session", how="all", subset=["at_risk"]).assign_attrs(figure=figure)
    return own if about == THESE_PEOPLE else own.drop_vars("chance_level")


def each_curves(curves: xr.Dataset) -> Iterator[tuple[xr.Dataset, str]]:
    """Iterate over the curves toward each figure, of these and of new people."""
    for figure in map(str, curves["figure"].values):
        for about in map(str, curves["about"].values):
            yield curves_about(curves, figure, about), about


def time_to_security_table(curves: xr.Dataset) -> pd.DataFrame:
    """Make the lines of `time_to_security_lines` for each figure, about these and about new people."""
    return pd.DataFrame([line for pair in each_curves(curves) for line in time_to_security_lines(*pair)])


def time_to_security_answers(curves: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return what the lines of the table are about at each draw; counts not reached are the last session + 1."""
    found: dict[str, xr.DataArray] = {}
    for own, about in each_curves(curves):
        for arm in map(str, own["arm"].values):
            part, last = own.sel(arm=arm, drop=True), int(own["last"].sel(arm=arm))
            whose = ", ".join([own.attrs["figure"], about, *([f"arm {arm}"] if own.sizes["arm"] > 1 else [])])
            found[f"share insecure at baseline ({whose})"] = part["insecure"]
            if last:
                found[f"sessions until half are earned secure ({whose})"] = part["median_sessions"].clip(max=last + 1)
                found[f"share earned secure by session {last} ({whose})"] = part["probability"].sel(session=last)
    return found


def all_differences(model: ModelSpec, fit: xr.DataTree, shared: Shared) -> xr.Dataset | None:
    """Return the risk differences of arms by figure and about; None in a study without arms.

    The variable is `risk_difference` (figure, about, arm, chain, draw), and its coordinate `session` (figure, about)
    the last session that can be read in every arm. The arm with which others are compared is an attribute.
    """
    first = next(iter(shared.security.values()), None)
    arms: Sequence[str] = [] if first is None else [str(arm) for arm in first.curves["arm"].values if arm != EVERYONE]
    if not arms:
        return None
    found = by_figure_and_about(
        shared.security, lambda curves: risk_differences(curves).rename("risk_difference").to_dataset()
    )
    return found.assign_attrs(reference_arm=arms[0])


def arm_table(differences: xr.Dataset) -> pd.DataFrame:
    """Make the lines of `arm_lines` for each figure, about these and about new people."""
    pairs = [(str(f), str(a)) for f in differences["figure"].values for a in differences["about"].values]
    reference = str(differences.attrs["reference_arm"])
    lines = [
        arm_lines(differences["risk_difference"].sel(figure=figure, about=about), reference, figure, about)
        for figure, about in pairs
    ]
    return pd.DataFrame([line for part in lines for line in part])


def arm_answers(differences: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the risk difference of each arm from the reference at each draw."""
    reference, draws = differences.attrs["reference_arm"], differences["risk_difference"]
    return {
        f"difference of shares earned secure ({figure}, {about}, {arm} - {reference})": draws.sel(
            figure=figure, about=about, arm=arm, drop=True
        )
        for figure in map(str, draws["figure"].values)
        for about in map(str, draws["about"].values)
        for arm in map(str, draws["arm"].values)
    }


def security_variable(name: str) -> Callable[[ModelSpec, xr.DataTree, Shared], xr.Dataset | None]:
    """Return a function that collects one variable of `earned_security` by figure; it returns None where it is not."""

    def compute(model: ModelSpec, fit: xr.DataTree, shared: Shared) -> xr.Dataset | None:
        found = {figure: a.security[[name]] for figure, a in shared.security.items() if name in a.security}
        return joined(found, "figure") if found else None

    return compute


def style_table(styles: xr.Dataset) -> pd.DataFrame:
    """Make the line of `style_line` for each figure."""
    figures = map(str, styles["figure"].values)
    return pd.DataFrame([style_line(styles.sel(figure=figure).assign_attrs(figure=figure)) for figure in figures])


def style_answers(styles: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the share of each attachment style at each draw."""
    shares = styles["style_share"]
    return {
        f"share {style} at the last session ({figure})": shares.sel(figure=figure, style=style, drop=True)
        for figure in map(str, shares["figure"].values)
        for style in map(str, shares["style"].values)
    }


def sensitivity_table(sensitivity: xr.Dataset) -> pd.DataFrame:
    """Make the lines of `sensitivity_lines` for each figure."""
    figures = map(str, sensitivity["figure"].values)
    by_figure = [sensitivity.sel(figure=figure).assign_attrs(figure=figure) for figure in figures]
    return pd.DataFrame([line for own in by_figure for line in sensitivity_lines(own)])


def rating_lines(model: ModelSpec, fit: xr.DataTree, shared: Shared) -> xr.Dataset | None:
    """Return the thresholds on the scale of each rating, over the dim `line`."""
    return as_lines(pd.DataFrame(rating_thresholds(model, fit)))


TIME_TO_SECURITY = Estimand(
    "time_to_security",
    "Time to earned security",
    all_curves,
    time_to_security_table,
    "The number of sessions, and of corrective experiences, until half of the people who are insecure at baseline are "
    "earned secure, and the share who are by the last session that can be assessed.",
    {
        "about": "these people: the people of the study; new people: others of the same population who go through the "
        "sessions of the study",
        "insecure_at_baseline": f"share of people who are insecure at baseline, with its {CI90}",
        "by_session": "last session that can be assessed",
        "number_at_risk": "people insecure at baseline who are observed and not yet earned secure when it begins",
        "sessions": f"median number of sessions until earned security, of people insecure at baseline, with its {CI90}",
        "corrective_experiences": "median number of corrective experiences until earned security",
        "censored": "yes (1 in the file) if fewer than half of these people are earned secure by then",
        "earned_secure": "share of these people who are earned secure by then",
        "chance_level": "the same share if care were responsive at random, in half of the sessions",
        **GENERALISED_MEANING,
    },
    plot="iwm_bayes.viz.earned_security:time_to_security_plots",
    part="earned_security",
    answers=time_to_security_answers,
)

ARMS = Estimand(
    "arms",
    "Risk differences between arms",
    all_differences,
    arm_table,
    "How much larger the share of people who become earned secure is in one arm of the study than in another.",
    {
        "about": "new people: a claim about treatments; these people: a comparison within this sample",
        "by_session": "last session that can be assessed in every arm",
        "risk_difference": "share of people earned secure by this session: first arm minus second arm",
        "p_above_0": "posterior probability that the difference is positive",
    },
    part="earned_security",
    answers=arm_answers,
)

SENSITIVITY = Estimand(
    "sensitivity",
    "Sensitivity: share earned secure, by threshold and duration",
    security_variable("sensitivity"),
    sensitivity_table,
    "The share of people who are earned secure under other definitions: thresholds and durations around the chosen "
    "ones.",
    {
        "threshold": "least value of both beliefs for earned security. The other columns give the number of sessions "
        "for which the beliefs must keep this value and be resilient. Shares are read at the last session at which all "
        "of these definitions can be assessed",
    },
    part="earned_security",
)

STYLES = Estimand(
    "styles",
    "Attachment styles at the last session",
    security_variable("style_share"),
    style_table,
    "The share of people in each quadrant of the attachment space after their own last session.",
    {**STYLE_MEANINGS, **GENERALISED_MEANING},
    part="styles",
    answers=style_answers,
)

RATING_THRESHOLDS = Estimand(
    "rating_thresholds",
    "Thresholds of earned security on the scale of each rating",
    rating_lines,
    line_table,
    "The rating that the median person gives at each threshold of earned security.",
    {
        "threshold": "belief, on the outcome's scale, below or above which people are insecure or earned secure",
        "rating": f"rating of the median person at this belief, in the numbers of the study's table, with its {CI90}",
        "scale_low": "lowest end of the rating's scale as the study states it; its highest end is scale_high",
        "on_outcome_scale": "yes (1 in the file) if the study states that the rating is on the outcome's scale "
        "(`commensurable`)",
    },
    section="file",
    part="earned_security",
)
