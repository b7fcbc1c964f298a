"""Equations of learning rules as MathML, which browsers draw without a script and without network."""

import re
from collections.abc import Iterable
from importlib import import_module

from latex2mathml.converter import convert

from iwm_bayes.rules.notation import Notation

PARTS = {  # of a notation, in the order of an event: its heading
    "start": "Before the first event",
    "time": "Time passes",
    "outcome": "An outcome is observed",
    "belief": "Beliefs (0–1)",
}
COMMON = {
    "o": "outcome, 0–1",
    r"\delta": "prediction error",
    r"\Delta t": "elapsed time",
    r"\sigma": "logistic function",
    r"\mathcal{N}": "normal density",
}


def notation(rule: str) -> Notation:
    """Return the equations of a built-in rule."""
    return import_module(f"iwm_bayes.rules.{rule}").LATEX


def mathml(latex: str, display: str = "inline") -> str:
    """Convert LaTeX to MathML.

    Raises
    ------
    ValueError
        If a command is unknown, and would be on the page as it is.
    """
    converted = convert(latex, display=display)
    if "\\" in converted:
        raise ValueError(f"cannot convert {latex}")
    return converted


def block(equations: Iterable[str]) -> str:
    """Return equations below each other; they scroll where the page is too narrow, and are not searched."""
    lines = "".join(f"<p>{mathml(equation, 'block')}</p>" for equation in equations)
    return f'<div class="equations" tabindex="0" data-search-exclude>{lines}</div>'


def used(symbol: str, equations: Iterable[str]) -> bool:
    """Return whether an equation has a symbol: not as a part of a longer name."""
    return any(re.search(rf"(?<![A-Za-z\\]){re.escape(symbol)}(?![A-Za-z])", equation) for equation in equations)


def all_equations(rule: Notation) -> list[str]:
    """Return the equations of all parts."""
    return [equation for part in PARTS for equation in getattr(rule, part)]


def quantities(rule: Notation) -> str:
    """Return the list of symbols that are no parameters."""
    common = {symbol: meaning for symbol, meaning in COMMON.items() if used(symbol, all_equations(rule))}
    return "; ".join(f"{mathml(symbol)} {meaning}" for symbol, meaning in {**rule.quantities, **common}.items())


def equations_section(rule: Notation) -> str:
    """Return the equations of a rule under the heading of each part, and what their symbols mean."""
    parts = [f"{heading}:\n\n{block(getattr(rule, part))}" for part, heading in PARTS.items() if getattr(rule, part)]
    return "\n\n".join([*parts, f"Symbols: {quantities(rule)}. The parameters have symbols in the table below."])
