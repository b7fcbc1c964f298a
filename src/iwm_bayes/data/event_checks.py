"""Events in order: what holds between rows of a table, and what the order of events makes of them."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from iwm_bayes.data.study import Study
from iwm_bayes.data.table import Table
from iwm_bayes.types import ModelSpec


def check_rows(table: Table, frame: pd.DataFrame, study: Study, model: ModelSpec) -> None:
    """Faults that show only between rows: duplicates, time running backwards, silent people, those who came back."""
    named, whole = study.columns, not table.problems  # where a response is missing, who is silent is not known
    twice = frame.duplicated(["person", "session", "figure"], keep=False).to_numpy()
    remedy = (
        "Keep one row for each person, session and figure. A rating before an exchange and one after it are two rows "
        "with two session numbers (2 and 2.5, say), of which the first has a blank outcome, with "
        'missing = "unseen"; where everything was rated before, one row will do, with timing = "before" in [responses]'
    )
    table.report(twice, named.session, "the same person, session and figure more than once", remedy)
    ordered = frame.sort_values(["person", "session"], kind="stable")
    backwards = ordered.groupby("person")["time"].diff().lt(0).sort_index().to_numpy()
    remedy = "Correct the time or the session number"
    table.report(backwards, named.time or named.session, "time runs backwards", remedy)
    answers = frame.filter(like="answer_").notna().any(axis=1)
    silent = ~answers.groupby(frame["person"]).transform("any").to_numpy() & whole
    table.report(silent, named.person, "a person without any response", "Leave this person out, or give a response")
    for name in (name for name, response in model.responses.items() if response.effect == "leaves"):
        left = frame["session"].where(frame[f"answer_{name}"].eq(1)).groupby(frame["person"]).transform("min")
        after = (frame["session"] > left).to_numpy()
        remedy = "Say that a person left in the last session only"
        table.report(after, study.responses[name].columns[0], "a session after the person left", remedy)


def fill_unrecorded(frame: pd.DataFrame) -> pd.DataFrame:
    """Unrecorded outcomes teach with the mean of what this person recorded of this figure."""
    recorded = frame["outcome"]
    by_figure = recorded.groupby([frame["person"], frame["figure"]]).transform("mean")
    by_person = recorded.groupby(frame["person"]).transform("mean")
    filled = recorded.fillna(by_figure).fillna(by_person).fillna(recorded.mean())
    return frame.assign(outcome=filled)


def split_session_answers(frame: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Answers about a session become events of their own when it is over; no time passes and nothing happens."""
    for answer in [f"answer_{name}" for name in names]:
        session = frame.groupby(["person", "session"], sort=False)
        early = frame[answer].notna() & (session.cumcount(ascending=False) > 0)
        moved = frame[early].assign(outcome=0.0, seen=False, reported=0.0, assessment=True, distress=0.0, threat=0.0)
        moved[[other for other in map(str, frame) if other.startswith("answer_") and other != answer]] = np.nan
        moved["time"] = session["time"].transform("last")[early]
        kept = frame.assign(**{answer: frame[answer].mask(early)})
        frame = pd.concat([kept, moved], ignore_index=True).sort_values(["person", "session"], kind="stable")
    return frame


def time_since(frame: pd.DataFrame, by: list[str]) -> np.ndarray:
    """Time since the last event of the same group; 1 at the first."""
    return frame.groupby(by)["time"].diff().fillna(1.0).to_numpy()
