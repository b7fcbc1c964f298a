"""Fits of a study's models, each from its run folder where one still holds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from iwm_bayes.io import sha256, versions
from iwm_bayes.types import InputError
from iwm_bayes.workflow.load import describe_data, load_study_and_data
from iwm_bayes.workflow.resume import unfinished_run


def run_is_current(folder: Path, files: dict[str, Path], settings: dict[str, Any]) -> bool:
    """Whether a run is there of the same data, theory and study, by the same method, settings and versions."""
    if not (folder / "manifest.json").exists():
        return False
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    same = {name: facts["files"].get(name, {}).get("sha256") == sha256(path) for name, path in files.items()}
    shown = {"progressbar": settings["progressbar"]}  # a progress bar changes no number
    before = {"method": facts["method"]} | facts["settings"] | shown
    return all(same.values()) and before == settings and facts["versions"] == versions()


def fit_or_reuse(study: Path, theory: str, runs: Path, settings: dict[str, Any], tell: Callable[[str], None]) -> Any:
    """A theory's fit to a study, from its run if there is one that still holds, else fitted now and kept there."""
    from iwm_bayes.comparison.mixture_model import Fitted
    from iwm_bayes.workflow import analysis, run_folder
    from iwm_bayes.workflow.run_folder import read_fit

    bound, theory_file, model, data = load_study_and_data(study, theory)
    folder, files = runs / f"{bound.name}-{model.name}", {"study": study, "data": bound.data, "theory": theory_file}
    if run_is_current(folder, files, settings):
        tell(f"{model.name}: the fit in {folder} still holds")
        return Fitted(model, read_fit(folder), folder)
    tell(f"{model.name}: {describe_data(data)}; compiling and sampling ...")
    method, rest = settings["method"], {name: value for name, value in settings.items() if name != "method"}
    with unfinished_run(folder, files, settings, resume=True) as place:
        found = analysis.analyse(model, data, method, rest, place)
        if found.verdict.partial:
            raise KeyboardInterrupt
        run_folder.write_analysis(found, folder, files)
    return Fitted(model, found.fit, folder)


def check_all_models(study: Path, theories: list[str]) -> None:
    """InputError lists what is wrong with a study under any of its theories, before the first of them is fitted."""
    problems: list[str] = []
    for name in theories:
        try:
            load_study_and_data(study, name)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(dict.fromkeys(problems))


def fit_of_run(folder: Path) -> Any:
    """A run that is there; InputError unless its study, data and theory are still what was fitted."""
    from iwm_bayes.comparison.mixture_model import Fitted
    from iwm_bayes.workflow.run_folder import read_fit

    if not (folder / "manifest.json").exists():
        raise InputError([f"{folder}: is no run. Give a study file, or folders that `iwm fit` wrote"])
    files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    gone = [file["path"] for file in files.values() if not Path(file["path"]).is_file()]
    if gone:
        raise InputError([f"{folder}: {path} is no longer there. Put it back, or fit again" for path in gone])
    changed = [file["path"] for file in files.values() if sha256(Path(file["path"])) != file["sha256"]]
    if changed:
        raise InputError([f"{folder}: {path} has changed since. Fit again" for path in changed])
    _, _, model, _ = load_study_and_data(Path(files["study"]["path"]), files["theory"]["path"])
    return Fitted(model, read_fit(folder), folder)


def study_file_of_run(folder: Path) -> Path:
    """The study file of a run."""
    return Path(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]["study"]["path"])
