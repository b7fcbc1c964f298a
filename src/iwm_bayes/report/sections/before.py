"""What stands before the answer: what was asked, and the data in a picture."""

import json
from typing import Any

from iwm_bayes.diagnostics.rating_timing import answered
from iwm_bayes.estimands.belief_paths import sessions_with
from iwm_bayes.report.context import Course, Run
from iwm_bayes.report.tables import Picture, drawing
from iwm_bayes.types import called
from iwm_bayes.viz.data import lived_figure
from iwm_bayes.viz.style import as_svg


def asked_section(run: Run) -> dict[str, Any]:
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
        "figures": [f"{called(name)}: {int(sessions_with(data, name).sum())} sessions" for name in run.figures],
        "responses": [answered(model, data, name) for name in model.responses]
        + [f"{name}: not asked in this study" for name in model.without],
        "formulas": [f"{name} ~ {formula}" for name, formula in formulas.items()],
    }


def data_picture(courses: dict[str, Course]) -> Picture:
    lives = {called(name): course.lived.merge(course.told[["answer"]]) for name, course in courses.items()}
    says = [
        f"{name}: {life['people'].sum('person').max():.0f} people, {life.sizes['session']} sessions, mean outcome "
        f"{float(life['outcome'].mean()):.2f}"
        for name, life in lives.items()
    ]
    caption = "People present, outcomes and answers by session: means, and the middle 90 % of people (shaded)."
    return drawing(as_svg(lived_figure(lives)), caption, f"{caption} {'; '.join(says)}.")
