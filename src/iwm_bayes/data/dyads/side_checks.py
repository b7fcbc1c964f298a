"""Faults between the rows of a study of dyads: members who are missing, or one too many, and contradictions."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from iwm_bayes.data.dyads.schema import Dyad
from iwm_bayes.data.dyads.sides import KEYS, Side, Sides
from iwm_bayes.data.study import StudySpec
from iwm_bayes.data.table import Table, list_people
from iwm_bayes.rules.dyad import other_role
from iwm_bayes.rules.modifiers.pull import BIDS
from iwm_bayes.types import ModelSpec

MANY_IN_A_DYAD = "Where more than two people belong together, give every pair a dyad of its own"
ABOUT_ONE_MEMBER = "Where a row is about one member, name the column that says which: `role` of [dyad]"
AFTERWARDS = "in one dyad after the other"
NOT_CARRIED = "Nothing is carried over between these dyads"
SAME = 1e-9  # two records of one act are the same up to rounding


def on_rows(rows: np.ndarray, of_side: np.ndarray) -> np.ndarray:
    """Return a mask of all rows from one of the rows of a side."""
    found = np.zeros(len(rows), dtype=bool)
    found[rows] = of_side
    return found


def report_repeated(table: Table, dyad: Dyad, session: str, sides: Sides) -> None:
    """Report exchanges that have several rows of one member."""
    for role, side in sides.by_role.items():
        twice = on_rows(side.rows, side.answers.index.duplicated(keep=False))
        who = f"{role}, dyad and exchange" if dyad.role else "dyad and exchange"
        remedy = f"Keep one row for each. {MANY_IN_A_DYAD if dyad.role else ABOUT_ONE_MEMBER}"
        table.report(twice, session, f"the same {who} more than once", remedy)
        if dyad.role is None:
            return  # a wide table has the same rows for both


def report_missing_side(table: Table, dyad: Dyad, model: ModelSpec, sides: Sides) -> None:
    """Report dyads of which one member never answers."""
    known = sides.rows["person"]
    for role, side in sides.by_role.items():
        answers = side.answers[list(model.members[role].model.responses)].notna().any(axis=1)
        if not len(answers):
            continue  # the role itself is at fault, and named elsewhere
        answering = answers.groupby(level="person").any()
        silent = ~known.isin(["", *answering.index[answering]]).to_numpy()  # a blank name is reported elsewhere
        fault = f"one side is missing: nothing of the {role} in {list_people(known[silent].unique())}"
        table.report(silent, dyad.column, fault, "A dyad needs both members. Add this one, or take these dyads out")


def report_people(table: Table, dyad: Dyad, sides: Sides) -> None:
    """Report members who are several people, people without a name, and people in more dyads than the study says."""
    for role, side in sides.by_role.items():
        member = dyad.members[role]
        if member.person is None:
            continue
        dyads = sides.rows["person"][side.rows].to_numpy()
        named = pd.DataFrame({"dyad": dyads, "name": side.person.to_numpy()})
        known = named[named["name"] != ""]
        several = known.groupby("dyad")["name"].nunique()
        bad = np.isin(dyads, several.index[several > 1])
        fault = f"several people are the {role} of one dyad: {list_people(several.index[several > 1])}"
        remedy = "A dyad is two people. Give every pair a dyad of its own"
        table.report(on_rows(side.rows, bad), member.person, fault, remedy)
        nobody = ~np.isin(dyads, several.index)
        fault = f"nobody is named as the {role} in {list_people(pd.unique(dyads[nobody]))}"
        table.report(on_rows(side.rows, nobody), member.person, fault, "Name the person in one row of each dyad")
    report_several_dyads(table, dyad, sides)
    report_both_roles(table, dyad, sides)


def time_together(side: Side, sides: Sides) -> pd.DataFrame:
    """Return the first and the last time of each person of a side in each dyad: `name`, `dyad`, `start`, `end`."""
    rows = sides.rows[side.rows].rename(columns={"person": "dyad"}).assign(name=side.person.to_numpy())
    grouped = rows[rows["name"] != ""].groupby(["name", "dyad"])["time"]
    return grouped.agg(start="min", end="max").reset_index()


def in_two_places(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return every two dyads of one person, `dyad_x` of the one side and `dyad_y` of the other, and whether `at_once`.

    Time is that of the study, or the number of the exchange.
    """
    both = one.merge(other, on="name")
    return both.assign(at_once=(both["start_x"] <= both["end_y"]) & (both["start_y"] <= both["end_x"]))


def report_several_dyads(table: Table, dyad: Dyad, sides: Sides) -> None:
    """Report people in several dyads at the same time; doubt those who are in one after the other."""
    for role, side in sides.by_role.items():
        member = dyad.members[role]
        if member.person is None or member.dyads == "many":
            continue
        places = in_two_places(*[time_together(side, sides)] * 2).query("dyad_x != dyad_y")
        at_once = {*places["name"][places["at_once"]]}
        later = {*places["name"]} - at_once
        fault = f"one person in several dyads at the same time: {list_people(sorted(at_once))}"
        remedy = f'Correct the name, or write dyads = "many" in [dyad.members.{role}]'
        table.report(on_rows(side.rows, side.person.isin(at_once).to_numpy()), member.person, fault, remedy)
        said = f"one person in several dyads, {AFTERWARDS}: {list_people(sorted(later))}. {NOT_CARRIED}"
        said = f'{said}; dyads = "many" in [dyad.members.{role}] lets the dyads of a person be alike'
        table.doubt(on_rows(side.rows, side.person.isin(later).to_numpy()), member.person, said)


def report_both_roles(table: Table, dyad: Dyad, sides: Sides) -> None:
    """Report people who are on both sides of a dyad, or have both roles at the same time; doubt them otherwise."""
    columns = [member.person for member in dyad.members.values()]
    if None in columns:
        return
    first, second = sides.by_role.values()
    places = in_two_places(time_together(first, sides), time_together(second, sides))
    both_sides = {*places["name"][places["dyad_x"] == places["dyad_y"]]}
    at_once = {*places["name"][places["at_once"]]} - both_sides
    later = {*places["name"]} - at_once - both_sides
    column = '" and "'.join(str(one) for one in dict.fromkeys(columns))

    def of_people(names: set[str]) -> np.ndarray:
        of_first, of_second = (on_rows(side.rows, side.person.isin(names).to_numpy()) for side in (first, second))
        return of_first | of_second

    fault = f"one person on both sides of a dyad: {list_people(sorted(both_sides))}"
    table.report(of_people(both_sides), column, fault, "A dyad is two people. Give them names that differ")
    fault = f"one person in two roles at the same time: {list_people(sorted(at_once))}"
    remedy = "Correct the name. Where people change roles, fit the dyads of each role apart"
    table.report(of_people(at_once), column, fault, remedy)
    said = f"one person in two roles, {AFTERWARDS}: {list_people(sorted(later))}. {NOT_CARRIED}"
    table.doubt(of_people(later), column, said)


def report_contradictions(table: Table, study: StudySpec, sides: Sides) -> None:
    """Report acts of one exchange that disagree: what a member did, and what the row of the other says of it."""
    for role, side in sides.by_role.items():
        other = sides.by_role[other_role(sides.by_role, role)]
        for name in side.reported:
            done = other.answers[name].reindex(side.reported.index).to_numpy()
            contradicts = np.abs(done - side.reported[name].to_numpy()) > SAME
            column = study.responses[f"{other.role}_{name}"].columns[0]
            fault = f"acts of one exchange that disagree: {name} of the {other.role} is another number in its own row"
            remedy = f"Correct one of them, or leave the cell blank in rows of the {role}"
            table.report(on_rows(side.rows, contradicts), column, fault, remedy)


def report_time(table: Table, study: StudySpec, sides: Sides) -> None:
    """Report times that run backwards; doubt where the two members have different times of one exchange."""
    column = study.columns.time
    if column is None:
        return
    time = sides.rows.groupby(KEYS)["time"]
    apart = (time.transform("max") - time.transform("min")).to_numpy() > SAME
    if apart.any():
        counts = f"{len(sides.rows[apart].drop_duplicates(KEYS))} of {time.ngroups} exchanges"
        table.doubts.append(
            f'{table.file}, column "{column}": two times of one exchange, at {counts}. Their mean is taken'
        )
    mean = time.mean().reset_index().sort_values(KEYS)
    backwards = mean[mean.groupby("person")["time"].diff() < 0].set_index(KEYS).index
    bad = pd.MultiIndex.from_frame(sides.rows[KEYS]).isin(backwards)
    table.report(bad, column, "time runs backwards", "Correct the time or the number of the exchange")


def check_sides(table: Table, study: StudySpec, model: ModelSpec, sides: Sides) -> None:
    """Add every fault between rows to the problems of the table, and what is taken for granted to its doubts."""
    dyad = study.dyad
    assert dyad is not None
    report_repeated(table, dyad, study.columns.session, sides)
    report_missing_side(table, dyad, model, sides)
    report_people(table, dyad, sides)
    report_time(table, study, sides)
    if not any(side.answers.index.has_duplicates for side in sides.by_role.values()):
        report_contradictions(table, study, sides)
    table.doubts.extend(missing_exchanges(table, model, sides))
    if any(member.exchange == "next" or BIDS in member.model.rule.terms for member in model.members.values()):
        table.doubts.extend(gaps_between_exchanges(table, sides.rows["person"], sides.rows["session"]))


def gaps_between_exchanges(table: Table, dyads: pd.Series, exchanges: pd.Series) -> Iterator[str]:
    """Yield at how many places the numbers of exchanges leave a gap; nothing where none does."""
    steps = exchanges.groupby(dyads).transform(lambda own: own.sort_values().diff())
    if (gap := steps > 1.0).any():
        where = f"in {dyads[gap].nunique()} of {dyads.nunique()} dyads"
        yield (
            f"{table.file}: the numbers of exchanges leave {int(gap.sum())} gaps, {where}. The exchange before is "
            "then the last exchange in the table"
        )


def missing_exchanges(table: Table, model: ModelSpec, sides: Sides) -> Iterator[str]:
    """Yield how many exchanges lack one member; nothing where none does."""
    answered = {role: answered_exchanges(side, model) for role, side in sides.by_role.items()}
    first, second = answered.values()
    total = len(first.union(second))
    for role, own in answered.items():
        if lacking := total - len(own):
            yield (
                f"{table.file}: at {lacking} of {total} exchanges there is nothing of the {role}. The other "
                "experienced no outcome there"
            )


def answered_exchanges(side: Side, model: ModelSpec) -> pd.Index:
    """Return the exchanges at which a member gave an answer."""
    answers = side.answers[list(model.members[side.role].model.responses)]
    return answers.index[answers.notna().any(axis=1)].unique()
