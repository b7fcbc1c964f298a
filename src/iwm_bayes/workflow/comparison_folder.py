"""A comparison of models as a folder of results."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.comparison.compare import Comparison
from iwm_bayes.comparison.model_frequencies import attribution_table
from iwm_bayes.estimands.person_summary import pseudonym_number, pseudonyms
from iwm_bayes.io import manifest
from iwm_bayes.types import InputError
from iwm_bayes.viz.predictive_checks import ppc_plot
from iwm_bayes.workflow.results_folder import check_results_folder, has_results, read_manifest, replace_results
from iwm_bayes.workflow.run_folder import path_from, table_with_ids, write_plots, write_tables


def comparison_tables(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """Return every table of a comparison by the name of its file."""
    rankings = {f"elpd_{unit}": table for unit, table in comparison.rankings.items()}
    checks = {f"ppc_{model}": table for model, table in comparison.predictive_checks.items()}
    return rankings | checks | {"model_frequencies": comparison.frequencies, "ppc_failures": comparison.ppc_failures}


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
        held = f"a comparison of {', '.join(Path(run).name for run in before)}" if before else "other results"
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
        write_plots(draft, {"ppc": ppc_plot(comparison.predictive_checks)})
        if comparison.mixture is not None:
            posterior = comparison.mixture["posterior"].to_dataset()[["frequency", "attribution"]]
            posterior.to_netcdf(draft / "mixture.nc", engine="h5netcdf")
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
