"""Design files: the arms of a study that nobody has done yet, with their sessions and ratings.

A design has arms. People are drawn from the prior of a model and divided among the arms in equal parts. The sessions of
an arm are phases of care, as in `simulate`, with a gap before a phase where there is one.
"""

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import xarray as xr
from pydantic import Field, ValidationError, model_validator

from iwm_bayes.data.study import Models, Question
from iwm_bayes.data.toml import Name, Strict, explain_validation, model_paths, read_schema_2
from iwm_bayes.simulation.care import DistressProcess, parse_care
from iwm_bayes.simulation.simulate import Phase, phase_figures, schedule, simulate
from iwm_bayes.types import InputError, ModelSpec

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class DesignPhase(Strict):
    """Sessions with the same care."""

    care: dict[Name, str]  # by figure, as in `iwm simulate --care`: `therapist = "constant:rate=0.8"`
    sessions: Count = 0  # with each figure
    assessed: bool = False  # whether it begins with an assessment: ratings without an outcome
    gap: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0  # time without anyone before it, in sessions
    rated_every: Count = 1  # sessions from one rating to the next, counted anew in each phase; 0: none
    distress: Share = 0.0  # probability that something distressing happens before an event

    def phase(self) -> Phase:
        """Return the phase as it is simulated."""
        care = {figure: parse_care(text) for figure, text in self.care.items()}
        return Phase(care, self.sessions, self.assessed, DistressProcess(self.distress), gap=self.gap)

    def rated(self) -> list[bool]:
        """Return which sessions are rated, in order: the assessment, and others when it is their turn."""
        turns = [bool(self.rated_every) and session % self.rated_every == 0 for session in range(1, self.sessions + 1)]
        return [True] * self.assessed + turns


class Arm(Strict):
    """What happens to a part of the people."""

    name: Name
    phases: tuple[DesignPhase, ...]  # in order

    @model_validator(mode="before")
    @classmethod
    def no_people(cls, content: Any) -> Any:
        """Refuse a number of people in an arm."""
        if isinstance(content, dict) and (own := {"people", "n_people"} & content.keys()):
            raise ValueError(
                f"`{own.pop()}` belongs to the whole study, and arms get equal parts. Write people = 30 above [[arms]]"
            )
        return content

    def all_phases(self) -> list[Phase]:
        """Return the phases as they are simulated."""
        return [phase.phase() for phase in self.phases]

    def rated(self) -> list[bool]:
        """Return which sessions are rated, in order."""
        return [rated for phase in self.phases for rated in phase.rated()]


class DesignFile(Strict):
    """A study to be simulated: its question, the models to decide between, and its arms."""

    name: Name
    question: Question  # what the study decides
    design: str  # the design in words
    models: Models  # the models to decide between; the first simulates
    responses: Annotated[tuple[str, ...], Field(min_length=1)]  # of the models: what people rate or do; each once
    people: Annotated[int, Field(ge=4)] = 40  # in all arms
    arms: tuple[Arm, ...]  # people are divided among them in equal parts

    @property
    def figures(self) -> list[str]:
        """Return the figures in order."""
        return phase_figures(self.arms[0].all_phases(), chosen=False)

    @property
    def sessions(self) -> int:
        """Return the number of sessions of the longest arm; an assessment counts as one, as in a table."""
        return max(schedule(arm.all_phases())[-1].session for arm in self.arms)

    @model_validator(mode="after")
    def arms_of_one_study(self) -> "DesignFile":
        """Refuse arms of one name, without sessions, or whose figures differ, and a file without arms."""
        if not all(schedule(arm.all_phases()) for arm in self.arms) or not self.arms:
            raise ValueError("`arms`: name one or more, each with phases")
        if len({arm.name for arm in self.arms}) < len(self.arms):
            raise ValueError("`arms`: give each arm a name of its own")
        if twice := [name for name, count in Counter(self.responses).items() if count > 1]:
            raise ValueError(f"`responses`: name {', '.join(twice)} once")
        orders = {arm.name: ", ".join(phase_figures(arm.all_phases(), chosen=False)) for arm in self.arms}
        if len(set(orders.values())) > 1:
            meetings = "; ".join(f"arm {name} meets {order}" for name, order in orders.items())
            raise ValueError(f"`arms`: everybody meets the same figures in the same order, and {meetings}")
        return self

    def last_ratings(self) -> str:
        """Return a warning where some arms end with a rating and others do not; empty where all are alike."""
        ends = {arm.name: arm.rated()[-1] for arm in self.arms}
        if len(set(ends.values())) == 1:
            return ""
        rated, not_rated = (", ".join(name for name, end in ends.items() if end is wanted) for wanted in (True, False))
        return (
            f"design {self.name}: the last session is rated in {rated}, and not in {not_rated}, so arms cannot be "
            "compared at the end. `rated_every` counts anew in each phase"
        )


class SimulatedArms(NamedTuple):
    """The data of everybody, and everybody's arm."""

    data: xr.Dataset
    arm: list[str]  # (person,)


def read_design_file(path: Path) -> DesignFile:
    """Read a design file and make the paths of its models absolute; InputError lists every problem."""
    content = read_schema_2(path, "the keys of a design file")
    try:
        design = DesignFile.model_validate(content)
    except ValidationError as error:
        raise explain_validation(path, DesignFile, error) from error
    return design.model_copy(update={"models": model_paths(path, design.models)})


def as_asked(model: ModelSpec, design: DesignFile) -> ModelSpec:
    """Return a model with the responses that a design asks for.

    InputError for one that it does not have, and where people rate something, and no session is rated.
    """
    where, has = f"design {design.name}, key `responses`", ", ".join(model.responses)
    missing = [name for name in design.responses if name not in model.responses]
    near = {name: difflib.get_close_matches(name, list(model.responses), n=1) for name in missing}
    if missing:
        raise InputError(
            f"{where}: {model.name} has no response {name}; it has {has}"
            + (f'. Did you mean "{near[name][0]}"?' if near[name] else "")
            for name in missing
        )
    asked = {name: model.responses[name] for name in design.responses}
    if not any(any(arm.rated()) for arm in design.arms) and any(one.effect == "none" for one in asked.values()):
        raise InputError([f"design {design.name}: no session is rated. Set `rated_every` or `assessed` in a phase"])
    return model._replace(responses=asked)


def with_events(data: xr.Dataset, count: int) -> xr.Dataset:
    """Return data with so many events; at those that are added, nobody is present."""
    empty = {name: np.nan for name in map(str, data) if name.startswith("answer_") or name in ("session", "time")}
    filled = {name: variable.dtype.type(0) for name, variable in data.items()} | empty
    return data.reindex(event=np.arange(count), fill_value=filled)


def with_ratings_where_asked(model: ModelSpec, arm: Arm, data: xr.Dataset) -> xr.Dataset:
    """Return the data of an arm without the ratings that its phases do not ask for; choices are always recorded."""
    rated = [session for session, asked in enumerate(arm.rated(), 1) if asked]
    names = [f"answer_{name}" for name, response in model.responses.items() if response.effect == "none"]
    return data.assign(
        {name: data[name].where(data["session"].isin(rated)).assign_attrs(data[name].attrs) for name in names}
    )


def people_by_arm(design: DesignFile, people: int) -> list[np.ndarray]:
    """Return the indices of the people of each arm, in equal parts; InputError where an arm would have nobody."""
    parts = np.array_split(np.arange(people), len(design.arms))
    if not all(map(len, parts)):
        raise InputError([f"{people} people in {len(parts)} arms: an arm has nobody. Take more people"])
    return parts


def simulate_design(
    model: ModelSpec, design: DesignFile, people: Mapping[str, np.ndarray], generator: np.random.Generator
) -> SimulatedArms:
    """Simulate the sessions of people in the arms of a design.

    Parameters
    ----------
    model
        The model, with the responses that are asked for: see `as_asked`.
    design
        The design.
    people
        Natural-scale values by parameter, (person,) or (figure, person). The first arm has the first people.
    generator
        The source of random numbers.
    """
    count = max(np.shape(value)[-1] for value in people.values())
    parts, names = [], []
    for arm, own in zip(design.arms, people_by_arm(design, count), strict=True):
        values = {name: value[..., own] for name, value in people.items()}
        parts.append(with_ratings_where_asked(model, arm, simulate(model, arm.all_phases(), values, generator)))
        names += [arm.name] * len(own)
    return SimulatedArms(joined(parts), names)


def joined(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return the data of several arms as one, with people numbered through."""
    events = max(part.sizes["event"] for part in parts)
    data = xr.concat([with_events(part, events) for part in parts], "person", data_vars="minimal", join="override")
    return data.assign_coords(person=[f"p{number:03d}" for number in range(1, data.sizes["person"] + 1)])
