"""Whether the model describes the data: learning curves, individual fits, and predictive checks."""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.diagnostics.predictive_checks import (
    PPC_COLUMNS,
    posterior_ppc_sentence,
    predictive_checks_data,
    reproduced,
    rounded_ratings,
)
from iwm_bayes.estimands.learning_curves import (
    individual_fits_data,
    learning_curves_data,
    plotted_responses,
    predictions_by_session,
    stored_predictions,
)
from iwm_bayes.estimands.trajectories import session_answers
from iwm_bayes.report.answer.words import count_of, sentence_case, with_figure
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.elements import Exhibit, Table, draw_picture, make_table
from iwm_bayes.report.labels import response_words, table_title
from iwm_bayes.viz.learning_curves import individual_fits_plot, learning_curves_plot
from iwm_bayes.viz.predictive_checks import predictive_checks_plot
from iwm_bayes.workflow.run_folder import file_label

SHOWN_PEOPLE = 18  # single fits in the open page
MAX_FURTHEST = 2  # test statistics that are named


def model_checks(run: ReportContext) -> pd.DataFrame:
    """Return the posterior predictive checks; without a line if no statistic varies."""
    return run.tables.get("ppc", pd.DataFrame(columns=PPC_COLUMNS))


def fit_sentence(run: ReportContext) -> str:
    """Return whether the model describes the data, in a sentence or two."""
    checks = model_checks(run)
    if checks.empty:
        return "No test statistic varies, so the model cannot be checked against these data."
    outside = checks[checks["status"] != ""]
    counts = f"{len(outside)} of {len(checks)} test statistics lie outside their 95% predictive interval"
    joint = f"joint test: p = {checks['p_joint'].min():.2g}"
    if reproduced(checks):
        return f"Yes: {counts}, no more than expected under the model ({joint})."
    statistics = zip(outside["statistic"], outside["response"], strict=True)
    named = [f"{statistic} ({response_words(response)})" for statistic, response in statistics]
    also = f" and {len(named) - MAX_FURTHEST} more" if len(named) > MAX_FURTHEST else ""
    which = f" It does not reproduce: {', '.join(named[:MAX_FURTHEST])}{also}." if named else ""
    how = "more" if len(outside) > round(0.05 * len(checks)) else "farther"
    return f"Not in every respect: {counts}, {how} than expected under the model ({joint}).{which}"


def coverage(run: ReportContext, figure: str) -> float:
    """Return the share of ratings inside their own 90% posterior predictive interval; NaN without any.

    An interval is that of one person in one session: a band of all people would hold the differences between them too.
    """
    predictions, inside = stored_predictions(run.model, run.fit), []
    for name in plotted_responses(run.model):
        if run.model.responses[name].family.discrete:
            continue
        predicted = predictions_by_session(run.data, name, predictions[name], figure)
        observed = session_answers(run.data, [name], figure)["answer"].values[0]
        given = np.isfinite(observed)
        low, high = np.quantile(predicted[:, given], [0.05, 0.95], axis=0)
        inside.append((low <= observed[given]) & (observed[given] <= high))
    together = np.concatenate(inside) if inside else np.array([])
    return float(together.mean()) if len(together) else np.nan


def mean_error(run: ReportContext, curves: xr.Dataset) -> float:
    """Return how far predicted means are from observed means on average, over responses on a scale of 0-1.

    NaN without one: answers of several levels and unbounded ones have scales of their own.
    """
    families = [run.model.responses[str(name)].family for name in curves["response"].values]
    is_share = [not family.unbounded and not (family.discrete and family.levels > 2) for family in families]
    errors = abs(curves["observed_mean"] - curves["predicted_mean"]).isel(response=np.flatnonzero(is_share))
    return float(errors.mean()) if errors.notnull().any() else np.nan


def learning_curves(run: ReportContext) -> Exhibit | None:
    """Return the answers of the group by session over what the model predicts; None where nobody answered."""
    figure = run.figures[0]
    data = learning_curves_data(run.model, run.fit, figure)
    if not len(data):
        return None
    inside, error, people = coverage(run, figure), mean_error(run, data), count_of(data.sizes["person"], run.noun)
    phrases = [
        *([f"predicted means are {error:.2f} from observed means on average (scale 0–1)"] if error >= 0 else []),
        *([f"{inside:.0%} of ratings lie in the 90% predictive interval of their person"] if inside >= 0 else []),
    ]
    finding = f"{sentence_case('; '.join(phrases) or 'observed and predicted means by session')}."
    caption = (
        f"Answers of {people} by session {with_figure(figure)}: observed means (points), predicted mean of the group "
        "(line), and 50% and 90% predictive intervals (bands). Bands are of single answers; in panels of proportions, "
        "of the proportion."
    )
    name = f"learning_curves_{file_label(figure)}"
    picture = draw_picture(name, data, f"{caption} {finding}", learning_curves_plot, (3, 1), run.mark)
    return Exhibit(finding, caption, (picture,))


def individual_fits(run: ReportContext, people: int = SHOWN_PEOPLE, name: str = "individual_fits") -> Exhibit | None:
    """Return the answers of single people over what the model predicts for them; None where nobody answered."""
    figure = run.figures[0]
    data = individual_fits_data(run.model, run.fit, figure, people=people)
    if not len(data):
        return None
    r = data["r"].values[np.isfinite(data["r"].values)]
    response, shown, everyone = response_words(data.attrs["response"]), data.sizes["person"], data.attrs["people"]
    fits = f"median correlation of answers and predictions {np.median(r):.2f}" if len(r) else "too few answers for r"
    finding = f"Single {run.noun}: {fits}." if everyone > 1 else f"The person's answers: {fits.replace('median ', '')}."
    which = f"{shown} of {everyone} {run.noun}" if shown < everyone else count_of(everyone, run.noun)
    caption = (
        f"{response} of {which}, under pseudonyms and not ranked: answers (points), posterior predictive median and "
        "90% interval (line and band); ticks mark unresponsive sessions."
    )
    picture = draw_picture(name, data, f"{caption} {finding}", individual_fits_plot, (6, 3), run.mark)
    return Exhibit(finding, caption, (picture,))


def predictive_check_details(run: ReportContext) -> tuple[str, Exhibit | None, Table]:
    """Return what the checks say, their plot, and their table."""
    checks = model_checks(run)
    summary = posterior_ppc_sentence(checks, rounded_ratings(run.model, run.data))
    table = make_table(checks, table_title("ppc"), "ppc")
    data = predictive_checks_data({run.model.name: checks})
    if not len(data):
        return summary, None, table
    caption = (
        "Observed test statistics minus the predictive median, in units in which the 95% predictive interval (grey) "
        "ends at ±1."
    )
    picture = draw_picture("predictive_checks", data, f"{caption} {summary}", predictive_checks_plot, (3, 1), run.mark)
    return summary, Exhibit(fit_sentence(run), caption, (picture,)), table
