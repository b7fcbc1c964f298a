"""The first lines of a command: the program, the study's people and phases, the data, and the model."""

import re
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
import xarray as xr

from iwm_bayes.cli.printing.layout import Line, labelled
from iwm_bayes.cli.printing.names import response_words
from iwm_bayes.data.binding import participants_noun
from iwm_bayes.data.dyads.coupling import roles_of
from iwm_bayes.data.dyads.describe import count_sentence
from iwm_bayes.data.dyads.writing import has_members
from iwm_bayes.model.inputs import effect_labels
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.report.answer.words import count_of, listed, session_count
from iwm_bayes.types import GENERALISED, ModelSpec
from iwm_bayes.workflow.load import left_out

LABEL = 8  # columns of the labels Data, Model, Report and others
MAX_PHASES = 3  # that the first line names; more are counted
MAX_WARNINGS = 2  # that are printed in full; more are counted


def program_name() -> str:
    """Return the name of the program, with its version."""
    return f"iwm_bayes {version('iwm-bayes')}"


def session_masks(data: xr.Dataset) -> dict[str, np.ndarray]:
    """Return which events are sessions with each figure, (event, person), the figure that was met first in front."""
    sessions = data["present"].values & ~data["assessment"].values
    masks = {
        name: sessions & (data["figure_index"].values == index)
        for index, name in enumerate(figure_names(data))
        if name != GENERALISED
    }
    met = {name: mask for name, mask in masks.items() if mask.any()}
    return dict(sorted(met.items(), key=lambda item: np.argwhere(item[1])[:, 0].mean()))


def follow_each_other(masks: Sequence[np.ndarray]) -> bool:
    """Return whether each person's sessions with a figure end before those with the next one begin."""
    place = np.select(masks, range(len(masks)), -1)
    return bool((place == np.maximum.accumulate(place))[place >= 0].all())


def phases(data: xr.Dataset) -> str:
    """Describe the sessions with each figure, such as "caregiver (8 sessions), then therapist (24 sessions)"."""
    masks = session_masks(data)
    counts = {name: mask.sum(axis=0) for name, mask in masks.items()}
    if len(masks) > MAX_PHASES:
        most = max(int(count.max()) for count in counts.values())
        return f"{len(masks)} attachment figures (up to {count_of(most, 'sessions')} with each)"
    texts = [f"{name} ({session_count(count)})" for name, count in counts.items()]
    return (", then " if follow_each_other([*masks.values()]) else " and ").join(texts)


def study_line(study: str, data: xr.Dataset, width: int) -> list[Line]:
    """Return the first line: the program, the study, its people, and its phases; or its dyads, and their exchanges."""
    people = count_of(data.sizes["person"], participants_noun(data))
    who = count_sentence(data) if has_members(data) else f"{people}, {phases(data)}"
    return labelled(program_name(), f"{study}: {who}", width, len(program_name()) + 2, "bold")


def with_outcome(data: xr.Dataset) -> str:
    """Return how many events have an outcome; of dyads, how many of each member have one."""
    if not has_members(data):
        return f"{int(data['observed'].sum()):,} with an outcome"
    counts = {role: int((data["event_terms"].sel(event_term=f"{role} observed") > 0).sum()) for role in roles_of(data)}
    return f"with an outcome of {listed([f'the {role} {count:,}' for role, count in counts.items()])}"


def data_text(data: xr.Dataset, responses: Sequence[str], by_name: bool = False) -> str:
    """Describe the data: observations, outcomes, responses, and what was left out; people by id only if `by_name`."""
    events = "exchanges" if has_members(data) else "observations"
    parts = [
        f"{count_of(int(data['present'].sum()), events)}, {with_outcome(data)}",
        ", ".join(map(response_words, responses)),
    ]
    return "; ".join([*parts, *left_out(data, by_name)])


def first_clause(text: str) -> str:
    """Return a hypothesis up to its first full stop or colon, in one line."""
    return re.split(r"[.:](?: |$)", " ".join(text.split()), maxsplit=1)[0]


def model_text(model: ModelSpec, data: xr.Dataset) -> str:
    """Describe a model: its name, its hypothesis, and how many group-level parameters it has, with coefficients."""
    free = [one for one in free_parameters(model, figure_names(data)) if one.parameter.pooling != "none"]
    coefficients = len(effect_labels(data).get("coefficient", []))
    counts = count_of(len(free) + coefficients, "group-level parameters")
    claims = [f"{role}: {first_clause(member.model.claim)}" for role, member in model.members.items()]
    claim = "; ".join(claims) or first_clause(model.claim)
    return f"{model.name}: {claim}; {counts}" if claim else f"{model.name}: {counts}"


def heading(study: str, model: ModelSpec, data: xr.Dataset, width: int, by_name: bool = False) -> list[Line]:
    """Return the lines on a study, its data, and a model; people who are left out by their ids only if `by_name`."""
    return [
        *study_line(study, data, width),
        *labelled("Data", data_text(data, [*model.responses], by_name), width, LABEL),
        *labelled("Model", model_text(model, data), width, LABEL),
    ]


def warning_lines(warnings: Sequence[str], width: int, how_to_see_all: str) -> list[Line]:
    """Return what the data cannot identify: the first sentence of the first `MAX_WARNINGS`."""
    shown = [f"{text.partition('. ')[0].removesuffix('.')}." for text in warnings[:MAX_WARNINGS]]
    lines = [line for text in shown for line in labelled("Warning", text, width, LABEL, "yellow")]
    more = len(warnings) - MAX_WARNINGS
    whole = f"{count_of(more, 'more warnings')}; {how_to_see_all}" if more > 0 else how_to_see_all
    return lines + (labelled("", f"({whole})", width, LABEL) if warnings else [])
