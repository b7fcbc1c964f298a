"""How a number is written where people read it."""

from typing import Any

import pandas as pd


def written(value: Any) -> str:
    """A cell of a table: three digits of a number, all before its point."""
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"
    return str(value)
