"""Read a table that is text: which encoding, which separator, and cell by cell as it was written.

Every row must have as many fields as the header has names, because a row that lacks a cell is shifted, and a file that
was cut off lacks answers. An encoding that only fits is a doubt of the table.
"""

import codecs
import csv
import gzip
import io
import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pandas as pd

from iwm_bayes.data.table import COMMA_NUMBER, COMMA_THOUSANDS, list_rows
from iwm_bayes.data.tables.frame import Content
from iwm_bayes.types import InputError

NO_TABLE = "Save it as CSV (UTF-8) or Parquet"
BYTE_ORDER_MARKS = {  # the longer ones first: UTF-32 begins as UTF-16 does
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SEPARATORS = (",", ";", "\t")
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[^\S\r\n]*(?:\r\n|\r|\n)', re.IGNORECASE)
UTF_8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
N_LOOKED_AT = 100  # records that show which separator gives all rows the same number of fields


def read_bytes(path: Path) -> bytes:
    """Return what is in a file, uncompressed where its name ends in .gz; InputError if it cannot be read."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix.lower() == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        raise InputError([f"{path}: this file is no table ({error}). {NO_TABLE}"]) from error


def decode(path: Path, content: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Return the text of a file, its encoding, and a doubt where the encoding is guessed.

    Without a byte-order mark, text is UTF-8, or else Windows-1252, of which the letters of Latin-1 are a part.
    Text that has letters of UTF-8, and bytes that are none, is damaged.
    """
    marked = next((name for mark, name in BYTE_ORDER_MARKS.items() if content.startswith(mark)), None)
    try:
        return content.decode(marked or "utf-8"), marked or "utf-8", ()
    except UnicodeDecodeError as error:
        fault = InputError([f"{path}: this file is no table ({error}). {NO_TABLE}"])
    has_windows_signs = re.search(rb"[\x80-\x9f]", content) is not None
    encoding, label = ("cp1252", "Windows-1252") if has_windows_signs else ("latin-1", "Latin-1")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise fault from None
    if (
        marked
        or UTF_8_LETTER.search(content)
        or any(unicodedata.category(sign) == "Cc" and sign not in "\t\r\n\0" for sign in set(text))
    ):
        raise fault
    found = re.search(r"[\w.-]*[^\x00-\x7f][\w.-]*", text)
    example = f', such as "{found.group()[:40]}"' if found else ""
    sentence = f"not UTF-8, so it is read as {label}{example}. If letters are wrong, save it as CSV (UTF-8)"
    return text, encoding, (f"{path.name}: {sentence}",)


def records(text: str, separator: str, strict: bool = False) -> Iterator[list[str]]:
    """Return the records of a text, blank ones included."""
    return csv.reader(io.StringIO(text, newline=""), strict=strict, delimiter=separator)


def find_separator(text: str) -> str:
    """Return the separator that gives all rows the same number of fields, or else the header the most names."""
    widths = {}
    for separator in SEPARATORS:
        try:
            looked_at = [len(row) for row in islice(records(text, separator), N_LOOKED_AT) if any(map(str.strip, row))]
        except csv.Error:
            looked_at = []
        width = looked_at[0] if looked_at else 0
        is_even = width > 1 and set(looked_at[1:]) in ({width}, {width + 1}, set())  # one more: at the end of every row
        widths[separator] = (is_even, width)
    return max(SEPARATORS, key=widths.__getitem__)


def decimal_sign(frame: pd.DataFrame, separator: str) -> str:
    """Return the sign before the decimals of a table: a comma only where commas do not separate columns.

    In a table with tabs, 1,234 may be a thousand, so one number that cannot be, such as 1,5, is needed.
    """
    if separator == ",":
        return "."
    for _, values in frame.items():
        texts = values.str.strip().str.rstrip(" %")
        commas = texts.str.fullmatch(COMMA_NUMBER)
        if (commas if separator == ";" else commas & ~texts.str.fullmatch(COMMA_THOUSANDS)).any():
            return ","
    return "."


def read_text(path: Path) -> Content:
    """Read a CSV file as text; its index is the row as a spreadsheet numbers it, minus 2.

    InputError lists rows with more or fewer fields than the header has names.
    """
    text, encoding, doubts = decode(path, read_bytes(path))
    if "\0" in text:
        rows = [row for row, line in enumerate(text.splitlines(), 1) if "\0" in line]
        raise InputError([f"{path}, {list_rows(rows)}: NUL bytes, so the file is no table or damaged. {NO_TABLE}"])
    stated = SEPARATOR_LINE.match(text)  # a spreadsheet does not show this line, so it has no number
    text = text[stated.end() :] if stated else text
    separator = stated.group(1) if stated else find_separator(text)
    names, rows, fields = header_and_rows(path, text, separator)
    frame = pd.DataFrame(fields, pd.Index(rows), names, dtype=str)
    options = {"sep": separator, "encoding": encoding, "skiprows": 1 if stated else 0}
    usual = {"sep": ",", "encoding": "utf-8", "skiprows": 0}
    written = "".join(f", {key}={value!r}" for key, value in options.items() if value != usual[key])
    code = f"pandas.read_csv({str(path)!r}{written}, dtype=str, keep_default_na=False)"
    return Content(frame, code, doubts, decimal_sign(frame, separator))


def header_and_rows(path: Path, text: str, separator: str) -> tuple[list[str], list[int], list[list[str]]]:
    """Return the header, and the numbers and fields of rows that are not blank; InputError if it is no table."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    try:
        found = [(row, fields) for row, fields in enumerate(reader, 1) if any(map(str.strip, fields))]
    except csv.Error as error:
        fault = f"line {reader.line_num} cannot be read ({error})"
        remedy = f"Check its quotation marks, and whether the file was cut off. {NO_TABLE}"
        raise InputError([f"{path}: {fault}. {remedy}"]) from error
    if not found:
        raise InputError([f"{path}: this file is no table (it is empty). {NO_TABLE}"])
    (_, names), *body = found
    if body and all(len(fields) == len(names) + 1 and not fields[-1].strip() for _, fields in body):
        body = [(row, fields[:-1]) for row, fields in body]  # a separator at the end of every line
    check_lengths(path, names, body)
    return names, [row - 2 for row, _ in body], [fields for _, fields in body]


def check_lengths(path: Path, names: Sequence[str], body: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Raise InputError if rows have more or fewer fields than the header has names."""
    by_length: dict[int, list[int]] = {}
    for row, fields in body:
        if len(fields) != len(names):
            by_length.setdefault(len(fields), []).append(row)
    problems = [
        f"{path.name}, {list_rows(rows)}: {length} fields, where the header has {len(names)} names. "
        + ("Name every column, or take it out" if length > len(names) else "A cell is missing, or the file was cut off")
        for length, rows in by_length.items()
    ]
    if problems:
        raise InputError(problems)
