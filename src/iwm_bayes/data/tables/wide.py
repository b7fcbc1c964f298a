"""Recognise a wide table, with one row per person, and write the line of Python that makes it long.

Columns such as closeness_1, closeness_2 or closeness.t1, closeness.t2 are a family: one variable at several sessions.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from iwm_bayes.data.study import StudySpec
from iwm_bayes.data.table import Table, cell_texts

SEPARATOR = r"(?:[_. -](?:t|s|v|w|session|visit|wave|week|time)?[_. -]?)?"  # between the name and the number
MEMBER = re.compile(rf"(.*?\D)({SEPARATOR})\d+", re.IGNORECASE)
SHOWN = 3  # columns of a family in a message


class WideTable(NamedTuple):
    """What a wide table explains: the columns that only seem to be missing, and the problem with its remedy."""

    explained: frozenset[str]
    problem: str


def families(columns: Iterable[str], name: str) -> dict[str, list[str]]:
    """Return the columns that are a name and a number, by the separator between them; two or more of each."""
    found: dict[str, list[str]] = {}
    for column in columns:
        if match := re.fullmatch(rf"{re.escape(name)}({SEPARATOR})\d+", column, re.IGNORECASE):
            found.setdefault(match.group(1), []).append(column)
    return {separator: members for separator, members in found.items() if len(members) > 1}


def commonest_separator(columns: Iterable[str], names: Iterable[str]) -> tuple[str, dict[str, list[str]]]:
    """Return the separator of most families of these names, and the families that have it, by name."""
    by_separator: dict[str, dict[str, list[str]]] = {}
    for name in names:
        for separator, members in families(columns, name).items():
            by_separator.setdefault(separator, {})[name] = members
    if not by_separator:
        return "", {}
    separator = max(by_separator, key=lambda found: len(by_separator[found]))
    return separator, by_separator[separator]


def identifying_columns(table: Table, study: StudySpec) -> list[str]:
    """Return the columns that identify a row: the person, or person and figure; none if these do not."""
    columns, names = table.frame.columns, [name for name in (study.columns.person, study.columns.figure) if name]
    for keys in (names[:1], names):
        if all(key in columns and key not in table.repeated for key in keys):
            rows = list(zip(*(cell_texts(table, key) for key in keys), strict=True))
            if len(set(rows)) == len(rows):
                return keys
    return []


def stems(wanted: Iterable[str]) -> list[str]:
    """Return the names of columns without their number, where they have one."""
    found = (MEMBER.fullmatch(name) for name in wanted)
    return list(dict.fromkeys(match.group(1) for match in found if match and match.group(1)))


def line_of_code(table: Table, names: list[str], keys: list[str], session: str, separator: str) -> tuple[str, str]:
    """Return the Python that makes a table long, and what the study then names as its data.

    `wide_to_long` takes the letters of the separator from the end of a name, so such a separator is replaced first.
    """
    opened, modules = table.code, "pandas"
    if any(name != name.rstrip(separator) for name in names):
        pattern, other = rf"{re.escape(separator)}(\d+)$", r"@\1"
        opened = f"{opened}.rename(columns=lambda name: re.sub({pattern!r}, {other!r}, name))"
        separator, modules = "@", "pandas, re"
    options = f"i={keys!r}, j={session!r}, sep={separator!r}, suffix={r'\d+'!r}"
    long = f"pandas.wide_to_long({opened}, {names!r}, {options}).reset_index()"
    path = re.match(r"pandas\.\w+\((?P<path>(?P<quote>['\"]).*?(?<!\\)(?P=quote))", table.code)
    if path is None:
        return f"import {modules}; {table.code} = {long}", table.code
    file = Path(ast.literal_eval(path["path"]))
    output = file.with_name(f"{file.name.split('.')[0]}_long.csv")
    semicolons = ", sep=';'" if table.decimal == "," else ""
    return f"import {modules}; {long}.to_csv({str(output)!r}{semicolons}, index=False)", output.name


def find_wide_table(table: Table, study: StudySpec, wanted: Mapping[str, str]) -> WideTable | None:
    """Return what a wide table explains; None if the table is not wide.

    It is wide where a column is missing of which there is a family, or where the outcome is one of a family and
    every person has one row. `wanted` are the columns that the study names.
    """
    columns = [str(column) for column in table.frame.columns]
    missing = [name for name in wanted if name not in columns]
    separator, found = commonest_separator(columns, missing)
    outcome = study.columns.outcome.columns[0]
    if not found:
        separator, found = commonest_separator(columns, [stem for stem in stems(wanted) if stem not in columns])
        others = {member for members in found.values() for member in members if member != outcome}
        is_one_of_many = any(outcome in members for members in found.values()) and not others <= wanted.keys()
        if not is_one_of_many:
            return None
    keys = identifying_columns(table, study)
    if not table.code or not keys or (len(keys) > 1 and outcome in columns):
        return None
    session = study.columns.session
    session = f"{session}_number" if session in columns else session
    code, data = line_of_code(table, list(found), keys, session, separator)
    some = next(iter(found.values()))
    listed = ", ".join(some[:SHOWN]) + (" ..." if len(some) > SHOWN else "")
    names = ", ".join(f'"{name}"' for name in found)
    problem = (
        f"{table.file}: this table is wide: it has the columns {listed}, and one row for all sessions of a person. "
        f"Make it long, with one row per session, by this line of Python: `{code}`. The study then has the data "
        f'"{data}", the session "{session}", and the columns {names}'
    )
    if outcome in columns and all(outcome not in members for members in found.values()):
        problem += ". If these columns are items of one scale, name them in the study as `items`"
    return WideTable(frozenset({*found, session}), problem)
