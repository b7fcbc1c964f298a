"""Model recovery: each model generates studies, and the model with the highest log evidence is selected.

All models are fitted to every study by `laplace`. The *confusion* matrix has the share of the studies of each
generating model for which each model is selected. The *inversion* matrix has the share of the studies for which a model
is selected that each model generated, if all generated equally many. Wilson & Collins (2019), doi:10.7554/eLife.49547.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.inference.laplace.empirical_bayes import find_mode
from iwm_bayes.inference.laplace.evidence import log_evidence
from iwm_bayes.inference.laplace.method import pose_problem
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.validation.compile_cache import Design, compile_cached
from iwm_bayes.validation.sbc import design_of
from iwm_bayes.validation.study_design import as_read_by
from iwm_bayes.validation.sweep import Condition


def check_same_responses(models: Sequence[ModelSpec]) -> None:
    """Raise InputError unless all models have the same responses: otherwise their evidence is not comparable."""
    first, *others = models
    expected = set(first.responses)
    problems = [
        f"{other.name} has the responses {', '.join(sorted(other.responses))}; {first.name} has "
        f"{', '.join(sorted(expected))}. Give them the same `responses`"
        for other in others
        if set(other.responses) != expected
    ]
    if problems:
        raise InputError(problems)


def model_evidence(model_name: str, design: Design, data: xr.Dataset) -> dict[str, float]:
    """Compute a model's log evidence of a study, and whether the mode of its group parameters was found."""
    compiled = compile_cached(model_name, design.for_compilation(), "laplace")
    problem = pose_problem(compiled, as_read_by(compiled.model, design, data))
    mode = find_mode(problem)
    return {"log_evidence": log_evidence(problem, mode), "converged": float(mode.converged)}


def confusion_study(condition: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Simulate one study and compute the evidence of all models.

    The condition has "generating", "at generating", "rivals", "at rivals" (one per line) and the design.
    """
    design = design_of(condition)
    data = design.draw(design.load(str(condition["at generating"])), generator).data
    rivals = str(condition["at rivals"]).split("\n")
    return {"evidence": {load_model(rival).name: model_evidence(rival, design, data) for rival in rivals}}


def evidence_table(studies: pd.DataFrame) -> pd.DataFrame:
    """Return the log evidence of every study, one line each: "generating", and a column per model."""
    lines = [{name: one["log_evidence"] for name, one in by_model.items()} for by_model in studies["evidence"]]
    table = pd.DataFrame(lines)
    table.insert(0, "generating", studies["generating"].to_numpy())
    return table


def generating_order(evidence: pd.DataFrame) -> list[str]:
    """Return the generating models in the order of the columns, and then those that have none."""
    generating = list(dict.fromkeys(evidence["generating"]))
    fitted = [name for name in evidence.columns if name in generating]
    return fitted + [name for name in generating if name not in fitted]


def matrix_data(table: pd.DataFrame) -> pd.DataFrame:
    """Return a matrix with generating models as its index, from such a matrix or from its file in `tables/`."""
    return table.set_index("generating") if "generating" in table else table


def confusion_table(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each generating model's studies (row) for which each model is selected (column).

    Rows are in the order of columns: a model that is always recovered has a 1 on the diagonal.
    """
    models = evidence.drop(columns="generating")
    selected = pd.Categorical(models.idxmax(axis=1), categories=list(models.columns))
    table = pd.crosstab(evidence["generating"], selected, normalize="index", dropna=False)
    return table.rename_axis(columns="selected").reindex(generating_order(evidence))


def inversion_table(confusion: pd.DataFrame) -> pd.DataFrame:
    """Return the share of the studies for which a model is selected (column) that each model generated (row).

    All models count as if they had generated equally many studies.
    """
    return confusion / confusion.sum().where(confusion.sum() > 0)


def evidence_differences(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return by how much the log evidence of each model (column) is on average below the generating model's (row)."""
    models = evidence.drop(columns="generating")
    own = np.array([line[name] for name, (_, line) in zip(evidence["generating"], models.iterrows(), strict=True)])
    return (-models.sub(own, axis=0)).groupby(evidence["generating"]).mean().reindex(generating_order(evidence))
