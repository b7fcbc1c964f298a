"""Posterior predictive checks of the trust game, for a finished run.

Does the model of the trust game reproduce what people did? Choices are replicated anew at every trial, given what was
observed before it. Criterion: 95% predictive intervals contain three observed statistics. Two are the friend minus
computer differences in P(high) over the first and over the last 12 trials with each. The third is the effect of the
same partner's last reciprocation. Usage: `iwm fit studies/trust_game.toml`, then `python trust_checks.py RUN`.
"""

import sys
from pathlib import Path

import numpy as np
import xarray as xr

from iwm_bayes.data.study import read_study_file
from iwm_bayes.estimands.security.belief_paths import belief_path_batches
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.priors import figure_names
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import response_values

STUDY = Path(__file__).parent / "studies" / "trust_game.toml"
DRAWS, WINDOW = 400, 12


def last_observed_outcome(data: xr.Dataset) -> np.ndarray:
    """Return the same partner's last observed outcome before each trial (event, person); NaN at first."""
    figure, people = data["figure_index"].values, np.arange(data.sizes["person"])
    latest, outcomes = np.full((data.sizes["figure"], len(people)), np.nan), []
    for event in range(data.sizes["event"]):
        outcomes.append(latest[figure[event], people])
        observed = data["observed"].values[event]
        latest[figure[event][observed], people[observed]] = data["outcome"].values[event][observed]
    return np.stack(outcomes)


def windows(data: xr.Dataset) -> dict[tuple[str, str], np.ndarray]:
    """Mark the first and the last 12 trials with the friend and with the computer, (event, person)."""
    masks = {}
    for name in ("friend", "computer"):
        with_them = (data["figure_index"].values == figure_names(data).index(name)) & data["present"].values
        count = np.cumsum(with_them, axis=0)
        masks[name, "early"] = with_them & (count <= WINDOW)
        masks[name, "late"] = with_them & (count > count[-1] - WINDOW)
    return masks


def test_statistics(high: np.ndarray, masks: dict[tuple[str, str], np.ndarray], before: np.ndarray) -> list[float]:
    """Compute three test statistics of P(high): early and late friend minus computer difference, last reciprocation."""
    mean = {key: np.nanmean(np.where(mask, high, np.nan), axis=0) for key, mask in masks.items()}
    early, late = (np.nanmean(mean["friend", when] - mean["computer", when]) for when in ("early", "late"))
    return [early, late, np.nanmean(high[before == 1]) - np.nanmean(high[before == 0])]


def main(run: Path) -> None:
    model, generator = load_model(read_study_file(STUDY).model[0]), np.random.default_rng(1)
    fit = xr.open_datatree(run / "fit.nc", engine="h5netcdf").load()
    data = fit["constant_data"].to_dataset()
    observed, masks, before = data["answer_approach"].values, windows(data), last_observed_outcome(data)
    response, replicated = model.responses["approach"], []
    for part in belief_path_batches(model, fit, DRAWS, "friend"):
        [expected] = filter_readouts(
            model.rule, part.p, part.event_array, part.figures, [Readout("expected", "before")]
        )
        values = response_values(model, "approach", part.values)
        met = np.stack([part.event_array[:, -2 * part.figures + index] for index in range(part.figures)])
        by_trial = [value if value.ndim == 1 else np.einsum("fp,fep->ep", value, met) for value in values]
        high = response.family.draw(generator, **response.arguments(type(values)(*by_trial), expected))
        for copy in np.split(high, high.shape[1] // data.sizes["person"], axis=1):
            replicated.append(test_statistics(np.where(np.isnan(observed), np.nan, copy), masks, before))
    labels = ("early difference", "late difference", "last reciprocation")
    for label, value, copies in zip(
        labels, test_statistics(observed, masks, before), np.transpose(replicated), strict=True
    ):
        low, high = np.quantile(copies, [0.025, 0.975])
        status = "inside" if low <= value <= high else "outside"
        print(f"{label}: observed {value:.3f}, 95% predictive interval {low:.3f} to {high:.3f}, {status}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
