"""What a study would find if people's reports of outcomes leaned towards what they expected.

Where people report outcomes themselves, data need not determine how far a report follows the expectation: the
expectancy bias. The model is then fitted again under stated biases. These fits are made on request, and kept in the
group `expectancy_bias` of the fit.
"""

import pandas as pd
import xarray as xr

from iwm_bayes.estimands.estimand import Estimand, Shared
from iwm_bayes.estimands.group_summary import group_summary
from iwm_bayes.types import ModelSpec

GROUP = "expectancy_bias"  # of a fit


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


EXPECTANCY_BIAS = Estimand(
    "expectancy_bias",
    "Group medians under assumed expectancy biases",
    medians_by_bias,
    expectancy_bias_table,
    "The group medians if people's own reports of outcomes leaned towards what they expected (--expectancy-bias).",
    {
        "median_at_0": "median if each report equals the outcome",
        "median_at_0.3": "median if 30% of each report is the expectation and 70% the outcome",
        "median_at_0.5": "median if half of each report is the expectation",
    },
    section="parameters",
)
