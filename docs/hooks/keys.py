"""The pages of study files and model files, from the types that read them."""

import inspect
import re
from importlib import import_module
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from iwm_bayes.data.dyads.schema import Dyad, DyadMember
from iwm_bayes.data.study import PersonTable, StudySpec
from iwm_bayes.data.study_columns import Columns, Outcome, Rater, ResponseColumn, ScaledColumn, WaveColumn
from iwm_bayes.model.specification.parts import response_kinds
from iwm_bayes.model.specification.schema import ModelFile, ParameterPrior
from iwm_bayes.responses import RESPONSES
from iwm_bayes.simulation.design_file import Arm, DesignFile, DesignPhase
from iwm_bayes.types import Response

COMMENT = re.compile(r"^    (\w+):.*?  # (.+)$", re.MULTILINE)
MEANINGS = {  # of keys without a comment where they are declared
    "DesignFile.name": "name of the design, and of the folders of its results",
    "Arm.name": "name of the arm",
    "StudySpec.name": "name of the study, and of the folders of its runs",
    "StudySpec.data": "the table, one row per event: a file or, for `iwm fit-large`, a folder of Parquet files",
    "StudySpec.model": "name of a built-in model, path of a model file, or a list of them to compare",
    "StudySpec.columns": "the columns of the table",
    "StudySpec.responses": "ratings and choices, by the model's name for each response",
    "Dyad.members": "the two members by role, each with the keys below",
    "StudySpec.people": "the table of people, with their covariates",
    "Outcome.column": "the column of outcomes",
    "Outcome.scale": "its ends: the first means no response, the second a full response",
    "Outcome.missing": "meaning of a blank: `unseen` (nothing happened) or `unrecorded` (a form is missing)",
    "Outcome.raters": "in place of a column: the column of each rater, by name; the outcome is then latent",
    "Rater.column": "the column of the rater",
    "Rater.scale": "its ends: the first means no response, the second a full response",
    "ScaledColumn.column": "the column",
    "ScaledColumn.scale": "its ends",
    "ResponseColumn.column": "the column",
    "ResponseColumn.scale": "its ends; `[7, 1]` for a reversed item",
    "ResponseColumn.rater": "the person who rated",
    "Columns.person": "the person who is studied",
    "Columns.session": "the number of the session",
    "Columns.wave": "the wave of a session, such as test and retest: a column, or the keys below",
    "WaveColumn.column": "the column",
    "WaveColumn.order": "the waves in order, where their names have no numbers",
    "Columns.figure": "the attachment figure; without this key there is one figure",
    "Columns.time": "time, in numbers or ISO dates; without this key, the number of the session",
    "Columns.outcome": "observed responsiveness",
    "Columns.distress": "need, which raises or lowers a bid",
    "Columns.threat": "frightening or intrusive care, recorded separately from responsiveness",
    "PersonTable.data": "the table of people",
    "PersonTable.person": "its column of people",
    "PersonTable.missing": "`drop` leaves out people whose covariates are blank; otherwise a blank is an error",
    "ParameterPrior.prior_90": "90% prior interval of the median person, natural scale",
    "ParameterPrior.prior_between_sd": "scale of the half-normal prior of the between-person SD, link scale",
    "ParameterPrior.pooling": "`partial`: people around a group mean; `complete`: one value for everyone; "
    "`none`: each person separately",
    "ParameterPrior.by": "one group mean, or one per figure",
    "ModelFile.claim": "the hypothesis, in a sentence",
    "ModelFile.reference": "its source",
    "ModelFile.rule": 'the learning rule: a name, or `"file.py:RULE"`',
    "ModelFile.responses": 'the responses: kinds from the list below, `"file.py:RESPONSE"`, or names of your own for '
    "either",
    "ModelFile.transfer": "people apply to a new figure the experience with other figures",
    "ModelFile.parameters": "priors that differ from the defaults, by parameter",
}
STUDY_PARTS = (
    ("The file", StudySpec),
    ("[columns]", Columns),
    ("outcome", Outcome),
    ("outcome.raters.NAME", Rater),
    ("wave", WaveColumn),
    ("distress, threat", ScaledColumn),
    ("[responses.NAME]", ResponseColumn),
    ("[people]", PersonTable),
    ("[dyad]", Dyad),
    ("[dyad.members.ROLE]", DyadMember),
)
DESIGN_PARTS = (("The file", DesignFile), ("[[arms]]", Arm), ("phases", DesignPhase))
MODEL_PARTS = (("The file", ModelFile), ("[parameters.NAME]", ParameterPrior))
STUDY_OPENING = (
    "A study file defines the columns of a table. It is a TOML file, and its first line is `schema = 2`. "
    "Unknown keys are errors.\n"
)
DESIGN_OPENING = (
    "A design file says what happens in each arm of a study that nobody has done yet, and when it is rated. "
    "`iwm simulate`, `iwm plan` and `iwm validate` read it in place of a model. It is a TOML file, and its first line "
    "is `schema = 2`. Unknown keys are errors. `experiments/menu/` has examples.\n"
)
MODEL_OPENING = (
    "A model file names a learning rule, its responses, and the priors that differ from the defaults. It is a TOML "
    "file, and its first line is `schema = 2`. Unknown keys are errors.\n"
)


def type_text(annotation: Any) -> str:
    """Return a type in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_text(parts[0])
    if origin in (Union, UnionType):
        return " or ".join(type_text(part) for part in parts if part is not NoneType)
    if origin is Literal:
        return " or ".join(f'"{part}"' for part in parts)
    if parts:
        return f"{origin.__name__}[{', '.join(type_text(part) for part in parts)}]"
    return "..." if annotation is Ellipsis else annotation.__name__


def default_text(field: Any) -> str:
    """Return the default of a key; empty where leaving the key out has no value of its own."""
    if field.is_required():
        return "required"
    return "" if field.default in (None, PydanticUndefined, "", ()) else f"`{field.default}`"


def table(part: type[BaseModel]) -> str:
    """Return the table of keys of one part of a file.

    The meaning of a key is its comment in the source, or its entry in MEANINGS. A key with neither is an error.
    """
    comments = dict(COMMENT.findall(inspect.getsource(part)))
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for name, field in part.model_fields.items():
        meaning = MEANINGS.get(f"{part.__name__}.{name}") or comments[name]
        cells = (f"`{name}`", type_text(field.annotation), default_text(field), meaning)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)


def section(title: str, part: type[BaseModel]) -> str:
    """Return the section of one part of a file."""
    return f"## {title}\n\n{inspect.getdoc(part) or ''}\n\n{table(part)}\n"


def study_file_page() -> str:
    """Return the page of study files."""
    return "\n".join(["# Study file", "", STUDY_OPENING, *(section(*part) for part in STUDY_PARTS)])


def design_file_page() -> str:
    """Return the page of design files."""
    return "\n".join(["# Design file", "", DESIGN_OPENING, *(section(*part) for part in DESIGN_PARTS)])


def timing_sentence(response: Response) -> str:
    """Return the timing of a response as a sentence."""
    sentence = f"Given {response.timing} the outcome of its row"
    return f"{sentence}, unless the study sets `timing`." if response.effect == "none" else f"{sentence}."


def response_sections() -> str:
    """Return the kinds of responses with their definitions, by the module that holds them."""
    by_module: dict[str, list[str]] = {}
    for kind, response in RESPONSES.items():
        by_module.setdefault(type(response.parameters).__module__, []).append(kind)
    sections = [
        f"### {', '.join(f'`{name}`' for name in response_kinds(kinds))}\n\n"
        f"{timing_sentence(RESPONSES[kinds[0]])}\n\n{inspect.getdoc(import_module(module))}\n"
        for module, kinds in by_module.items()
    ]
    return "\n".join(["## Responses", "", *sections])


def model_file_page() -> str:
    """Return the page of model files."""
    return "\n".join(
        ["# Model file", "", MODEL_OPENING, *(section(*part) for part in MODEL_PARTS), response_sections()]
    )
