"""Read tables whose cells have types: Parquet, Feather, Excel, SPSS and Stata.

Value labels of SPSS and Stata are kept with their numbers. A value that the file declares as missing is blank.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from iwm_bayes.data.table import as_text
from iwm_bayes.data.tables.frame import Content, arrow_to_pandas, plain_types
from iwm_bayes.types import InputError

NO_TABLE = "Save it again, or as CSV (UTF-8)"
MAX_REASON = 200  # letters of what a library says


def tried(path: Path, read: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a library reads from a file; InputError where it raises, which may be anything."""
    try:
        return read(*arguments)
    except Exception as error:  # libraries raise anything for bytes that are no such file
        reason = " ".join(str(error).split())[:MAX_REASON]
        raise InputError([f"{path}: this file is no table ({reason}). {NO_TABLE}"]) from error


def read_parquet(path: Path) -> Content:
    """Read a Parquet file; InputError if it is none."""
    import pyarrow.parquet as pq

    return arrow_content(path, lambda: pq.ParquetFile(path).read(), "read_parquet")


def read_feather(path: Path) -> Content:
    """Read a Feather file; InputError if it is none."""
    import pyarrow.feather

    return arrow_content(path, lambda: pyarrow.feather.read_table(path), "read_feather")


def arrow_content(path: Path, read: Callable[[], pa.Table], function: str) -> Content:
    """Return the content of a file of Arrow; an index that pandas wrote is columns."""

    def columns() -> pd.DataFrame:
        table = read()
        table.validate(full=True)  # Arrow does not look at damaged text before it is used
        frame = arrow_to_pandas(table)
        return plain_types(frame.reset_index(drop=isinstance(frame.index, pd.RangeIndex)))

    return Content(tried(path, columns), f"pandas.{function}({str(path)!r})")


def read_excel(path: Path) -> Content:
    """Read the first sheet of an Excel file that is not hidden; its first row that is not blank is the header."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum, load_workbook

    def cells() -> tuple[list[str], str, list[list[Any]]]:
        workbook = load_workbook(str(path))
        sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        shown = [sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible]
        rows = workbook.get_sheet_by_name(shown[0]).to_python(skip_empty_area=False) if shown else []
        return [sheet.name for sheet in sheets], shown[0] if shown else "", rows

    names, sheet, rows = tried(path, cells)
    body = [(number, row) for number, row in enumerate(rows, 1) if any(as_text(cell) for cell in row)]
    others = [name for name in names if name != sheet]
    if not body:
        more = f" Other sheets are {', '.join(others)}: move the table's sheet to the front." if others else ""
        raise InputError([f'{path}: the sheet "{sheet}" is empty.{more or " Give it one row per event"}'])
    (header_row, header), *body = body
    columns = [
        place for place, name in enumerate(header) if as_text(name) or any(as_text(row[place]) for _, row in body)
    ]
    frame = pd.DataFrame(
        [[None if row[place] == "" else row[place] for place in columns] for _, row in body],
        pd.Index([number - 2 for number, _ in body]),
        [as_text(header[place]) for place in columns],
        dtype=object,
    )
    doubts = (f'{path.name}: the sheet "{sheet}" was read, and not {", ".join(others)}',) if others else ()
    options = f"{sheet!r}, skiprows={header_row - 1}, dtype=object, keep_default_na=False, engine='calamine'"
    return Content(plain_types(frame), f"pandas.read_excel({str(path)!r}, {options})", doubts)


def value_labels(labels: Mapping[str, Mapping[Any, str]]) -> dict[str, dict[str, str]]:
    """Return the label of each value, as text, by column."""
    return {
        as_text(column): {as_text(value): as_text(label) for value, label in by_value.items()}
        for column, by_value in labels.items()
    }


def read_statistics(path: Path, read: Callable[..., Any], pandas_function: str) -> Content:
    """Read a file of SPSS or Stata by a function of pyreadstat."""
    frame, about = tried(path, read, str(path))
    code = f"pandas.{pandas_function}({str(path)!r}, convert_categoricals=False)"
    return Content(plain_types(frame), code, labels=value_labels(about.variable_value_labels))


def read_spss(path: Path) -> Content:
    """Read an SPSS file; InputError if it is none."""
    import pyreadstat

    return read_statistics(path, pyreadstat.read_sav, "read_spss")


def read_stata(path: Path) -> Content:
    """Read a Stata file; InputError if it is none."""
    import pyreadstat

    return read_statistics(path, pyreadstat.read_dta, "read_stata")
