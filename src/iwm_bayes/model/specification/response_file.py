"""A response in a Python file of one's own: check what the file defines.

The check asks three people, at one event and at two at once, on arrays. Its declaration must name what exists, its
functions must return finite numbers of each person, and what it draws must have the density by which it scores.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import numpy as np

from iwm_bayes.filtering.readouts import READOUTS
from iwm_bayes.model.priors import prior_problems
from iwm_bayes.responses.families import response_log_density
from iwm_bayes.rules.own_file import N_PEOPLE, example_values, parameter_problems, run_guarded
from iwm_bayes.types import Family, InputError, Params, Response, named_leaves, unflatten

N_FIGURES = 2  # of the example
N_DRAWS, N_POINTS = 4000, 4001  # of answers that are drawn, and at which a density is summed
MOST_APART = 0.1  # of a share of answers by `draw` and by `log_density`: twelve standard errors of a share
CHOICES = {
    name: get_args(Response.__annotations__[name]) for name in ("timing", "effect", "figure_scope", "carry_scope")
}
BELIEF = np.array([0.2, 0.5, 0.8])  # of the three people
ELAPSED = np.array([0.5, 1.0, 2.0])
FUNCTIONS = {  # of a response and of its family: how each is called
    "arguments": "arguments(p, readout, *also_reads)",
    "log_density": "log_density(value, **arguments)",
    "log_tail": "log_tail(value, low, high, **arguments)",
    "draw": "draw(generator, **arguments)",
    "carry": "carry(p, elapsed)",
}


def response_of_module(path: Path, module: ModuleType, name: str) -> Response:
    """Return the response that a file defines by this name; InputError lists everything that is wrong with it."""
    response = getattr(module, name, None)
    if not isinstance(response, Response):
        raise InputError([f"{path} has no Response with the name {name!r}"])
    check_response(path, name, response)
    return response


def check_response(path: Path, name: str, response: Response) -> None:
    """Raise InputError with everything that is wrong with a response: first of its declaration, then of its values."""
    remedy = "Give it the fields of iwm_bayes.types.Response"
    found = run_guarded(path, f"`{name}`", remedy, lambda: list(declaration_problems(response)))
    if not found:
        with np.errstate(all="ignore"):
            found = run_guarded(path, f"`{name}`", remedy, lambda: value_problems(path, response))
    if found:
        raise InputError(f"{path}, `{name}`: {problem}" for problem in found)


def declaration_problems(response: Response) -> Iterator[str]:
    """Yield what is wrong with what a response declares."""
    found = parameter_problems("response", response.parameters)
    yield from found
    if not found:
        for name, declared in named_leaves(response.parameters):
            yield from (f"the parameter `{name}`: {problem}" for problem in prior_problems(declared))
        known = {name for name, _ in named_leaves(response.parameters)}
        yield from (f"`scale` names {name!r}, which is no parameter" for name in response.scale if name not in known)
    reads = (response.about, *response.also_reads)
    unknown = [about for about in reads if about not in READOUTS]
    yield from (f"there is no readout {about!r}; choose from {', '.join(READOUTS)}" for about in unknown)
    named = {"accumulates": response.accumulates, "lagged": {*response.lagged, *response.lagged.values()}}
    yield from (
        f"`{field}` names {about!r}, which the response does not read"
        for field, readouts in named.items()
        for about in readouts
        if about not in reads
    )
    for field, choices in CHOICES.items():
        if getattr(response, field) not in choices:
            yield f"`{field}` is {getattr(response, field)!r}; choose from {', '.join(map(repr, choices))}"
    if not isinstance(response.family, Family):
        yield "`family` must be a Family, such as those of iwm_bayes.responses.families"
        return
    yield from family_problems(response.family)
    if response.effect != "none" and not response.family.discrete:
        yield f"`effect` is {response.effect!r}, which needs a discrete family: 0 and 1, or a choice"
    if (response.effect == "chooses") != (response.figure_scope == "each"):
        yield 'a choice of a figure needs effect "chooses" and figure_scope "each", both or neither'


def family_problems(family: Family) -> Iterator[str]:
    """Yield what is wrong with what a family declares."""
    for field in ("bounds", "clip_range"):
        ends = getattr(family, field)
        if ends is not None and not (len(ends) == 2 and ends[0] < ends[1]):
            yield f"`{field}` of the family must be two rising numbers, and is {ends!r}"
    if (family.bounds is None) != (family.log_tail is None):
        yield "censoring needs both `bounds` and `log_tail` of the family"
    if family.discrete and (family.bounds is not None or family.clip_range is not None):
        yield "a discrete family has `levels`, and neither `bounds` nor `clip_range`"
    if family.discrete and family.levels < 2:
        yield f"a discrete family has two levels or more, not {family.levels}"


def example_readouts(response: Response, events: int) -> list[np.ndarray]:
    """Return the readouts of the three people: (person,) at one event, or (event, person) at several.

    At a second event, and about a second figure, those of the last person are those of the first.
    """
    rows = [BELIEF, BELIEF[::-1]]
    readout = np.stack(rows[:events]) if events > 1 else BELIEF
    of_each = np.stack([readout, readout[..., ::-1]], axis=-2)
    further = [readout for _ in response.also_reads]
    return [of_each if response.figure_scope == "each" else readout, *further]


def number_problems(what: str, values: Any, shape: tuple[int, ...]) -> Iterator[str]:
    """Yield why values are no finite numbers of this shape."""
    if not isinstance(values, np.ndarray) or values.shape != shape:
        of = f"an array {values.shape}" if isinstance(values, np.ndarray) else type(values).__name__
        yield f"{what} must be one number per person, an array {shape}, and is {of}. Write 0.1 + 0 * belief, not 0.1"
    elif not np.issubdtype(values.dtype, np.floating) or not np.isfinite(values).all():
        yield f"{what} must be finite decimal numbers for parameters in their prior range, and is {values}"


class Caller:
    """Calls of the functions of a response, which collect what goes wrong."""

    def __init__(self, path: Path) -> None:
        self.path, self.problems = path, list[str]()

    def call(self, name: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Return what a function returns; None where it fails."""
        remedy = f"It is called as {FUNCTIONS.get(name, f'{name}(p, elapsed)')}"
        try:
            return run_guarded(self.path, f"`{name}`", remedy, lambda: function(*arguments, **named))
        except InputError as error:
            self.problems += [problem.removeprefix(f"{self.path}").lstrip(":, ") for problem in error.problems]
            return None

    def numbers(
        self, name: str, shape: tuple[int, ...], function: Callable[..., Any], *given: Any, **named: Any
    ) -> Any:
        """Return finite numbers of this shape that a function returns; None where it does not."""
        before, values = len(self.problems), self.call(name, function, *given, **named)
        if len(self.problems) == before:
            self.problems += number_problems(f"what `{name}` returns", values, shape)
        return values if len(self.problems) == before else None


def value_problems(path: Path, response: Response) -> list[str]:
    """Return what is wrong with the numbers that a response's functions return."""
    caller = Caller(path)
    p = unflatten(response.parameters, map(example_values, [leaf for _, leaf in named_leaves(response.parameters)]))
    for about, retention in response.accumulates.items():
        caller.numbers(f"accumulates[{about!r}]", (N_PEOPLE,), retention, p, ELAPSED)
    if response.carry is not None:
        caller.numbers("carry", (N_PEOPLE,), response.carry, p, ELAPSED)
    arguments = example_arguments(caller, response, p)
    if arguments is not None:
        check_density(caller, response, arguments)
        check_draws(caller, response, arguments)
        check_two_events(caller, response, p, arguments)
    return caller.problems


def example_arguments(caller: Caller, response: Response, p: Params) -> Mapping[str, np.ndarray] | None:
    """Return the family's arguments at one event, (person,) or (person, choice) each; None where they are wrong."""
    arguments = caller.call("arguments", response.arguments, p, *example_readouts(response, 1))
    if arguments is None and caller.problems:
        return None
    if not isinstance(arguments, Mapping) or not arguments:
        caller.problems.append("`arguments` must return the arguments of the family by name, such as {'mu': ...}")
        return None
    before = len(caller.problems)
    for name, values in arguments.items():
        choices = values.shape[1:] if isinstance(values, np.ndarray) and values.ndim == 2 else ()
        caller.problems += number_problems(f"the argument `{name}`", values, (N_PEOPLE, *choices))
    if response.carry is not None and "mu" not in arguments:
        caller.problems.append("a response that carries its last residual needs a family with the mean `mu`")
    return arguments if len(caller.problems) == before else None


def possible_answers(response: Response) -> list[float]:
    """Return answers that can occur: all levels, or the ends of the scale and values between."""
    family = response.family
    if family.discrete:
        return list(map(float, range(N_FIGURES + 1 if response.effect == "chooses" else family.levels)))
    low, high = family.clip_range or (-0.5, 1.5)
    return [family.bounds[0] / 2 + family.bounds[1] / 2] if family.bounds else [low, low / 2 + high / 2, high]


def check_density(caller: Caller, response: Response, arguments: Mapping[str, np.ndarray]) -> None:
    """Check that every answer that can occur has a finite log density, and that probabilities of levels sum to 1."""
    family, before = response.family, len(caller.problems)
    densities = []
    for answer in possible_answers(response):
        value = np.full(N_PEOPLE, answer)
        densities.append(caller.numbers("log_density", (N_PEOPLE,), family.log_density, value, **arguments))
        if len(caller.problems) > before:
            return
    if family.discrete and not np.allclose(total := np.exp(densities).sum(axis=0), 1.0, atol=1e-6):
        caller.problems.append(f"the probabilities of all levels by `log_density` sum to {total}, not to 1")
    if family.bounds is not None and family.log_tail is not None:
        low, high = family.bounds
        for end in family.bounds:
            value = np.full(N_PEOPLE, end)
            tail = caller.numbers("log_tail", (N_PEOPLE,), family.log_tail, value, low, high, **arguments)
            if tail is not None and (tail > 1e-9).any():
                caller.problems.append(f"`log_tail` must return logs of probabilities, and returns {tail} at {end}")
            if len(caller.problems) > before:
                return


def repeated(arguments: Mapping[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    """Return arguments of many answers of each person, (count, person) or (count, person, choice)."""
    return {name: np.broadcast_to(values, (count, *values.shape)) for name, values in arguments.items()}


def check_draws(caller: Caller, response: Response, arguments: Mapping[str, np.ndarray]) -> None:
    """Check that draws are answers that can occur, as often as their density says."""
    family, shape = response.family, (N_DRAWS, N_PEOPLE)
    before = len(caller.problems)
    draws = caller.numbers("draw", shape, family.draw, np.random.default_rng(1), **repeated(arguments, N_DRAWS))
    if draws is None:
        return
    low, high = family.bounds or (-np.inf, np.inf)
    possible = np.isin(draws, possible_answers(response)) if family.discrete else (draws >= low) & (draws <= high)
    if not possible.all():
        caller.problems.append(f"`draw` returns {draws[~possible][0]:g}, which is no possible answer")
    if before or len(caller.problems) > before:
        return  # a density with faults of its own has been reported
    for text in disagreements(response, arguments, draws):
        caller.problems.append(f"`draw` and `log_density` disagree: {text}")
        return


def disagreements(response: Response, arguments: Mapping[str, np.ndarray], draws: np.ndarray) -> Iterator[str]:
    """Yield where the share of drawn answers is not what their density says."""
    family = response.family

    def density(points: np.ndarray) -> np.ndarray:
        given = repeated(arguments, len(points))
        return np.exp(response_log_density(family, given, points, np.ones_like(points)))

    def sentence(where: str, drawn: float, expected: float) -> str:
        return f"of answers {where}, {drawn:.2f} are drawn, and the density says {expected:.2f}"

    ends = possible_answers(response) if family.discrete else family.bounds or ()
    for answer in ends:
        shares = zip((draws == answer).mean(axis=0), density(np.full((1, N_PEOPLE), answer))[0], strict=True)
        drawn, expected = max(shares, key=lambda share: abs(share[0] - share[1]))  # of the person furthest apart
        if abs(drawn - expected) > MOST_APART:
            yield sentence(f"at {answer:g}", drawn, expected)
    if family.discrete:
        return
    reach = np.ptp(draws, axis=0)
    inner = family.bounds or family.clip_range
    low, high = inner if inner else (draws.min(axis=0) - reach, draws.max(axis=0) + reach)
    points = np.linspace(low + np.zeros(N_PEOPLE), high + np.zeros(N_PEOPLE), N_POINTS)
    heights = density(points[1:-1])
    for person in range(N_PEOPLE):
        inside = draws[(draws[:, person] > points[0, person]) & (draws[:, person] < points[-1, person]), person]
        mass = np.concatenate([[0.0], np.cumsum(heights[:, person]) * (points[1, person] - points[0, person])])
        for quantile in (0.25, 0.5, 1.0):
            end = np.quantile(inside, quantile) if len(inside) and quantile < 1.0 else points[-1, person]
            expected = float(np.interp(end, points[:-1, person], mass))
            drawn = float((inside <= end).sum() / N_DRAWS)
            if abs(drawn - expected) > MOST_APART:
                yield sentence(f"up to {end:.2g} within the scale", drawn, expected)


def check_two_events(caller: Caller, response: Response, p: Params, arguments: Mapping[str, np.ndarray]) -> None:
    """Check that two events at once, (event, person), are scored as one event is."""
    if caller.problems:
        return
    answer, one = possible_answers(response)[0], np.ones((1, N_PEOPLE))
    alone = response_log_density(response.family, repeated(arguments, 1), answer * one, one)[0]
    both = caller.call("arguments", response.arguments, p, *example_readouts(response, 2))
    if both is None:
        return
    value = np.full((2, N_PEOPLE), answer)
    together = caller.numbers("log_density", value.shape, response.family.log_density, value, **both)
    if together is not None and not np.allclose(together[0], alone, rtol=1e-9, atol=1e-9):
        caller.problems.append(
            "two events at once are scored in another way than one. Count axes from the right: (event, person)"
        )
