"""What stands before the answer: what was asked, and the data in a picture."""

import json
from typing import Any

from iwm_bayes.diagnostics.rating_timing import answer_count_sentence
from iwm_bayes.estimands.belief_paths import session_mask
from iwm_bayes.report.context import FigureCourse, ReportContext
from iwm_bayes.report.tables import Plot, static_plot
from iwm_bayes.types import figure_label
from iwm_bayes.viz.data import data_plot
from iwm_bayes.viz.style import as_svg


def question_section(run: ReportContext) -> dict[str, Any]:
    """What was asked."""
    data, model = run.data, run.model
    left = data.attrs.get("rows_left_out", 0)
    formulas = json.loads(data.attrs.get("formulas", "{}"))
    return {
        "claim": model.claim,
        "reference": model.reference,
        "predicts": model.predicts,
        "equation": model.equation,
        "data": f"{data.sizes['person']} people, {int(data['present'].sum())} events "
        f"({int(data['seen'].sum())} with an outcome that was seen), unit of time: {data.attrs['time_unit']}"
        + (f"; {left} rows say nothing and were left out" if left else ""),
        "figures": [f"{figure_label(name)}: {int(session_mask(data, name).sum())} sessions" for name in run.figures],
        "responses": [answer_count_sentence(model, data, name) for name in model.responses]
        + [f"{name}: not asked in this study" for name in model.without],
        "formulas": [f"{name} ~ {formula}" for name, formula in formulas.items()],
    }


def data_overview(courses: dict[str, FigureCourse]) -> Plot:
    lives = {figure_label(name): course.lived.merge(course.told[["answer"]]) for name, course in courses.items()}
    says = [
        f"{name}: {life['people'].sum('person').max():.0f} people, {life.sizes['session']} sessions, mean outcome "
        f"{float(life['outcome'].mean()):.2f}"
        for name, life in lives.items()
    ]
    caption = "People present, outcomes and answers by session: means, and the middle 90 % of people (shaded)."
    return static_plot(as_svg(data_plot(lives)), caption, f"{caption} {'; '.join(says)}.")
