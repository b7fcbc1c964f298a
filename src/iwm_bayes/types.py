"""The types that everything is built on, and how to walk them.

A theory is two kinds of parts: a *rule* says how beliefs move, *responses* say how beliefs show.
Each is a NamedTuple of pure functions that take parameters `p` and a state `s`. The same NamedTuple
holds declarations (`Parameter`) in a theory and values (arrays) in a simulation or a graph.

Axes: own axes, then figure, then person, counted from the right. A value is float64 `(person,)`,
or `(figure, person)` where the parameter differs by figure.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from iwm_bayes.ops import Array

type Params = Any  # a NamedTuple, possibly nested, whose leaves are Parameter or arrays
type State = Any  # a NamedTuple, possibly nested, whose leaves are arrays


class InputError(ValueError):
    """Something a user gave cannot be used; `problems` names each fault and its remedy."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Parameter(NamedTuple):
    """A quantity that differs between people, and what is assumed of it before any data."""

    support: Literal["unit", "positive", "real"]  # sets the link: logit, log, identity
    prior_90: tuple[float, float]  # 90 % prior interval of the average person, natural scale
    prior_between_sd: float = 0.5  # half-normal scale of the between-person sd, link scale
    pooling: Literal["partial", "complete", "none"] = "partial"
    by: Literal["person", "figure"] = "person"  # one group centre, or one per figure
    fixed: float | None = None  # a constant: this is how theories nest
    meaning: str = ""
    source: str = ""


class Event(NamedTuple):
    """What happens to each person at one event. Leaves are (person,) unless said otherwise."""

    outcome: Array  # observed responsiveness 0..1; 0 where unseen
    figure: Array  # (figure, person), one-hot: who was met
    met: Array  # (figure, person), 1 where that figure was met before this event
    since_figure: Array  # time since this person's last event with this figure
    since_any: Array  # time since this person's last event
    distress: Array  # need at this event, 0..1; 0 where not recorded
    threat: Array  # frightening or intrusive care, 0..1; 0 where not recorded
    reported: Array  # 1 where the outcome is the person's own report, else 0


class Belief(NamedTuple):
    """One belief on the 0..1 scale; `variance` is None for rules that carry none."""

    mean: Array
    variance: Array | None = None


class Beliefs(NamedTuple):
    """What a person holds about the figure of an event, and of themselves."""

    expected: Array  # P(this figure responds)
    availability: Belief
    worth: Belief | None  # None: the theory has no belief about the self
    perceived: Array | None = None  # the outcome as the person would report it; None: the theory does not say


class Learner(NamedTuple):
    """One belief, as in the textbook; it knows nothing of figures."""

    parameters: Params
    start: Callable[[Params], State]
    drift: Callable[[Params, State, Array], State]  # time passes: always runs
    learn: Callable[[Params, State, Array], State]  # runs only where the outcome was seen
    belief: Callable[[Params, State], Belief]
    outcomes: Literal["binary", "unit"] = "unit"


class Rule(NamedTuple):
    """Both beliefs about all figures."""

    parameters: Params
    start: Callable[[Params, int], State]
    drift: Callable[[Params, State, Event], State]
    learn: Callable[[Params, State, Event], State]
    beliefs: Callable[[Params, State, Event], Beliefs]
    by_figure: frozenset[str] = frozenset()  # names of parameters that may differ by figure
    outcomes: Literal["binary", "unit"] = "unit"


class Family(NamedTuple):
    """The distribution of a response: a PyMC distribution by name, and the same as a NumPy draw."""

    distribution: str
    draw: Callable[..., Array]  # (generator, **given) -> array; censoring included
    bounds: tuple[float, float] | None = None  # of a Normal: values outside are recorded as the bound
    inside: tuple[float, float] | None = None  # values recorded outside are taken to lie at its nearer end
    whole: bool = False  # values are 0, 1, ... levels - 1
    levels: int = 2

    @property
    def endless(self) -> bool:
        """Whether any number may be an answer."""
        return not self.whole and self.bounds is None and self.inside is None


class Response(NamedTuple):
    """How a belief shows in what a person does or says.

    What it does to events (`effect`): a 0 hides the outcome (`withdraws`), a 1 ends the sequence (`named_leaves`), a k
    makes the event one with the k-th figure and 0 one with nobody (`chooses`).
    """

    parameters: Params
    about: str  # a key of READS: the reading that is held
    timing: Literal["before", "after"]  # relative to the event's outcome
    family: Family
    arguments: Callable[..., Mapping[str, Array]]  # (p, held, *also) -> the family's arguments
    effect: Literal["none", "withdraws", "leaves", "chooses"] = "none"
    carry: Callable[[Params, Array], Array] | None = None  # share of the last answer's surprise left after a time
    also_reads: tuple[str, ...] = ()  # further keys of READS
    accumulates: Mapping[str, Callable[[Params, Array], Array]] = MappingProxyType({})  # by reading, see `remembered`
    scale: Mapping[str, float] = MappingProxyType({})  # parameters that, fixed so, fix the scale of the belief
    figure_scope: Literal["met", "each"] = "met"  # held about the figure of the event, or about every figure


class ModelSpec(NamedTuple):
    """A theory, ready to simulate or to fit."""

    name: str
    rule: Rule
    responses: Mapping[str, Response]
    correlated: bool = False  # whether people's parameters are correlated, or each varies by itself
    claim: str = ""
    reference: str = ""
    predicts: str = ""
    needs: str = ""
    equation: str = ""
    without: tuple[str, ...] = ()  # responses of its file that were left out


def with_carryover(
    response: Response, p: Params, given: Mapping[str, Array], last: Array, since: Array
) -> dict[str, Array]:
    """The family's arguments after a last answer that was `last` away from what was expected of it, `since` ago."""
    if response.carry is None:
        return dict(given)
    return {**given, "mu": given["mu"] + response.carry(p, since) * last}


def is_branch(tree: Any) -> bool:
    """Whether `tree` is a NamedTuple to walk into; a Parameter is a leaf."""
    return isinstance(tree, tuple) and hasattr(tree, "_fields") and not isinstance(tree, Parameter)


def map_tree(function: Callable[..., Any], *trees: Any) -> Any:
    """Apply `function` to the leaves that stand at the same place of every tree."""
    first = trees[0]
    if not is_branch(first):
        return function(*trees)
    return type(first)(*(map_tree(function, *children) for children in zip(*trees, strict=True)))


def named_leaves(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its name: field names joined by underscores, in order."""
    if not is_branch(tree):
        yield name, tree
        return
    for field, child in zip(tree._fields, tree, strict=True):
        yield from named_leaves(child, f"{name}_{field}" if name else field)


def unflatten(tree: Any, values: Iterator[Any]) -> Any:
    """A tree of the same shape whose leaves are taken from `values` in order."""
    return map_tree(lambda _: next(values), tree)


def parameters(model: ModelSpec) -> dict[str, Parameter]:
    """Every parameter of a theory by its full name, the rule's first."""
    found = dict(named_leaves(model.rule.parameters))
    for name, response in model.responses.items():
        found.update(named_leaves(response.parameters, name))
    return found


def rule_values(model: ModelSpec, values: Mapping[str, Array]) -> Params:
    """The rule's parameters, filled with `values` by full name."""
    return unflatten(model.rule.parameters, (values[name] for name, _ in named_leaves(model.rule.parameters)))


def response_values(model: ModelSpec, name: str, values: Mapping[str, Array]) -> Params:
    """One response's parameters, filled with `values` by full name."""
    declared = model.responses[name].parameters
    return unflatten(declared, (values[leaf] for leaf, _ in named_leaves(declared, name)))


def with_parameters(model: ModelSpec, declared: Mapping[str, Parameter]) -> ModelSpec:
    """The same theory with every parameter declared so, by full name."""
    responses = {
        name: response._replace(parameters=response_values(model, name, declared))
        for name, response in model.responses.items()
    }
    return model._replace(rule=model.rule._replace(parameters=rule_values(model, declared)), responses=responses)


DEFAULT_FIGURE = "figure"  # the one figure of a study that names none


GENERALISED = "someone new"  # whom a row without a figure is about: people in general, none of whom has been met


def figure_label(figure: str) -> str:
    """How people read of a figure: the one of a study that names none is the other person."""
    return "the other person" if figure == DEFAULT_FIGURE else figure
