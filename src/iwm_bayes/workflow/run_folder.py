"""Folders of results: `tables/`, `plots/` and `manifest.json`, and for a run its fit in `fit.nc`.

A folder is written under another name and moved to its place when it is complete, so that nothing half-written stays.
"""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from iwm_bayes.diagnostics.identifiability import identifiability
from iwm_bayes.estimands.by_arm import incidence_by_arm, person_arms
from iwm_bayes.inference.posterior import answer_share
from iwm_bayes.io import manifest, sha256, write_json
from iwm_bayes.types import GENERALISED, InputError
from iwm_bayes.viz.earned_security import time_to_security_plot
from iwm_bayes.viz.style import save_plot
from iwm_bayes.workflow.analysis import Analysis

FORMATS = ("svg", "pdf", "png")


def file_label(figure: str) -> str:
    """Return a figure's name as a part of a file name, without spaces or separators."""
    return "generalised" if figure == GENERALISED else quote(figure, safe="")


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write tables as `tables/NAME.csv` in a folder."""
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / "tables" / f"{name}.csv", index=False)


def write_plots(folder: Path, plots: Mapping[str, Figure], formats: tuple[str, ...] = FORMATS) -> None:
    """Write plots as `plots/NAME.svg` and so on in a folder."""
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    for name, plot in plots.items():
        save_plot(plot, *(folder / "plots" / f"{name}.{ending}" for ending in formats))


def replace_folder(folder: Path, write: Callable[[Path], None], option: str = "--out-dir") -> None:
    """Let `write` fill a new folder, then move it to its place; results that are there already are replaced.

    InputError where something else is there; `option` is how to name another folder.
    """
    results = folder.is_dir() and ((folder / "manifest.json").exists() or not any(folder.iterdir()))
    if folder.exists() and not results:
        raise InputError([f"{folder}: exists and holds no results of this program. Choose another {option}"])
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        draft = Path(scratch) / folder.name
        draft.mkdir()
        write(draft)
        if folder.exists():
            shutil.rmtree(folder)
        draft.rename(folder)


def security_plots(analysis: Analysis) -> dict[str, Figure]:
    """Draw the time to earned security for every figure; none where nobody can be assessed."""
    arms = person_arms(analysis.fit["data"].to_dataset())
    return {
        f"time_to_security_{file_label(figure)}": time_to_security_plot(incidence_by_arm(answer, arms))
        for figure, answer in analysis.security.items()
        if answer["probability"].notnull().any()
    }


def sampling_centredness(fitted: xr.DataTree) -> dict[str, float]:
    """Return how centred each parameter and group was sampled: 1 is the centred form, 0 the non-centred one."""
    sampled_as, posterior = fitted["constant_data"].to_dataset(), fitted["posterior"].to_dataset()
    parts = [sampled_as["group_centredness"]] if "group_centredness" in sampled_as else []
    if "local_root" in sampled_as and "sigma" in posterior:
        parts.append(answer_share(posterior, sampled_as))
    return {str(label): float(value) for part in parts for label, value in part.to_series().items()}


def run_facts(analysis: Analysis, files: Mapping[str, Path]) -> dict[str, Any]:
    """Return what the manifest of a run says; `files` are those that went in, of which hashes are kept."""
    convergence, test = analysis.convergence, analysis.permutation_test
    return manifest(
        model=analysis.model.name,
        without=analysis.model.without,
        method=analysis.method,
        exact=not convergence.approximate,
        settings=analysis.settings,
        files={name: {"path": str(path), "sha256": sha256(path)} for name, path in files.items()},
        criterion=analysis.security[GENERALISED].attrs,
        centredness=sampling_centredness(analysis.fit),
        seconds=round(analysis.seconds, 1),
        converged=convergence.converged,
        partial=convergence.partial,
        reasons=convergence.reasons,
        advice=analysis.advice,
        permutation_test=test and test._asdict() | {"p": test.p, "verdict": test.verdict},
        convergence=convergence.values,
        warnings=identifiability(analysis.model, analysis.fit["data"].to_dataset()),
    )


def write_analysis(analysis: Analysis, folder: Path, files: Mapping[str, Path]) -> None:
    """Write the folder of a run: fit, tables, plots and manifest."""

    def write(draft: Path) -> None:
        analysis.fit.to_netcdf(draft / "fit.nc", engine="h5netcdf")
        write_tables(draft, analysis.tables)
        write_plots(draft, security_plots(analysis))
        write_json(draft / "manifest.json", run_facts(analysis, files))

    replace_folder(folder, write)


def read_fit(folder: Path) -> xr.DataTree:
    """Read the fit of a run."""
    with xr.open_datatree(folder / "fit.nc", engine="h5netcdf") as tree:
        return tree.load()
