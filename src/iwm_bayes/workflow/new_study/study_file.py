"""Write a guessed study as the text of a study file, and as lines for the terminal.

In the file every guess has a comment that begins with "guess:", and what was not sure is written as a comment.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from iwm_bayes.data.toml import SCHEMA
from iwm_bayes.types import ModelSpec
from iwm_bayes.workflow.new_study.answers import Answer
from iwm_bayes.workflow.new_study.guess import PeopleGuess, StudyGuess
from iwm_bayes.workflow.new_study.layout import ColumnGuess

MAX_LISTED = 12  # columns that are listed in one line
BLANK_OUTCOMES = (
    ("unseen", "nothing happened: a missed session, or an assessment"),
    ("unrecorded", "the session took place, but its form is missing"),
)


class Place(NamedTuple):
    """Names and paths that a study file has next to its guesses; paths are relative to the file."""

    name: str
    data: str
    model: str
    people: str | None


def quote(text: str) -> str:
    """Return a text as a string of TOML, which is one line."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def value_text(value: Any) -> str:
    """Return a value as TOML: a text, a number, a list, or a table in one line."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{quote(key)} = {value_text(one)}' for key, one in value.items())} }}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(value_text, value))}]"
    return f"{value:g}" if abs(value) < 1e5 else repr(float(value))


def line(key: str, value: Any, comment: str = "") -> str:
    """Return the line of a key, with a comment behind it."""
    return f"{key:<7} = {value_text(value)}{f'    # {comment}' if comment else ''}"


def as_comment(lines: Iterable[str]) -> list[str]:
    """Return lines that the program does not read."""
    return [f"# {one}" for one in lines]


def one_line(text: str) -> str:
    """Return a text without signs that end or spoil a comment."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def column_lines(key: str, guess: ColumnGuess) -> list[str]:
    """Return the lines of one column of [columns]: the guess, or what it could be."""
    if guess.column is not None:
        return [line(key, guess.column, f"guess: {one_line(guess.why)}")]
    return [f"# {key}: {one_line(guess.why)}", *as_comment(line(key, name) for name in guess.others)]


def answer_lines(header: str, answer: Answer, note: str = "") -> list[str]:
    """Return the lines of an outcome or response; what is not sure about its keys is a comment."""
    lines = [f"[{header}]{f'    # {note}' if note else ''}"]
    lines.append(line("column", answer.column, f"guess: {one_line(answer.why)}"))
    for key, value in answer.keys.items():
        is_rating = key == "scale" and header.startswith("responses.") and value[0] < value[1]
        lines.append(line(key, value, f"{value_text(value[::-1])} for a reversed item" if is_rating else ""))
    lines += [f"# {line(key, value)}    # or this" for other in answer.others for key, value in other.items()]
    return lines


def outcome_lines(guess: StudyGuess) -> list[str]:
    """Return the part about the outcome; all of it is a comment where no column has the name of one."""
    if guess.outcome is None:
        lines = [
            "# outcome: no column has the name of an outcome (what the figure did: responsive, helpful, reciprocated).",
            "# Without it there is nothing to learn from. Name its column here:",
        ]
        parts = [answer_lines("columns.outcome", one) for one in guess.possible_outcomes]
        parts = parts or [["[columns.outcome]", 'column  = "..."', "scale   = [0, 1]"]]
        return [*lines, *(text for part in parts for text in as_comment(part))]
    lines = answer_lines("columns.outcome", guess.outcome._replace(why=f"its name; {guess.outcome.why}"))
    if guess.outcome.n_blank:
        blank = f"{guess.outcome.n_blank} of {guess.n_rows} outcomes are blank. Say what a blank means: keep one line"
        lines += [f"# {blank}, without its #"]
        lines += [f"# {line('missing', word)}    # {meaning}" for word, meaning in BLANK_OUTCOMES]
    return lines


def response_lines(guess: StudyGuess, model: ModelSpec) -> list[str]:
    """Return the parts about responses: those that are sure, and as comments those that are not."""
    lines: list[str] = []
    for name, answer in guess.responses.items():
        part = answer_lines(f"responses.{quote(name) if not name.isidentifier() else name}", answer)
        if model.responses[name].scale:
            part += ["# commensurable = true    # if it asks about the outcome, on the outcome's scale"]
        if model.responses[name].effect == "none" and model.responses[name].timing == "after":
            part += ['# timing  = "before"    # if people answered before the outcome of its row']
        if not answer.is_sure:
            part = ["# not sure; to use it, correct these lines and take the # away", *as_comment(part)]
        lines += ["", *part]
    if not any(answer.is_sure for answer in guess.responses.values()):
        example = next(iter(model.responses))
        lines += ["", f"# No column can be a response of {one_line(model.name)} for sure, and a study needs one:"]
        lines += [f"# [responses.{example}]", '# column  = "..."']
    for name, answer in guess.other_responses.items():
        lines += [
            "",
            *as_comment(answer_lines(f"responses.{name}", answer, f"the model {model.name} does not have it")),
        ]
    return lines


def people_lines(people: PeopleGuess | None, place: Place) -> list[str]:
    """Return the part about covariates; a formula is an example, and so a comment."""
    if people is None:
        return []
    data = place.people if people.own_table and place.people else place.data
    if people.person is None:
        return ["", "# [people]: no column has a name of a person in the table of sessions", f"# {line('data', data)}"]
    where = "[people]", line("data", data), line("person", people.person, "guess: people of the sessions are in it")
    example: list[str] = []
    if people.formula:
        example = ["[formulas]    # for example; see the how-to on two groups", line(people.parameter, people.formula)]
    listed = f"# covariates of people: {listing(people.covariates)}" if people.covariates else "# no covariates"
    if people.own_table:
        return ["", listed, *where, *as_comment(example)]
    return ["", listed, *as_comment([*where[:2], line("person", people.person), *example])]


def listing(names: Iterable[str]) -> str:
    """Return the first names in quotes, and how many more there are."""
    quoted = [quote(one_line(name)) for name in names]
    more = f" and {len(quoted) - MAX_LISTED} more" if len(quoted) > MAX_LISTED else ""
    return ", ".join(quoted[:MAX_LISTED]) + more


def not_found_line(guess: StudyGuess) -> list[str]:
    """Return a comment on the responses of the model that the study does not have."""
    if not guess.without:
        return []
    return [f"# responses of the model that this study does not have: {', '.join(map(one_line, guess.without))}"]


def study_text(guess: StudyGuess, model: ModelSpec, place: Place) -> str:
    """Return the text of a study file."""
    repeated = (
        [f"# {guess.repeats:.1%} of the rows have the same person, session and figure as another: see `iwm check`"]
        if guess.repeats
        else []
    )
    lines = [
        '# Written by `iwm new` from the table. Check every line with "guess:", and then delete the comment.',
        line("schema", SCHEMA),
        line("name", place.name),
        line("data", place.data, f"{guess.n_rows} rows; the program reads it and never changes it"),
        line("model", place.model, "other models: iwm models"),
        *not_found_line(guess),
        "",
        "[columns]",
        *repeated,
        *column_lines("person", guess.person),
        *column_lines("session", guess.session),
        *column_lines("figure", guess.figure),
        *column_lines("time", guess.time),
        *(f"{key} = {inline(answer)}    # guess: {one_line(answer.why)}" for key, answer in guess.context.items()),
        "",
        *outcome_lines(guess),
        *response_lines(guess, model),
        *people_lines(guess.people, place),
    ]
    if guess.unused:
        lines += ["", f"# columns that are not used: {listing(guess.unused)}"]
    return "\n".join(lines) + "\n"


def inline(answer: Answer) -> str:
    """Return a column with its keys as a table in one line."""
    keys = {"column": answer.column, **answer.keys}
    return f"{{ {', '.join(f'{key} = {value_text(value)}' for key, value in keys.items())} }}"


def summary_lines(guess: StudyGuess) -> list[tuple[str, str, str]]:
    """Return what was guessed: key, column and reason of each."""
    rows = [(key, getattr(guess, key)) for key in ("person", "session", "figure", "time")]
    lines = [(key, one.column or "-", one.why) for key, one in rows]
    answers = [
        *([("outcome", guess.outcome)] if guess.outcome else []),
        *guess.context.items(),
        *guess.responses.items(),
    ]
    for name, answer in answers:
        keys = ", ".join(f"{key} {value_text(value)}" for key, value in answer.keys.items())
        lines.append((name, answer.column, "; ".join(part for part in (keys, answer.why) if part)))
    return lines


def open_questions(guess: StudyGuess, model: ModelSpec) -> list[str]:
    """Return what was not guessed, and what a researcher must decide, a sentence each."""
    found = []
    if guess.session.column is None:
        found.append(f"session: {guess.session.why}")
    if guess.time.others:
        found.append(f'time: "{guess.time.others[0]}" cannot be read {guess.time.why}')
    if guess.outcome is None:
        found.append("outcome: no column has the name of an outcome. Name its column under [columns]")
    elif not guess.outcome.is_sure:
        found.append(f'outcome: "{guess.outcome.column}" has {guess.outcome.why}')
    if guess.outcome and guess.outcome.n_blank:
        found.append(
            f"outcome: {guess.outcome.n_blank} of {guess.n_rows} cells are blank. Choose missing = "
            '"unseen" (nothing happened) or "unrecorded" (a form is missing)'
        )
    unsure = [name for name in guess.without if name in guess.responses]
    absent = [name for name in guess.without if name not in guess.responses]
    if unsure:
        found.append(f"not sure, and so a comment: {', '.join(unsure)}")
    if absent:
        found.append(f"no column found for: {', '.join(absent)}. Where somebody was asked, add it")
    if guess.other_responses:
        found.append(f"not in the model {model.name}, and so a comment: {', '.join(guess.other_responses)}")
    if guess.repeats:
        found.append(f"{guess.repeats:.1%} of the rows have the same person, session and figure as another")
    if guess.people and guess.people.person is None:
        found.append("people: no column of the table of people has a name of a person in the table of sessions")
    if guess.people and guess.people.covariates and guess.people.person:
        example = "; the file has an example of a formula" if guess.people.formula else ""
        found.append(f"covariates of people: {listing(guess.people.covariates)}{example}")
    if guess.unused:
        found.append(f"not used: {listing(guess.unused)}")
    return found
