"""Whether answers were given before or after the outcome of their row: what a study says of its theory's responses.

What a study supplies of what a theory asks for, and what is missing between the two.
"""

import difflib
from collections.abc import Iterator

from iwm_bayes.data.study import ResponseColumn, Study
from iwm_bayes.responses import RESPONSES
from iwm_bayes.types import ModelSpec, Response


def impossible_timing(given: ResponseColumn, response: Response) -> str:
    """Why an answer cannot have a moment that the study says, or not this one; empty where it can."""
    if given.timing is not None and response.effect != "none":
        return "when people act, before or after an outcome, is part of the theory"
    if given.timing == "before" and given.scope == "session":
        return "an answer about a whole session comes when it is over, after its outcomes"
    if given.timing == "before" and (response.about == "perceived" or "act" in response.also_reads):
        return "this answer is about the outcome of its row, and cannot come before it"
    return ""


def with_timing(study: Study, model: ModelSpec) -> ModelSpec:
    """The theory with every answer at the moment that the study says."""
    said = {name: given.timing for name, given in study.responses.items() if given.timing is not None}
    responses = {
        name: response._replace(timing=said.get(name, response.timing)) for name, response in model.responses.items()
    }
    return model._replace(responses=responses)


def supplied_responses(study: Study, model: ModelSpec) -> ModelSpec:
    """The theory with those responses for which the study has a column, so that everything else can be read."""
    return model._replace(responses={name: r for name, r in model.responses.items() if name in study.responses})


def known_omissions(study: Study, model: ModelSpec) -> list[str]:
    """The names in `without` that are responses of this theory, or kinds that a theory beside it may have."""
    return [name for name in study.without if name in {*model.responses, *model.without, *RESPONSES}]


def unknown_omissions(study: Study, model: ModelSpec) -> Iterator[str]:
    """The other names in `without`."""
    own = [*model.responses, *model.without]
    for name in study.without:
        if name not in known_omissions(study, model):
            near = difflib.get_close_matches(name, [*own, *RESPONSES], n=1)
            hint = f'Did you mean "{near[0]}"?' if near else f"It has {', '.join(own)}"
            yield f'key `without`: the theory {model.name} has no response "{name}". {hint}'


def missing_responses(study: Study, model: ModelSpec) -> Iterator[str]:
    """Responses that the theory has and the study does not supply."""
    left_in = [name for name in model.responses if name in study.without]
    if left_in:
        yield f"`without` leaves out {', '.join(left_in)}. From Python: load(theory, without=study.without)"
    lacks = [name for name in model.responses if name not in study.responses and name not in left_in]
    if not lacks:
        return
    tables = ", ".join(f"[responses.{name}]" for name in lacks)
    remedy = f"Add {tables} with its column" if len(lacks) == 1 else f"Add {tables}, each with its column"
    if len(lacks) < len(model.responses):
        unasked = ", ".join(f'"{name}"' for name in (*known_omissions(study, model), *lacks))
        remedy += f", or, if nobody was asked, write without = [{unasked}] at the top of the study, above [columns]"
    else:
        remedy += (
            ". What nobody was asked goes into `without`, a list of names at the top of the study, above [columns]"
        )
    named = ", ".join(f"`{name}`" for name in lacks)
    have = "has a response" if len(lacks) == 1 else "has responses"
    yield f"the theory {model.name} {have} that the study does not supply: {named}. {remedy}"


def unknown_responses(study: Study, model: ModelSpec) -> Iterator[str]:
    """Responses that the study supplies and its only theory does not have."""
    if len(study.model) > 1:
        return
    for name in study.responses:
        if name not in model.responses:
            yield (
                f"[responses.{name}] is no response of the theory {model.name}, "
                f"which has {', '.join((*model.responses, *model.without))}. Rename it or take it out"
            )


def binding_problems(study: Study, model: ModelSpec) -> list[str]:
    """Where a study and a theory do not name the same responses, each with its remedy."""
    return [
        f"study {study.name}: {fault}"
        for fault in (
            *unknown_omissions(study, model),
            *missing_responses(study, model),
            *unknown_responses(study, model),
        )
    ]


def required_columns(study: Study, model: ModelSpec) -> list[str]:
    """Every column of the table that the study names and the theory needs."""
    named = study.columns
    parts = (named.outcome, named.reported, named.distress, named.threat)
    optional = [named.figure, named.time, *(part.column for part in parts if part)]
    answers = [study.responses[name] for name in model.responses]
    told = [column for given in answers for column in (*given.columns, *given.where)]
    return [named.person, named.session, *(name for name in optional if name), *told]
