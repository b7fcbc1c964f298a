"""How numbers and tables are written where people read them."""

from typing import Any

import pandas as pd

from iwm_bayes.types import figure_label

TWO_DECIMALS = (
    "weight",
    "frequency",
    "exceedance",
    "protected",
)  # of theories: near 0 and 1 no digit more says anything


def format_value(value: Any) -> str:
    """A cell of a table: three digits of a number, all before its point."""
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"
    return str(value)


def format_cells(frame: pd.DataFrame) -> list[list[str]]:
    """A table as text, line by line: figures as they are called, shares of theories with two digits after the point."""

    def cell(name: object, value: Any) -> str:
        if name in TWO_DECIMALS and pd.notna(value):
            return f"{value:.2f}"
        return figure_label(str(value)) if name == "figure" else format_value(value)

    return [[cell(*one) for one in zip(frame.columns, line, strict=True)] for line in frame.itertuples(index=False)]
