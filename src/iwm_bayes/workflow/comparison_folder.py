"""A comparison as a folder."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from iwm_bayes.comparison.compare import Comparison
from iwm_bayes.comparison.mixture_model import Fitted
from iwm_bayes.comparison.model_frequencies import attribution_table
from iwm_bayes.estimands.person_summary import pseudonym_number, pseudonyms
from iwm_bayes.io import manifest, write_json
from iwm_bayes.viz.predictive_checks import ppc_plot
from iwm_bayes.viz.style import save_plot
from iwm_bayes.workflow.run_folder import replace_folder


def write_comparison(found: Comparison, folder: Path, theories: Sequence[Fitted], people: bool) -> None:
    """Write a comparison's folder; `people` adds who follows what, under pseudonyms."""

    def fill(place: Path) -> None:
        for unit, table in found.rankings.items():
            table.to_csv(place / f"{unit}.csv", index=False)
        found.frequencies.to_csv(place / "frequencies.csv", index=False)
        found.against.to_csv(place / "cannot make.csv", index=False)
        for name, table in found.checks.items():
            table.to_csv(place / f"checks {name}.csv", index=False)
        if people:
            named = attribution_table(found.evidence, found.selection, found.mixture)
            named.index = pd.Index(pseudonyms([str(person) for person in named.index]), name="person")
            named.sort_index(key=lambda names: names.map(pseudonym_number)).to_csv(place / "people.csv")
        if found.mixture is not None:
            drawn = found.mixture["posterior"].to_dataset()[["frequency", "follows"]]
            drawn.to_netcdf(place / "mixture.nc", engine="h5netcdf")
        save_plot(ppc_plot(found.checks), *(place / f"checks.{kind}" for kind in ("svg", "pdf", "png")))
        facts = manifest(
            theories=[fitted.model.name for fitted in theories],
            says=found.says,
            agreed=found.agreed,
            risk=found.selection.risk,
            failed=found.failed,
        )
        write_json(place / "manifest.json", facts)

    replace_folder(folder, fill)
