"""Compare the responses of a study with those of its model.

A study says which responses it recorded, when each answer was given, and which ratings are on the outcome's scale. A
model says which responses it predicts. A fit uses those that both have. The functions here find what does not agree,
and give a model the study's timing and scales.
"""

import difflib
import json
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import xarray as xr

from iwm_bayes.data.formulas.effects import bound_to_events
from iwm_bayes.data.raters import model_with_raters, outcome_ratings
from iwm_bayes.data.study import OF_ONE_COURSE, PARTICIPANTS, StudySpec
from iwm_bayes.data.study_columns import ResponseColumn
from iwm_bayes.data.waves import model_with_waves, waves_of
from iwm_bayes.responses.scale import is_on_outcome_scale, with_scales
from iwm_bayes.rules.modifiers.waves import RESTART
from iwm_bayes.types import InputError, ModelSpec, Response

STATEMENTS = "statements of the study"  # an attribute of data
WANTED = "estimands of the study"  # an attribute of data
QUESTION, PEOPLE_NOUN = "question of the study", "participants of the study"  # attributes of data; words alone
NEARLY = 0.85  # similarity of names: a typing error, and not the name of another response


def impossible_timing(given: ResponseColumn, response: Response) -> str:
    """Return why a response cannot have the timing that the study states; empty if it can."""
    if given.timing is not None and response.effect != "none":
        return "whether people act before or after an outcome is part of the model"
    if given.timing == "before" and given.scope == "session":
        return "an answer about a whole session is given when it is over, after its outcomes"
    if given.timing == "before" and ("centred_outcome" in (response.about, *response.also_reads)):
        return "this answer is about the outcome of its row, and cannot come before it"
    return ""


def impossible_lag(given: ResponseColumn, response: Response) -> str:
    """Return why a response cannot have the lag that the study states; empty if it can."""
    if given.lag is not None and not response.lagged:
        return "only a symptom follows the beliefs of an earlier session"
    return ""


def bound_model(study: StudySpec, model: ModelSpec) -> ModelSpec:
    """Return the model with the raters, the timing and lag of responses, and the scale of ratings, of the study."""
    model = model_with_raters(model, study.raters)
    timing = {name: given.timing for name, given in study.responses.items() if given.timing is not None}
    lag = {name: given.lag for name, given in study.responses.items() if given.lag is not None}
    responses = {
        name: response._replace(timing=timing.get(name, response.timing), lag=lag.get(name, response.lag))
        for name, response in model.responses.items()
    }
    commensurable = {name: given.commensurable for name, given in study.responses.items()}
    return with_scales(model._replace(responses=responses), commensurable)


def with_statements(study: StudySpec, model: ModelSpec, data: xr.Dataset) -> xr.Dataset:
    """Return the data with what the study states about the responses of a model, its estimands, and its words."""
    statements = {
        name: {
            "timing": study.responses[name].timing,
            "lag": study.responses[name].lag,
            "commensurable": study.responses[name].commensurable if response.scale else None,
            "noise": response.parameters.noise.fixed if study.responses[name].reliability else None,
        }
        for name, response in model.responses.items()
    }
    words = {QUESTION: study.question or "", PEOPLE_NOUN: study.participants}
    return data.assign_attrs({STATEMENTS: json.dumps(statements), WANTED: json.dumps(study.estimands)} | words)


def study_question(data: xr.Dataset) -> str:
    """Return the question of the study of these data; empty where it states none."""
    return str(data.attrs.get(QUESTION, ""))


def participants_noun(data: xr.Dataset) -> str:
    """Return what the study of these data calls its people, a plural noun."""
    return str(data.attrs.get(PEOPLE_NOUN, PARTICIPANTS))


def wants(data: xr.Dataset, estimand: str) -> bool:
    """Return whether the study of these data wants an estimand, as `StudySpec.wants` does."""
    names = json.loads(data.attrs.get(WANTED, "null"))
    restart = "event_terms" in data and RESTART in data["event_term"].values
    return not (restart and estimand in OF_ONE_COURSE) and (names is None or estimand in names)


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
            "lag": stated.get("lag") not in (None, response.lag),
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
    """Return the model with only those responses for which the study has a column; `without` names the others."""
    supplied = {name: response for name, response in model.responses.items() if name in study.responses}
    left_out = tuple(name for name in model.responses if name not in supplied)
    return model._replace(responses=supplied, without=(*model.without, *left_out))


def missing_responses(study: StudySpec, model: ModelSpec) -> Iterator[str]:
    """Yield a problem if the study supplies no response of the model."""
    own = [name for name in model.responses if name not in outcome_ratings(model)]
    if not any(name in study.responses for name in own):
        names = ", ".join(f"[responses.{name}]" for name in (*own, *model.without))
        yield f"supplies no response of the model {model.name}. Add one or more of {names}, each with its column"


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
    """Yield a problem for each response of the study that the model does not have.

    Where a study compares several models, a response may be that of another model. It is then a problem only if its
    name is nearly that of a response of this model for which the study has no column.
    """
    own = [*model.responses, *model.without]
    not_supplied = [name for name in own if name not in study.responses]
    for name in (name for name in study.responses if name not in own):
        near = difflib.get_close_matches(name, not_supplied, n=1, cutoff=NEARLY)
        if near or len(study.model) == 1:
            hint = f'Did you mean "{near[0]}"?' if near else "Rename it or take it out"
            yield f"[responses.{name}] is no response of the model {model.name}, which has {', '.join(own)}. {hint}"


def binding_problems(study: StudySpec, model: ModelSpec) -> list[str]:
    """Return where a study and a model do not name the same responses, each with its remedy."""
    return [
        f"study {study.name}: {fault}"
        for fault in (
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


def model_of_data(study: StudySpec, model: ModelSpec, data: xr.Dataset) -> ModelSpec:
    """Return the model with what follows from the data of a study: stated reliabilities, waves, and event terms."""
    return model_of_events(with_stated_reliability(study, model, data), data)


def model_of_events(model: ModelSpec, data: xr.Dataset) -> ModelSpec:
    """Return the model with the differences between waves, and the effects of event terms, of its data."""
    return bound_to_events(model_with_waves(model, waves_of(data)), data)


def with_stated_reliability(study: StudySpec, model: ModelSpec, data: xr.Dataset) -> ModelSpec:
    """Return the model with the SD of ratings whose reliability the study states.

        noise = sqrt(1 - reliability) * SD between people at their first answer

    Lord & Novick (1968), Statistical Theories of Mental Test Scores. InputError if the response is no rating with a
    noise, or if people do not differ.
    """
    responses = dict(model.responses)
    for name, response in model.responses.items():
        reliability = study.responses[name].reliability
        if reliability is None:
            continue
        if "noise" not in response.parameters._fields:
            raise InputError([f"[responses.{name}]: only a rating with a noise can have a stated reliability"])
        answers = data[f"answer_{name}"].values
        first = answers[np.argmax(~np.isnan(answers), axis=0), np.arange(answers.shape[1])]
        noise = float(np.sqrt(1.0 - reliability) * np.nanstd(first, ddof=1)) if len(first) > 1 else np.nan
        if not noise > 0:
            raise InputError([f"[responses.{name}]: a reliability needs people who differ. Take it out"])
        stated = response.parameters._replace(noise=response.parameters.noise._replace(fixed=noise))
        responses[name] = response._replace(parameters=stated)
    return model._replace(responses=responses)
