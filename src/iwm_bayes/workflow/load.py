"""From a study file, or a study, to the model and the data that belong together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr

from iwm_bayes.data.binding import bound_model, model_of_data, model_of_events, supplied_responses, with_statements
from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.dyads.describe import count_sentence
from iwm_bayes.data.dyads.writing import has_members
from iwm_bayes.data.study import StudySpec, read_study_file, with_models
from iwm_bayes.data.unrecorded import unrecorded_outcomes
from iwm_bayes.io import is_file, sha256
from iwm_bayes.model.specification.additions import model_with
from iwm_bayes.model.specification.dyad_of_study import has_roles, joined_for, load_dyad_for
from iwm_bayes.model.specification.model_file import find_model, load_model, load_model_for
from iwm_bayes.model.specification.model_record import of_member
from iwm_bayes.model.specification.parts import RESPONSE_FILE, RULE_FILE, python_files
from iwm_bayes.rules.modifiers.model_names import is_model_file, split_model_name, with_additions
from iwm_bayes.types import InputError, ModelSpec, parameters
from iwm_bayes.workflow.study import Study

ONE_MODEL_EACH = (
    "each member of a dyad has a model of its own, which [dyad.members] names. Take the model out here, and change it "
    "there"
)
FILE_WORDS = {  # what an answer depends on
    "study": "study file",
    "data": "session table",
    "people": "table of people",
    "model": "model file",
    RULE_FILE: "rule file",
}


def file_word(key: str) -> str:
    """Return what an input file is, by a key of `LoadedStudy.files`."""
    return RESPONSE_FILE if key.startswith(RESPONSE_FILE) else FILE_WORDS.get(key, key)


class LoadedStudy(NamedTuple):
    """A study with one of its models, and the data as this model reads them."""

    study_file: Path
    study: StudySpec
    model_file: Path
    model: ModelSpec
    data: xr.Dataset

    @property
    def run_name(self) -> str:
        """Return the name of the folder of its runs: that of the study, then that of the model or of both."""
        both = [f"{role}_{member.model.name}" for role, member in self.model.members.items()]
        return "-".join([self.study.name, *(both or [self.model.name])])

    @property
    def files(self) -> dict[str, Path]:
        """Return every file on which an answer depends, by a key of `FILE_WORDS` or of `python_files`."""
        people, dyad = self.study.people, self.study.dyad
        files = {"study": self.study_file, "data": self.study.data} | ({"people": people.data} if people else {})
        if dyad is None or not dyad.members:
            return files | {"model": self.model_file} | python_files(self.model_file)
        for role, member in dyad.members.items():
            own = {"model": find_model(member.model)} | python_files(find_model(member.model))
            files |= {of_member(key, role): path for key, path in own.items()}
        return files

    @property
    def added(self) -> dict[str, str]:
        """Return what the name of the model adds to its file, as a setting of the run; empty where it adds nothing."""
        names = self.study.model if has_roles(self.study) else [self.model.name]
        added = dict.fromkeys(one for name in names for one in split_model_name(name)[1])
        return {"addition to the model": ", ".join(added)} if added else {}


def file_hashes(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the hash of each file, by the same key."""
    return {name: sha256(path) for name, path in files.items()}


def load_data(
    study: StudySpec,
    model: str | ModelSpec | None = None,
    trust: bool = False,
    sessions: Any = None,
    people: Any = None,
) -> tuple[ModelSpec, xr.Dataset]:
    """Return a model as a study uses it, and the study's data as this model reads them.

    Parameters
    ----------
    study
        The study, as `read_study_file` returns it.
    model
        A built-in model by name, the path of a model file, or a model that `load_model` returned. By default the first
        model of the study.
    trust
        Whether Python files that the model file names, as its rule or as responses, may run. Set True where you wrote
        them, or have read them.
    sessions, people
        DataFrames in place of the files that the study names.

    Returns
    -------
    The model, with the study's timing of responses, scales of ratings and stated reliabilities, and a Dataset (event,
    person): see `data.dataset`. `fit` needs both, and refuses a model that lacks what the study states.

    Raises
    ------
    InputError
        Lists every problem of the study's estimands, and of the model file or the table.
    """
    from iwm_bayes.estimands.registry import estimand_problems  # its import takes a second

    problems = estimand_problems(study)
    try:
        spec = study_model(study, model, trust)
        data = read_data(study, spec, sessions, people)
        bound = model_of_data(study, spec, data)
    except InputError as error:
        raise InputError([*problems, *error.problems]) from error
    if problems:
        raise InputError(problems)
    if all(parameter.fixed is not None for parameter in parameters(bound).values()):
        raise InputError([f"the model {bound.name} has only fixed parameters, so there is nothing to fit. Free one"])
    return bound, with_statements(study, bound, data)


def models_to_compare(study_file: Path) -> list[str]:
    """Return the models that a study names; InputError where they are those of members of dyads, one for each."""
    study = read_study_file(study_file)
    if has_roles(study):
        runs = " ".join(f"runs/{name}/{next(iter(study.dyad.members))}" for name in ("A", "B")) if study.dyad else ""
        raise InputError(
            [
                f"{study_file}: names one model for each member of a dyad, and not several to compare. Fit two study "
                f"files, and compare the runs of one member: iwm compare {runs}"
            ]
        )
    return list(study.model)


def study_model(study: StudySpec, model: str | ModelSpec | None, trust: bool) -> ModelSpec:
    """Return a model as a study uses it, before its data are read; arguments and errors are those of `load_data`."""
    if has_roles(study):
        if isinstance(model, ModelSpec) and model.members:
            return joined_for(study, {role: member.model for role, member in model.members.items()})
        if model is not None:
            raise InputError([f"study {study.name}: {ONE_MODEL_EACH}"])
        return load_dyad_for(study, trust)
    name = study.model[0] if model is None else model
    if isinstance(name, ModelSpec):
        return bound_model(study, supplied_responses(study, name))
    return load_model_for(study, name, trust)


def resolve_model(study_file: Path, model: str) -> str:
    """Return a model's name, or the path of its file; InputError if there is no such file.

    A file is looked for in the working directory first, and then in the folder of the study.
    """
    if not is_model_file(model):
        return model
    own, added = split_model_name(model)
    in_study_folder = study_file.parent / own
    existing = [path for path in (Path(own), in_study_folder) if is_file(path)]
    if not existing:
        raise InputError(
            [
                f"--model {model}: there is no such file, neither in {Path.cwd()} nor in the folder of the study "
                f"({in_study_folder})"
            ]
        )
    return with_additions(str(existing[0]), added)


def load_study_and_data(study_file: Path, model: str | None, trust: bool = False) -> LoadedStudy:
    """Load a study, one of its models, and its data; InputError lists every problem of the first that has any.

    `trust` is whether the model's rule and responses may be Python files, which then run.
    """
    study = read_study_file(study_file)
    if has_roles(study):
        spec, data = load_data(study, model, trust)
        return LoadedStudy(study_file, study, find_model(study.model[0]), spec, data)
    name = study.model[0] if model is None else resolve_model(study_file, model)
    if model is not None:
        study = study.model_copy(update={"model": [name, *study.model]})
    spec, data = load_data(study, name, trust)
    return LoadedStudy(study_file, study, find_model(name), spec, data)


def data_for(
    model: str | Path | ModelSpec | None, study: Study | xr.Dataset, added: Sequence[str] = ()
) -> tuple[ModelSpec, xr.Dataset]:
    """Return a model as a study uses it, with the study as this model reads it; InputError lists every problem.

    Without a model it is the one that the study names. `added` is what else moves beliefs, such as "trend".
    """
    if isinstance(study, xr.Dataset):
        if model is None:
            raise InputError(["model: name a model. Data do not say which one"])
        return model_of_dataset(model_with(model, added), study)
    if not isinstance(study, Study):
        raise InputError(
            [f"a model needs a Study or a Dataset, not {type(study).__name__}. Make a Study of your table"]
        )
    if has_roles(study.spec):
        spec = with_models(study.spec, [with_additions(name, tuple(added)) for name in study.spec.model])
        own = model if isinstance(model, ModelSpec | None) else str(model)
        return load_data(spec, own, True, study.sessions, study.people)
    if model is None and study.file is None:
        raise InputError(["model: name a built-in model, or give the path of a model file"])
    name = model_with(study.spec.model[0] if model is None else model, added)
    if isinstance(name, str) and study.file is not None:
        name = resolve_model(study.file, name)
    return load_data(study.spec, name, True, study.sessions, study.people)


def model_of_dataset(model: str | ModelSpec, data: xr.Dataset) -> tuple[ModelSpec, xr.Dataset]:
    """Return a model with the responses that data have, and the data; InputError if they have none."""
    spec = model if isinstance(model, ModelSpec) else load_model(model)
    supplied = {name: own for name, own in spec.responses.items() if f"answer_{name}" in data}
    if not supplied:
        raise InputError([f"the data have none of the responses of {spec.name}: {', '.join(spec.responses)}"])
    if not isinstance(model, ModelSpec):
        spec = load_model(model, [name for name in spec.responses if name not in supplied])
    spec = spec._replace(responses={name: spec.responses[name] for name in supplied})
    return model_of_events(spec, data), data


def describe_data(data: xr.Dataset) -> str:
    """Describe a data set in one line: people, events and figures, or dyads; unit of time, and what was left out."""
    if has_members(data):
        said = f"{count_sentence(data)}; unit of time: {data.attrs['time_unit']}"
        return "; ".join([said, *left_out(data, by_name=True)])
    events, observed = int(data["present"].sum()), int(data["observed"].sum())
    figures = ", ".join(str(name) for name in data["figure"].values)
    parts = [
        f"{data.sizes['person']} people; {events} events ({observed} with an observed outcome); attachment figures: "
        f"{figures}; unit of time: {data.attrs['time_unit']}"
    ]
    return "; ".join([*parts, *left_out(data, by_name=True)])


def left_out(data: xr.Dataset, by_name: bool) -> list[str]:
    """Return what a table or a model has, and the data have not; people by the study's own ids only if `by_name`."""
    parts = []
    if unrecorded := int(unrecorded_outcomes(data).sum()):
        parts.append(f"{unrecorded:,} of the observed outcomes were not recorded")
    if people := int(data.attrs.get("people_left_out", 0)):
        who = f": {data.attrs['dropped']}" if by_name else " (iwm check names them)"
        parts.append(f"{people:,} people left out, because their covariates are missing{who}")
    if empty_rows := int(data.attrs.get("rows_left_out", 0)):
        rows, were = ("1 row", "was") if empty_rows == 1 else (f"{empty_rows:,} rows", "were")
        parts.append(f"{rows} without an outcome or a response {were} left out")
    if without := data.attrs.get("without"):
        parts.append(f"responses of the model that the study does not map: {without}")
    return parts
