"""Raters of a latent outcome: how far each of them is biased, and how reliably they see a session.

    rating      = .5 + bias + slope (outcome - .5) + lean (expected - outcome) + noise
    reliability = k^2 var(outcome) / (k^2 var(outcome) + noise^2 + floor^2),    k = slope - lean

`var(outcome)` is the variance over all rated sessions of all people, in each draw. A reliability is that of one rating
of one session; what the person expected is held constant. Lord & Novick (1968), Statistical Theories of Mental Test
Scores.

Where patients alone rate, data do not determine how far their ratings lean towards what they expected: the expectancy
bias. The model is then fitted again under stated biases. These fits are made on request, and kept in the group
`expectancy_bias` of the fit.
"""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.raters import PREFIX, anchors, outcome_ratings
from iwm_bayes.estimands.estimand import CI90, Estimand, Shared
from iwm_bayes.estimands.group_summary import group_summary, median_ci90
from iwm_bayes.model.priors import figure_names
from iwm_bayes.responses.rating import FLOOR
from iwm_bayes.simulation.draws import draws_as_people, outcomes_as_people, posterior_batches, thin_draws
from iwm_bayes.types import ModelSpec, response_values

GROUP = "expectancy_bias"  # of a fit
N_DRAWS = 1000
OF_A_RATER = ("bias", "slope", "lean", "noise")  # parameters, in this order


def rater_draws(model: ModelSpec, fit: xr.DataTree, shared: Shared) -> xr.Dataset | None:
    """Return what is known of each rater, (chain, draw, rater) each: `OF_A_RATER`, and `reliability`; None without any.

    People have the same raters: where a rater's parameters differ between people, they are means over these people.
    """
    ratings, data = outcome_ratings(model), fit["constant_data"].to_dataset()
    if not ratings:
        return None
    posterior, rated = fit["unconstrained_posterior"].to_dataset(), data["rated"].values > 0
    parts = []
    people = data.sizes["person"]
    for batch in posterior_batches(posterior, N_DRAWS, people):
        samples, values = batch.sizes["sample"], draws_as_people(model, batch, figure_names(data), people)
        outcome = outcomes_as_people(model, batch, data).reshape(-1, samples, people)
        variance = outcome.swapaxes(1, 2)[rated].var(axis=0)  # (sample,)
        of_raters = []
        for name in ratings:
            p = response_values(model, name, values)
            own = {leaf: getattr(p, leaf).reshape(-1, samples, people) for leaf in OF_A_RATER}
            mean = {leaf: x.mean(axis=(0, 2)) for leaf, x in own.items()}
            signal = (mean["slope"] - mean["lean"]) ** 2 * variance
            of_raters.append([*mean.values(), signal / (signal + mean["noise"] ** 2 + FLOOR**2)])
        parts.append(np.array(of_raters))
    sample = thin_draws(posterior, N_DRAWS).stack(sample=("chain", "draw"))["sample"]
    found = xr.DataArray(np.concatenate(parts, axis=2), dims=("rater", "variable", "sample")).assign_coords(
        sample.coords
    )
    found = found.assign_coords(
        rater=[name.removeprefix(PREFIX) for name in ratings], variable=[*OF_A_RATER, "reliability"]
    )
    whole = found.unstack("sample").to_dataset("variable").transpose("chain", "draw", "rater")
    return whole.assign_attrs(anchor=", ".join(name.removeprefix(PREFIX) for name in anchors(model)))


def rater_table(draws: xr.Dataset) -> pd.DataFrame:
    """Make one line per rater: reliability and parameters, with 90% intervals."""
    lines = []
    for name in map(str, draws["rater"].values):
        line: dict[str, object] = {"rater": name}
        for variable in ("reliability", *OF_A_RATER):
            numbers = median_ci90(draws[variable].sel(rater=name).values)
            line |= dict(zip((variable, f"{variable}_ci90_low", f"{variable}_ci90_high"), numbers, strict=True))
        lines.append(line | {"note": "scale of the outcome" if name == draws.attrs["anchor"] else ""})
    return pd.DataFrame(lines)


def rater_answers(draws: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the reliability of each rater at every draw."""
    raters = map(str, draws["rater"].values)
    return {f"reliability ({name})": draws["reliability"].sel(rater=name, drop=True) for name in raters}


def medians_by_bias(model: ModelSpec, fit: xr.DataTree, shared: Shared) -> xr.Dataset | None:
    """Return the group medians by stated expectancy bias; None in a fit that was not made under several.

    `median` (bias, parameter) begins with a bias of 0, that of the fit itself; `status` (bias) is that of each further
    fit, and empty for the first.
    """
    if GROUP not in fit.children:
        return None
    own = group_summary(model, fit).set_index("parameter")["median"]
    first = xr.Dataset(
        {"median": (("bias", "parameter"), [own.to_numpy()]), "status": ("bias", [""])},
        {"bias": [0.0], "parameter": list(own.index)},
    )
    further = fit[GROUP].to_dataset()
    return xr.concat([first, further], "bias", data_vars="minimal", coords="minimal", compat="equals", join="exact")


def expectancy_bias_table(medians: xr.Dataset) -> pd.DataFrame:
    """Make one line per group parameter: its median under each bias, and the status of each further fit."""
    columns: dict[str, object] = {"parameter": medians["parameter"].values.astype(str)}
    for bias in medians["bias"].values:
        columns[f"median_at_{bias:g}"] = medians["median"].sel(bias=bias).values
        if status := str(medians["status"].sel(bias=bias).item()):
            columns[f"status_at_{bias:g}"] = status
    return pd.DataFrame(columns)


RATERS = Estimand(
    "raters",
    "Raters of the outcome",
    rater_draws,
    rater_table,
    "How reliably each rater sees the outcome of a session, and how their ratings differ from it.",
    {
        "reliability": f"share of the variance of a rating that is due to the outcome, with its {CI90}",
        "bias": "how much too high a session in the middle of the scale is rated",
        "slope": "rating per unit of outcome",
        "lean": "expectancy bias: 0 where a rating is the outcome, 1 where it is what the person expected; its prior "
        "is above 0, so that only a fit with a lean of 0 shows whether there is one",
        "noise": "SD of the error of a rating, in units of the scale",
        "scale of the outcome": "bias 0 and slope 1, by which the outcome has a scale",
    },
    section="parameters",
    answers=rater_answers,
)

EXPECTANCY_BIAS = Estimand(
    "expectancy_bias",
    "Group medians under assumed expectancy biases",
    medians_by_bias,
    expectancy_bias_table,
    "The group medians if patients' ratings of outcomes, which nobody else rated, leaned towards what they expected "
    "(--expectancy-bias).",
    {
        "median_at_0": "median if no rating leans",
        "median_at_0.3": "median if 30% of each rating is the expectation and 70% the outcome",
        "median_at_0.5": "median if half of each rating is the expectation",
    },
    section="parameters",
)
