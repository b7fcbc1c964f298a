"""An analysis as a run's folder: the fit, its tables, its curves, and how it was made."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import xarray as xr

from iwm_bayes.diagnostics.identifiability import identifiability
from iwm_bayes.estimands.by_arm import incidence_by_arm, person_arms
from iwm_bayes.inference.posterior import answer_share
from iwm_bayes.io import manifest, sha256, write_json
from iwm_bayes.types import GENERALISED, InputError
from iwm_bayes.viz.earned_security import time_to_security_plot
from iwm_bayes.viz.style import save_plot
from iwm_bayes.workflow.analysis import Analysis

TABLES = (
    "answers",
    "arms",
    "styles",
    "sensitivity",
    "expectancy_bias",
    "contrasts",
    "between",
    "likeness",
    "checks",
    "people",
)


def sampling_centredness(fitted: xr.DataTree) -> dict[str, float]:
    """How centred each row and group was sampled: people by `levels.answers_share`."""
    sampled_as, posterior = fitted["constant_data"].to_dataset(), fitted["posterior"].to_dataset()
    kept = [sampled_as["group_centredness"]] if "group_centredness" in sampled_as else []
    if "local_root" in sampled_as and "sigma" in posterior:
        kept.append(answer_share(posterior, sampled_as))
    return {str(place): float(value) for values in kept for place, value in values.to_series().items()}


def write_analysis(found: Analysis, folder: Path, files: dict[str, Path]) -> None:
    """Write a run's folder; `files` are what went in, whose hashes are kept."""

    def fill(place: Path) -> None:
        found.fit.to_netcdf(place / "fit.nc", engine="h5netcdf")
        found.groups.to_csv(place / "summary.csv", index=False)
        for name in TABLES:
            if len(getattr(found, name)):
                getattr(found, name).to_csv(place / f"{name}.csv", index=False)
        for view, security in found.security.items():
            if security["probability"].isnull().all():
                continue  # nobody starts insecure, or is followed for as long as a hold: there is no curve to draw
            curve = time_to_security_plot(incidence_by_arm(security, person_arms(found.fit["data"].to_dataset())))
            save_plot(curve, *(place / f"earned {quote(view, safe=' ')}.{kind}" for kind in ("svg", "pdf", "png")))
        facts = manifest(
            theory=found.model.name,
            without=found.model.without,
            method=found.method,
            exact=not found.verdict.approximate,
            settings=found.settings,
            files={name: {"path": str(path), "sha256": sha256(path)} for name, path in files.items()},
            criterion=found.security[GENERALISED].attrs,
            centredness=sampling_centredness(found.fit),
            seconds=round(found.seconds, 1),
            passed=found.verdict.passed,
            partial=found.verdict.partial,
            reasons=found.verdict.reasons,
            advice=found.advice,
            control=found.control and found.control._asdict() | {"shown": found.control.shown},
            figures=found.verdict.figures,
            warnings=identifiability(found.model, found.fit["data"].to_dataset()),
        )
        write_json(place / "manifest.json", facts)

    replace_folder(folder, fill)


def read_fit(folder: Path) -> xr.DataTree:
    """The fit of a run."""
    with xr.open_datatree(folder / "fit.nc", engine="h5netcdf") as tree:
        return tree.load()


def replace_folder(folder: Path, write: Callable[[Path], None]) -> None:
    """Let `write_analysis` fill a new folder, then put it in place; an existing run there is replaced."""
    if folder.exists() and not (folder.is_dir() and ((folder / "manifest.json").exists() or not any(folder.iterdir()))):
        raise InputError([f"{folder}: exists and is no run. Choose another folder with --out"])
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as beside:
        made = Path(beside) / folder.name
        made.mkdir()
        write(made)
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)
