"""Guess which columns hold the responses of a model: by their names, and by what they do to outcomes.

A column is used once, unless another column says what was asked in each row.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from iwm_bayes.types import ModelSpec, Response
from iwm_bayes.workflow.new_study.answers import MAX_LEVELS, Answer, is_zero_one, known_numbers, read_graded
from iwm_bayes.workflow.new_study.columns import Column
from iwm_bayes.workflow.new_study.names import FILLERS, answer_role, name_score, name_words

MAX_OTHERS = 3  # columns that are named as alternatives
ROLES_OF_READOUT = {  # what a response depends on: the roles of columns that may measure it, the best first
    "availability": ("availability", "availability_reversed", "expected"),
    "expected": ("expected", "availability", "availability_reversed"),
    "worth": ("worth", "worth_reversed"),
}
ROLES_OF_ACTION = {  # what a response does to events, or the kind of an action: the role of its column
    "withdraws": ("approach",),
    "leaves": ("dropout",),
    "chooses": ("seek",),
    "bid": ("bid",),
    "symptom": ("symptom",),
    "invest": ("invest",),
}
REVERSED = ("availability_reversed", "worth_reversed")
READ_AS = {  # role: what its columns measure, in words
    "availability": "availability",
    "availability_reversed": "the opposite of availability",
    "expected": "the expected outcome",
    "worth": "self-worth",
    "worth_reversed": "the opposite of self-worth",
    "perceived": "the perceived outcome",
}


def roles_of(name: str, response: Response) -> tuple[str, ...]:
    """Return the roles of columns that may hold the answers of a response."""
    kind = name.partition("_")[0]
    key = kind if kind in ROLES_OF_ACTION else response.effect
    return ROLES_OF_ACTION.get(key) or ROLES_OF_READOUT.get(response.about, ())


def turned(keys: Mapping[str, Any], role: str) -> dict[str, Any]:
    """Return the keys with the ends of the scale exchanged, where the role is the opposite of a belief."""
    return {
        key: value[::-1] if key in ("scale", "levels") and role in REVERSED else value for key, value in keys.items()
    }


def guess_response(column: Column, response: Response, role: str, figures: Sequence[str]) -> Answer | None:
    """Return how to read a column as the answers of a response; None if it cannot hold them."""
    family = response.family
    if response.effect == "chooses":
        words = [value for value in column.values if value not in figures]
        keys = {"nobody": words[0]} if len(words) == 1 else {}
        return Answer(column.name, "names of figures", keys, is_sure=len(words) <= 1)
    why, keys, others, is_sure = read_graded(column)
    if role in READ_AS:
        why = f"its name, read as {READ_AS[role]}; {why}"
    if family.discrete and family.levels == 2:
        if len(column.values) != 2 and not is_zero_one(column):
            return None
        keys = {} if is_zero_one(column) else keys
        return Answer(column.name, why, keys, others, is_sure)
    if family.discrete:
        return ordinal_answer(column, why, keys, others, family.levels, role)
    if column.numbers is None:
        if len(column.values) > MAX_LEVELS:
            return None
        why += "; a rating is a number: number the words in the table, or use an ordinal response"
        return Answer(column.name, why, {}, (), False)
    return Answer(column.name, why, turned(keys, role), tuple(turned(one, role) for one in others), is_sure)


def ordinal_answer(
    column: Column, why: str, keys: dict[str, Any], others: Sequence[Mapping[str, Any]], levels: int, role: str
) -> Answer | None:
    """Return how to read a column as answers on ordered levels; None if there are too many."""
    if column.numbers is None:
        is_sure = len(keys.get("levels", ())) == levels
        return (
            Answer(column.name, why, turned(keys, role), tuple(others), is_sure)
            if len(column.values) <= levels
            else None
        )
    numbers = known_numbers(column)
    fits = [low for low in (1, 0) if low <= numbers.min() and numbers.max() <= low + levels - 1]
    if not fits or (numbers % 1 != 0).any():
        return None
    scales = tuple(turned({"scale": (low, low + levels - 1)}, role) for low in fits)
    return Answer(column.name, why, scales[0], scales[1:])


def guess_responses(
    model: ModelSpec, columns: Sequence[Column], outcome: Column | None, figures: Sequence[str]
) -> dict[str, Answer]:
    """Return an answer for each response of the model for which a column is found, each column once."""
    found: dict[str, Answer] = {}
    used: set[str] = set()
    for name, response in model.responses.items():
        guesses = [
            *by_own_name(name, response, columns, figures),
            *by_role(name, response, columns, figures),
            *by_choice(response, columns, outcome),
            *by_question(name, response, columns),
        ]
        free = [guess for guess in guesses if guess.column not in used or "where" in guess.keys]
        best = max(free, key=lambda guess: guess.is_sure, default=None)  # the first of those that are sure
        if best is not None:
            rivals = [guess.column for guess in free if guess.column != best.column and guess.is_sure]
            found[name] = best._replace(others=(*best.others, *other_columns(best, rivals)))
            used.add(best.column)
    return found


def other_columns(best: Answer, rivals: Sequence[str]) -> list[dict[str, Any]]:
    """Return `items` where other columns have the same name but for a number, and `column` for others."""
    if "where" in best.keys:
        return []
    items = [name for name in dict.fromkeys(rivals) if name_words(name) == name_words(best.column)]
    others = [{"column": name} for name in dict.fromkeys(rivals) if name not in items]
    return [*([{"items": (best.column, *items)}] if items else []), *others[:MAX_OTHERS]]


def by_own_name(name: str, response: Response, columns: Iterable[Column], figures: Sequence[str]) -> list[Answer]:
    """Return the column that has the very name of a response."""
    same = [column for column in columns if column.name.casefold() == name.casefold()]
    guesses = [guess_response(column, response, "", figures) for column in same]
    return [guess._replace(why=f"the name of the response; {guess.why}") for guess in guesses if guess is not None]


def by_role(name: str, response: Response, columns: Sequence[Column], figures: Sequence[str]) -> list[Answer]:
    """Return columns whose names say what the response measures, the clearest names first."""
    guesses = []
    for role in roles_of(name, response):
        scores = [(answer_role(column.name), column) for column in columns]
        fitting = sorted(((score, one) for (found, score), one in scores if found == role), key=lambda pair: -pair[0])
        guesses += [guess_response(column, response, role, figures) for _, column in fitting]
    return [guess for guess in guesses if guess is not None]


def by_choice(response: Response, columns: Iterable[Column], outcome: Column | None) -> list[Answer]:
    """Return columns named "choice"; sure where one of two answers alone ever leaves the outcome blank: withdrawal."""
    if response.effect != "withdraws" or outcome is None:
        return []
    guesses = []
    for column in columns:
        if name_score(column.name, "choice", FILLERS["answers"]) < 1 or len(column.values) != 2:
            continue
        is_hidden = [(outcome.codes[column.codes == code] < 0).any() for code in (0, 1)]
        guess = guess_response(column, response, "approach", ())
        if guess is not None and sum(is_hidden) == 1:
            why = f'{guess.why}; only "{column.values[is_hidden.index(True)]}" ever leaves the outcome blank'
            guesses.append(guess._replace(why=why))
        elif guess is not None:
            why = f"{guess.why}; it is a choice, but outcomes do not show which answer is a withdrawal"
            guesses.append(guess._replace(why=why, is_sure=False))
    return guesses


def by_question(name: str, response: Response, columns: Sequence[Column]) -> list[Answer]:
    """Return ratings of several questions in one column, where another column says what was asked in each row."""
    if response.family.discrete:
        return []
    guesses = []
    questions = [one for one in columns if name_score(one.name, "question") > 0 and one.numbers is None]
    ratings = [one for one in columns if name_score(one.name, "rating") == 1 and one.numbers is not None]
    for question, rating in ((question, rating) for question in questions for rating in ratings):
        for role in roles_of(name, response):
            guess = guess_response(rating, response, role, ())
            if guess is None:
                continue
            for word in (word for word in question.values if answer_role(word)[0] == role):
                why = f'"{question.name}" says what was asked; "{word}" is read as {READ_AS.get(role, role)}'
                keys = {**guess.keys, "where": {question.name: word}}
                guesses.append(guess._replace(why=why, keys=keys))
    return guesses
