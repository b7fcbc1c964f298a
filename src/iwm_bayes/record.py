"""An analysis as a run's folder: the fit, its tables, its curves, and how it was made."""

from pathlib import Path
from urllib.parse import quote

import xarray as xr

from iwm_bayes.analysis import Analysis
from iwm_bayes.arms import arms_of, curves
from iwm_bayes.columns import ANYONE
from iwm_bayes.identify import identifiability
from iwm_bayes.levels import answers_share
from iwm_bayes.plots import earned_curve, save
from iwm_bayes.run import manifest, sha256, write_json, write_run

TABLES = (
    "answers",
    "arms",
    "styles",
    "sensitivity",
    "assimilation",
    "contrasts",
    "between",
    "likeness",
    "checks",
    "people",
)


def centredness_of(fitted: xr.DataTree) -> dict[str, float]:
    """How centred each row and group was sampled: people by `levels.answers_share`."""
    sampled_as, posterior = fitted["constant_data"].to_dataset(), fitted["posterior"].to_dataset()
    kept = [sampled_as["group_centredness"]] if "group_centredness" in sampled_as else []
    if "own_root" in sampled_as and "spread" in posterior:
        kept.append(answers_share(posterior, sampled_as))
    return {str(place): float(value) for values in kept for place, value in values.to_series().items()}


def write(found: Analysis, folder: Path, files: dict[str, Path]) -> None:
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
            curve = earned_curve(curves(security, arms_of(found.fit["data"].to_dataset())))
            save(curve, *(place / f"earned {quote(view, safe=' ')}.{kind}" for kind in ("svg", "pdf", "png")))
        facts = manifest(
            theory=found.model.name,
            without=found.model.without,
            method=found.method,
            exact=not found.verdict.approximate,
            settings=found.settings,
            files={name: {"path": str(path), "sha256": sha256(path)} for name, path in files.items()},
            criterion=found.security[ANYONE].attrs,
            centredness=centredness_of(found.fit),
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

    write_run(folder, fill)
