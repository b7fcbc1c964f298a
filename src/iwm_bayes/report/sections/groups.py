"""Whether groups differ, and what changes from session to session: effects of covariates on parameters.

Risk differences between arms are here, too.
"""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.formulas.splits import split_of
from iwm_bayes.estimands.group_difference import (
    contrast_names,
    group_difference_data,
    session_effect_data,
    session_effects,
)
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.elements import Exhibit, draw_picture
from iwm_bayes.report.formatting import MINUS
from iwm_bayes.report.labels import parameter_words
from iwm_bayes.report.sections.answer import assessed_table
from iwm_bayes.viz.parameters import group_difference_plot, session_effect_plot

MAX_PLOTS = 4  # contrasts that have a plot; the table has all


def signed(value: float) -> str:
    """Return a difference with its sign, to two significant digits."""
    return f"{value:+.2g}".replace("-", MINUS)


def contrast_sentence(line: Any) -> str:
    """Return a difference between groups in a parameter, with its interval and its prior."""
    parameter, _, contrast = str(line["contrast"]).partition(": ")
    low, high = line["ci90_low"], line["ci90_high"]
    shown = "higher" if low > 0 else "lower" if high < 0 else "not shown to differ"
    return (
        f"{parameter_words(parameter)} is {shown} ({contrast}: {signed(line['difference'])}, 90% CrI {signed(low)} to "
        f"{signed(high)}; prior {signed(line['prior_difference_ci90_low'])} to "
        f"{signed(line['prior_difference_ci90_high'])})."
    )


def quantiles_of_draws(data: xr.Dataset) -> xr.Dataset:
    """Return what a plot of a difference shows, its thousands of draws as percentiles, by which they can be drawn."""
    levels = np.arange(0.01, 0.995, 0.01).round(2)
    draws = {"difference": ("chain", "draw"), "prior_difference": ("prior_draw",)}
    own = {name: data[name].quantile(levels, dims, keep_attrs=True) for name, dims in draws.items()}
    return xr.merge([data.drop_vars(draws).drop_dims(["chain", "draw", "prior_draw"], errors="ignore"), own])


def group_plot(run: ReportContext, line: Any, index: int) -> Exhibit:
    """Return the posterior of a difference with its prior, and the people of each group."""
    data = group_difference_data(run.model, run.fit, str(line["contrast"]))
    finding, shown = contrast_sentence(line), quantiles_of_draws(data)
    caption = (
        f"Posterior of the difference (average marginal effect, natural scale) with its 90% CrI and its prior; next to "
        f"it the {run.data.sizes['person']} {run.noun}, under pseudonyms and not ranked, with 90% CrI."
    )
    name = f"group_difference_{index + 1}"
    picture = draw_picture(name, data, f"{caption} {finding}", group_difference_plot, (2, 1), run.mark, shown)
    return Exhibit(finding, caption, (picture,))


def lines_of(run: ReportContext, of_people: bool) -> list[Any]:
    """Return the contrasts of covariates of people, or of covariates that change from session to session."""
    lines = run.tables.get("marginal_effects", pd.DataFrame()).to_dict("records")
    known = contrast_names(run.model, run.fit) if lines else []
    return [line for line in lines if (str(line["contrast"]) in known) == of_people]


def group_section(run: ReportContext) -> dict[str, Any] | None:
    """Return what the section on groups shows; None in a study without groups."""
    found = [assessed_table(run, "arms"), *(run.table(n) for n in ("marginal_effects", "group_sd", "group_clustering"))]
    tables = [table for table in found if table]
    if not tables:
        return None
    lines = lines_of(run, of_people=True)
    return {
        "sentences": [contrast_sentence(line) for line in lines[MAX_PLOTS:]],
        "exhibits": [group_plot(run, line, index) for index, line in enumerate(lines[:MAX_PLOTS])],
        "tables": tables,
    }


def session_plot(run: ReportContext, parameter: str, covariate: str, index: int) -> Exhibit:
    """Return the average of a parameter at several values of a covariate that changes from session to session."""
    data = session_effect_data(run.model, run.fit, parameter, covariate)
    first, last = (f"{float(data['median'][place]):.2g}" for place in (0, -1))
    ends = [f"{value:.3g}" if data["at"].dtype.kind == "f" else str(value) for value in data["at"].values[[0, -1]]]
    finding = f"{parameter_words(parameter)}: {first} at {covariate} = {ends[0]}, {last} at {covariate} = {ends[1]}."
    caption = (
        f"Average over all sessions and {run.noun} if {covariate} were this at every session and everything else as it "
        "was; median and 90% CrI, natural scale."
    )
    if (split_of(covariate) or ("", ""))[0] == "within":
        caption += f" It compares sessions: the {covariate} of a person is 0 on average."
    name = f"session_effect_{index + 1}"
    picture = draw_picture(name, data, f"{caption} {finding}", lambda own: session_effect_plot(own), (), run.mark)
    return Exhibit(finding, caption, (picture,))


def session_section(run: ReportContext) -> dict[str, Any] | None:
    """Return what changes learning and answers from session to session; None without such covariates."""
    pairs = list(session_effects(run.model, run.data))
    if not pairs:
        return None
    return {
        "sentences": [contrast_sentence(line) for line in lines_of(run, of_people=False)],
        "exhibits": [session_plot(run, *pair, index) for index, pair in enumerate(pairs[:MAX_PLOTS])],
    }
