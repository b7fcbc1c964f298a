"""A model as text, so that a fit carries the model that it is a fit of.

The record has the keys of the model file, every parameter as the study left it (its prior, its pooling, and whether it
is fixed), and the effects of the study's event terms. A model that was put together in Python, from functions that no
file names, has no record.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from iwm_bayes.data.formulas.effects import with_event_effects
from iwm_bayes.data.raters import model_with_raters, recorded_raters
from iwm_bayes.data.waves import model_with_waves, recorded_waves
from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.specification.model_file import model_with_responses
from iwm_bayes.model.specification.parts import file_hashes, find_parts, named_files
from iwm_bayes.model.specification.schema import ModelFile
from iwm_bayes.types import EventEffect, InputError, Member, ModelSpec, Parameter, parameters, with_parameters

MEMBER_FIELDS = ("outcome", "exchange", "bids")
PARAMETER_FIELDS = ("support", "prior_90", "prior_between_sd", "pooling", "by", "fixed")
NOT_IN_FILE = ("path", "files", "raters", "waves")  # keys of the source that are no keys of a model file
NO_RECORD = (
    "the fit does not say what its model is, because the model was put together in Python. Give the model as `model`"
)


def model_record(model: ModelSpec) -> str:
    """Return a model as JSON text; "" if it was put together in Python."""
    if model.members:
        return dyad_record(model)
    if not model.source:
        return ""
    priors = recorded_priors(model)
    timing = {name: response.timing for name, response in model.responses.items()}
    lags = {name: response.lag for name, response in model.responses.items() if response.lag}
    own: dict[str, Any] = {"name": model.name, "without": model.without, "stated": sorted(model.stated)}
    own["correlated"] = model.correlated
    events = {"event_effects": model.event_effects, "event_terms": model.rule.terms}
    own |= events | {"source": dict(model.source), "timing": timing, "lags": lags, "parameters": priors}
    return json.dumps(own)


def recorded_priors(model: ModelSpec) -> dict[str, list[Any]]:
    """Return every parameter of a model as values of `PARAMETER_FIELDS`."""
    return {name: [getattr(own, field) for field in PARAMETER_FIELDS] for name, own in parameters(model).items()}


def of_member(key: str, role: str) -> str:
    """Return the key of a file of one member of a dyad."""
    return f"{key} of the {role}"


def dyad_record(model: ModelSpec) -> str:
    """Return a model of dyads as JSON text: the records of its members, and its own parameters.

    It is "" if a member's model was put together in Python.
    """
    records = {role: model_record(member.model) for role, member in model.members.items()}
    if not all(records.values()):
        return ""
    members = {
        role: {"record": json.loads(records[role])} | {field: getattr(member, field) for field in MEMBER_FIELDS}
        for role, member in model.members.items()
    }
    own = {"name": model.name, "correlated": model.correlated, "stated": sorted(model.stated)}
    return json.dumps(own | {"members": members, "parameters": recorded_priors(model)})


def dyad_from_record(
    content: Mapping[str, Any], trust: bool, copies: Mapping[str, Path], folder: Path = Path()
) -> ModelSpec:
    """Return the model of dyads of a record; arguments and errors are those of `model_from_record`."""
    members = {}
    for role, own in content["members"].items():
        record = json.dumps(own["record"])
        files = {key: copies[of_member(key, role)] for key in recorded_files(record) if of_member(key, role) in copies}
        model = model_from_record(record, trust, files, folder)
        members[role] = Member(model, **{field: own[field] for field in MEMBER_FIELDS})
    model = with_recorded_priors(dyad_model(members, content["correlated"]), content)
    return model._replace(name=content["name"], stated=frozenset(content["stated"]))


def recorded_parameter(declared: Parameter, values: list[Any]) -> Parameter:
    """Return a parameter as it is recorded."""
    recorded = dict(zip(PARAMETER_FIELDS, values, strict=True))
    return declared._replace(**recorded | {"prior_90": tuple(recorded["prior_90"])})


def with_recorded_priors(model: ModelSpec, content: Mapping[str, Any]) -> ModelSpec:
    """Return a model whose parameters are as they are recorded."""
    declared = {name: recorded_parameter(own, content["parameters"][name]) for name, own in parameters(model).items()}
    return with_parameters(model, declared)


def without_folder(record: str) -> str:
    """Return a record with the names of model files alone, as it may be given to others."""
    content = json.loads(record) if record else {}
    if not content:
        return record
    if "members" in content:
        for own in content["members"].values():
            own["record"] = json.loads(without_folder(json.dumps(own["record"])))
        return json.dumps(content)
    name = Path(content["source"]["path"]).name
    return json.dumps(content | {"source": content["source"] | {"path": name}})


def recorded_files(record: str) -> dict[str, str]:
    """Return the Python files that a recorded model names, which would run; by the keys of `parts.python_files`."""
    content: dict[str, Any] = json.loads(record) if record else {"source": {"rule": "", "responses": {}}}
    if "members" in content:
        return {
            of_member(key, role): name
            for role, own in content["members"].items()
            for key, name in recorded_files(json.dumps(own["record"])).items()
        }
    return named_files(content["source"]["rule"], content["source"]["responses"].values())


def changed_files(source: Mapping[str, Any], now: Mapping[str, str]) -> list[str]:
    """Return the Python files of a record's source that are not what they were."""
    names = named_files(source["rule"], source["responses"].values())
    return [name for key, name in names.items() if now.get(key) != source["files"].get(key)]


def model_from_record(
    record: str,
    trust: bool = False,
    copies: Mapping[str, Path] = MappingProxyType({}),
    folder: Path = Path(),
) -> ModelSpec:
    """Return the model of a record.

    Parameters
    ----------
    record
        What `model_record` returned.
    trust
        Whether Python files that the model file names may run.
    copies
        Files to run in place of those, by the keys of `recorded_files`: the copies in a run folder.
    folder
        Where the model file is, if the record has its name alone.

    Raises
    ------
    InputError
        If there is no record, if a Python file would run without trust, or if it is not the one that was fitted.
    """
    if not record:
        raise InputError([NO_RECORD])
    content = json.loads(record)
    if "members" in content:
        return dyad_from_record(content, trust, copies, folder)
    source = content["source"]
    path = folder / source["path"]
    file = ModelFile.model_validate({key: value for key, value in source.items() if key not in NOT_IN_FILE})
    hashes = file_hashes(path, file.rule, source["responses"].values(), copies)
    if trust and (changed := changed_files(source, hashes)):
        raise InputError([f"{name}: is missing, or not the one that was fitted. Fit again" for name in changed])
    parts = find_parts(path, file.rule, source["responses"], trust, copies)
    model = model_with_responses(path, file, *parts, copies)
    if "raters" in source:
        model = model_with_raters(model, recorded_raters(source["raters"]))
    if "waves" in source:
        model = model_with_waves(model, recorded_waves(source["waves"]))
    effects = [EventEffect(*each) for each in content["event_effects"]]
    model = with_event_effects(model, effects, content["event_terms"])
    model = with_recorded_priors(model, content)
    lags = content["lags"]
    responses = {
        name: own._replace(timing=content["timing"][name], lag=lags.get(name, own.lag))
        for name, own in model.responses.items()
    }
    return model._replace(
        name=content["name"],
        responses=responses,
        without=tuple(content["without"]),
        stated=frozenset(content["stated"]),
        correlated=content["correlated"],
    )
