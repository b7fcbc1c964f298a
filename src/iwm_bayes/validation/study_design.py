"""Simulated studies of a file: with the events of a real study, or with the arms of a design that nobody has done yet.

Of a study file, a simulated study has the sessions, figures, outcomes, gaps and places of answers. People are drawn
from the priors of a model as the study uses it (timing, scales, reliabilities, responses that were not asked), and with
the study's covariates. Their answers are simulated in open loop: who had which session with which figure, when and with
which outcome stays as in the table, and there is an answer where the table has one. An outcome that was not recorded
counts as its mean. With another number of people, each simulated person has the events and the covariates of a person
of the study, drawn with replacement. So dyads keep their persons: more dyads have no more therapists.

Of a design file, a simulated study has the arms, in closed loop: outcomes are drawn anew in each study.

In a study of dyads "people" are dyads. The act of one is the outcome of the other, so both act anew, in closed loop, at
the exchanges of the table. An act that was not recorded does not happen.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import xarray as xr

from iwm_bayes.data.binding import model_of_data
from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.dyads.schema import PERSON
from iwm_bayes.data.study import StudySpec, read_study_file
from iwm_bayes.data.toml import read_toml
from iwm_bayes.filtering.arrays import session_index
from iwm_bayes.io import sha256
from iwm_bayes.model.priors import figure_names
from iwm_bayes.model.specification.dyad_of_study import has_roles, load_dyad_for
from iwm_bayes.model.specification.model_file import find_model, load_model, load_model_for
from iwm_bayes.model.specification.parts import python_files
from iwm_bayes.simulation.design_file import DesignFile, as_asked, read_design_file, simulate_design
from iwm_bayes.simulation.dyad_design import (
    DyadDesignFile,
    allocate,
    draw_dyads,
    is_dyad_design,
    read_dyad_design_file,
    simulate_dyad_design,
)
from iwm_bayes.simulation.dyads import simulate_dyads_along
from iwm_bayes.simulation.population import NO_SHIFT, Shift, draw_population, draw_population_of, shifted
from iwm_bayes.simulation.predictive import along_events
from iwm_bayes.simulation.simulate import drop_absent
from iwm_bayes.types import GENERALISED, InputError, ModelSpec
from iwm_bayes.validation.compile_cache import Design, SimulatedStudy
from iwm_bayes.validation.sweep import PATH_PREFIX, Condition

STUDY, CONTENT, PLACE = "study", "study content", f"{PATH_PREFIX}study"  # in a condition
DESIGN, DESIGN_CONTENT, DESIGN_PLACE = "design", "design content", f"{PATH_PREFIX}design"
DYADS_EACH = "dyads_each"
SOURCE = "study_person"  # variable of simulated data: the index of the person of the study whose events these are


def study_content(study_file: Path, study: StudySpec) -> str:
    """Return a hash of a study file and its tables."""
    files = [study_file, study.data, *([study.people.data] if study.people else [])]
    return hashlib.sha256("".join(map(sha256, files)).encode()).hexdigest()[:12]


def study_condition(study_file: Path, study: StudySpec) -> dict[str, str]:
    """Return what a condition says of a study: its name, a hash of its content, and the place of its file."""
    place = str(study_file.resolve())
    return {STUDY: study.name, CONTENT: study_content(study_file, study), PLACE: place}


def design_condition(design_file: Path, design: DesignFile) -> dict[str, str]:
    """Return what a condition says of a design: its name, a hash of its file, and the place of its file."""
    content = sha256(design_file)[:12]
    return {DESIGN: design.name, DESIGN_CONTENT: content, DESIGN_PLACE: str(design_file.resolve())}


def dyad_design_content(path: Path) -> str:
    """Return a hash of a design file of dyads and of the models of its members."""
    members = read_dyad_design_file(path).dyad.members.values()
    return sha256(path)[:12] + models_content(member.model for member in members)


def models_content(names: Iterable[str]) -> str:
    """Return a hash of model files, and of the Python files that they name."""
    places = [find_model(name) for name in names]
    files = [file for place in places for file in (place, *python_files(place).values())]
    return hashlib.sha256("".join(map(sha256, files)).encode()).hexdigest()[:12]


def dyad_design_condition(design_file: Path, design: DyadDesignFile) -> dict[str, str]:
    """Return what a condition says of a design of dyads: its name, a hash of its files, and the place of its file."""
    place = str(design_file.resolve())
    return {DESIGN: design.name, DESIGN_CONTENT: dyad_design_content(design_file), DESIGN_PLACE: place}


def count_sessions(data: xr.Dataset) -> np.ndarray:
    """Count each person's sessions, with all figures, (person,)."""
    return session_index(data).max(axis=0) + 1


def first_sessions(data: xr.Dataset, sessions: int) -> xr.Dataset:
    """Return the data with at most so many sessions of each person, the first ones."""
    return drop_absent(data.assign(present=data["present"] & (session_index(data) < sessions)))


def people_of(data: xr.Dataset, index: np.ndarray) -> xr.Dataset:
    """Return data of the people with these indices, who may occur more than once, under new names."""
    names = [f"p{number:03d}" for number in range(1, len(index) + 1)]
    chosen = data.isel(person=index).assign_coords(person=names).assign({SOURCE: ("person", index)})
    return chosen.isel(event=chosen["present"].any("person").values)


class StudyFileDesign(NamedTuple):
    """The events of a study, with as many people, and at most so many sessions of each."""

    study_file: str
    content: str  # of the study and its tables when the simulations began
    n_people: int
    sessions: int
    people: tuple[int, ...] = ()  # indices of the people of the study; without any, they are drawn in each simulation

    def study(self) -> StudySpec:
        """Load the study; InputError where it, or one of its tables, has changed."""
        path = Path(self.study_file)
        study = read_study_file(path)
        if study_content(path, study) != self.content:
            raise InputError([f"{path}: the study or its table has changed since its simulation began. Start again"])
        return study

    def load(self, name: str) -> ModelSpec:
        """Load a model, by name or path, as the study uses it; a study of dyads has one, whatever the name."""
        study = self.study()
        model = load_dyad_for(study, trust=True) if has_roles(study) else load_model_for(study, name, trust=True)
        return model_of_data(study, model, read_data(study, model))

    def events(self, model: ModelSpec) -> xr.Dataset:
        """Return the study's own data as a model reads them."""
        return first_sessions(read_data(self.study(), model), self.sessions)

    def people_drawn(self, everybody: int, generator: np.random.Generator) -> np.ndarray:
        """Return the indices of the people of a simulation: all people of the study, or as many as asked, drawn."""
        if self.people:
            return np.array(self.people)
        alike = self.n_people == everybody
        return np.arange(everybody) if alike else generator.integers(everybody, size=self.n_people)

    def with_people(self, generator: np.random.Generator) -> Self:
        """Return the design with people who are drawn already."""
        model = self.load(self.study_file) if has_roles(self.study()) else None
        if model is None:
            return self
        return self._replace(people=tuple(self.people_drawn(self.events(model).sizes["person"], generator)))

    def together(self, parameter: str) -> np.ndarray:
        """Return which dyads are in one arm where arms differ in a parameter, (dyad,): those of one person.

        Of dyads whose persons are known only in a simulation (see `with_people`), each is alone.
        """
        if self.people:
            data = self.events(self.load(self.study_file)).isel(person=list(self.people))
            for name in map(str, data.data_vars):
                if name.startswith(PERSON) and parameter.startswith(f"{name.removeprefix(PERSON)}_"):
                    return np.unique(data[name].values.astype(str), return_inverse=True)[1]
        return np.arange(self.n_people)

    def draw(self, model: ModelSpec, generator: np.random.Generator, shift: Shift = NO_SHIFT) -> SimulatedStudy:
        """Draw people from the priors of a model, move them by `shift`, and simulate their answers.

        With the study's number of people everybody has the events of one person; otherwise people are drawn.
        """
        data = self.events(model)
        data = people_of(data, self.people_drawn(data.sizes["person"], generator))
        truth = shifted(model, draw_population_of(model, data, generator), figure_names(data), shift)
        if model.members:
            return SimulatedStudy(truth, simulate_dyads_along(model, data, truth.values, generator), None)
        simulated = with_answers(data, along_events(model, data, truth.values, generator))
        figures = [name for name in figure_names(data) if name != GENERALISED]
        wanted = self.study().wants("earned_security")
        return SimulatedStudy(truth, simulated, figures[0] if figures and wanted else None)

    def for_compilation(self) -> Self:
        """Return the design with one session: a compiled model serves any number of sessions."""
        return self._replace(sessions=1)


def with_answers(data: xr.Dataset, answers: dict[str, np.ndarray]) -> xr.Dataset:
    """Return data with other answers, (event, person) by response."""
    return data.assign({f"answer_{name}": data[f"answer_{name}"].copy(data=values) for name, values in answers.items()})


class ArmsDesign(NamedTuple):
    """The arms of a design file, with as many people, and at most so many sessions of each."""

    design_file: str
    content: str  # of the file when the simulations began
    n_people: int
    sessions: int

    def design(self) -> DesignFile:
        """Load the design; InputError where it has changed."""
        path = Path(self.design_file)
        if sha256(path)[:12] != self.content:
            raise InputError([f"{path}: the design has changed since its simulation began. Start again"])
        return read_design_file(path)

    def load(self, name: str) -> ModelSpec:
        """Load a model, by name or path, with the responses of the design."""
        return as_asked(load_model(name), self.design())

    def draw(self, model: ModelSpec, generator: np.random.Generator, shift: Shift = NO_SHIFT) -> SimulatedStudy:
        """Draw people from the priors of a model, move them by `shift`, and simulate their arms."""
        design = self.design()
        population = draw_population(model, design.figures, self.n_people, generator)
        truth = shifted(model, population, design.figures, shift)
        data = simulate_design(model, design, truth.values, generator).data
        return SimulatedStudy(truth, first_sessions(data, self.sessions), design.figures[-1])

    def for_compilation(self) -> Self:
        """Return the design with one session: a compiled model serves any number of sessions."""
        return self._replace(sessions=1)


class DyadArmsDesign(NamedTuple):
    """The arms of a design file of dyads, with as many dyads and exchanges."""

    design_file: str
    content: str  # of the file when the simulations began
    n_people: int  # number of dyads
    sessions: int  # number of exchanges
    dyads_each: int  # of a person who has several; 0: as in the file

    def design(self) -> DyadDesignFile:
        """Load the design; InputError where it has changed."""
        path = Path(self.design_file)
        if dyad_design_content(path) != self.content:
            raise InputError([f"{path}: the design has changed since its simulation began. Start again"])
        design = read_dyad_design_file(path)
        return design.with_dyads_each(self.dyads_each) if self.dyads_each else design

    def load(self, name: str) -> ModelSpec:
        """Load the model of the dyads; it has one place, that of the design."""
        assert name == self.design_file, name
        return self.design().model()

    def draw(self, model: ModelSpec, generator: np.random.Generator, shift: Shift = NO_SHIFT) -> SimulatedStudy:
        """Draw dyads from the priors of a model, move them by `shift`, and simulate their arms."""
        design = self.design()
        truth = draw_dyads(design, model, self.n_people, generator, shift)
        return SimulatedStudy(truth, simulate_dyad_design(design, model, truth, self.sessions, generator).data, None)

    def for_compilation(self) -> Self:
        """Return the design with one exchange: a compiled model serves any number of exchanges."""
        return self._replace(sessions=1)

    def together(self, parameter: str) -> np.ndarray:
        """Return which dyads are in one arm where arms differ in a parameter, (dyad,): those of one person."""
        design = self.design()
        is_own = design.several is not None and parameter.startswith(f"{design.several}_")
        return allocate(design, self.n_people).person if is_own else np.arange(self.n_people)


type FileDesign = StudyFileDesign | ArmsDesign | DyadArmsDesign


def is_of_file(condition: Condition) -> bool:
    """Return whether the studies of a condition are those of a study file or a design file."""
    return STUDY in condition or DESIGN in condition


def file_design(condition: Condition) -> FileDesign:
    """Return the design of a condition that names a study file or a design file."""
    size = int(condition["n_people"]), int(condition["sessions"])
    if DESIGN in condition:
        place, content = str(condition[DESIGN_PLACE]), str(condition[DESIGN_CONTENT])
        if is_dyad_design(read_toml(Path(place))):
            return DyadArmsDesign(place, content, *size, int(condition.get(DYADS_EACH, 0)))
        return ArmsDesign(place, content, *size)
    return StudyFileDesign(str(condition[PLACE]), str(condition[CONTENT]), *size)


def as_read_by(model: ModelSpec, design: Design, data: xr.Dataset) -> xr.Dataset:
    """Return simulated data as a model reads them: those of a study file with the model's own formulas."""
    if not isinstance(design, StudyFileDesign):
        return data
    answers = {name: data[f"answer_{name}"].values for name in model.responses}
    return with_answers(people_of(design.events(model), data[SOURCE].values), answers)
