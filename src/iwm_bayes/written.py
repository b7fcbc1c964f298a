"""How numbers and tables are written where people read them."""

from typing import Any

import pandas as pd

SHARES = ("weight", "frequency", "exceedance", "protected")  # of theories: near 0 and 1 no digit more says anything


def written(value: Any) -> str:
    """A cell of a table: three digits of a number, all before its point."""
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"
    return str(value)


def cells(frame: pd.DataFrame) -> list[list[str]]:
    """A table as text, line by line: shares of one whole with two digits after the point, the rest as `written`."""
    shares = [name in SHARES for name in frame.columns]
    return [
        [
            f"{value:.2f}" if share and pd.notna(value) else written(value)
            for share, value in zip(shares, line, strict=True)
        ]
        for line in frame.itertuples(index=False)
    ]
