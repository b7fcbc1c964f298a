"""Open the table of a study: a file, by the ending of its name, or a frame in memory."""

import os
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from iwm_bayes.data.table import Table
from iwm_bayes.data.tables.csv_file import read_text
from iwm_bayes.data.tables.frame import Content, read_frame, unique_names
from iwm_bayes.data.tables.typed_file import read_excel, read_feather, read_parquet, read_spss, read_stata
from iwm_bayes.io import is_file, is_folder
from iwm_bayes.types import InputError

READERS: Mapping[str, Callable[[Path], Content]] = {  # by the ending of a name, in small letters
    **dict.fromkeys((".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz"), read_text),
    ".parquet": read_parquet,
    ".feather": read_feather,
    ".xlsx": read_excel,
    ".sav": read_spss,
    ".dta": read_stata,
}
SIGNATURES = {  # how files begin whose name may say something else: what they are, and the endings that fit
    b"PAR1": ("a Parquet file", (".parquet",)),
    b"ARROW1": ("a Feather file", (".feather",)),
    b"FEA1": ("a Feather file", (".feather",)),
    b"PK\x03\x04": ("an Excel file or a zip archive", (".xlsx",)),
    b"$FL": ("an SPSS file", (".sav",)),
    b"<stata_dta>": ("a Stata file", (".dta",)),
    b"\x1f\x8b": ("compressed (gzip)", (".csv.gz", ".tsv.gz", ".txt.gz")),
    b"BZh": ("compressed (bzip2)", ()),
    b"\xfd7zXZ": ("compressed (xz)", ()),
    b"\x28\xb5\x2f\xfd": ("compressed (Zstandard)", ()),
    b"\xd0\xcf\x11\xe0": ("an old Excel file or one with a password", ()),
}
FIRST_ROW_OF_FILES = 2  # as a spreadsheet numbers it: the header is row 1
ENDINGS_HELP = f"Save it as one of {', '.join(READERS)}"


def ending_of(path: Path) -> str:
    """Return the ending of a name in small letters, .csv.gz as a whole."""
    endings = [suffix.lower() for suffix in path.suffixes]
    return "".join(endings[-2:]) if endings[-1:] == [".gz"] else "".join(endings[-1:])


def check_signature(path: Path, ending: str) -> None:
    """Raise InputError where a file begins as one of another format does."""
    try:
        with path.open("rb") as file:
            beginning = file.read(16)
    except OSError as error:
        raise InputError([f"{path}: cannot be read ({error})"]) from error
    for signature, (kind, endings) in SIGNATURES.items():
        if beginning.startswith(signature) and ending not in endings:
            remedy = f"End its name in {' or '.join(endings)}, or save it as CSV (UTF-8)" if endings else ENDINGS_HELP
            raise InputError([f"{path}: its content is {kind}, and not what its name says. {remedy}"])


def read_file(path: Path) -> Content:
    """Read a file by the ending of its name; InputError if it is missing, of another format, or not a table."""
    if is_folder(path):
        raise InputError([f"{path}: is a folder. Fit a folder of Parquet files with `iwm fit-large`"])
    if not is_file(path):
        raise InputError(
            [f"{path}: there is no such file. Correct `data` in the study; it is relative to the study file"]
        )
    ending = ending_of(path)
    check_signature(path, ending)
    if ending not in READERS:
        raise InputError([f"{path}: no table has a name that ends in {ending or 'no ending'}. {ENDINGS_HELP}"])
    return READERS[ending](path)


def open_table(source: Any, name: str = "table") -> Table:
    """Open a table with its cells as they are.

    Parameters
    ----------
    source
        The path of a file (`READERS` lists the endings), or a DataFrame of pandas or polars, or an Arrow table. It is
        not changed.
    name
        What messages call a frame. A file is called by its own name.

    Returns
    -------
    A `Table`. Rows of a file are numbered as a spreadsheet shows them. Rows of a frame are numbered from 0, or by
    an index of different whole numbers.

    Raises
    ------
    InputError
        If a file is missing, empty, cut off, of another format than its name says, or not a table.
    """
    is_path = isinstance(source, (str, os.PathLike))
    path = Path(source) if is_path else Path(name)
    content = read_file(path) if is_path else read_frame(source, name)
    if content.frame.empty:
        raise InputError([f"{path}: the table has no rows. Give it one row per event"])
    columns, repeated = unique_names([unicodedata.normalize("NFC", str(c)).strip() for c in content.frame.columns])
    return Table(
        path.name if is_path else name,
        content.frame.set_axis(columns, axis=1),
        [],
        [*content.doubts],
        repeated=repeated,
        first_row=FIRST_ROW_OF_FILES if is_path else 0,
        decimal=content.decimal,
        labels=content.labels,
        code=content.code,
    )
