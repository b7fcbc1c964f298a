"""What commands of many simulated studies are given: models, a study file, or a design file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from iwm_bayes.cli.console import tell
from iwm_bayes.types import InputError

if TYPE_CHECKING:
    from iwm_bayes.data.study import StudySpec


NO_ROLES = (
    "the members of its dyads have no roles, and such dyads cannot be simulated: the outcomes of each would stay those "
    "of the table, while the acts of the other are drawn anew. Give the members roles: see [dyad.members]"
)


class Given(NamedTuple):
    """Models by name or path, and the study or design that was given in their place, if one was."""

    models: list[str]
    study: dict[str, str]  # what conditions say of the study or design; empty without one
    people: int | None = None  # of the study or design
    sessions: int | None = None  # with all figures, of the person who has most
    wants_security: bool = True
    design: str = ""  # the name of the design, if one was given
    joint: Mapping[str, str] = MappingProxyType({})  # of dyads: what conditions say of the model of both members
    correlated: bool = False  # of dyads: whether parameters are correlated within a dyad
    open_ended: bool = False  # whether a study can have more sessions than `sessions`
    several: str = ""  # of dyads: the role of persons who have several, as a therapist has patients
    stated: bool = False  # of dyads: whether some parameters are not drawn from their priors

    def condition(self) -> dict[str, Any]:
        """Return what a condition says of the first model, or of that of both members of dyads."""
        return dict(self.joint) or model_condition(self.models[0])


def models_or_study(names: Sequence[str], trust: bool = False) -> Given:
    """Return models as named, or those of a study file or design file with it; InputError lists its problems.

    `trust` is whether a Python file may run that a model of the study names; a model that is named itself is trusted.
    """
    from iwm_bayes.data.toml import read_toml
    from iwm_bayes.simulation.dyad_design import is_dyad_design

    path = Path(names[0])
    content = read_toml(path) if len(names) == 1 and path.suffix == ".toml" else {}
    if is_dyad_design(content):
        return design_of_dyads(path)
    if "arms" in content:
        return models_of_design(path)
    if "data" not in content:
        return Given(list(names), {})
    from iwm_bayes.data.study import read_study_file
    from iwm_bayes.model.specification.dyad_of_study import has_roles
    from iwm_bayes.validation.study_design import count_sessions, study_condition
    from iwm_bayes.workflow.load import load_data

    study = read_study_file(path)
    if has_roles(study):
        return study_of_dyads(path, study, trust)
    if study.dyad is not None:
        raise InputError([f"{path}: {NO_ROLES}"])
    _, data = [load_data(study, name, trust) for name in study.model][-1]  # which checks all models
    sessions = int(count_sessions(data).max())
    condition, wanted = study_condition(path, study), study.wants("earned_security")
    return Given(list(study.model), condition, data.sizes["person"], sessions, wanted)


def models_of_design(path: Path) -> Given:
    """Return the models of a design file, with its design."""
    from iwm_bayes.simulation.design_file import read_design_file
    from iwm_bayes.validation.study_design import design_condition

    design = read_design_file(path)
    if warning := design.last_ratings():
        tell(f"WARNING: {warning}")
    return Given(design.models, design_condition(path, design), design.people, design.sessions, design=design.name)


def design_of_dyads(path: Path) -> Given:
    """Return a design file of dyads; InputError lists what is wrong with it and its models."""
    from iwm_bayes.simulation.dyad_design import read_dyad_design_file
    from iwm_bayes.validation.study_design import dyad_design_condition, models_content

    design = read_dyad_design_file(path)
    model, place = design.model(), str(path.resolve())
    content = models_content(member.model for member in design.dyad.members.values())
    return Given(
        [place],
        dyad_design_condition(path, design),
        design.people,
        design.exchanges,
        wants_security=False,
        design=design.name,
        joint={"model": model.name, "content": content, "at model": place},
        correlated=model.correlated,
        open_ended=True,
        several=design.several or "",
        stated=design.has_values,
    )


def study_of_dyads(path: Path, study: StudySpec, trust: bool) -> Given:
    """Return a study of dyads whose members have roles; InputError lists what is wrong with it."""
    from iwm_bayes.validation.study_design import count_sessions, models_content, study_condition
    from iwm_bayes.workflow.load import load_data

    model, data = load_data(study, None, trust)
    place, sessions = str(path.resolve()), int(count_sessions(data).max())
    return Given(
        [place],
        study_condition(path, study),
        data.sizes["person"],
        sessions,
        wants_security=False,
        joint={"model": model.name, "content": models_content(study.model), "at model": place},
        correlated=model.correlated,
    )


def check_single_people(given: Given, command: str, instead: str) -> None:
    """Raise InputError for a study or design of dyads, where a command is about single people."""
    if given.joint:
        raise InputError([f"`iwm {command}` is about single people, and this file has dyads. {instead}"])


def sizes_of(given: Given, n_people: Sequence[int], sessions: Sequence[int]) -> list[dict[str, Any]]:
    """Return the number of people and sessions of every condition, and its study if one was given.

    InputError where nobody in the study has so many sessions.
    """
    too_many = [number for number in sessions if given.sessions is not None and number > given.sessions]
    if too_many and not given.open_ended:
        raise InputError(
            [
                f"--sessions {too_many[0]}: simulated studies have the events of the study, and nobody there has more "
                f"than {given.sessions} sessions. Choose fewer, which keeps everyone's first sessions, or name a model "
                "in place of the study"
            ]
        )
    return [{"n_people": people, "sessions": length} | given.study for people in n_people for length in sessions]


def checked_method(name: str, given: Given) -> str:
    """Return an inference method's name; InputError where there is no such method, or it cannot fit these models."""
    from iwm_bayes.inference.fit import METHODS
    from iwm_bayes.inference.laplace.method import no_correlations

    if name not in METHODS:
        raise InputError([f"there is no method {name!r}; choose from {', '.join(METHODS)}"])
    if given.correlated and name != "nuts":
        raise InputError([no_correlations(name, of_dyads=True)])
    return name


def model_condition(name: str) -> dict[str, Any]:
    """Describe a model in a condition: its name, a hash of its content, and the place of its file."""
    from iwm_bayes.io import sha256
    from iwm_bayes.model.specification.model_file import find_model, load_model, model_from_anywhere
    from iwm_bayes.model.specification.parts import python_files

    model, path = load_model(name), find_model(name)
    place = model_from_anywhere(name)
    files = [path, *python_files(path).values()]  # the content of its Python files counts, too
    content = "".join(sha256(file)[:12] for file in files)
    return {"model": model.name, "content": content, "at model": place}
