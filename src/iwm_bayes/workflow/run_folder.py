"""The folder of a run: `tables/`, `plots/`, its fit in `fit.nc`, `manifest.json`, and copies of model and rule.

So a report of a run needs no other file. `results_folder` moves what is written here to its place.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from hashlib import sha256 as hash_of
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import pandas as pd
import xarray as xr
from pandas.api.types import infer_dtype

from iwm_bayes.data.dyads.schema import member_study
from iwm_bayes.data.study import StudySpec, with_models
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks
from iwm_bayes.diagnostics.identifiability import identifiability
from iwm_bayes.diagnostics.results import Results, result_plots
from iwm_bayes.estimands.person_summary import pseudonyms
from iwm_bayes.filtering.engine_choice import engine_name
from iwm_bayes.inference.base import Settings
from iwm_bayes.io import manifest, sha256
from iwm_bayes.model.specification.model_record import of_member
from iwm_bayes.model.specification.parts import RESPONSE_FILE, RULE_FILE
from iwm_bayes.types import DEFAULT_FIGURE, GENERALISED
from iwm_bayes.workflow.analysis import Analysis
from iwm_bayes.workflow.fit_file import FIT_FILE, INPUTS, save_fit
from iwm_bayes.workflow.load import file_hashes
from iwm_bayes.workflow.results_folder import replace_results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("svg", "pdf", "png")
MAX_LABEL = 60  # letters: a file name has at most 255, and the kind of plot comes before it
FILE_LABELS = {GENERALISED: "generalised", DEFAULT_FIGURE: "other_person"}


def file_label(figure: str) -> str:
    """Return a figure's name as a part of a file name, without spaces or separators.

    A long name, or one in letters of which each takes nine signs here, is cut off and made unique by its hash.
    """
    label = FILE_LABELS.get(figure) or quote(figure, safe="")
    if len(label) <= MAX_LABEL:
        return label
    return f"{quote(figure[:4], safe='')[:MAX_LABEL]}-{hash_of(figure.encode()).hexdigest()[:12]}"


def with_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with 1 for yes and 0 for no, and blank where neither applies: its cells are numbers or labels."""
    answers = [name for name, cells in table.items() if infer_dtype(cells, skipna=True) == "boolean"]
    return table.assign(**{str(name): table[name].astype("boolean").astype("Int64") for name in answers})


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write tables as `tables/NAME.csv` in a folder."""
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        with_numbers(table).to_csv(folder / "tables" / f"{name}.csv", index=False)


def write_plots(folder: Path, plots: Mapping[str, Figure], formats: tuple[str, ...] = FORMATS) -> None:
    """Write plots as `plots/NAME.svg` and so on in a folder."""
    from iwm_bayes.viz.style import save_plot

    (folder / "plots").mkdir(parents=True, exist_ok=True)
    for name, plot in plots.items():
        save_plot(plot, *(folder / "plots" / f"{name}.{ending}" for ending in formats))


def plots_by_file(results: Results, convergence: ConvergenceChecks) -> dict[str, Figure]:
    """Draw the plots of results, by the name of their file: that of the estimand, then that of the plot.

    Each has the status of a fit that is an approximation. A fit that has not converged has no plot of the answer.
    """
    from iwm_bayes.viz.style import marked

    return {
        f"{name}_{file_label(part)}" if part else name: marked(plot, convergence.mark)
        for name, plots in result_plots(results, convergence.converged).items()
        for part, plot in plots.items()
    }


def criterion_facts(analysis: Analysis) -> dict[str, Any]:
    """Return the criterion of earned security; empty where the study leaves earned security out."""
    first = next(iter(analysis.security.values()), None)
    return {"criterion": first.security.attrs} if first else {}


def engine_of(settings: Mapping[str, Any]) -> str:
    """Return the engine whose density was sampled: samplers on JAX always take that of the plain one."""
    default = Settings().backend
    return engine_name() if settings.get("backend", default) == default else "plain"


def run_facts(analysis: Analysis, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the manifest of a run says; `inputs` is what it says of the files that went in."""
    convergence, test = analysis.convergence, analysis.permutation_test
    return manifest(
        kind="fit",
        model=analysis.model.name,
        without=analysis.model.without,
        method=analysis.method,
        exact=not convergence.approximate,
        settings=analysis.settings,
        engine=engine_of(analysis.settings),
        requests=analysis.requests._asdict(),
        **inputs,
        **criterion_facts(analysis),
        seconds=round(analysis.seconds, 1),
        converged=convergence.converged,
        partial=convergence.partial,
        reasons=convergence.reasons,
        advice=analysis.advice,
        permutation_test=test and test._asdict() | {"p": test.p, "verdict": test.verdict},
        convergence=convergence.values,
        warnings=identifiability(analysis.model, analysis.fit["constant_data"].to_dataset()),
    )


def path_from(folder: Path, path: Path) -> str:
    """Return a path relative to a folder, so that both can move together; absolute where they share no disk."""
    try:
        return os.path.relpath(path.absolute(), folder.resolve())
    except ValueError:  # on Windows
        return str(path.absolute())


def copy_inputs(draft: Path, folder: Path, files: Mapping[str, Path], hashes: Mapping[str, str]) -> dict[str, Any]:
    """Copy the model and its Python files into a draft.

    Return every file's path as given, its place from the run, hash and copy. Files of one name in two folders get
    numbers.
    """
    described: dict[str, Any] = {}
    copied: dict[str, Path] = {}  # by the name of the copy
    for name, path in files.items():
        described[name] = {"path": str(path), "place": path_from(folder, path), "sha256": hashes[name]}
        is_model = name.startswith(("model", RULE_FILE, RESPONSE_FILE))  # also "model of the patient"
        if is_model and sha256(path) == hashes[name]:  # else it changed while the model was fitted
            (draft / INPUTS).mkdir(exist_ok=True)
            label = path.name if copied.get(path.name, path) == path else f"{len(copied)}_{path.name}"
            copied[label] = path
            shutil.copyfile(path, draft / INPUTS / label)
            described[name]["copy"] = f"{INPUTS}/{label}"
    return described


def study_facts(study: StudySpec) -> dict[str, Any]:
    """Return a study for the manifest, with the names of its files only: a run may be given to others."""
    facts = with_models(study, [Path(model).name for model in study.model]).model_dump(mode="json")
    people = facts["people"] and facts["people"] | {"data": Path(facts["people"]["data"]).name}
    return facts | {"data": Path(facts["data"]).name, "people": people}


def table_with_ids(table: pd.DataFrame, data: xr.Dataset) -> pd.DataFrame:
    """Return a table of people under the study's own ids, in the order of the study, in place of pseudonyms."""
    people = [str(person) for person in data["person"].values]
    own = dict(zip(pseudonyms(people), people, strict=True))
    order = {person: index for index, person in enumerate(people)}
    return table.assign(person=table["person"].map(own)).sort_values(
        "person", key=lambda names: names.map(order), kind="stable", ignore_index=True
    )


def write_analysis(
    analysis: Analysis,
    folder: Path,
    files: Mapping[str, Path],
    study: StudySpec | None = None,
    hashes: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> None:
    """Write the folder of a run: fit, tables, plots, copies and manifest; of dyads, a folder for each member within it.

    `files` are the run's input files and `hashes` those of their content when they were read. `study` is kept, so that
    the run can be read where these files are not. `overwrite` is that of `results_folder.replace_results`.
    """
    hashes = hashes or file_hashes(files)
    write_run(analysis, folder, Inputs(files, hashes, study), overwrite)
    for role, member in analysis.members.items():
        write_run(member, folder / role, inputs_of_member(files, hashes, study, role), overwrite)


class Inputs(NamedTuple):
    """The files of a run, the hashes of their content when they were read, and the study."""

    files: Mapping[str, Path]
    hashes: Mapping[str, str]
    study: StudySpec | None
    role: str = ""  # of the member of dyads that the run is about


def inputs_of_member(
    files: Mapping[str, Path], hashes: Mapping[str, str], study: StudySpec | None, role: str
) -> Inputs:
    """Return the inputs of the run of one member of dyads: files of both, and its own model under the usual keys."""
    keys = {key: key.removesuffix(of_member("", role)) for key in files}
    others = [of_member("", other) for other in study.dyad.members if other != role] if study and study.dyad else []
    own = {key: name for key, name in keys.items() if not key.endswith(tuple(others))}
    return Inputs(
        {name: files[key] for key, name in own.items()},
        {name: hashes[key] for key, name in own.items()},
        study and member_study(study, role),
        role,
    )


def write_run(analysis: Analysis, folder: Path, inputs: Inputs, overwrite: bool) -> None:
    """Write one folder of a run."""

    def write(draft: Path) -> dict[str, Any]:
        save_fit(analysis.fit, draft / FIT_FILE)
        tables = dict(analysis.tables)
        if analysis.requests.own_ids and "person_summary" in tables:
            tables["person_summary"] = table_with_ids(
                tables["person_summary"], analysis.fit["constant_data"].to_dataset()
            )
        write_tables(draft, tables)
        write_plots(draft, plots_by_file(analysis.results, analysis.convergence))
        copied = copy_inputs(draft, folder, inputs.files, inputs.hashes)
        known = {"files": copied, "study": inputs.study and study_facts(inputs.study)}
        return run_facts(analysis, known | ({"role": inputs.role} if inputs.role else {}))

    replace_results(folder, write, overwrite)
