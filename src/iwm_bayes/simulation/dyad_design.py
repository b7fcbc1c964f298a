"""Design files of dyads: both members, how many dyads and exchanges, and arms that differ in what members are like.

Dyads are drawn from the priors of both members' models and divided among the arms in equal parts. An arm states the
`medians` of parameters, around which its dyads differ, or `values` that everybody has: a therapist who is secure and
contained. A member of several dyads, such as a therapist with several patients, is in one arm with all of them.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import Field, ValidationError, model_validator

from iwm_bayes.data.dyads.groups import partially_pooled
from iwm_bayes.data.dyads.schema import PERSON
from iwm_bayes.data.study import Question
from iwm_bayes.data.toml import Name, Strict, explain_validation, model_paths, read_schema_2
from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.priors import LINKS, WITHIN_SUPPORT
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import DistressProcess
from iwm_bayes.simulation.design_file import SimulatedArms
from iwm_bayes.simulation.dyads import empty_dyads, simulate_dyads
from iwm_bayes.simulation.population import NO_SHIFT, Population, Shift, draw_population_of, shifted
from iwm_bayes.types import DEFAULT_FIGURE, InputError, Member, ModelSpec, parameters

Share = Annotated[float, Field(ge=0, le=1)]
Width = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Value = Annotated[float, Field(allow_inf_nan=False)]
ByRole = dict[str, dict[Name, Value]]


class DesignMember(Strict):
    """One member of every dyad."""

    model: str  # name of a model, as `seeker`, or path of a model file
    outcome: str  # the response of the other member that is this one's outcome
    exchange: Literal["same", "next"] = "same"  # at which the other's act is experienced: the same exchange or the next
    bids: str | None = None  # the response of the other member that counts as a bid; by default `outcome`
    responses: tuple[str, ...] | None = None  # of the model: what is recorded; by default all
    dyads: Annotated[int, Field(ge=1)] = 1  # of each person who is this member, such as a therapist with 8 patients
    between: dict[Name, Width] = Field(default_factory=dict)  # of several dyads: SD between persons (link scale)
    medians: dict[Name, Value] = Field(default_factory=dict)  # by parameter: of the median dyad, in every arm
    values: dict[Name, Value] = Field(default_factory=dict)  # by parameter: everybody has this value, in every arm
    distress: Share = 0.0  # probability that something distressing happens to this member before an exchange

    def member(self) -> Member:
        """Return the member with its model; InputError for a response that the model does not have."""
        model = load_model(self.model)
        asked = list(model.responses) if self.responses is None else list(self.responses)
        if unknown := [name for name in asked if name not in model.responses]:
            raise InputError(
                [f"{model.name} has no response {name}; it has {', '.join(model.responses)}" for name in unknown]
            )
        left_out = [name for name in model.responses if name not in asked]
        return Member(load_model(self.model, left_out), self.outcome, self.exchange, self.bids)


class DesignOfDyads(Strict):
    """Who the members are."""

    correlated: bool = False  # whether a fit estimates correlations within a dyad, which needs `nuts`
    members: dict[str, DesignMember]  # by role

    @model_validator(mode="after")
    def several_dyads(self) -> "DesignOfDyads":
        """Refuse `between` for a member of one dyad each, and two members who both have several."""
        alone = [role for role, member in self.members.items() if member.between and member.dyads == 1]
        if alone:
            raise ValueError(f"{alone[0]}: `between` is for a member with several `dyads`. Add dyads = 8")
        if sum(member.dyads > 1 for member in self.members.values()) > 1:
            raise ValueError("one of the two can have several `dyads`: the other belongs to one of them")
        return self


class DyadArm(Strict):
    """What the members of a part of the dyads are like."""

    name: Name  # of the arm
    medians: ByRole = Field(default_factory=dict)  # by role and parameter: of the median dyad of this arm
    values: ByRole = Field(default_factory=dict)  # by role and parameter: everybody of this arm has this value


class DyadDesignFile(Strict):
    """A study of dyads to be simulated."""

    name: Name  # of the design, and of the folders of its results
    question: Question | None = None  # what the study decides
    design: str = ""  # the design in words
    people: Annotated[int, Field(ge=4)] = 40  # number of dyads, in all arms
    exchanges: Annotated[int, Field(ge=1)] = 20  # of each dyad
    dyad: DesignOfDyads  # who the members are
    arms: tuple[DyadArm, ...] = (DyadArm(name="all"),)  # dyads are divided among them in equal parts

    @model_validator(mode="after")
    def arms_of_one_study(self) -> "DyadDesignFile":
        """Refuse arms of one name, a file without arms, and roles that no member has."""
        if not self.arms or len({arm.name for arm in self.arms}) < len(self.arms):
            raise ValueError("`arms`: name one or more, each with a name of its own")
        for arm in self.arms:
            if unknown := [role for role in (*arm.medians, *arm.values) if role not in self.dyad.members]:
                raise ValueError(
                    f"`arms`, {arm.name}: there is no {unknown[0]}; members: {', '.join(self.dyad.members)}"
                )
        return self

    @cached_property
    def several(self) -> str | None:
        """The role whose persons have several dyads each; None where nobody has."""
        return next((role for role, member in self.dyad.members.items() if member.dyads > 1), None)

    @property
    def has_values(self) -> bool:
        """Whether some parameters are not drawn from their priors."""
        stated = [member.medians or member.values or member.between for member in self.dyad.members.values()]
        return any(stated) or any(any((*arm.medians.values(), *arm.values.values())) for arm in self.arms)

    def with_dyads_each(self, dyads: int) -> "DyadDesignFile":
        """Return the design with another number of dyads of each person who has several."""
        assert self.several is not None  # which the caller asks before
        member = self.dyad.members[self.several].model_copy(update={"dyads": dyads})
        members = self.dyad.members | {self.several: member}
        return self.model_copy(update={"dyad": self.dyad.model_copy(update={"members": members})})

    def model(self) -> ModelSpec:
        """Return the model of the dyads; InputError lists what is wrong with both members."""
        members, problems = dict[str, Member](), list[str]()
        for role, given in self.dyad.members.items():
            try:
                members[role] = given.member()
            except InputError as error:
                problems += [f"design {self.name}, {role}: {problem}" for problem in error.problems]
        if problems:
            raise InputError(problems)
        model = dyad_model(members, self.dyad.correlated)
        if problems := [*value_problems(self, model)]:
            raise InputError(problems)
        return model


def is_dyad_design(content: Mapping[str, Any]) -> bool:
    """Return whether the content of a file is that of a design of dyads: members, and no data."""
    return "dyad" in content and "data" not in content


def read_dyad_design_file(path: Path) -> DyadDesignFile:
    """Read a design file of dyads and make the paths of its models absolute; InputError lists every problem."""
    content = read_schema_2(path, "the keys of a design file")
    try:
        design = DyadDesignFile.model_validate(content)
    except ValidationError as error:
        raise explain_validation(path, DyadDesignFile, error) from error
    roles = list(design.dyad.members)
    paths = model_paths(path, [member.model for member in design.dyad.members.values()])
    members = {
        role: design.dyad.members[role].model_copy(update={"model": own})
        for role, own in zip(roles, paths, strict=True)
    }
    return design.model_copy(update={"dyad": design.dyad.model_copy(update={"members": members})})


def value_problems(design: DyadDesignFile, model: ModelSpec) -> Iterator[str]:
    """Yield what is wrong with the values that a design states, and with `between`."""
    known = parameters(model)
    free = {name: one for name, one in known.items() if one.fixed is None}
    for where, name, value in stated_values(design):
        role = next(role for role in model.members if name.startswith(f"{role}_"))
        if name not in free:
            own = [one.removeprefix(f"{role}_") for one in free if one.startswith(f"{role}_")]
            near = difflib.get_close_matches(name.removeprefix(f"{role}_"), own, n=1)
            hint = f'. Did you mean "{near[0]}"?' if near else ""
            wrong = name.removeprefix(f"{role}_")
            yield f"{where}: the {role} has no free parameter {wrong}; it has {', '.join(own)}{hint}"
        elif value is not None and not WITHIN_SUPPORT[free[name].support](value):
            yield f"{where}: {name} = {value:g} is outside its range ({free[name].support})"
        elif value is None and name not in partially_pooled(model):
            yield f"{where}: {name} is the same for everybody, so that it cannot differ between persons"


def stated_values(design: DyadDesignFile) -> Iterator[tuple[str, str, float | None]]:
    """Yield every value that a design states: where, the full name, and the value, None for an SD of `between`."""
    for role, member in design.dyad.members.items():
        where = f"design {design.name}, {role}"
        for name, value in (*member.medians.items(), *member.values.items()):
            yield where, f"{role}_{name}", value
        yield from ((f"{where}, `between`", f"{role}_{name}", None) for name in member.between)
    for arm in design.arms:
        for name, value in (*full_names(arm.medians), *full_names(arm.values)):
            yield f"design {design.name}, arm {arm.name}", name, value


class Allocation(NamedTuple):
    """The arm and the person to which every dyad belongs, (dyad,)."""

    arm: np.ndarray  # index of the arm
    person: np.ndarray  # index of the person who has several dyads; of the dyad where nobody has


def allocate(design: DyadDesignFile, dyads: int) -> Allocation:
    """Divide dyads among arms and among the persons who have several; InputError where an arm has nobody."""
    each = 1 if design.several is None else design.dyad.members[design.several].dyads
    persons = -(-dyads // each)  # the last one may have fewer
    parts = np.array_split(np.arange(persons), len(design.arms))
    if not all(map(len, parts)):
        who = "dyads" if design.several is None else f"persons who are the {design.several}"
        raise InputError([f"{persons} {who} in {len(parts)} arms: an arm has nobody. Take more dyads"])
    person = np.arange(dyads) // each
    arm_of_person = np.concatenate([np.full(len(part), index) for index, part in enumerate(parts)])
    return Allocation(arm_of_person[person], person)


def group_formulas(design: DyadDesignFile, model: ModelSpec) -> dict[str, str]:
    """Return the formulas by which parameters vary between persons who have several dyads."""
    role = design.several
    if role is None:
        return {}
    own = [f"{role}_{name}" for name in design.dyad.members[role].between]
    varying = own or [name for name in partially_pooled(model) if name.startswith(f"{role}_")]
    return {name: f"1 + (1|{role})" for name in varying}


def with_groups(design: DyadDesignFile, model: ModelSpec, data: xr.Dataset) -> xr.Dataset:
    """Return data with the persons who have several dyads, as groups; the same data where nobody has."""
    if design.several is None:
        return data
    # formulas take a second to import, and most commands do not need them
    from iwm_bayes.data.formulas.design import join_covariates

    names = persons_with_several(design, data.sizes["person"])
    frame = pd.DataFrame({design.several: names}, index=data["person"].values)
    joined = join_covariates(data, frame, model, group_formulas(design, model), [design.several])
    return joined.assign({f"{PERSON}{design.several}": ("person", names)})


def persons_with_several(design: DyadDesignFile, dyads: int) -> np.ndarray:
    """Return the name of the person of each dyad who has several, (dyad,)."""
    return np.array([f"{design.several} {index + 1:03d}" for index in allocate(design, dyads).person])


def draw_dyads(
    design: DyadDesignFile, model: ModelSpec, dyads: int, generator: np.random.Generator, shift: Shift = NO_SHIFT
) -> Population:
    """Draw a population of dyads from the priors of a design, and some of its dyads, moved by `shift`.

    Dyads have the medians and values of their arms. The group mean of such a parameter is that of these dyads, and its
    SD is that of all arms together: between persons where they have several dyads, since each is in one arm.
    """
    data = with_groups(design, model, empty_dyads(model, 1, dyads))
    between = {} if design.several is None else design.dyad.members[design.several].between
    sigma_u = {f"{design.several}_{name}: 1|{design.several}": sd for name, sd in between.items()}
    population = draw_population_of(model, data, generator, sigma_u)
    centre = {name: np.full(dyads, value) for name, value in population.mu.items()}
    for own, name, value in stated_by_dyad(design, model, dyads, "medians"):
        centre[name] = np.where(own, value, centre[name])
    theta = {name: values - population.mu[name] + centre[name] for name, values in population.theta.items()}
    mu = {name: float(values.mean()) for name, values in centre.items()}
    sigma, between_persons = dict(population.sigma), dict(population.sigma_u)
    for name, values in centre.items():
        group = f"{name}: 1|{design.several}"
        sds, label = (between_persons, group) if group in between_persons else (sigma, name)
        sds |= {label: float(np.hypot(sds[label], values.std()))} if label in sds else {}
    for own, name, value in stated_by_dyad(design, model, dyads, "values"):
        theta[name] = np.where(own, value, theta[name])
        mu[name] = float(theta[name].mean())
        sigma |= {name: float(theta[name].std())} if name in sigma else {}
    moved = population._replace(mu=mu, sigma=sigma, theta=theta, sigma_u=between_persons)
    return shifted(model, moved, [DEFAULT_FIGURE], shift)


def stated_by_dyad(
    design: DyadDesignFile, model: ModelSpec, dyads: int, key: Literal["medians", "values"]
) -> Iterator[tuple[np.ndarray, str, float]]:
    """Yield every value that a design states under a key: of which dyads (dyad,), full name, and link-scale value."""
    arm_of_dyad, known = allocate(design, dyads).arm, parameters(model)
    by_arm = [(np.full(dyads, True), {role: getattr(member, key) for role, member in design.dyad.members.items()})]
    by_arm += [(arm_of_dyad == index, getattr(arm, key)) for index, arm in enumerate(design.arms)]
    for own, stated in by_arm:
        for name, value in full_names(stated):
            link, _ = LINKS[known[name].support]
            yield own, name, float(link(np.float64(value)))


def full_names(stated: Mapping[str, Mapping[str, float]]) -> Iterable[tuple[str, float]]:
    """Return values by full name from those by role and name."""
    return [(f"{role}_{name}", value) for role, own in stated.items() for name, value in own.items()]


def simulate_dyad_design(
    design: DyadDesignFile, model: ModelSpec, population: Population, exchanges: int, generator: np.random.Generator
) -> SimulatedArms:
    """Simulate the exchanges of dyads in the arms of a design."""
    distress = {role: DistressProcess(one.distress) for role, one in design.dyad.members.items() if one.distress}
    data = with_groups(design, model, simulate_dyads(model, exchanges, population.values, generator, distress))
    arms = allocate(design, data.sizes["person"]).arm
    return SimulatedArms(data, [design.arms[index].name for index in arms])
