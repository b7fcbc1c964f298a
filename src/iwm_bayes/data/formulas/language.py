"""The language of formulas: names of columns, operators, numbers, and a closed list of functions.

A formula is text from a study file, and such text must not run code. `read_formula` therefore reads it with the scanner
and the parser of formulae, which evaluate nothing, and compares every part with the tables below. Only what passed is
ever evaluated (see `formula_evaluation`). Limits of length and depth keep a formula readable, and keep
its evaluation from filling the memory.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from iwm_bayes.data.formulas.splits import SPLITS, with_split_names
from iwm_bayes.lazy import lazy_module
from iwm_bayes.types import InputError

expr, parser, scanner = lazy_module("formulae.expr"), lazy_module("formulae.parser"), lazy_module("formulae.scanner")

MAX_CHARACTERS, MAX_PARTS, MAX_DEPTH, MAX_TERMS = 500, 120, 8, 64  # more than any formula that a reader can follow
MAX_POWER, MAX_CONSTANT, MAX_NUMBER = 4, 20, 1e6  # of interactions, in options such as df, in arithmetic
OWN_UNITS: Mapping[str, Callable[[Any], Any]] = {  # they take a column in its own units, before it is standardised
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "log2": np.log2,
    "sqrt": np.sqrt,
}
CATEGORIES = {"C": 0, "S": 0, "T": 1}  # functions that take a column as words, and the options that each may have
OPTIONS: Mapping[str, tuple[str, ...]] = {  # functions of standardised numbers, with the options of each
    "I": (),
    "abs": (),
    "bs": ("df", "degree", "center"),
    "center": (),
    "poly": ("degree", "raw"),
    "scale": (),
    "standardize": (),
}
FUNCTIONS = tuple(sorted({*OWN_UNITS, *CATEGORIES, *OPTIONS, *SPLITS}, key=str.lower))
LANGUAGE = (
    "A formula has names of columns (names with spaces or signs in `backquotes`), 0, 1, the operators + - * : / ** "
    f"( ) |, and the functions {', '.join(FUNCTIONS)}"
)
RIGHT_SIDE_ONLY = "write the right side only, with its intercept, which is the group mean"
TERM_OPERATORS = {"PLUS": "+", "MINUS": "-", "STAR": "*", "SLASH": "/", "COLON": ":"}
ARITHMETIC = {"PLUS", "MINUS", "STAR", "SLASH"}


class Formula(NamedTuple):
    """A formula that has been checked."""

    text: str
    tree: Any  # of `formulae.expr`; within(mood) and between(mood) are names of columns
    words: frozenset[str]  # columns that are read as words, even if they look numeric
    numbers: frozenset[str]  # columns that must be numbers, because arithmetic or a function takes them
    own_units: frozenset[tuple[str, str]]  # functions of `OWN_UNITS`, each with its column
    names: frozenset[str]  # of all columns


def column_name(node: Any) -> str | None:
    """Return the column that a node names; None if it is something else."""
    if isinstance(node, expr.QuotedName):
        return str(node.expression.lexeme[1:-1])
    return str(node.name.lexeme) if isinstance(node, expr.Variable) and node.level is None else None


def is_number(node: Any, low: float, high: float) -> bool:
    """Return whether a node is a number of this range, with or without a sign."""
    if isinstance(node, expr.Unary):
        return is_number(node.right, low, high)
    is_numeric = (
        isinstance(node, expr.Literal) and isinstance(node.value, int | float) and not isinstance(node.value, bool)
    )
    return is_numeric and low <= node.value <= high


def column_names(node: Any) -> Iterator[str]:
    """Yield every column that a part of a formula names."""
    name = column_name(node)
    if name is not None:
        yield name
    for child in children(node):
        yield from column_names(child)


def children(node: Any) -> list[Any]:
    """Return the parts of a node; of a call its arguments, without the function's name."""
    match node:
        case expr.Grouping():
            return [node.expression]
        case expr.Binary():
            return [node.left, node.right]
        case expr.Unary():
            return [node.right]
        case expr.Call():
            return [argument.value if isinstance(argument, expr.Assign) else argument for argument in node.args]
    return []


def calls(node: Any) -> Iterator[Any]:
    """Yield every call in a formula."""
    if isinstance(node, expr.Call):
        yield node
    for child in children(node):
        yield from calls(child)


def groups(node: Any) -> Iterator[str]:
    """Yield the columns of groups, to the right of a |."""
    if isinstance(node, expr.Binary) and node.operator.kind == "PIPE":
        yield from column_names(node.right)
    for child in children(node):
        yield from groups(child)


def common_names(node: Any) -> Iterator[str]:
    """Yield the columns of effects that all people have in common: those that are in no group's term."""
    if isinstance(node, expr.Binary) and node.operator.kind == "PIPE":
        return
    parts = children(node)
    yield from (common for part in parts for common in common_names(part)) if parts else column_names(node)


def term_problems(node: Any, adds: bool = True) -> Iterator[str]:
    """Yield what the language does not have, outside functions; `adds` is whether a 0 or 1 may be here."""
    match node:
        case expr.Grouping():
            yield from term_problems(node.expression, adds)
        case expr.Binary() if node.operator.kind == "TILDE":
            yield RIGHT_SIDE_ONLY
        case expr.Binary() if node.operator.kind == "PIPE":
            yield from term_problems(node.left)
            yield from group_problems(node.right)
        case expr.Binary() if node.operator.kind == "STAR_STAR":
            yield from term_problems(node.left, adds=False)
            if not is_number(node.right, 2, MAX_POWER) or isinstance(node.right.value, float):
                yield f"the power of interactions is a number from 2 to {MAX_POWER}"
        case expr.Binary() if node.operator.kind in TERM_OPERATORS:
            adds = adds and node.operator.kind in ("PLUS", "MINUS")
            yield from term_problems(node.left, adds)
            yield from term_problems(node.right, adds)
        case expr.Binary():
            yield f"{node.operator.lexeme} has no meaning in a formula"
        case expr.Unary() | expr.Literal():
            if not (adds and is_number(node, 0, 1)):
                yield "outside functions, a number is 0 or 1 and is added or taken away. Write arithmetic as I(...)"
        case expr.Call():
            yield from call_problems(node)
        case _:
            yield from name_problems(node)


def group_problems(node: Any) -> Iterator[str]:
    """Yield what is wrong to the right of a |, where a column names groups, or several columns do."""
    match node:
        case expr.Grouping():
            yield from group_problems(node.expression)
        case expr.Binary() if node.operator.kind in ("COLON", "SLASH"):
            yield from group_problems(node.left)
            yield from group_problems(node.right)
        case _ if column_name(node) is None:
            yield "to the right of a | is the column of a group, as in (1|therapist)"
        case _:
            yield from name_problems(node)


def name_problems(node: Any) -> Iterator[str]:
    """Yield a problem if a node is no name of a column."""
    if not (column_name(node) or "").strip():
        yield "this is no name of a column"


def call_problems(node: Any) -> Iterator[str]:
    """Yield what is wrong with a function and its arguments."""
    name = column_name(node.callee) if isinstance(node.callee, expr.Variable) else None
    if name not in FUNCTIONS:
        near = difflib.get_close_matches(str(name).rpartition(".")[2], FUNCTIONS, n=1)
        hint = f'. Did you mean "{near[0]}"?' if near else ""
        yield f'there is no function "{name}" in formulas{hint}' if name else "only a function can have arguments"
        return
    first, *others = node.args or [None]
    if first is None or isinstance(first, expr.Assign) or not any(column_names(first)):
        yield f"{name}() needs the name of a column first"
        return
    if name in OWN_UNITS or name in CATEGORIES or name in SPLITS:
        if column_name(first) is None:
            yield f"{name}() takes one column and no arithmetic"
        yield from name_problems(first) if column_name(first) is not None else ()
    else:
        yield from arithmetic_problems(first)
    known = OPTIONS.get(name, ())
    if len(others) > (CATEGORIES[name] if name in CATEGORIES else len(known)):
        yield f"{name}() has too many arguments"
    for option in others:
        named = column_name(option.name) if isinstance(option, expr.Assign) else None
        value = option.value if isinstance(option, expr.Assign) else option
        if isinstance(option, expr.Assign) and named not in known:
            yield f"{name}() has no option {named}. It has: {', '.join(known) or 'none'}"
        is_word = isinstance(value, expr.Literal) and isinstance(value.value, bool | str)
        if not (is_word or is_number(value, 0, MAX_CONSTANT)):
            yield f"an option of {name}() is a number up to {MAX_CONSTANT}, True, False or a text"


def arithmetic_problems(node: Any) -> Iterator[str]:
    """Yield what the language does not have inside a function that takes numbers."""
    match node:
        case expr.Grouping() | expr.Unary():
            yield from arithmetic_problems(children(node)[0])
        case expr.Binary() if node.operator.kind == "STAR_STAR":
            yield from arithmetic_problems(node.left)
            if not is_number(node.right, -MAX_POWER, MAX_POWER) or not any(column_names(node.left)):
                yield f"a power is of a column, and a number up to {MAX_POWER}"
        case expr.Binary() if node.operator.kind in ARITHMETIC:
            yield from arithmetic_problems(node.left)
            yield from arithmetic_problems(node.right)
        case expr.Binary():
            yield f"inside a function, {node.operator.lexeme} has no meaning"
        case expr.Call() if isinstance(node.callee, expr.Variable) and node.callee.name.lexeme in CATEGORIES:
            yield "a function of numbers cannot take categories"
        case expr.Call():
            yield from call_problems(node)
        case expr.Literal():
            if not is_number(node, 0, MAX_NUMBER):
                yield f"arithmetic has numbers up to {MAX_NUMBER:g}, and no texts"
        case _:
            yield from name_problems(node)


def count_columns(node: Any, width: Callable[[Any], int]) -> int:
    """Return an upper bound of the terms or design columns of a formula; `width` counts those of a name or call."""
    match node:
        case expr.Grouping():
            return count_columns(node.expression, width)
        case expr.Binary():
            left, right = (
                count_columns(part, width) if not isinstance(part, expr.Literal) else 1
                for part in (node.left, node.right)
            )
            match node.operator.kind:
                case "STAR_STAR":
                    return int((1 + left) ** int(node.right.value) - 1)
                case "COLON" | "PIPE":
                    return left * right
                case "STAR" | "SLASH":
                    return left + right + left * right
            return left + right
        case expr.Variable() | expr.QuotedName() | expr.Call():
            return width(node)
    return 1


def parse(text: str) -> Any:
    """Return the tree of a formula; InputError if it has too many parts, or is no formula."""
    try:
        reader = parser.Parser(scanner.Scanner(text).scan())
        if len(reader.tokens) > MAX_PARTS:
            raise parser.ParseError(f"it has more than {MAX_PARTS} names, numbers and signs")
        tree = reader.parse()
    except (parser.ParseError, scanner.ScanError, ValueError, IndexError) as error:
        fault = "a backquote or bracket is not closed" if isinstance(error, IndexError) else error
        raise InputError([f"{text!r} is no formula ({fault}). {LANGUAGE}"]) from error
    if not reader.at_end():  # the parser stops without a word at what it does not understand
        missing = f"an operator is missing before {reader.peek().lexeme!r}"
        raise InputError([f"{text!r} is no formula ({missing}). {LANGUAGE}"])
    return tree


def read_formula(text: str) -> Formula:
    """Read a formula without evaluating it; InputError for everything that the language does not have."""
    depths = np.cumsum([(sign in "({[") - (sign in ")}]") for sign in text] or [0])
    if len(text) > MAX_CHARACTERS or depths.max() > MAX_DEPTH:
        raise InputError([f"a formula has at most {MAX_CHARACTERS} signs, and {MAX_DEPTH} brackets in each other"])
    tree = parse(text)
    problems = list(dict.fromkeys(term_problems(tree)))
    if problems == [RIGHT_SIDE_ONLY]:
        raise InputError(problems)
    if problems:
        raise InputError([f"{text!r}: {'; '.join(problems)}. {LANGUAGE}".replace("?. ", "? ")])
    if count_columns(tree, lambda _: 1) > MAX_TERMS:
        raise InputError([f"{text!r} has more than {MAX_TERMS} terms, with all interactions. Take some out"])
    tree = parse(with_split_names(text))
    words, numbers, own_units = {*groups(tree)}, set[str](), set[tuple[str, str]]()
    for call in calls(tree):
        function, column = call.callee.name.lexeme, column_name(call.args[0])
        (words if function in CATEGORIES else numbers).update(column_names(call.args[0]))
        if function in OWN_UNITS and column is not None:
            own_units.add((function, column))
    names = frozenset(column_names(tree))
    return Formula(text, tree, frozenset(words), frozenset(numbers), frozenset(own_units), names)
