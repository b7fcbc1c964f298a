"""Fits of a study's models: from a run folder where one is still valid, otherwise sampled now and kept there."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.io import SCHEMA, sha256, versions
from iwm_bayes.types import InputError
from iwm_bayes.workflow.analysis import analyse
from iwm_bayes.workflow.load import describe_data, load_study_and_data
from iwm_bayes.workflow.run_folder import read_fit, write_analysis
from iwm_bayes.workflow.unfinished_run import unfinished_run


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a run; InputError where there is no run, or one of an earlier form."""
    path = folder / "manifest.json"
    if not path.exists():
        raise InputError([f"{folder}: holds no run. Give a study file, or folders that `iwm fit` wrote"])
    facts = json.loads(path.read_text(encoding="utf-8"))
    if facts.get("schema") != SCHEMA:
        raise InputError([f"{folder}: an earlier version of the program wrote this run. Fit again"])
    return dict(facts)


def run_is_current(folder: Path, files: Mapping[str, Path], settings: Mapping[str, Any]) -> bool:
    """Return whether a run has the same files, method, settings and versions; a progress bar changes no number."""
    if not (folder / "manifest.json").exists():
        return False
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    same_files = all(facts["files"].get(name, {}).get("sha256") == sha256(path) for name, path in files.items())
    before = {"method": facts["method"]} | facts["settings"] | {"progressbar": settings["progressbar"]}
    return same_files and before == settings and facts["versions"] == versions()


def fit_or_reuse(
    study: Path, model: str, runs: Path, settings: dict[str, Any], tell: Callable[[str], None]
) -> FittedModel:
    """Return a model's fit to a study, from its run in the folder `runs` if that is current, otherwise a new one.

    KeyboardInterrupt where sampling was interrupted: the draws are kept, and the same call continues them.
    """
    loaded = load_study_and_data(study, model)
    folder = runs / f"{loaded.study.name}-{loaded.model.name}"
    files = {"study": study, "data": loaded.study.data, "model": loaded.model_file}
    if run_is_current(folder, files, settings):
        tell(f"{loaded.model.name}: the fit in {folder} is current")
        return FittedModel(loaded.model, read_fit(folder), folder)
    tell(f"{loaded.model.name}: {describe_data(loaded.data)}; compiling and sampling ...")
    sampler_settings = {name: value for name, value in settings.items() if name != "method"}
    with unfinished_run(folder, files, settings, resume=True) as chain_store:
        analysis = analyse(loaded.model, loaded.data, settings["method"], sampler_settings, chain_store)
        if analysis.convergence.partial:
            raise KeyboardInterrupt
        write_analysis(analysis, folder, files)
    return FittedModel(loaded.model, analysis.fit, folder)


def check_all_models(study: Path, models: Sequence[str]) -> None:
    """Raise InputError with every problem of a study under any of its models, before the first of them is fitted."""
    problems: list[str] = []
    for name in models:
        try:
            load_study_and_data(study, name)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(dict.fromkeys(problems))


def fit_of_run(folder: Path) -> FittedModel:
    """Read the fit of a run; InputError unless its study, data and model file are still what was fitted."""
    files = read_manifest(folder)["files"]
    missing = [file["path"] for file in files.values() if not Path(file["path"]).is_file()]
    if missing:
        raise InputError([f"{folder}: {path} no longer exists. Put it back, or fit again" for path in missing])
    changed = [file["path"] for file in files.values() if sha256(Path(file["path"])) != file["sha256"]]
    if changed:
        raise InputError([f"{folder}: {path} has changed since. Fit again" for path in changed])
    loaded = load_study_and_data(Path(files["study"]["path"]), files["model"]["path"])
    return FittedModel(loaded.model, read_fit(folder), folder)


def study_file_of_run(folder: Path) -> Path:
    """Return the study file of a run."""
    return Path(read_manifest(folder)["files"]["study"]["path"])
