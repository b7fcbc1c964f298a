"""Test-retest reliability of parameters over the waves of a study, and their change between waves.

    theta(person, w) = mu(w) + u(person) + v(person, w)                        link scale
    reliability      = var(u) / (var(u) + var(v))

The model has a person's mean over W waves, m, and orthogonal changes d_k (see `rules.modifiers.waves`). From their SDs
between people, in every draw,

    var(v) = mean over k of var(d_k) k / (k + 1),       var(u) = var(m) - var(v) / W

This is the intraclass correlation for single measurements and consistency, ICC(3,1) of Shrout & Fleiss (1979),
doi:10.1037/0033-2909.86.2.420: the average covariance between two waves over the average variance within a wave. The
measurements are the parameters themselves, and not estimates of them, so noise of estimation does not lower it. Like
every ICC from differences of variances it may lie below 0, as far as -1 / (W - 1). Covariates and groups of formulas
explain a part of the differences between people; reliability is then about what they leave.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.waves import waves_of
from iwm_bayes.estimands.estimand import CI90, LINK_SCALE, Estimand, Shared
from iwm_bayes.estimands.group_summary import MIN_CONTRACTION, median_ci90
from iwm_bayes.model.priors import LINKS, FreeParameter, figure_names, free_parameters
from iwm_bayes.rules.modifiers.waves import change_names, wave_contrasts
from iwm_bayes.types import InputError, ModelSpec

ACCEPTABLE = 0.7  # a common threshold for research on groups; a choice and not a finding
PRIOR_DRAWS = 4000
DRAW = ("chain", "draw")


def components(sd_mean: np.ndarray, sd_changes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return var(u), between people, and var(v), of people between waves.

    `sd_mean` (...) is the SD between people of their mean over waves, `sd_changes` (..., change) are those of changes.
    """
    n_changes = sd_changes.shape[-1]
    k = np.arange(1, n_changes + 1)
    within = (sd_changes**2 * k / (k + 1)).mean(axis=-1)
    return sd_mean**2 - within / (n_changes + 1), within


def reliability_of(sd_mean: np.ndarray, sd_changes: np.ndarray) -> np.ndarray:
    """Return the reliability (...) from SDs between people, as of `components`."""
    between, within = components(sd_mean, sd_changes)
    return between / (between + within)


def prior_reliability(mean: FreeParameter, changes: Sequence[FreeParameter], draws: int = PRIOR_DRAWS) -> np.ndarray:
    """Draw the reliability that the half-normal priors of the SDs imply, (draw,)."""
    z = np.abs(np.random.default_rng(1).normal(size=(draws, 1 + len(changes))))
    sds = z * [each.parameter.prior_between_sd for each in (mean, *changes)]
    return reliability_of(sds[:, 0], sds[:, 1:])


def parameters_with_waves(model: ModelSpec, data: xr.Dataset) -> list[tuple[FreeParameter, list[FreeParameter]]]:
    """Return the parameters that differ between waves, each with its changes; one for each figure it differs by."""
    waves = waves_of(data)
    return [] if waves is None else with_changes(model, figure_names(data), len(waves.names))


def with_changes(
    model: ModelSpec, figures: Sequence[str], waves: int
) -> list[tuple[FreeParameter, list[FreeParameter]]]:
    """Return what `parameters_with_waves` does, of a model with so many waves."""
    by_label = {free.label: free for free in free_parameters(model, figures)}
    found = []
    for free in by_label.values():
        labels = [name + free.label.removeprefix(free.name) for name in change_names(free.name, waves)]
        if all(label in by_label for label in labels):
            found.append((free, [by_label[label] for label in labels]))
    return found


def people_by_waves(data: xr.Dataset) -> np.ndarray:
    """Count the waves of every person, (person,)."""
    present, index = data["present"].values, data["wave_index"].values
    return np.sum([(present & (index == wave)).any(axis=0) for wave in range(data.sizes["wave"])], axis=0)


def reliability(model: ModelSpec, fit: xr.DataTree) -> xr.Dataset:
    """Compute the test-retest reliability of parameters in a fit, and their change from wave to wave.

    Returns
    -------
    xr.Dataset
        - reliability (chain, draw, parameter): NaN for a parameter that is the same for everybody
        - sd_person, sd_wave (chain, draw, parameter): SDs of u and of v, link scale; an estimate of var(u) below 0 is 0
        - prior_reliability (prior_draw, parameter): what the priors imply
        - change, change_natural (chain, draw, parameter, interval): of the median person, link and natural scale
        - sd_change (chain, draw, parameter, interval): SD between people of their change, link scale
        - people: the number of people with sessions in two waves or more

    Raises
    ------
    InputError
        If the study has no waves, or no parameter differs between them.
    """
    data, posterior = fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
    waves, several = waves_of(data), parameters_with_waves(model, data)
    if waves is None or not several:
        raise InputError(["no parameter of this fit differs between waves. Name the column of the wave in the study"])
    contrasts = wave_contrasts(len(waves.names))
    found = [of_parameter(posterior, mean, changes, contrasts) for mean, changes in several]
    names = [f"{before} to {after}" for before, after in zip(waves.names, waves.names[1:], strict=False)]
    labels = xr.DataArray([mean.label for mean, _ in several], dims="parameter", name="parameter")
    joined = xr.concat(found, labels).assign_coords(interval=names)
    return joined.assign(people=int((people_by_waves(data) > 1).sum()))


def of_parameter(
    posterior: xr.Dataset, mean: FreeParameter, changes: Sequence[FreeParameter], contrasts: np.ndarray
) -> xr.Dataset:
    """Return what `reliability` returns for one parameter, without its name."""
    labels = [each.label for each in changes]
    mu = posterior["mu"].sel(parameter=mean.label).transpose(*DRAW).values
    change = posterior["mu"].sel(parameter=labels).transpose(*DRAW, "parameter").values
    steps = np.diff(contrasts, axis=0)  # (interval, change)
    unlink = LINKS[mean.parameter.support][1]
    by_wave = unlink(mu[..., None] + change @ contrasts.T)
    if mean.parameter.pooling == "partial":
        sd_mean = posterior["sigma"].sel(parameter=mean.label).transpose(*DRAW).values
        sd_changes = posterior["sigma"].sel(parameter=labels).transpose(*DRAW, "parameter").values
    else:
        sd_mean, sd_changes = np.full_like(mu, np.nan), np.full_like(change, np.nan)
    between, within = components(sd_mean, sd_changes)
    by_interval = (*DRAW, "interval")
    return xr.Dataset(
        {
            "reliability": (DRAW, between / (between + within)),
            "sd_person": (DRAW, np.sqrt(np.maximum(between, 0.0))),
            "sd_wave": (DRAW, np.sqrt(within)),
            "prior_reliability": ("prior_draw", prior_reliability(mean, changes)),
            "change": (by_interval, change @ steps.T),
            "change_natural": (by_interval, np.diff(by_wave, axis=-1)),
            "sd_change": (by_interval, np.sqrt(sd_changes**2 @ steps.T**2)),
        }
    )


def reliability_table(found: xr.Dataset) -> pd.DataFrame:
    """Make one line per parameter that is partially pooled: its reliability and the SDs that it is made of."""
    lines = []
    for label in map(str, found["parameter"].values):
        own = found.sel(parameter=label)
        draws, prior = own["reliability"].values, own["prior_reliability"].values
        median, low, high = median_ci90(draws)
        if np.isnan(median):
            continue
        contraction = float(1.0 - draws.var() / prior.var())
        lines.append(
            {
                "parameter": label,
                "reliability": median,
                "ci90_low": low,
                "ci90_high": high,
                "p_above_0.7": float((draws > ACCEPTABLE).mean()),
                "sd_person": float(own["sd_person"].median()),
                "sd_wave": float(own["sd_wave"].median()),
                "contraction": contraction,
                "n_people": int(found["people"]),
                "note": "not determined by the data" if contraction < MIN_CONTRACTION else "",
            }
        )
    return pd.DataFrame(lines)


def wave_change_table(found: xr.Dataset) -> pd.DataFrame:
    """Make one line per parameter and pair of successive waves: the change of the median person, and its SD."""
    lines = []
    for label in map(str, found["parameter"].values):
        for interval in map(str, found["interval"].values):
            own = found.sel(parameter=label, interval=interval)
            (change, low, high), (natural, natural_low, natural_high), (sd, sd_low, sd_high) = (
                median_ci90(own[name].values) for name in ("change", "change_natural", "sd_change")
            )
            lines.append(
                {
                    "parameter": label,
                    "waves": interval,
                    "change": change,
                    "ci90_low": low,
                    "ci90_high": high,
                    "p_above_0": float((own["change"] > 0).mean()),
                    "change_natural": natural,
                    "natural_ci90_low": natural_low,
                    "natural_ci90_high": natural_high,
                    "sd_change": sd,
                    "sd_change_ci90_low": sd_low,
                    "sd_change_ci90_high": sd_high,
                }
            )
    return pd.DataFrame(lines)


def reliability_results(model: ModelSpec, fit: xr.DataTree, _: Shared) -> xr.Dataset | None:
    """Return what `reliability` returns; None in a study without waves, or where no parameter differs between them."""
    return reliability(model, fit) if parameters_with_waves(model, fit["constant_data"].to_dataset()) else None


def reliability_answers(found: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the reliability of each parameter at every draw."""
    labels = map(str, found["parameter"].values)
    return {f"reliability of {label}": found["reliability"].sel(parameter=label, drop=True) for label in labels}


def wave_change_answers(found: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the change of the median person in each parameter, from wave to wave, at every draw."""
    return {
        f"change of {label} ({interval})": found["change"].sel(parameter=label, interval=interval, drop=True)
        for label in map(str, found["parameter"].values)
        for interval in map(str, found["interval"].values)
    }


RELIABILITY = Estimand(
    "reliability",
    "Test-retest reliability of the parameters",
    reliability_results,
    reliability_table,
    "The share of the differences between people in a parameter that is the same in every wave: an intraclass "
    "correlation of the parameters themselves, not lowered by the noise of estimating them.",
    {
        "reliability": f"posterior median, with its {CI90} from ci90_low to ci90_high; below 0 people differ less in "
        "their means over waves than changes between waves alone would make them",
        "p_above_0.7": "probability that the reliability is above .7",
        "sd_person": f"SD between people of what stays the same, on {LINK_SCALE}",
        "sd_wave": "SD of a person's values between waves, on the same scale",
        "n_people": "people with sessions in two waves or more",
    },
    section="parameters",
    plot="iwm_bayes.viz.reliability:reliability_plots",
    part="reliability",
    answers=reliability_answers,
)

WAVE_CHANGE = Estimand(
    "wave_change",
    "Change of the parameters between waves",
    reliability_results,
    wave_change_table,
    "How much a parameter of the median person changes from one wave to the next, and how much people differ in it.",
    {
        "change": f"change of the median person, on {LINK_SCALE}, with its {CI90} from ci90_low to ci90_high",
        "p_above_0": "probability that the change is above 0",
        "change_natural": "the same change on the natural scale",
        "sd_change": "SD between people of their change, on the link scale",
    },
    section="parameters",
    part="reliability",
    answers=wave_change_answers,
)
