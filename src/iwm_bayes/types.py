"""The types that all packages share, and functions that walk nested NamedTuples.

A model has two kinds of parts. A *learning rule* defines how beliefs change. *Responses* define what a person with
these beliefs does or says. Both are NamedTuples of pure functions of parameters `p` and a state `s`. The same
NamedTuple holds declarations (`Parameter`) in a model, and values (arrays) in a simulation or a graph.

Axes are counted from the right: an array's own axes, then figure, then person. A parameter's value is float64
`(person,)`, or `(figure, person)` where the parameter differs by figure.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from iwm_bayes.ops import Array, where

type Params = Any  # a NamedTuple, possibly nested, whose leaves are Parameter or arrays
type State = Any  # a NamedTuple, possibly nested, whose leaves are arrays

DEFAULT_FIGURE = "the other person"  # the figure of a study that has no figure column
EFFECT_WIDTH = 2.0  # prior SD of an effect, in units of the scale of the between-person SD: a choice and not a finding
Z_CI90 = 1.6448536269514722  # half-width of a 90% interval of a normal distribution, in standard deviations
GENERALISED = "generalised expectation"  # the figure of a row that names none: a figure that nobody has met


class InputError(ValueError):
    """An input that cannot be used; `problems` states each fault and its remedy."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Parameter(NamedTuple):
    """The declaration of a parameter: its support, its prior, and how people share it."""

    support: Literal["unit", "positive", "real"]  # determines the link: logit, log, identity
    prior_90: tuple[float, float]  # 90% prior interval of the median person, natural scale
    prior_between_sd: float = 0.5  # scale of the half-normal prior of the between-person SD, link scale
    pooling: Literal["partial", "complete", "none"] = "partial"
    by: Literal["person", "figure"] = "person"  # one group mean, or one per figure
    fixed: float | None = None  # a constant in place of a prior: one model then nests in another
    meaning: str = ""  # for users: what the parameter is, and its unit
    source: str = ""


class Event(NamedTuple):
    """What happens to each person at one event; (person,) unless stated otherwise."""

    outcome: Array  # responsiveness of the figure, 0..1; 0 where not observed; see `Rule.outcome`
    figure: Array  # (figure, person), one-hot: the figure of this event
    met: Array  # (figure, person), 1 where there was an earlier event with that figure
    since_figure: Array  # time since this person's last event with this figure
    since_any: Array  # time since this person's last event
    distress: Array  # need at this event, 0..1; 0 where not recorded
    threat: Array  # frightening or intrusive care, 0..1; 0 where not recorded
    rated: Array  # 1 where the outcome is latent, and raters say what they think of it, else 0
    terms: Mapping[str, Array] = MappingProxyType({})  # see `Rule.terms`
    innovations: Mapping[str, Array] = MappingProxyType({})  # see `Rule.innovations`; none at an event that is supposed


class Belief(NamedTuple):
    """One belief on the scale 0..1; `variance` is None for rules without uncertainty."""

    mean: Array
    variance: Array | None = None


class Beliefs(NamedTuple):
    """A person's beliefs about the figure of an event and about themselves."""

    expected: Array  # P(this figure responds)
    availability: Belief
    worth: Belief | None  # None: the model has no belief about the self
    pull: Array | None = None  # log-odds by which the other's bids pull a carer to respond; None: there is no pull


class Location(NamedTuple):
    """Where the state of a learner holds the belief: on the rule's own scale, where any number can be added to it."""

    read: Callable[[State], Array]
    write: Callable[[State, Array], State]  # (s, belief on the own scale) -> the state with this belief
    link: Callable[[Array], Array]  # from a belief in 0..1 to the own scale
    steepness: float = 1.0  # derivative of the link at .5: a small step of a belief is so much larger on the own scale


class OwnScale(NamedTuple):
    """How the beliefs of a rule are moved by anything but an outcome; dicts are by belief, (person,) each.

    The belief about the figure of the event is moved, and the belief about oneself.
    """

    beliefs: tuple[str, ...]  # "availability", and "worth" if the rule has it
    read: Callable[[State, Event], dict[str, Array]]
    move: Callable[[State, Event, Mapping[str, Array]], State]  # (s, event, what is added)
    link: Callable[[State, Event, Mapping[str, Array]], dict[str, Array]]  # from beliefs in 0..1 to the own scale
    steepness: float = 1.0  # see `Location`


class Learner(NamedTuple):
    """A learning rule for one belief, as in a textbook; it does not distinguish figures."""

    parameters: Params
    start: Callable[[Params], State]
    drift: Callable[[Params, State, Array], State]  # (p, s, elapsed): time passes; applies to every event
    learn: Callable[[Params, State, Array], State]  # (p, s, outcome): applies where the outcome was observed
    belief: Callable[[Params, State], Belief]
    outcomes: Literal["binary", "unit"] = "unit"
    location: Location | None = None  # None: nothing but outcomes and the rule's own drift can move the belief
    no_location: str = ""  # why there is no location, in words that follow "because"
    notice: Callable[[State, Event], State] | None = None  # what the state takes from an event before its outcome
    ordered: tuple[tuple[str, str], ...] = ()  # names of two parameters, of which the first is never above the second


class Rule(NamedTuple):
    """A learning rule for both beliefs and all figures."""

    parameters: Params
    start: Callable[[Params, int], State]  # (p, number of figures)
    drift: Callable[[Params, State, Event], State]
    learn: Callable[[Params, State, Event], State]
    beliefs: Callable[[Params, State, Event], Beliefs]
    by_figure: frozenset[str] = frozenset()  # names of parameters that may differ by figure
    outcomes: Literal["binary", "unit"] = "unit"
    terms: tuple[str, ...] = ()  # columns of `event_terms` in the data that the model reads, such as covariates
    innovations: tuple[str, ...] = ()  # standard normal numbers, one per event and person, that nobody observes
    begin: Callable[[Params, State, Event], State] | None = None  # the state before an event, where beliefs may restart
    own_scale: OwnScale | None = None  # None: nothing but outcomes and the rule's own drift can move the beliefs
    no_own_scale: str = ""  # why there is none, in words that follow "because"
    movements: tuple[str, ...] = ()  # what was added to move beliefs in addition to learning: "trend", "belief_noise"
    outcome: Callable[[Params, Event], Array] | None = None  # of an event whose outcome is latent: `Event.rated`
    ordered: tuple[tuple[str, str], ...] = ()  # names of two parameters, of which the first is never above the second
    members: Mapping[str, "Rule"] = MappingProxyType({})  # of a dyad: the rule of each member, by role


class Family(NamedTuple):
    """The observation model of a response: how an answer is scored, and how one is drawn.

    `log_density` is a pure function of arrays or graphs. Where there are `bounds`, answers are censored: those beyond a
    bound are recorded as the bound, and scored by `log_tail`.
    """

    log_density: Callable[..., Array]  # (value, **arguments) -> log density, or log probability, of each value
    draw: Callable[..., Array]  # (generator, **arguments) -> array; censoring included
    bounds: tuple[float, float] | None = None
    log_tail: Callable[..., Array] | None = None  # (value, low, high, **arguments): log P(beyond the value's bound)
    clip_range: tuple[float, float] | None = None  # recorded values outside count as its nearer end
    discrete: bool = False  # values are 0, 1, ... levels - 1
    levels: int = 2

    @property
    def is_censored(self) -> bool:
        """Return whether answers beyond a bound are recorded as the bound."""
        return self.bounds is not None and self.log_tail is not None

    @property
    def unbounded(self) -> bool:
        """Return whether every number is a possible answer."""
        return not self.discrete and self.bounds is None and self.clip_range is None


class Response(NamedTuple):
    """How a belief determines what a person does or says.

    `effect` states what an answer does to events. With `withdraws`, a 0 hides the outcome. With `leaves`, a 1 ends
    the sequence. With `chooses`, k = 1, 2, ... turns to the k-th figure, and 0 turns to nobody.
    """

    parameters: Params
    about: str  # the readout that the response depends on: see `readouts`
    timing: Literal["before", "after"]  # relative to the event's outcome
    family: Family
    arguments: Callable[..., Mapping[str, Array]]  # (p, readout, *also_reads) -> the family's arguments
    effect: Literal["none", "withdraws", "leaves", "chooses"] = "none"
    carry: Callable[[Params, Array], Array] | None = None  # (p, elapsed) -> share of the last residual that is left
    also_reads: tuple[str, ...] = ()  # further readouts
    accumulates: Mapping[str, Callable[[Params, Array], Array]] = MappingProxyType({})  # see `accumulated_readouts`
    scale: Mapping[str, float] = MappingProxyType({})  # values that, if fixed, identify the scale of the belief
    figure_scope: Literal["met", "each"] = "met"  # depends on the belief about the event's figure, or on all of them
    carry_scope: Literal["figure", "any"] = "figure"  # the last answer about the same figure, or about any figure
    lag: int = 0  # readouts in `lagged` are those of so many sessions before with the same figure
    lagged: Mapping[str, str] = MappingProxyType({})  # each with the readout that stands for it before there is one
    without_worth: "Response | None" = None  # in its place in a model without self-worth

    @property
    def carries_across_figures(self) -> bool:
        """Return whether the last residual is that of the last answer, whatever figure it was about."""
        return self.carry_scope == "any" or self.about == "worth"


class EventEffect(NamedTuple):
    """The effect of an event term on a parameter, which is a parameter itself."""

    parameter: str  # full name of the parameter that it moves
    term: str
    name: str  # full name of the effect


class Member(NamedTuple):
    """One member of a dyad: a model, and which act of the other member is this one's outcome."""

    model: "ModelSpec"
    outcome: str  # the response of the other member that this one experiences as the outcome
    exchange: Literal["same", "next"] = "same"  # at which the other's act is experienced
    bids: str | None = None  # the response of the other member that counts as a bid; None: the act that is the outcome


class ModelSpec(NamedTuple):
    """A model: a learning rule with its responses, complete for simulation and fitting."""

    name: str
    rule: Rule
    responses: Mapping[str, Response]
    correlated: bool = False  # whether person-level parameters are correlated or independent between people
    claim: str = ""
    reference: str = ""
    predicts: str = ""
    needs: str = ""
    equation: str = ""
    without: tuple[str, ...] = ()  # responses of its model file that are left out
    stated: frozenset[str] = frozenset()  # parameters that its model file fixes or frees, whatever a study says
    event_effects: tuple[EventEffect, ...] = ()  # of the study's event terms, on parameters
    source: Mapping[str, Any] = MappingProxyType({})  # keys of its model file, and its path; empty if made in Python
    members: Mapping[str, Member] = MappingProxyType({})  # of a model of dyads: both members, by role


def experienced(rule: Rule, p: Params, event: Event) -> Event:
    """Return an event as people experience it: with the outcome that the rule gives it where it is latent."""
    if rule.outcome is None:
        return event
    return event._replace(outcome=where(event.rated > 0, rule.outcome(p, event), event.outcome))


def with_carryover(
    response: Response, p: Params, arguments: Mapping[str, Array], residual: Array, elapsed: Array
) -> dict[str, Array]:
    """Add to the family's mean what is left of the last answer's `residual` after the time `elapsed`."""
    if response.carry is None:
        return dict(arguments)
    return {**arguments, "mu": arguments["mu"] + response.carry(p, elapsed) * residual}


def is_branch(tree: Any) -> bool:
    """Return whether `tree` is a NamedTuple with children; a `Parameter` is a leaf."""
    return isinstance(tree, tuple) and hasattr(tree, "_fields") and not isinstance(tree, Parameter)


def map_tree(function: Callable[..., Any], *trees: Any) -> Any:
    """Apply `function` to the corresponding leaves of several trees."""
    first = trees[0]
    if not is_branch(first):
        return function(*trees)
    return type(first)(*(map_tree(function, *children) for children in zip(*trees, strict=True)))


def named_leaves(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Iterate over the leaves with their names: field names joined by underscores."""
    if not is_branch(tree):
        yield name, tree
        return
    for field, child in zip(tree._fields, tree, strict=True):
        yield from named_leaves(child, f"{name}_{field}" if name else field)


def unflatten(tree: Any, values: Iterator[Any]) -> Any:
    """Return a tree like `tree` whose leaves are `values`, in order."""
    return map_tree(lambda _: next(values), tree)


def parameters(model: ModelSpec) -> dict[str, Parameter]:
    """Return every parameter of a model by its full name, those of the rule first."""
    declared = dict(named_leaves(model.rule.parameters))
    for name, response in model.responses.items():
        declared.update(named_leaves(response.parameters, name))
    return declared


def rule_values(model: ModelSpec, values: Mapping[str, Array]) -> Params:
    """Fill the rule's parameters with `values` by full name."""
    return unflatten(model.rule.parameters, (values[name] for name, _ in named_leaves(model.rule.parameters)))


def response_values(model: ModelSpec, name: str, values: Mapping[str, Array]) -> Params:
    """Fill the parameters of one response with `values` by full name."""
    declared = model.responses[name].parameters
    return unflatten(declared, (values[leaf] for leaf, _ in named_leaves(declared, name)))


def with_parameters(model: ModelSpec, declared: Mapping[str, Parameter]) -> ModelSpec:
    """Return the model with other declarations of its parameters, by full name."""
    responses = {
        name: response._replace(parameters=response_values(model, name, declared))
        for name, response in model.responses.items()
    }
    return model._replace(rule=model.rule._replace(parameters=rule_values(model, declared)), responses=responses)
