"""Evaluate the equations of a rule with numbers: a parser of the small part of LaTeX that `LATEX` is made of."""

import math
import re

import numpy as np

TOKEN = re.compile(r"\\[A-Za-z]+|\d+\.?\d*|[A-Za-z]|\S")
SUBSCRIPT = re.compile(r"_(\{[^{}]*\}|\\[A-Za-z]+|\w)")
FUNCTIONS = {
    r"\sigma": lambda x: 1 / (1 + math.exp(-x)),
    r"\tanh": math.tanh,
    r"\exp": math.exp,
    r"\min": min,
    r"\max": max,
    r"\mathcal{N}": lambda x, mean, variance: (
        math.exp(-((x - mean) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)
    ),
    r"\operatorname{logit}": lambda x: math.log(x / (1 - x)),
    r"\operatorname{sign}": lambda x: math.copysign(1.0, x) if x else 0.0,
}
TESTS = {r"\ge": lambda a, b: a >= b, "<": lambda a, b: a < b, "=": lambda a, b: a == b}


def times(one, other):
    """Multiply two numbers or matrices; a matrix of one number is this number."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        product = one @ other
        return product.item() if product.size == 1 else product
    return one * other


def tokens(latex: str) -> list[str]:
    """Split an expression; a variable with its subscript and primes is one token, and spaces are none."""
    latex = latex.replace(r"\\", r"\newline")
    latex = (
        re.sub(r"\\left(?!arrow)|\\right|\\,|\\ |\\quad", " ", latex)
        .replace(r"\tfrac", r"\frac")
        .replace(r"\Delta t", "D")
    )
    found, parts = [], TOKEN.finditer(latex)
    end = 0
    for part in parts:
        if part.start() < end:
            continue
        token, end = part[0], part.end()
        if token in (r"\operatorname", r"\mathcal"):
            name = re.match(r"\{\w+\}", latex[end:])[0]
            token, end = token + name, end + len(name)
        elif re.fullmatch(r"[A-Za-z]|\\[a-z]+", token):
            subscript = SUBSCRIPT.match(latex, end)
            if subscript:
                token, end = token + subscript[0], subscript.end()
            primes = re.match(r"'*", latex[end:])[0]
            token, end = token + primes, end + len(primes)
        found.append(token)
    return found


class Parser:
    """Evaluate an expression from left to right."""

    def __init__(self, latex: str, values: dict[str, float]) -> None:
        self.left, self.values, self.within_bars = tokens(latex), values, False

    def next(self) -> str:
        return self.left[0] if self.left else ""

    def take(self, expected: str | None = None) -> str:
        token = self.left.pop(0)
        assert expected in (None, token), (expected, token, self.left)
        return token

    def sum(self) -> float:
        sign = -1.0 if self.next() == "-" and self.take() else 1.0
        total = sign * self.product()
        while self.next() in ("+", "-"):
            total = total + (self.product() if self.take() == "+" else -self.product())
        return total

    def product(self) -> float:
        value = self.power()
        while self.next() in ("(", *("|" * (not self.within_bars))) or re.match(r"[A-Za-z\d]|\\[a-z]+", self.next()):
            if self.next() in (*TESTS, r"\end", r"\newline"):
                break
            value = times(value, self.power())
        return value

    def power(self) -> float:
        base = self.factor()
        if self.next() != "^":
            return base
        self.take()
        if self.left[:3] == ["{", r"\top", "}"]:
            self.left = self.left[3:]
            return base.T
        return base ** (self.group() if self.next() == "{" else self.factor())

    def group(self, opening: str = "{", closing: str = "}") -> float:
        self.take(opening)
        value = self.sum()
        self.take(closing)
        return value

    def factor(self) -> float:
        token = self.next()
        if token in ("(", "|"):
            self.within_bars = token == "|"
            value = self.group("(", ")") if token == "(" else abs(self.group("|", "|"))
            self.within_bars = False
            return value
        if token == r"\begin":
            return self.cases()
        self.take()
        if token == r"\frac":
            return self.fraction()
        if token == r"\sqrt":
            return math.sqrt(self.group())
        if token in FUNCTIONS:
            return FUNCTIONS[token](*self.arguments())
        if token == "e" and "e" not in self.values:
            return math.e
        return float(token) if token[0].isdigit() else self.values[token]

    def fraction(self) -> float:
        return self.group() / self.group()

    def arguments(self) -> list[float]:
        if self.next() != "(":
            return [self.factor()]
        self.take()
        found = [self.sum()]
        while self.next() in (",", ";"):
            self.take()
            found.append(self.sum())
        self.take(")")
        return found

    def cases(self) -> float:
        for token in (r"\begin", "{", "c", "a", "s", "e", "s", "}"):
            self.take(token)
        chosen = []
        while self.next() != r"\end":
            value = self.sum()
            self.take("&")
            if self.conditions():
                chosen.append(value)
            if self.next() == r"\newline":
                self.take()
        for token in (r"\end", "{", "c", "a", "s", "e", "s", "}"):
            self.take(token)
        (value,) = chosen
        return value

    def conditions(self) -> bool:
        held = [self.condition()]
        while self.next() == ",":
            self.take()
            held.append(self.condition())
        return all(held)

    def condition(self) -> bool:
        one = self.sum()
        return TESTS[self.take()](one, self.sum())


def assign(equations: tuple[str, ...], values: dict[str, float]) -> dict[str, float]:
    """Return the values after equations in order; the symbol left of an arrow or equals sign gets the right side."""
    values = dict(values)
    for equation in equations:
        for statement in re.split(r",\s*\\quad\s*", equation):
            name, _, expression = re.split(r"\s*(\\leftarrow|\\approx|=)\s*", statement, maxsplit=1)
            if name.startswith("("):
                names = [part.strip() for part in name.strip("()").split(",")]
                parts = [Parser(part, values).sum() for part in expression.strip("()").split(",")]
                values |= dict(zip(names, parts, strict=True))
            else:
                parser = Parser(expression, values)
                values[name] = parser.sum()
                assert not parser.left, (statement, parser.left)
    return values
