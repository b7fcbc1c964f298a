"""Formulas of dyads: covariates of dyads and of their members, and groups of dyads that share a member.

A member of many dyads, such as a therapist, is a group of its own: `(1|therapist)` on each of its partially pooled
parameters, so that they vary between therapists and between the dyads of each. In a long table `wife_age` is the column
`age` in the rows of the wife.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import xarray as xr

from iwm_bayes.data.dyads.schema import Dyad
from iwm_bayes.data.dyads.sides import rows_by_role
from iwm_bayes.data.study import PersonTable, StudySpec
from iwm_bayes.data.table import Table
from iwm_bayes.data.tables.table_file import open_table
from iwm_bayes.rules.parameter_names import parameter_copies
from iwm_bayes.types import InputError, ModelSpec, parameters


def partially_pooled(model: ModelSpec) -> list[str]:
    """Return the parameters that are free and partially pooled."""
    return [name for name, own in parameters(model).items() if own.fixed is None and own.pooling == "partial"]


def with_group(formulas: Mapping[str, str], names: Iterable[str], group: str, known: list[str]) -> dict[str, str]:
    """Return formulas in which these parameters also vary between the levels of a group.

    A formula that has a group of its own stays as it is.
    """
    full = {copy: text for name, text in formulas.items() for copy in parameter_copies(name, known) or [name]}
    own = {name: full.get(name, "1") for name in names}
    return full | {name: text if "|" in text else f"{text} + (1|{group})" for name, text in own.items()}


def dyad_formulas(study: StudySpec, dyad: Dyad, model: ModelSpec) -> dict[str, str]:
    """Return the formulas of a study, with a group for each member of many dyads."""
    formulas, known = dict(study.formulas), list(parameters(model))
    for role, member in dyad.members.items():
        if member.dyads == "many":
            own = [name for name in partially_pooled(model) if name.startswith(f"{role}_")]
            formulas = with_group(formulas, own, role, known)
    return formulas


def with_columns_of_members(table: Table, dyad: Dyad, names: Iterable[str]) -> Table:
    """Return the table with a column for every covariate that is one of a member: its id, or a column of its rows."""
    frame, added = table.frame, dict[str, pd.Series]()
    rows = rows_by_role(table._replace(problems=[], doubts=[]), dyad)
    for name in names:
        for role, member in dyad.members.items():
            column = name.removeprefix(f"{role}_")
            if name == role and member.person is not None:
                added[name] = frame[member.person].where(rows[role])
            elif dyad.role is not None and name not in frame and column != name and column in frame:
                added[name] = frame[column].where(rows[role])
    return table._replace(frame=frame.assign(**added))


def with_dyad_covariates(
    table: Table, study: StudySpec, model: ModelSpec, data: xr.Dataset, people: Any = None
) -> xr.Dataset:
    """Return data of dyads with the covariates, designs and groups of their formulas; InputError lists problems."""
    dyad = study.dyad
    assert dyad is not None
    formulas = dyad_formulas(study, dyad, model)
    if people is not None and study.people is None:
        raise InputError(["people: the study has no [people]. Name there the column of dyads of this table"])
    if not formulas and study.people is None:
        return data
    # formulas take a second to import, and most commands do not need them
    from iwm_bayes.data.formulas.design import covariate_names
    from iwm_bayes.data.formulas.joining import attach_covariates
    from iwm_bayes.data.formulas.session_level import readable_formulas

    of_dyads = study.people or PersonTable(data=study.data, person=dyad.column)
    names = [*covariate_names({name: formulas[name] for name in readable_formulas(formulas)}), *of_dyads.groups]
    table = with_columns_of_members(table, dyad, names)
    same = people is None and of_dyads.data == study.data
    own = table if same else open_table(of_dyads.data if people is None else people, "people")
    whole = study.model_copy(update={"formulas": formulas, "people": of_dyads})
    return attach_covariates(whole, of_dyads, model, data, own, table)
