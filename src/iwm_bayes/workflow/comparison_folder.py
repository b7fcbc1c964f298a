"""A comparison of models as a folder of results: `tables/`, `plots/`, `manifest.json`, and its results in a file.

`comparison.nc` has a group for each ranking and table of models, the log evidence of every person, and the mixture. A
report reads it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.comparison.compare import CV_UNITS, Comparison, comparison_data
from iwm_bayes.comparison.model_frequencies import attribution_data, attribution_table
from iwm_bayes.diagnostics.predictive_checks import predictive_checks_data
from iwm_bayes.estimands.estimand import as_lines, line_table
from iwm_bayes.estimands.person_summary import pseudonym_number, pseudonyms
from iwm_bayes.io import manifest
from iwm_bayes.types import InputError
from iwm_bayes.viz.comparison import attribution_plot, comparison_plot
from iwm_bayes.viz.predictive_checks import predictive_checks_plot
from iwm_bayes.workflow.fit_file import save_tree
from iwm_bayes.workflow.results_folder import (
    check_results_folder,
    has_results,
    read_manifest,
    replace_results,
    run_label,
)
from iwm_bayes.workflow.run_folder import path_from, table_with_ids, write_plots, write_tables

COMPARISON_FILE = "comparison.nc"
NO_COMPARISON = "is no comparison that `iwm compare` of this version wrote. Compare again with --overwrite"


class StoredComparison(NamedTuple):
    """What a report shows of a comparison."""

    facts: dict[str, Any]  # its manifest
    rankings: dict[str, pd.DataFrame]  # by unit of cross-validation
    frequencies: pd.DataFrame
    evidence: pd.DataFrame  # log evidence by person (row, under the study's ids) and model (column)
    ppc_failures: pd.DataFrame  # without a line if there are none


def comparison_tree(comparison: Comparison) -> xr.DataTree:
    """Return the results of a comparison as a tree; a table without a line has no group."""
    evidence = {"log_evidence": (("person", "model"), comparison.evidence.to_numpy())}
    people, models = ([str(name) for name in names] for names in comparison.evidence.axes)
    tables = {f"elpd_{unit}": table for unit, table in comparison.rankings.items()}
    tables |= {"model_frequencies": comparison.frequencies, "ppc_failures": comparison.ppc_failures}
    groups = {name: lines for name, table in tables.items() if (lines := as_lines(table)) is not None}
    groups["evidence"] = xr.Dataset(evidence, {"person": people, "model": models})
    if comparison.mixture is not None:
        groups["mixture"] = comparison.mixture["posterior"].to_dataset()[["frequency", "attribution"]]
    return xr.DataTree.from_dict(groups)


def read_comparison(folder: Path, model: str | None = None) -> StoredComparison:
    """Read a comparison; InputError if the folder holds none, or one that does not include a model that is named."""
    facts, path = read_manifest(folder) if has_results(folder) else {}, folder / COMPARISON_FILE
    models = facts.get("models", [])
    if not models or (model is not None and model not in models):
        includes = "" if model is None else f" that includes {model}"
        raise InputError([f"{folder}: is no comparison{includes}. Name a folder that `iwm compare` wrote"])
    if not path.is_file():
        raise InputError([f"{folder}: {NO_COMPARISON}"])
    try:
        with xr.open_datatree(path, engine="h5netcdf") as tree:
            groups = {name: group.to_dataset() for name, group in tree.load().children.items()}
    except Exception as error:  # a file that is cut or changed raises whatever its readers did not expect
        raise InputError([f"{path}: cannot be read ({type(error).__name__}). {NO_COMPARISON}"]) from error
    tables = {name: line_table(group) for name, group in groups.items() if "line" in group.dims}
    rankings = {unit: tables[f"elpd_{unit}"] for unit in CV_UNITS if f"elpd_{unit}" in tables}
    stored = groups["evidence"]["log_evidence"].transpose("person", "model")
    evidence = pd.DataFrame(stored.values, stored["person"].values, stored["model"].values)
    failures = tables.get("ppc_failures", pd.DataFrame())
    return StoredComparison(facts, rankings, tables["model_frequencies"], evidence, failures)


def comparison_tables(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """Return every table of a comparison by the name of its file."""
    rankings = {f"elpd_{unit}": table for unit, table in comparison.rankings.items()}
    checks = {f"ppc_{model}": table for model, table in comparison.predictive_checks.items()}
    return rankings | checks | {"model_frequencies": comparison.frequencies, "ppc_failures": comparison.ppc_failures}


def comparison_plots(comparison: Comparison) -> dict[str, Figure]:
    """Draw every plot of a comparison, by the name of its file; predictive checks where a statistic varies."""
    checks, unit = predictive_checks_data(comparison.predictive_checks), next(iter(comparison.rankings))
    plots = {
        "comparison": comparison_plot(comparison_data(comparison.ranking, unit)),
        "attribution": attribution_plot(attribution_data(comparison.evidence)),
    }
    return plots | ({"predictive_checks": predictive_checks_plot(checks)} if len(checks) else {})


def person_attribution(comparison: Comparison) -> pd.DataFrame:
    """Return the model attribution of every person under a pseudonym, in the order of the pseudonyms' numbers."""
    table = attribution_table(comparison.evidence, comparison.selection, comparison.mixture)
    table.index = pd.Index(pseudonyms([str(person) for person in table.index]), name="person")
    return table.sort_index(key=lambda names: names.map(pseudonym_number)).reset_index()


def check_comparison_folder(folder: Path, runs: Sequence[Path], overwrite: bool) -> None:
    """Raise InputError where a comparison cannot be written, or would replace one of other runs without `overwrite`.

    The same comparison, with other options, replaces what it wrote.
    """
    check_results_folder(folder)
    if not has_results(folder) or overwrite:
        return
    before = read_manifest(folder).get("runs")
    if before is None or sorted(before) != sorted(path_from(folder, run) for run in runs):
        held = f"a comparison of {', '.join(run_label(folder / run) for run in before)}" if before else "other results"
        raise InputError([f"{folder}: holds {held}. Add --overwrite to replace it, or choose another --out-dir"])


def write_comparison(
    comparison: Comparison,
    folder: Path,
    fits: Sequence[FittedModel],
    person_table: bool,
    own_ids: bool = False,
    overwrite: bool = False,
) -> None:
    """Write the folder of a comparison.

    `person_table` adds the model attribution of every person, under pseudonyms unless `own_ids`.
    """
    tables = comparison_tables(comparison)
    if person_table:
        attribution = person_attribution(comparison)
        tables["attribution"] = table_with_ids(attribution, fits[0].data) if own_ids else attribution

    def write(draft: Path) -> dict[str, Any]:
        write_tables(draft, tables)
        write_plots(draft, comparison_plots(comparison))
        save_tree(comparison_tree(comparison), draft / COMPARISON_FILE)
        return manifest(
            kind="compare",
            models=[fitted.model.name for fitted in fits],
            runs=[path_from(folder, fitted.folder) for fitted in fits if fitted.folder],
            summary=comparison.summary,
            agreement=comparison.agreement,
            bor=comparison.selection.bor,
            not_converged=comparison.not_converged,
        )

    replace_results(folder, write, overwrite)
