"""The pages of the two kinds of TOML files, from the types that read them."""

import inspect
import re
from importlib import import_module
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from iwm_bayes.data import study
from iwm_bayes.model import model_file
from iwm_bayes.model.model_file_schema import ModelFile, ParameterPrior
from iwm_bayes.responses import RESPONSES
from iwm_bayes.types import Response

COMMENT = re.compile(r"^    (\w+):.*?  # (.+)$", re.MULTILINE)
MEANINGS = {  # of keys of which the program's own files say nothing beside them
    "Study.name": "of the study, and of the folder of its runs",
    "Study.data": "the table, one row per event: `.csv`, `.parquet`, or a folder of Parquet files",
    "Study.model": "a name on the shelf, the path of a theory file, or a list to compare",
    "Study.columns": "the table's names for the program's words",
    "Study.responses": "what people rated or did, by the theory's name for it",
    "Study.people": "what is known of people besides their sessions",
    "Outcome.column": "the column of outcomes",
    "Outcome.scale": "its ends: the first means no response, the second a full one",
    "Outcome.missing": "what a blank means: `unseen` (nothing happened), or `unrecorded` (a form is missing)",
    "ScaledColumn.column": "the column",
    "ScaledColumn.scale": "its ends",
    "ResponseColumn.column": "the column",
    "ResponseColumn.scale": "its ends; `[7, 1]` for a reversed item",
    "ResponseColumn.rater": "who rated",
    "Columns.person": "who",
    "Columns.session": "the number of the session",
    "Columns.figure": "with whom; one figure where it is left out",
    "Columns.time": "when, in numbers or ISO dates; the number of the session where it is left out",
    "Columns.outcome": "observed responsiveness",
    "Columns.distress": "what raises or lowers a bid",
    "Columns.threat": "frightening or intrusive care, apart from responsiveness",
    "PersonTable.data": "the table of people",
    "PersonTable.person": "its column of people",
    "PersonTable.missing": "`drop` leaves out people whose covariates are blank; else they are an error",
    "ParameterPrior.prior_90": "90 % prior interval of the average person, natural scale",
    "ParameterPrior.prior_between_sd": "half-normal scale of the between-person sd, link scale",
    "ParameterPrior.pooling": "`partial`: people around a group; `complete`: one value for everyone; `none`: nothing in common",
    "ParameterPrior.by": "one group centre, or one per figure",
    "ModelFile.claim": "what it says, in a sentence",
    "ModelFile.reference": "where it comes from",
    "ModelFile.rule": 'how beliefs move: a name, or `"file.py:RULE"`',
    "ModelFile.responses": "how beliefs show: kinds, or names of your own for kinds",
    "ModelFile.transfer": "a new figure is met with what was learned of others",
    "ModelFile.parameters": "priors that differ, by parameter",
}


def kind(annotation: Any) -> str:
    """A type in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind(parts[0])
    if origin in (Union, UnionType):
        return " or ".join(kind(part) for part in parts if part is not NoneType)
    if origin is Literal:
        return " or ".join(f'"{part}"' for part in parts)
    if parts:
        return f"{origin.__name__}[{', '.join(kind(part) for part in parts)}]"
    return "..." if annotation is Ellipsis else annotation.__name__


def meanings(part: type[BaseModel]) -> dict[str, str]:
    """What is said of each key beside it in the program's files."""
    return dict(COMMENT.findall(inspect.getsource(part)))


def table(part: type[BaseModel]) -> str:
    """The keys of one part of a file. A key of which nothing is said is an error: say what it means."""
    beside = meanings(part)
    lines = ["| key | | default | meaning |", "|---|---|---|---|"]
    for name, field in part.model_fields.items():
        meaning = MEANINGS.get(f"{part.__name__}.{name}") or beside[name]
        required = field.is_required()
        missing = required or field.default in (None, PydanticUndefined, "", ())
        default = "required" if required else "" if missing else f"`{field.default}`"
        cells = (f"`{name}`", kind(field.annotation), default, meaning)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)


def section(title: str, part: type[BaseModel]) -> str:
    return f"## {title}\n\n{(inspect.getdoc(part) or '').strip()}\n\n{table(part)}\n"


def study_file() -> str:
    """The page of study files."""
    parts = (
        ("The file", study.Study),
        ("[columns]", study.Columns),
        ("outcome", study.Outcome),
        ("reported, distress, threat", study.ScaledColumn),
        ("[responses.NAME]", study.ResponseColumn),
        ("[people]", study.PersonTable),
    )
    opening = "One TOML file says what the columns of a table mean. Its first line is `schema = 2`. Unknown keys are errors.\n"
    return "\n".join(["# Study file", "", opening, *(section(*part) for part in parts)])


def when(response: Response) -> str:
    """At which moment of its row a response is given."""
    said = f"Given {response.timing} the outcome of its row"
    return f"{said}, unless a study says otherwise." if response.effect == "none" else f"{said}."


def responses() -> str:
    """Every kind of response with what it claims, by the file that holds it."""
    by_file: dict[str, list[str]] = {}
    for kind, response in RESPONSES.items():
        by_file.setdefault(type(response.parameters).__module__, []).append(kind)
    sections = [
        f"### {', '.join(f'`{name}`' for name in model_file.response_kinds(kinds))}\n\n"
        f"{when(RESPONSES[kinds[0]])}\n\n{inspect.getdoc(import_module(file))}\n"
        for file, kinds in by_file.items()
    ]
    return "\n".join(["## Responses", "", *sections])


def model_file() -> str:
    """The page of theory files."""
    parts = (("The file", ModelFile), ("[parameters.NAME]", ParameterPrior))
    opening = "A learning rule, its responses, and the priors that differ. Its first line is `schema = 2`. Unknown keys are errors.\n"
    return "\n".join(["# Model file", "", opening, *(section(*part) for part in parts), responses()])
