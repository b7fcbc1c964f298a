"""Write the Dataset of dyads as a long table: one row per exchange and member."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.dyads.coupling import ANSWER, roles_of
from iwm_bayes.data.dyads.schema import EXPERIENCE, PERSON


def has_members(data: xr.Dataset) -> bool:
    """Return whether data are those of dyads."""
    return "event_term" in data.coords and bool(roles_of(data))


def dyads_to_table(data: xr.Dataset) -> pd.DataFrame:
    """Return data of dyads as the long table from which they could be read: one row per exchange and member.

    Responses are columns without the role. What both members answer is one column. A cell is blank where there is no
    answer.
    """
    parts, present = [], data["present"].transpose("event", "person").values
    event, dyad = np.nonzero(present)
    unevenly = data.attrs["time_unit"] == "session" and bool((data["time"] != data["session"]).where(present).any())
    for order, role in enumerate(roles_of(data)):
        columns: dict[str, Any] = {
            "dyad": data["person"].values[dyad],
            "role": role,
            "session": data["session"].values[event, dyad],
        }
        if unevenly:
            columns["time"] = data["time"].values[event, dyad]
        if f"{PERSON}{role}" in data:
            columns["person"] = data[f"{PERSON}{role}"].values[dyad]
        columns |= {key: data[f"{key}_{role}"].values[event, dyad] for key in EXPERIENCE if f"{key}_{role}" in data}
        prefix = f"{ANSWER}{role}_"
        columns |= {
            str(name).removeprefix(prefix): data[name].values[event, dyad]
            for name in data
            if str(name).startswith(prefix)
        }
        parts.append(pd.DataFrame(columns).assign(order=order))
    return pd.concat(parts).sort_values(["dyad", "session", "order"], ignore_index=True).drop(columns="order")
