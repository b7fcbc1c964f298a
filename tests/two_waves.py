"""A study of two waves as a table, and what each wave alone would be."""

import numpy as np
import pandas as pd

from iwm_bayes.workflow.study import Column, Study, Wave

RESPONSES = {
    "availability_rating": Column("closeness", commensurable=True),
    "worth_rating": Column("worth", commensurable=True),
    "approach": Column("came", levels=("no", "yes")),
}


def two_waves(people: int = 4, sessions: int = 5, names=("first", "second"), seed: int = 1) -> pd.DataFrame:
    """Return sessions of people in waves, with two figures; session numbers begin anew in each wave."""
    generator = np.random.default_rng(seed)
    rows = [
        {"person": f"p{person}", "wave": wave, "session": session + 1, "figure": figure}
        for wave in names
        for person in range(people)
        for session in range(sessions)
        for figure in ("mother", "therapist")
    ]
    table = pd.DataFrame(rows)
    table["outcome"] = (generator.random(len(table)) < 0.7).astype(float)
    table["closeness"], table["worth"] = generator.uniform(0.1, 0.9, (2, len(table)))
    table["came"] = np.where(table["outcome"] > 0, "yes", generator.choice(["no", "yes"], len(table)))
    return table


def wave_study(table: pd.DataFrame, responses=RESPONSES, wave: Wave | None = None, **words) -> Study:
    """Return the study of a table; of a table without waves with `wave=None`."""
    return Study(
        table,
        person="person",
        session="session",
        figure="figure",
        outcome="outcome",
        responses=responses,
        **({"wave": wave} if wave else {}),
        **words,
    )
