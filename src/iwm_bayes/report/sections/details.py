"""The folded parts of a page: definitions, sensitivity, convergence, styles, other figures, projection, and data."""

import json
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.diagnostics.power_scaling import power_scaling_sentence
from iwm_bayes.diagnostics.rating_timing import answer_count_sentence
from iwm_bayes.estimands.security.belief_paths import session_mask
from iwm_bayes.estimands.security.projection import project
from iwm_bayes.estimands.security.rating_thresholds import rating_thresholds, scale_sentences
from iwm_bayes.estimands.trajectories import person_beliefs, study_data
from iwm_bayes.lazy import lazy_module
from iwm_bayes.report import text
from iwm_bayes.report.answer.security import hold_sentences
from iwm_bayes.report.answer.words import count_of, share, with_figure
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.dyads.contents import data_of_both
from iwm_bayes.report.elements import Exhibit, draw_picture
from iwm_bayes.report.labels import parameter_words
from iwm_bayes.report.methods import left_out_sentence
from iwm_bayes.report.sections.answer import is_assessed
from iwm_bayes.simulation.care import parse_care
from iwm_bayes.viz.data import data_plot
from iwm_bayes.viz.earned_security import projection_plot
from iwm_bayes.viz.style import escape_dollar, in_house_style

az = lazy_module("arviz")

MAX_RANKED = 12  # group parameters with a rank plot
RANKED_DRAWS = 150  # of each chain: a line with more points cannot be distinguished from this one, and fills the page


def sensitivity_to_prior(run: ReportContext) -> dict[str, Any] | None:
    """Return which answers depend on the prior, and the sensitivities of all of them; None in a fit without a prior."""
    table = run.table("power_scaling")
    return table and {"sentence": power_scaling_sentence(run.tables["power_scaling"]), "table": table}


def definition(run: ReportContext) -> dict[str, Any] | None:
    """Return how earned security is defined, and what the definition means on the scale of each rating."""
    if not run.security:
        return None
    answer = run.security.get(run.figures[0])
    return {
        "sentences": text.criterion_sentences(run.facts["criterion"], run.has_worth).split("\n"),
        "held": hold_sentences(answer) if answer is not None and is_assessed(run, run.figures[0]) else [],
        "scales": scale_sentences(rating_thresholds(run.model, run.fit)),
    }


@in_house_style
def rank_figure(posterior: xr.Dataset) -> Any:
    """Draw ArviZ's rank plot of some group parameters, in whose names a dollar sign begins no formula."""
    posterior = posterior.rename({name: escape_dollar(name) for name in posterior.data_vars})
    return az.plot_rank(posterior, backend="matplotlib").viz["figure"].item()


def rank_plot(run: ReportContext) -> Exhibit | None:
    """Return rank plots of the group parameters; None for an approximation, which has no chains to compare."""
    if not run.facts["exact"]:
        return None
    mu = run.fit["unconstrained_posterior"].to_dataset()["mu"]
    names = [str(name) for name in mu["parameter"].values][:MAX_RANKED]
    mu = mu.isel(draw=slice(None, None, -(-mu.sizes["draw"] // RANKED_DRAWS)))
    posterior = xr.Dataset({parameter_words(name): mu.sel(parameter=name, drop=True) for name in names})
    finding = "Chains rank alike where p is above 0.01."
    caption = (
        f"Rank plots of {len(names)} group means (ArviZ `plot_rank`, {mu.sizes['draw']} draws of each chain): "
        "difference between the distribution of the ranks of each chain and a uniform one, with the p value of a test "
        "that both are the same."
    )
    lines = posterior.to_dataframe().reset_index()  # a column for each parameter
    picture = draw_picture("ranks", posterior, f"{caption} {finding}", rank_figure, (), run.mark, lines)
    return Exhibit(finding, caption, (picture,))


def insecure_at_the_end(run: ReportContext, beliefs: xr.DataArray) -> float:
    """Count the people who have an insecure belief after their last session, on average over draws.

    `beliefs` (belief, sample, session, person) are NaN after a person's last session.
    """
    last = beliefs.isel(belief=0, sample=0).notnull().sum("session") - 1
    people = xr.DataArray(np.arange(len(last)), dims="person")
    final = beliefs.isel(session=xr.DataArray(last.values, dims="person"), person=people)
    insecure = final.min("belief") <= run.facts["criterion"]["insecure_at_or_below"]
    return float(insecure.sum("person").mean("sample"))


def projection(run: ReportContext) -> dict[str, Any] | None:
    """Project how many of the people who are insecure at the end become earned secure under the scenario."""
    if not run.security or not run.figures:
        return None
    figure, scenario, horizon = run.figures[0], run.options.scenario, run.options.horizon
    shares = project(run.model, run.fit, parse_care(scenario), horizon, figure)
    insecure = insecure_at_the_end(run, person_beliefs(run.model, run.fit, figure))
    people = count_of(run.data.sizes["person"], run.noun)
    now = f"About {insecure:.0f} of {people} have an insecure belief after the last session {with_figure(figure)}"
    if not shares.notnull().any():
        return {"sentence": f"{now}. These are too few for a projection.", "exhibit": None}
    by_then = share(shares.isel(session=-1).values)
    finding = f"{by_then.text} of them become earned secure within {horizon} further sessions."
    caption = f"Projection {with_figure(figure)}: {horizon} further sessions under the scenario {scenario} (90% CrI)."
    if run.model.event_effects:
        caption += " Covariates of sessions stay what they were at the last session of each person."
    quantiles = shares.quantile([0.05, 0.5, 0.95], "sample").to_dataset(name="share")

    def draw(_: Any) -> Any:
        return projection_plot(shares, scenario)

    picture = draw_picture("projection", quantiles, f"{caption} {now}: {finding}", draw, (), run.mark)
    return {"sentence": f"{now}.", "exhibit": Exhibit(finding, caption, (picture,))}


def figure_sessions(run: ReportContext) -> list[str]:
    """Return how many sessions there are with each figure."""
    counts = {name: int(session_mask(run.data, name).sum()) for name in run.figures}
    return [f"{name}: {count_of(count, 'sessions')}" for name, count in counts.items()]


def data_details(run: ReportContext) -> dict[str, Any]:
    """Return the hypothesis of the model, and the data by which it is judged."""
    data, model = run.data, run.model
    empty_rows, formulas = data.attrs.get("rows_left_out", 0), json.loads(data.attrs.get("formulas", "{}"))
    events = count_of(int(data["present"].sum()), "observations")
    return {
        "claim": model.claim,
        "reference": model.reference,
        "predicts": model.predicts,
        "equation": model.equation,
        "items": [
            f"{count_of(data.sizes['person'], run.noun)}; {events} ({int(data['observed'].sum()):,} with an observed "
            f"outcome); unit of time: {data.attrs['time_unit']}",
            *([left_out] if (left_out := left_out_sentence(run)) else []),
            *([f"{empty_rows} rows without an outcome or a response were left out"] if empty_rows else []),
            *([] if model.members else figure_sessions(run)),
            *(answer_count_sentence(model, data, name) for name in model.responses),
            *(f"{name}: not measured in this study" for name in model.without),
            *(f"{name} ~ {formula}" for name, formula in formulas.items()),
        ],
        "exhibit": data_of_both(run) if model.members else data_exhibit(run),
    }


def data_exhibit(run: ReportContext) -> Exhibit:
    """Plot who was present, the outcomes and the responses, by session."""
    observed = study_data(run.data, list(run.model.responses))
    summaries = [
        f"{figure}: {events['people'].sum('person').max():.0f} {run.noun}, {events.sizes['session']} sessions, mean "
        f"outcome {float(events['outcome'].mean()):.2f}"
        for figure, events in observed.items()
    ]
    caption = (
        f"Number of {run.noun}, outcomes and responses by session: mean, and the central 90% of {run.noun} (shaded)."
    )
    parts = [events.mean("person").assign_coords(figure=figure) for figure, events in observed.items()]
    means = xr.concat(parts, "figure", join="outer")

    def draw(_: Any) -> Any:
        return data_plot(observed)

    picture = draw_picture("data", means, f"{caption} {'; '.join(summaries)}.", draw)
    return Exhibit(f"{'; '.join(summaries)}.", caption, (picture,))
