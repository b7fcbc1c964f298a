"""Whether a model of dyads describes the data: the posterior predictive checks of both members."""

import pandas as pd
import xarray as xr

from iwm_bayes.diagnostics.predictive_checks import posterior_predictive_check
from iwm_bayes.estimands.dyads.member_fit import member_fit, member_model
from iwm_bayes.types import ModelSpec


def checks_of_members(model: ModelSpec, fit: xr.DataTree) -> pd.DataFrame:
    """Return the posterior predictive checks of both members; responses have the role in front."""
    tables = []
    for role in model.members:
        table = posterior_predictive_check(member_model(model, role), member_fit(model, fit, role))
        tables.append(table.assign(response=f"{role}_" + table["response"].astype(str)))
    return pd.concat(tables, ignore_index=True)
