"""Fits of a study's models: read from a run folder where one holds, otherwise sampled now and kept there.

A run holds as long as every file on which it depends is as it was: see `load.FILE_WORDS`. A run is never replaced
unless somebody asks for it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.data.binding import model_of_data
from iwm_bayes.data.study import StudySpec, read_study_file
from iwm_bayes.inference.base import Settings
from iwm_bayes.io import read_json, sha256, versions
from iwm_bayes.model.specification.dyad_of_study import has_roles
from iwm_bayes.model.specification.model_file import load_model_for, named_like
from iwm_bayes.model.specification.model_record import model_from_record
from iwm_bayes.types import InputError
from iwm_bayes.workflow.analysis import DEFAULT_REQUESTS, Requests, analyse
from iwm_bayes.workflow.comparison_folder import COMPARISON_FILE
from iwm_bayes.workflow.fit_file import FIT_FILE, read_fit
from iwm_bayes.workflow.load import FILE_WORDS, LoadedStudy, file_hashes, file_word, load_study_and_data
from iwm_bayes.workflow.results_folder import (
    BROKEN_MANIFEST,
    MANIFEST,
    PROGRAM,
    check_results_folder,
    has_results,
    read_manifest,
    run_label,
    unfinished_folder,
    written_files,
)
from iwm_bayes.workflow.run_folder import write_analysis
from iwm_bayes.workflow.unfinished_run import bytes_needed, has_draws, unfinished_run

RUN_FACTS = ("model", "without", "method", "exact", "settings", "files", "converged", "partial", "reasons")
AT_LEAST = ("draws", "tune", "chains")  # settings of which more than was asked for is as good
OPTIONS = {  # that ask for them, where these have other names
    "random_seed": "seed",
    "person_summary": "--person-table",
    "own_ids": "--ids",
    "permutation_test": "--permutation-test",
    "expectancy_bias": "--expectancy-bias",
}
REFIT = "Fit again with --overwrite, or choose another --out-dir"


def read_run(folder: Path) -> dict[str, Any]:
    """Read the manifest of a run; InputError where it is none, or lacks what a run has."""
    facts = read_manifest(folder)
    missing = [name for name in RUN_FACTS if name not in facts]
    files = facts.get("files")
    if not missing and (
        not isinstance(files, dict) or not all({"path", "sha256"} <= {*file} for file in files.values())
    ):
        missing = ["files"]
    if missing:
        raise InputError([f"{folder / MANIFEST}: lacks {', '.join(missing)}, so this is no whole run. {REFIT}"])
    return facts


def damaged_files(folder: Path) -> list[str]:
    """Return a sentence for the fit (or comparison) and each table that is no longer what the program wrote."""
    others = "The other files of this folder are as they were"
    problems = []
    for name, hashes in written_files(folder).items():
        if name not in (FIT_FILE, COMPARISON_FILE) and not name.startswith(("tables/", "inputs/")):
            continue  # plots and pages are made anew
        if not (folder / name).is_file():
            problems.append(f"{folder / name}: is missing. {others}. Put it back, or fit again with --overwrite")
        elif sha256(folder / name) not in hashes:
            problems.append(
                f"{folder / name}: is not the file that the program wrote here (cut, changed, or of another run). "
                f"{others}. Put it back, or fit again with --overwrite"
            )
    return problems


def input_place(folder: Path, file: Mapping[str, str]) -> Path:
    """Return where an input file of a run is: at its place from the run folder."""
    return folder.resolve() / file.get("place", file["path"])


def changed_inputs(folder: Path, facts: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return sentences on the input files of a run that have changed, and on those that are not there."""
    changed, missing = [], []
    for name, file in facts["files"].items():
        place, word = input_place(folder, file), file_word(name)
        if not place.is_file():
            missing.append(f"the {word} {Path(file['path']).name} is not where it was")
        elif sha256(place) != file["sha256"]:
            changed.append(f"{folder}: the {word} {file['path']} has changed since. {REFIT}")
    return changed, missing


def run_differences(
    folder: Path,
    loaded: LoadedStudy,
    method: str,
    settings: Mapping[str, Any],
    requests: Requests | None = None,
) -> list[str]:
    """Return in which respects a run is not what is asked for; empty where it holds.

    With `requests`, every setting and request must be the same. Without, the run needs the same files and method and at
    least as many draws: how it was sampled does not matter.
    """
    facts, now = read_run(folder), file_hashes(loaded.files)
    before = {name: file["sha256"] for name, file in facts["files"].items()}
    names = dict.fromkeys([*FILE_WORDS, *before, *now])
    found = [FILE_WORDS.get(name, name) for name in names if before.get(name) != now.get(name)]
    found += ["addition to the model"] * (named_like(facts["model"], Path()) != named_like(loaded.model.name, Path()))
    found += ["method"] * (facts["method"] != method)
    found += ["end (it was interrupted)"] * bool(facts["partial"])
    found += ["version of the program"] * (facts["versions"].get(PROGRAM) != versions()[PROGRAM])
    sampled = Settings()._asdict() | facts["settings"]
    asked = {name: value for name, value in settings.items() if name != "progressbar"}
    if requests is None:
        found += [f"number of {name}" for name in AT_LEAST if name in asked and sampled[name] < asked[name]]
        return found
    sampled |= DEFAULT_REQUESTS._asdict() | facts.get("requests", {})
    asked |= requests._asdict()
    return found + [OPTIONS.get(name, name) for name, value in asked.items() if sampled.get(name) != value]


def holds_this_run(
    folder: Path,
    loaded: LoadedStudy,
    method: str,
    settings: Mapping[str, Any],
    requests: Requests | None,
    overwrite: bool,
) -> bool:
    """Return whether a folder holds a complete run of what is asked for; False where a run may be written into it.

    InputError where it holds another run, unless `overwrite`. See `run_differences` for `requests`: without them, a run
    that holds is used even with `overwrite`.
    """
    if not has_results(folder) or is_continued(folder) or (overwrite and requests is not None):
        return False
    try:
        if differences := run_differences(folder, loaded, method, settings, requests):
            raise InputError([f"{folder}: holds a run that differs in: {', '.join(differences)}. {REFIT}"])
        if damaged := damaged_files(folder):
            raise InputError(damaged)
    except InputError:
        if overwrite:
            return False
        raise
    return True


def fit_to_extend(folder: Path, loaded: LoadedStudy, method: str, settings: Mapping[str, Any]) -> xr.DataTree:
    """Return the fit of a run to which draws can be added; InputError where there is none of the same files."""
    if not has_results(folder):
        raise InputError([f"{folder}: holds no run that could be extended. Fit first, without --extend"])
    found = run_differences(folder, loaded, method, {"chains": settings["chains"]})
    if found:
        raise InputError([f"{folder}: holds a run that differs in: {', '.join(found)}. {REFIT}"])
    if damaged := damaged_files(folder):
        raise InputError(damaged)
    fitted = read_fit(folder / FIT_FILE)
    draws = fitted["unconstrained_posterior"].sizes["draw"]
    if "thinned" in fitted.attrs:
        raise InputError([f"{folder}: {fitted.attrs['thinned']}, so it cannot be extended. {REFIT}"])
    if draws >= settings["draws"]:
        raise InputError([f"{folder}: has {draws} draws in each chain already. Give a larger number with --draws"])
    return fitted


def is_continued(folder: Path) -> bool:
    """Return whether a run was interrupted and may be completed: while it was written, or with its draws kept."""
    facts = read_json(folder / MANIFEST, BROKEN_MANIFEST)
    return "incomplete" in facts or (bool(facts.get("partial")) and has_draws(unfinished_folder(folder)))


def fit_or_reuse(
    study: Path,
    model: str,
    runs: Path,
    settings: dict[str, Any],
    tell: Callable[[str], None],
    trust: bool = False,
    overwrite: bool = False,
) -> FittedModel:
    """Return a model's fit to a study, from its run in the folder `runs` if that holds, otherwise a new one.

    InputError where the run there is of something else, unless `overwrite`. KeyboardInterrupt where sampling was
    interrupted: the draws are kept, and the same call continues them.
    """
    loaded = load_study_and_data(study, model, trust)
    folder, method = runs / loaded.run_name, settings["method"]
    sampler_settings = {name: value for name, value in settings.items() if name != "method"}
    if holds_this_run(folder, loaded, method, sampler_settings, None, overwrite):
        tell(f"{loaded.model.name}: the fit in {folder} is current")
        return FittedModel(loaded.model, read_fit(folder / FIT_FILE), folder)
    tell(f"{loaded.model.name}: fitting")
    hashes, needed = file_hashes(loaded.files), bytes_needed(loaded.model, loaded.data, settings)
    with unfinished_run(folder, loaded.files, settings | loaded.added, True, needed) as chain_store:
        analysis = analyse(loaded.model, loaded.data, method, sampler_settings, chain_store)
        if analysis.convergence.partial:
            raise KeyboardInterrupt
        write_analysis(analysis, folder, loaded.files, loaded.study, hashes, overwrite)
    return FittedModel(loaded.model, analysis.fit, folder)


def check_all_models(
    study: Path,
    models: Sequence[str],
    runs: Path,
    settings: Mapping[str, Any],
    trust: bool = False,
    overwrite: bool = False,
) -> list[Path]:
    """Return the run folders of a study's models; InputError with every problem, before the first of them is fitted.

    A problem is also a run in the folder `runs` that would have to be replaced, and two models of one name.
    """
    problems: list[str] = []
    folders: list[Path] = []
    sampler_settings = {name: value for name, value in settings.items() if name != "method"}
    for name in models:
        try:
            loaded = load_study_and_data(study, name, trust)
            folder = runs / loaded.run_name
            holds_this_run(folder, loaded, settings["method"], sampler_settings, None, overwrite)
            check_results_folder(folder, "--runs")
        except InputError as error:
            problems += error.problems
            continue
        if folder in folders:
            problems.append(f"--model {name}: another model has the name {loaded.model.name}, too. Rename a file")
        folders.append(folder)
    if problems:
        raise InputError(dict.fromkeys(problems))
    return folders


def fit_of_run(folder: Path, trust: bool = False, tell: Callable[[str], None] = lambda _: None) -> FittedModel:
    """Read the fit of a run; InputError where the run is damaged, or one of its input files has changed since.

    The run folder has all that is needed. `tell` is called where input files are not there to be compared. `trust` is
    whether the run's rule and responses may be Python files, which then run.
    """
    facts = read_run(folder)
    changed, missing = changed_inputs(folder, facts)
    if problems := [*damaged_files(folder), *changed]:
        raise InputError(problems)
    if missing:
        tell(f"{folder}: {'; '.join(missing)}. The run is shown as it was fitted")
    fitted, study = read_fit(folder / FIT_FILE), study_of_run(folder)
    files = facts["files"]
    copies = {name: folder / file["copy"] for name, file in files.items() if "copy" in file}
    if "role" in facts or has_roles(study):
        spec = model_from_record(str(fitted.attrs["model"]), trust, copies, folder)
        return FittedModel(spec, fitted, folder, facts.get("role", ""))
    model_file = copies.get("model", input_place(folder, files["model"]))
    spec = load_model_for(study, named_like(facts["model"], model_file), trust, copies)
    data = fitted["constant_data"].to_dataset()
    return FittedModel(model_of_data(study, spec, data), fitted, folder)


def study_of_run(folder: Path) -> StudySpec:
    """Return the study of a run, with the places of its tables."""
    facts = read_run(folder)
    files = facts["files"]
    if not facts.get("study"):
        return read_study_file(input_place(folder, files["study"]))
    study = StudySpec.model_validate(facts["study"])
    people = study.people and study.people.model_copy(update={"data": input_place(folder, files["people"])})
    return study.model_copy(update={"data": input_place(folder, files["data"]), "people": people})


def with_distinct_names(fits: Sequence[FittedModel]) -> list[FittedModel]:
    """Return fits whose models have different names: where two are the same, with the name of the run's folder added.

    InputError where one run is named twice.
    """
    places = [str(fitted.folder and fitted.folder.resolve()) for fitted in fits]
    if twice := [place for place, count in Counter(places).items() if count > 1]:
        raise InputError(f"{place}: is named twice. Name each run once" for place in twice)
    folders = [run_label(fitted.folder, "-").replace(" ", "_") if fitted.folder else "" for fitted in fits]
    by_name, by_folder = Counter(fitted.model.name for fitted in fits), Counter(folders)
    added = [
        f"@{folder}{index if by_folder[folder] > 1 else ''}" if by_name[fitted.model.name] > 1 else ""
        for index, (fitted, folder) in enumerate(zip(fits, folders, strict=True), start=1)
    ]
    return [
        fitted._replace(model=fitted.model._replace(name=fitted.model.name + more))
        for fitted, more in zip(fits, added, strict=True)
    ]
