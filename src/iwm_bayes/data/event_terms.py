"""Event terms: numbers of the data that a model reads at every event, apart from what every event has."""

from collections.abc import Mapping

import numpy as np
import xarray as xr


def with_event_terms(data: xr.Dataset, terms: Mapping[str, np.ndarray]) -> xr.Dataset:
    """Return the data with further event terms, (event, person) each, after those that they have."""
    if not terms:
        return data
    added = xr.DataArray(
        np.stack([np.asarray(values, dtype=float) for values in terms.values()]),
        {"event_term": list(terms), "event": data["event"], "person": data["person"]},
        ("event_term", "event", "person"),
    )
    before = [data["event_terms"]] if "event_terms" in data else []
    joined = xr.concat([*before, added], "event_term") if before else added
    return data.drop_vars(["event_terms", "event_term"], errors="ignore").assign(event_terms=joined)
