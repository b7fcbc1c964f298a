"""Read a column of numbers, as people write them, and collect every fault.

A decimal comma is read where the table has one, and a percent sign where the scale is 0 to 100. What could be two
different numbers is a fault or a doubt of the table.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from iwm_bayes.data.table import (
    COMMA_NUMBER,
    COMMA_THOUSANDS,
    Table,
    cell_texts,
    count_values,
    is_blank,
    suggest_levels,
)

MAX_NUMBER = 1e15  # milliseconds since 1970 are below it; a larger number is mistyped, or a code for missing
THOUSANDS = r"-?[1-9]\d{0,2}(?:\.\d{3})+"
PERCENT = r"\s*%$"
PERCENT_SCALE = (0.0, 100.0)


def give_a_number(_levels: str) -> str:
    """Return the remedy for words in a column that has no other."""
    return "Give a number"


def decimal_points(table: Table, texts: pd.Series) -> pd.Series:
    """Return texts with a decimal point in place of a decimal comma, in a table that has decimal commas."""
    if table.decimal == ".":
        return texts
    return texts.where(~texts.str.fullmatch(COMMA_NUMBER), texts.str.replace(",", ".", regex=False))


def report_commas(table: Table, column: str, texts: pd.Series) -> np.ndarray:
    """Report commas within numbers that could mean two things, and return where they are no decimal commas."""
    commas = texts.str.fullmatch(COMMA_NUMBER).to_numpy(dtype=bool)
    points = texts.str.fullmatch(r"[+-]?\d*\.\d+").to_numpy(dtype=bool)
    if table.decimal == ".":
        remedy = "Write decimals with a point, and nothing between thousands: 1.5, 1234"
        table.report(
            commas, column, f"a decimal comma, or a comma between thousands: {count_values(texts[commas])}", remedy
        )
        return commas
    if commas.any() and points.any():
        fault = f"a decimal point, where other rows have a decimal comma: {count_values(texts[points])}"
        table.report(points, column, fault, "Write all numbers in one way, with nothing between thousands")
    elif commas.any() and texts[commas].str.fullmatch(COMMA_THOUSANDS).all():
        first = texts[commas].iloc[0]
        sentence = f'"{first}" is read with a decimal comma, as {first.replace(",", ".")}, and not as a thousand'
        table.doubt(commas, column, sentence)
    return np.zeros(len(texts), dtype=bool)


def without_percent(table: Table, column: str, texts: pd.Series, is_percentage: bool) -> pd.Series:
    """Return texts without percent signs where the scale is 0 to 100; elsewhere, or in a part of rows, a problem."""
    signs = texts.str.contains(PERCENT, regex=True).to_numpy(dtype=bool)
    if not signs.any():
        return texts
    if is_percentage:
        bare = ~signs & (texts != "").to_numpy()
        fault = f"a number without a percent sign, where other rows have one: {count_values(texts[bare])}"
        table.report(bare, column, fault, "Write the sign in all rows, or in none")
    else:
        remedy = "For percentages, write `scale = [0, 100]` in the study. Elsewhere, take the sign out"
        table.report(signs, column, f"a percent sign: {count_values(texts[signs])}", remedy)
    return texts.str.replace(PERCENT, "", regex=True)


def read_numbers(
    table: Table,
    column: str,
    remedy_for_words: Callable[[str], str] = give_a_number,
    is_percentage: bool = False,
) -> np.ndarray:
    """Return a column of finite numbers, NaN where blank.

    `remedy_for_words` takes the key `levels` of the words and gives the remedy where no value is a number.
    `is_percentage` says that 85% is the number 85.
    """
    values, texts, blank = table.frame[column], cell_texts(table, column), is_blank(table, column)
    texts = texts.where(~blank, "")
    if is_numeric_dtype(values):  # booleans are numeric, too
        numbers, commas = values.to_numpy(dtype=float), np.zeros(len(values), dtype=bool)
    else:
        texts = without_percent(table, column, texts, is_percentage)
        commas = report_commas(table, column, texts)
        report_thousands(table, column, texts)
        numbers = pd.to_numeric(decimal_points(table, texts).where(~blank), errors="coerce").to_numpy(dtype=float)
    is_text = np.isnan(numbers) & ~blank & ~commas
    remedy = remedy_for_words(suggest_levels(texts[is_text])) if np.isnan(numbers).all() else "Give a number"
    table.report(is_text, column, f"text where a number belongs: {count_values(texts[is_text])}", remedy)
    table.report(np.isinf(numbers), column, "an infinite number", "Give a finite number or leave it blank")
    too_large = np.isfinite(numbers) & (np.abs(numbers) > MAX_NUMBER)
    table.report(too_large, column, f"a number beyond {MAX_NUMBER:g}", "Correct it or leave it blank")
    return np.where(np.isinf(numbers) | too_large, np.nan, numbers)


def report_thousands(table: Table, column: str, texts: pd.Series) -> None:
    """Report points that separate thousands: "1.000" in a column that also has whole numbers such as 950.

    In a table with decimal commas a point is always taken for one between thousands, where it can be one.
    """
    pointed = texts.str.contains(".", regex=False)
    grouped = texts.str.fullmatch(THOUSANDS)
    hundreds = texts.str.fullmatch(r"-?[1-9]\d{2}")
    if grouped.any() and (hundreds.any() or table.decimal == ",") and grouped[pointed].all():
        remedy = "Write one thousand as 1000. A point is a decimal point"
        table.report(grouped.to_numpy(), column, f"thousands with a point: {count_values(texts[grouped])}", remedy)


def read_complete_numbers(table: Table, column: str) -> np.ndarray:
    """Return a column of finite numbers; blanks are a problem."""
    table.report(is_blank(table, column), column, "blank", "Every row needs a number here")
    return read_numbers(table, column)


def read_scaled(
    table: Table,
    column: str,
    scale: tuple[float, float],
    remedy_for_words: Callable[[str], str] = give_a_number,
) -> np.ndarray:
    """Return a column on a stated scale as 0..1, the first end as 0; NaN where blank. See `read_numbers`."""
    low, high = sorted(scale)
    numbers = read_numbers(table, column, remedy_for_words, is_percentage=(low, high) == PERCENT_SCALE)
    off_scale = (numbers < low) | (numbers > high)
    values = count_values(cell_texts(table, column)[off_scale])
    remedy = "Correct the value, or `scale` in the study. A code for what is missing, such as -99, must be blank or NA"
    table.report(off_scale, column, f"off the scale {low:g}..{high:g}: {values}", remedy)
    doubt_shares(table, column, numbers, (low, high))
    return np.where(off_scale, np.nan, (numbers - scale[0]) / (scale[1] - scale[0]))


def doubt_shares(table: Table, column: str, numbers: np.ndarray, scale: tuple[float, float]) -> None:
    """Doubt a scale of 0 to 100 where all numbers are shares: a spreadsheet shows .85 as 85%."""
    found = numbers[~np.isnan(numbers)]
    if scale == PERCENT_SCALE and len(found) and found.min() >= 0 and found.max() <= 1 and (found % 1 > 0).any():
        sentence = "all numbers are from 0 to 1, on a scale of 0 to 100. For shares, write scale = [0, 1]"
        table.doubt(~np.isnan(numbers), column, sentence)
