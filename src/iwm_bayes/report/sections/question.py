"""The first sections: the question, the hypothesis, and the data."""

import json
from typing import Any

from iwm_bayes.diagnostics.rating_timing import answer_count_sentence
from iwm_bayes.estimands.security.belief_paths import session_mask
from iwm_bayes.estimands.security.rating_thresholds import rating_thresholds, scale_sentences
from iwm_bayes.report.context import ReportContext, Trajectory
from iwm_bayes.report.elements import Plot, static_plot
from iwm_bayes.viz.data import data_plot
from iwm_bayes.viz.style import as_svg


def question_section(run: ReportContext) -> dict[str, Any]:
    """Return the hypothesis, and the data by which it is judged."""
    data, model = run.data, run.model
    empty_rows = data.attrs.get("rows_left_out", 0)
    formulas = json.loads(data.attrs.get("formulas", "{}"))
    return {
        "claim": model.claim,
        "reference": model.reference,
        "predicts": model.predicts,
        "equation": model.equation,
        "data": f"{data.sizes['person']} people; {int(data['present'].sum())} events "
        f"({int(data['observed'].sum())} with an observed outcome); unit of time: {data.attrs['time_unit']}"
        + (f"; {empty_rows} rows without an outcome or a response were left out" if empty_rows else ""),
        "figures": [f"{name}: {int(session_mask(data, name).sum())} sessions" for name in run.figures],
        "responses": [answer_count_sentence(model, data, name) for name in model.responses]
        + [f"{name}: not measured in this study" for name in model.without],
        "scales": scale_sentences(rating_thresholds(model, run.fit)) if run.security else [],
        "formulas": [f"{name} ~ {formula}" for name, formula in formulas.items()],
    }


def data_overview(by_figure: dict[str, Trajectory]) -> Plot:
    """Plot who was present, the outcomes and the responses, by session."""
    observed = {
        figure: trajectory.events.merge(trajectory.responses[["answer"]]) for figure, trajectory in by_figure.items()
    }
    summaries = [
        f"{figure}: {events['people'].sum('person').max():.0f} people, {events.sizes['session']} sessions, mean "
        f"outcome {float(events['outcome'].mean()):.2f}"
        for figure, events in observed.items()
    ]
    caption = "Number of people, outcomes and responses by session: mean, and the central 90% of people (shaded)."
    return static_plot(as_svg(data_plot(observed)), caption, f"{caption} {'; '.join(summaries)}.")
