"""Does learning from bad outcomes at a higher rate remain, where the rate may change with the partner?

In the reversal study (`experiments/comparison/README.md`) people learn faster from bad outcomes than from good. Bad
outcomes are common in one block of ten rounds, so that a rate which changes with the block could look the same. Here
the learning rate has a value for each block and order (`studies/reversal_sessions.toml`), in models with one rate and
with two. The script prints effects and marginal effects, and writes them to `FOLDER/*.csv`. It needs `IWM_DATA`.
Usage: `python session_covariates_reversal.py FOLDER`.
"""

import sys
from pathlib import Path

import pandas as pd
import xarray as xr

import iwm_bayes as iwm
from iwm_bayes.estimands.group_summary import group_summary
from iwm_bayes.estimands.marginal_effects import marginal_effect_table, marginal_effects
from iwm_bayes.workflow.study import load_study

STUDIES = Path(__file__).parent / "studies"
FITS = {  # by name: the study file and the model
    "one rate": ("reversal", "reversal_delta"),
    "one rate by block": ("reversal_sessions", "reversal_delta"),
    "two rates": ("reversal", "reversal_valence"),
    "two rates by block": ("reversal_sessions", "reversal_valence"),
}


def fitted(folder: Path, name: str) -> xr.DataTree:
    """Return a fit by nuts; one that was made before is read."""
    file = folder / f"{name.replace(' ', '_')}.nc"
    if not file.exists():
        study, model = FITS[name]
        own = iwm.Model(STUDIES / f"{model}.model.toml", load_study(STUDIES / f"{study}.toml"))
        iwm.save_fit(own.fit(draws=1000, random_seed=1, progressbar=False), file)
        print(f"{name}: fitted", flush=True)
    return iwm.load_fit(file)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    fits, summaries, effects = {name: fitted(folder, name) for name in FITS}, [], []
    for name, fit in fits.items():
        study, model = FITS[name]
        own = iwm.Model(STUDIES / f"{model}.model.toml", load_study(STUDIES / f"{study}.toml"))
        summary = group_summary(own.spec, fit)
        summaries.append(summary[summary["parameter"].str.match("availability_(rate|difference)")].assign(fit=name))
        print(f"{name}: {fit.attrs['status']}")
        print(summaries[-1].to_string(index=False))
        if own.spec.event_effects:
            effects.append(marginal_effect_table(marginal_effects(own.spec, fit)).assign(fit=name))
            print(effects[-1].to_string(index=False))
    pd.concat(summaries).round(4).to_csv(folder / "rates.csv", index=False)
    pd.concat(effects).round(4).to_csv(folder / "marginal_effects.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
