"""Check the order of events, and complete it.

The functions here look at several rows of a table together. They find faults between rows, move answers about whole
sessions, and compute the time since the last event.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from iwm_bayes.data.study import StudySpec
from iwm_bayes.data.table import Table
from iwm_bayes.types import ModelSpec


def check_rows(table: Table, frame: pd.DataFrame, study: StudySpec, model: ModelSpec) -> None:
    """Report faults between rows.

    They are duplicates, times out of order, people without any response, and sessions after a person left.
    """
    names, all_supplied = study.columns, not table.problems  # a person may have answered a response that is missing
    wave = ["wave"] if "wave" in frame else []
    duplicate = frame.duplicated(["person", *wave, "session", "figure"], keep=False).to_numpy()
    remedy = (
        "Keep one row for each person, session and figure. A rating before an exchange and one after it are two rows "
        "with two session numbers (2 and 2.5, say), of which the first has a blank outcome, with "
        'missing = "unseen"; where everything was rated before, one row will do, with timing = "before" in [responses]'
    )
    fault = f"the same person, {'wave, ' if wave else ''}session and figure more than once"
    table.report(duplicate, names.session, fault, remedy)
    ordered = frame.sort_values(["person", *wave, "session"], kind="stable")
    within = wave if begins_anew(frame, study) else []
    backwards = ordered.groupby(["person", *within])["time"].diff().lt(0).sort_index().to_numpy()
    remedy = "Correct the time or the session number"
    if wave and not within:
        remedy += ", and check that waves are in order: the column that `wave` names comes before the session"
    table.report(backwards, names.time or names.session, "time runs backwards", remedy)
    answered = frame.filter(like="answer_").notna().any(axis=1)
    silent = ~answered.groupby(frame["person"]).transform("any").to_numpy() & all_supplied
    table.report(silent, names.person, "a person without any response", "Leave this person out, or give a response")
    for name in (name for name, response in model.responses.items() if response.effect == "leaves"):
        people = [frame[column] for column in ("person", *wave)]
        left = frame["session"].where(frame[f"answer_{name}"].eq(1)).groupby(people).transform("min")
        after_leaving = (frame["session"] > left).to_numpy()
        remedy = "Say that a person left in the last session only"
        table.report(after_leaving, study.responses[name].columns[0], "a session after the person left", remedy)


def begins_anew(frame: pd.DataFrame, study: StudySpec) -> bool:
    """Return whether time may begin anew in each wave: it is no date, and beliefs restart or it is the session."""
    return "wave" in frame and not frame.attrs["dated"] and (study.beliefs_restart or study.columns.time is None)


def split_session_answers(frame: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Return the events with each answer about a session as an event of its own at the session's end.

    No time passes before such an event, and nothing happens at it.
    """
    for answer in [f"answer_{name}" for name in names]:
        session = frame.groupby(["person", "session"], sort=False)
        before_end = frame[answer].notna() & (session.cumcount(ascending=False) > 0)
        nothing = {
            "outcome": 0.0,
            "observed": False,
            "unrecorded": False,
            "rated": 0.0,
            "distress": 0.0,
            "threat": 0.0,
        }
        moved = frame[before_end].assign(**nothing, assessment=True)
        moved[[other for other in map(str, frame) if other.startswith("answer_") and other != answer]] = np.nan
        moved["time"] = session["time"].transform("last")[before_end]
        kept = frame.assign(**{answer: frame[answer].mask(before_end)})
        frame = pd.concat([kept, moved], ignore_index=True).sort_values(["person", "session"], kind="stable")
    return frame


def time_since(frame: pd.DataFrame, by: list[str]) -> np.ndarray:
    """Return the time since the last event with the same values of the columns `by`; 1 at the first."""
    return frame.groupby(by)["time"].diff().fillna(1.0).to_numpy()
