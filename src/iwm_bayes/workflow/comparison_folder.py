"""A comparison of models as a folder of results."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.comparison.compare import Comparison
from iwm_bayes.comparison.model_frequencies import attribution_table
from iwm_bayes.estimands.person_summary import pseudonym_number, pseudonyms
from iwm_bayes.io import manifest, write_json
from iwm_bayes.viz.predictive_checks import ppc_plot
from iwm_bayes.workflow.run_folder import replace_folder, write_plots, write_tables


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


def write_comparison(comparison: Comparison, folder: Path, fits: Sequence[FittedModel], person_table: bool) -> None:
    """Write the folder of a comparison; `person_table` adds the model attribution of every person."""
    tables = comparison_tables(comparison)
    if person_table:
        tables["attribution"] = person_attribution(comparison)

    def write(draft: Path) -> None:
        write_tables(draft, tables)
        write_plots(draft, {"ppc": ppc_plot(comparison.predictive_checks)})
        if comparison.mixture is not None:
            posterior = comparison.mixture["posterior"].to_dataset()[["frequency", "attribution"]]
            posterior.to_netcdf(draft / "mixture.nc", engine="h5netcdf")
        facts = manifest(
            models=[fitted.model.name for fitted in fits],
            summary=comparison.summary,
            agreement=comparison.agreement,
            bor=comparison.selection.bor,
            not_converged=comparison.not_converged,
        )
        write_json(draft / "manifest.json", facts)

    replace_folder(folder, write)
