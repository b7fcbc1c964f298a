"""Compare the responses of a study with those of its model.

A study says which responses it recorded, which it did not ask, when each answer was given, and which ratings are on
the outcome's scale. A model says which responses it predicts. The functions here find what is missing between the two,
and give a model the study's timing and scales.
"""

import difflib
import json
from collections.abc import Iterator
from itertools import combinations

import xarray as xr

from iwm_bayes.data.study import ResponseColumn, StudySpec
from iwm_bayes.responses import RESPONSES
from iwm_bayes.responses.scale import is_on_outcome_scale, with_scales
from iwm_bayes.types import ModelSpec, Response

STATEMENTS = "statements of the study"  # an attribute of data
WANTED = "estimands of the study"  # an attribute of data


def impossible_timing(given: ResponseColumn, response: Response) -> str:
    """Return why a response cannot have the timing that the study states; empty if it can."""
    if given.timing is not None and response.effect != "none":
        return "whether people act before or after an outcome is part of the model"
    if given.timing == "before" and given.scope == "session":
        return "an answer about a whole session is given when it is over, after its outcomes"
    if given.timing == "before" and (response.about == "perceived" or "centred_outcome" in response.also_reads):
        return "this answer is about the outcome of its row, and cannot come before it"
    return ""


def bound_model(study: StudySpec, model: ModelSpec) -> ModelSpec:
    """Return the model with the timing of every response, and the scale of every rating, that the study states."""
    stated = {name: given.timing for name, given in study.responses.items() if given.timing is not None}
    responses = {
        name: response._replace(timing=stated.get(name, response.timing)) for name, response in model.responses.items()
    }
    commensurable = {name: given.commensurable for name, given in study.responses.items()}
    return with_scales(model._replace(responses=responses), commensurable)


def with_statements(study: StudySpec, model: ModelSpec, data: xr.Dataset) -> xr.Dataset:
    """Return the data with what the study states about the responses of a model, and which estimands it names."""
    statements = {
        name: {
            "timing": study.responses[name].timing,
            "commensurable": study.responses[name].commensurable if response.scale else None,
            "noise": response.parameters.noise.fixed if study.responses[name].reliability else None,
        }
        for name, response in model.responses.items()
    }
    return data.assign_attrs({STATEMENTS: json.dumps(statements), WANTED: json.dumps(study.estimands)})


def wants(data: xr.Dataset, estimand: str) -> bool:
    """Return whether the study of these data wants an estimand, as `StudySpec.wants` does."""
    names = json.loads(data.attrs.get(WANTED, "null"))
    return names is None or estimand in names


def forgotten_statements(model: ModelSpec, data: xr.Dataset) -> list[str]:
    """Return what the study of these data states about the responses of a model, and the model does not have.

    Parameters of which the model file states that they are fixed or free may differ from the study's scale.
    """
    problems = []
    for name, stated in json.loads(data.attrs.get(STATEMENTS, "{}")).items():
        if name not in model.responses:
            continue
        response = model.responses[name]
        own = {leaf for leaf in response.scale if f"{name}_{leaf}" in model.stated}
        forgotten = {
            "timing": stated["timing"] not in (None, response.timing),
            "commensurable": stated["commensurable"] not in (None, is_on_outcome_scale(response)) and not own,
            "reliability": stated["noise"] is not None and stated["noise"] != response.parameters.noise.fixed,
        }
        keys = ", ".join(f"`{key}`" for key, is_forgotten in forgotten.items() if is_forgotten)
        if keys:
            problems.append(
                f"[responses.{name}]: the model {model.name} does not have what the study states: {keys}. Fit the "
                "model that `load_data` returns with the data"
            )
    return problems


def supplied_responses(study: StudySpec, model: ModelSpec) -> ModelSpec:
    """Return the model with only those responses for which the study has a column, so that the rest can be read."""
    return model._replace(responses={name: r for name, r in model.responses.items() if name in study.responses})


def known_omissions(study: StudySpec, model: ModelSpec) -> list[str]:
    """Return the names in `without` that are responses of this model, or kinds that another model may have."""
    return [name for name in study.without if name in {*model.responses, *model.without, *RESPONSES}]


def unknown_omissions(study: StudySpec, model: ModelSpec) -> Iterator[str]:
    """Yield a problem for each other name in `without`."""
    own = [*model.responses, *model.without]
    known = known_omissions(study, model)
    for name in study.without:
        if name not in known:
            near = difflib.get_close_matches(name, [*own, *RESPONSES], n=1)
            hint = f'Did you mean "{near[0]}"?' if near else f"It has {', '.join(own)}"
            yield f'key `without`: the model {model.name} has no response "{name}". {hint}'


def missing_responses(study: StudySpec, model: ModelSpec) -> Iterator[str]:
    """Yield a problem for the responses that the model has and the study does not supply."""
    omitted = [name for name in model.responses if name in study.without]
    if omitted:
        yield f"`without` leaves out {', '.join(omitted)}. From Python: load_model(model, without=study.without)"
    missing = [name for name in model.responses if name not in study.responses and name not in omitted]
    if not missing:
        return
    tables = ", ".join(f"[responses.{name}]" for name in missing)
    remedy = f"Add {tables} with its column" if len(missing) == 1 else f"Add {tables}, each with its column"
    if len(missing) < len(model.responses):
        not_asked = ", ".join(f'"{name}"' for name in (*known_omissions(study, model), *missing))
        remedy += f", or, if nobody was asked, write without = [{not_asked}] at the top of the study, above [columns]"
    else:
        remedy += (
            ". What nobody was asked goes into `without`, a list of names at the top of the study, above [columns]"
        )
    names = ", ".join(f"`{name}`" for name in missing)
    have = "has a response" if len(missing) == 1 else "has responses"
    yield f"the model {model.name} {have} that the study does not supply: {names}. {remedy}"


def repeated_columns(study: StudySpec, model: ModelSpec) -> Iterator[str]:
    """Yield a problem for each column that is the outcome and a response, or two responses.

    If answers are the outcomes, people learn from them by construction. If two responses are one column, each answer
    counts twice. Two responses may share a column where `where` gives them different rows.
    """
    outcome, answers = study.columns.outcome.column, [(name, study.responses[name]) for name in model.responses]
    for name, given in answers:
        if outcome in given.columns:
            yield (
                f'the column "{outcome}" is the outcome and the response [responses.{name}]. Outcomes are what '
                "happened to people, and responses what people did or said. Name two columns"
            )
    for (one, first), (other, second) in combinations(answers, 2):
        shared = [column for column in first.columns if column in second.columns]
        other_rows = any(second.where.get(key, word) != word for key, word in first.where.items())
        if shared and not other_rows:
            yield (
                f'the column "{shared[0]}" is [responses.{one}] and [responses.{other}], so each answer would count '
                "twice. Take one of them out"
            )


def unknown_responses(study: StudySpec, model: ModelSpec) -> Iterator[str]:
    """Yield a problem for each response that the study supplies and its only model does not have."""
    if len(study.model) > 1:
        return
    for name in study.responses:
        if name not in model.responses:
            yield (
                f"[responses.{name}] is no response of the model {model.name}, "
                f"which has {', '.join((*model.responses, *model.without))}. Rename it or take it out"
            )


def binding_problems(study: StudySpec, model: ModelSpec) -> list[str]:
    """Return where a study and a model do not name the same responses, each with its remedy."""
    return [
        f"study {study.name}: {fault}"
        for fault in (
            *unknown_omissions(study, model),
            *missing_responses(study, model),
            *unknown_responses(study, model),
            *repeated_columns(study, supplied_responses(study, model)),
        )
    ]


def required_columns(study: StudySpec, model: ModelSpec) -> dict[str, str]:
    """Return every column of the table that the study names and the model needs, with the key that names it."""
    named, found = study.columns, dict[str, str]()
    for key in type(named).model_fields:
        given = getattr(named, key)
        column = given if isinstance(given, str | None) else given.column
        if column is not None:
            found.setdefault(column, f"key `columns.{key}`")
    for name in model.responses:
        given = study.responses[name]
        for column in (*given.columns, *given.where):
            found.setdefault(column, f"[responses.{name}]")
    return found
