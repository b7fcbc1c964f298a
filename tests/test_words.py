"""Pages, help texts, docstrings and messages use the words of the field; retired words do not come back.

RETIRED has every retired word with the word to use, ALLOWED the phrases in which a retired word is right.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from iwm_bayes.cli.main import app

REPOSITORY = Path(__file__).parents[1]
RETIRED = {  # regular expression of whole words, case ignored: the word to use
    r"theory|theories": "model",
    r"shelf|shelves": "built-in models",
    r"gates?": "convergence checks",
    r"foretells?|foretold|foretelling": "predict",
    r"(?:tells?|told|telling) (?:\S+ ){0,3}apart": "distinguish, distinguishable",
    r"cannot make|cannot be made": "outside the 99% predictive interval",
    r"(?:say|says|said) nothing": "uninformative; or name what the data do not determine",
    r"whom": "who, or another sentence",
    r"besides?": "next to, apart from, also",
    r"by chance": "chance level",
    r"believed people": "person-level posterior",
    r"found again": "recovered",
    r"someone new": "generalised expectation",
    r"worth alone|availability (?:and|or) worth|worth (?:and|or) availability|ratings? of worth": "self-worth",
    r"average (?:person|people)": "median person, group mean",
    r"belief plane": "attachment space",
    r"nats": "ELPD (without a unit)",
    r"careful(?=:)": "Warning",
    r"try(?=:)": "Suggestion",
    r"everything is in": "Results saved to",
    r"cohorts?": "large-scale fit",
    r"at hand": "available, or name the thing",
    r"so much": "another sentence",
    r"for good": "permanently",
    r"stands(?! for)|goes on|go on": "is, continues",
    r"(?:is|are|was|were) to be used": "may be used",
    r"before any data": "prior",
    r"(?:good|bad|responsive|unresponsive) acts?": "responsive session, unresponsive session",
    r"(?:lives?|lived|living) through": "experience, observed outcomes",
    r"starts? insecure": "insecure at baseline",
    r"typical": "median; prior 90% range",
    r"moment": "timing",
    r"assimilations?": "expectancy bias",
    r"all as frequent": "Bayesian omnibus risk (BOR)",
    r"iwm (?:calibrate|recover|confuse)": "iwm validate sbc, recovery, confusion",
    r"iwm (?:theories|design|cohort|predict)": "iwm models, plan, fit-large, predictions",
    r"(?<!\S)`?--(?:theory|anyway|accept|control|ahead|further|unit)(?![\w-])": "see `iwm --help`",
    r"(?:answers|between|likeness|checks)\.csv": "time_to_security.csv, group_sd.csv, group_clustering.csv, ppc.csv",
}
ALLOWED = {  # phrases, with the reason
    r"rival theories|formalises? (?:a|one of|the) theor(?:y|ies)": "the scientific theory, which a model formalises",
    r"(?:attachment|learning|social|decision|game|balance|probability) theory": "a field of research",
    r"theory of mind": "a term of psychology",
    r"Statistical Theories of Mental Test Scores": "the title of a book",
    r"(?:is|are|be) met by chance": "the verb; the label is chance level",
}


class Passage(NamedTuple):
    """A text that people read, and where it is."""

    place: str
    line: int  # of its first line
    text: str


def whole_words(pattern: str) -> re.Pattern[str]:
    """Compile a pattern that matches whole words in any case, also where a line ends between two of them."""
    return re.compile(rf"(?<!\w)(?:{pattern.replace(' ', r'\s+')})(?!\w)", re.IGNORECASE)


RETIRED_WORDS = [(whole_words(pattern), use) for pattern, use in RETIRED.items()]
ALLOWED_PHRASES = [whole_words(pattern) for pattern in ALLOWED]


def retired_words(passages: Iterable[Passage]) -> list[str]:
    """Return a line for every retired word: file, line, word, and the word to use."""
    findings = []
    for place, first, text in passages:
        allowed = [match.span() for phrase in ALLOWED_PHRASES for match in phrase.finditer(text)]
        for word, use in RETIRED_WORDS:
            for match in word.finditer(text):
                if not any(start <= match.start() and match.end() <= end for start, end in allowed):
                    line = first + text.count("\n", 0, match.start())
                    findings.append(f"{place}:{line}: {' '.join(match[0].split())!r} -> {use}")
    return findings


def files(*patterns: str) -> Iterator[Passage]:
    """Iterate over the texts of files."""
    for pattern in patterns:
        paths = sorted(REPOSITORY.glob(pattern))
        assert paths, f"there is no {pattern}"
        for path in paths:
            yield Passage(str(path.relative_to(REPOSITORY)), 1, path.read_text(encoding="utf-8"))


def help_texts(command: Any, name: str) -> Iterator[Passage]:
    """Iterate over the help of a command, of its options, and of its subcommands."""
    yield Passage(name, 1, command.help or "")
    for parameter in command.params:
        yield Passage(
            f"{name}, {parameter.opts[0]}", 1, f"{parameter.opts[0]}: {getattr(parameter, 'help', None) or ''}"
        )
    for short_name, subcommand in getattr(command, "commands", {}).items():
        yield from help_texts(subcommand, f"{name} {short_name}")


def docstring_node(node: ast.AST) -> ast.Constant | None:
    """Return the docstring of a module, class or function as a node; None where there is none."""
    body = getattr(node, "body", None)
    if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        return body[0].value if isinstance(body[0].value.value, str) else None
    return None


def source_texts(pattern: str, docstrings: bool) -> Iterator[Passage]:
    """Iterate over the docstrings of Python files, or over all their other strings."""
    for path in sorted((REPOSITORY / "src" / "iwm_bayes").glob(pattern)):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        documented = {id(node): node for node in map(docstring_node, nodes) if node is not None}
        strings = [node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        for node in strings:
            if (id(node) in documented) == docstrings:
                yield Passage(str(path.relative_to(REPOSITORY)), node.lineno, str(node.value))


TEXTS = {
    "pages": lambda: files("README.md", "docs/**/*.md"),
    "notebooks": lambda: files("docs/notebooks/*.ipynb"),
    "model files": lambda: files("models/*.toml"),
    "experiments": lambda: files("experiments/**/*.md", "experiments/**/*.toml"),
    "help": lambda: help_texts(typer.main.get_command(app), "iwm"),
    "docstrings": lambda: source_texts("**/*.py", docstrings=True),
    "messages of the command line": lambda: source_texts("cli/**/*.py", docstrings=False),
    "texts of the report": lambda: source_texts("report/**/*.py", docstrings=False),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_no_retired_word_is_used(kind):
    """Each kind of text has some passages, and none of them has a retired word outside the allowed phrases."""
    passages = list(TEXTS[kind]())
    assert passages
    findings = retired_words(passages)
    assert not findings, "\n".join(["retired words:", *findings])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Two lines.\nThe THEORY of this file", ["page:2: 'THEORY' -> model"]),
        ("models that are told\napart", ["page:1: 'told apart' -> distinguish, distinguishable"]),
        ("Careful: one figure", ["page:1: 'Careful' -> Warning"]),
        ("Rival theories disagree; each model formalises one of the theories", ["page:1: 'theories' -> model"]),
        ("trust_gate, compare_theories, a careful reader, by chances", []),
    ],
)
def test_retired_words_are_found(text, expected):
    """They are whole words in any case, also across two lines; an allowed phrase allows its own words only."""
    assert retired_words([Passage("page", 1, text)]) == expected
