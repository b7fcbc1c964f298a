"""Read a researcher's table column by column, and collect every fault.

A `Table` keeps the name of its file, so that each problem names file, rows, column and remedy. Rows of a file are
numbered as a spreadsheet shows them: the header is row 1. Here is also decided which cells are blank (see
`MISSING_WORDS`), and how a number is written where it is a name: 1, not 1.0.
"""

import difflib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_float_dtype, is_numeric_dtype, is_string_dtype

MAX_NAMED = 8  # rows, people or values named in one message; the rest are counted
NOT_AVAILABLE = frozenset(("NA", "N/A", "n/a", "<NA>", "#N/A", "#N/A N/A"))
NAMES_LIKE_MISSING = frozenset(("None", "NaN", "nan", "-NaN", "-nan", "NULL", "null"))  # Nan is a grandmother
MISSING_WORDS = NOT_AVAILABLE | NAMES_LIKE_MISSING  # a cell with one of them is blank, where `Table.words` lacks it
WORD_RANKS = {  # words of answers: 0 is the lower end, 1 between, 2 the upper end
    **dict.fromkeys(("no", "never", "not at all", "none", "false", "low", "absent", "nein", "nie", "non"), 0),
    **dict.fromkeys(("jamais", "nunca", "nee", "nooit", "unfair", "unresponsive"), 0),
    **dict.fromkeys(("sometimes", "so-so", "partly", "somewhat", "medium", "manchmal", "teilweise"), 1),
    **dict.fromkeys(("parfois", "a veces", "soms"), 1),
    **dict.fromkeys(("yes", "always", "completely", "true", "high", "present", "ja", "immer", "oui"), 2),
    **dict.fromkeys(("toujours", "sí", "si", "siempre", "altijd", "fair", "responsive"), 2),
}
WHOLE_NUMBER = r"0*(\d+)(?:\.0*)?"
COMMA_NUMBER = r"[+-]?\d+,\d+"  # with a decimal comma, or with commas between thousands
COMMA_THOUSANDS = r"[+-]?[1-9]\d{0,2},\d{3}"


def list_rows(rows: Sequence[int]) -> str:
    """Return the first rows, and how many more there are."""
    more = f" and {len(rows) - MAX_NAMED} more" if len(rows) > MAX_NAMED else ""
    return f"row{'s' * (len(rows) > 1)} {', '.join(map(str, rows[:MAX_NAMED]))}{more}"


class Table(NamedTuple):
    """A table with the problems found in it so far."""

    file: str
    frame: pd.DataFrame
    problems: list[str]  # grows while columns are read
    doubts: list[str]  # what was read in one of two possible ways; grows, too
    repeated: frozenset[str] = frozenset()  # names of several columns
    words: Mapping[str, frozenset[str]] = MappingProxyType({})  # by column: words for missing that are answers there
    first_row: int = 2  # what messages call the first row: 2 below a header, 0 in a frame
    decimal: str = "."  # the sign before decimals in text
    labels: Mapping[str, Mapping[str, str]] = MappingProxyType({})  # by column: the label of each value, from SPSS
    code: str = ""  # the Python that opens the table with pandas, for messages

    def place(self, rows: np.ndarray, column: str) -> str:
        """Return file, rows and column for a message; `rows` is a mask."""
        return f'{self.file}, {list_rows(self.frame.index.to_numpy()[rows] + self.first_row)}, column "{column}"'

    def report(self, bad: np.ndarray, column: str, fault: str, remedy: str) -> None:
        """Add a problem that names the rows where `bad` is true; add nothing if there are none."""
        if bad.any():
            self.problems.append(f"{self.place(bad, column)}: {fault}. {remedy}")

    def doubt(self, where: np.ndarray, column: str, sentence: str) -> None:
        """Add what was taken for granted in these rows; add nothing if there are none."""
        if where.any():
            self.doubts.append(f"{self.place(where, column)}: {sentence}")


def list_people(people: Iterable[str]) -> str:
    """Return the names of the first people, and how many more there are."""
    names = [str(person) for person in people]
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def as_text(value: Any) -> str:
    """Return one value as people write it, without spaces around it: 1 for 1.0, a date without 0:00; "" if missing."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):
        return ""
    text = unicodedata.normalize("NFC", str(value)).strip()
    if isinstance(value, float | np.floating):
        return text.removesuffix(".0")
    return text.removesuffix(" 00:00:00") if hasattr(value, "year") else text


def as_texts(values: pd.Series) -> pd.Series:
    """Return every value as text: see `as_text`."""
    if is_float_dtype(values):
        return values.astype(object).where(values.notna(), "").astype(str).str.removesuffix(".0")
    if is_numeric_dtype(values):
        return values.astype(object).where(values.notna(), "").astype(str)
    if not is_string_dtype(values) or values.dtype == object:
        return values.astype(object).map(as_text).astype(str)
    texts = values.astype(object).where(values.notna(), "").astype(str).str.strip()
    return texts if all(map(str.isascii, texts)) else texts.str.normalize("NFC")


def missing_columns(table: Table, wanted: Mapping[str, str]) -> list[str]:
    """Return the wanted columns that the table lacks, and add a problem for each with the nearest name it has.

    `wanted` are names of columns, each with the key of the study that names it.
    """
    names = [str(name) for name in table.frame.columns]
    missing = [name for name in wanted if name not in names]
    not_named = [name for name in names if name not in wanted]  # a column has one use
    for name in missing:
        near = difflib.get_close_matches(name, not_named, n=1)
        hint = f'Did you mean "{near[0]}"?' if near else f"The table has: {', '.join(names)}"
        table.problems.append(
            f'{table.file}: there is no column "{name}", which {wanted[name]} of the study names. {hint}'
        )
    for name in wanted:
        if name in table.repeated:
            fault = f'there are several columns "{name}", which {wanted[name]} of the study names'
            table.problems.append(f"{table.file}: {fault}. Give each column a name of its own")
    return [*missing, *(name for name in wanted if name in table.repeated)]


def cell_texts(table: Table, column: str) -> pd.Series:
    """Return the cells of a column as text without spaces around it; "" where a typed table has none."""
    return as_texts(table.frame[column])


def is_blank(table: Table, column: str) -> np.ndarray:
    """Return where a column is blank: nothing, only spaces, or a word for what is missing.

    A word is an answer where the study declares it as a level, and None or nan is a name in a column of names.
    """
    values = table.frame[column]
    if is_numeric_dtype(values):
        return values.isna().to_numpy()
    return cell_texts(table, column).isin({"", *MISSING_WORDS} - table.words.get(column, frozenset())).to_numpy()


def read_names(table: Table, column: str) -> np.ndarray:
    """Return a column of names, "" where blank; names in two spellings are a problem.

    A whole number is the same name as 1, 1.0 and 001, and a table must write it in one way.
    """
    blank = is_blank(table, column)
    names = cell_texts(table, column).where(~blank, "")
    spellings = pd.Series(names.unique())
    keys = whole_number_keys(spellings)
    twice = keys.notna() & keys.duplicated(keep=False)
    for key in keys[twice].unique():
        several = [f'"{name}"' for name in spellings[keys == key]]
        fault = f"one name in several spellings, or several names: {', '.join(several)}"
        table.report(names.isin(spellings[keys == key]).to_numpy(), column, fault, "Write each name in one way")
    like_missing = names.isin(NAMES_LIKE_MISSING).to_numpy()
    found = count_values(names[like_missing])
    table.doubt(like_missing, column, f"taken for names: {found}. Where a name is missing, leave the cell blank")
    return names.to_numpy(dtype=str)


def whole_number_keys(names: pd.Series) -> pd.Series:
    """Return the number that a name is, without leading zeros and decimals; missing where it is none."""
    return names.astype(str).str.extract(f"^{WHOLE_NUMBER}$", expand=False)


def read_complete_names(table: Table, column: str) -> np.ndarray:
    """Return a column of names; blanks are a problem."""
    names, texts = read_names(table, column), cell_texts(table, column).to_numpy()
    is_word = (names == "") & np.isin(texts, [*NOT_AVAILABLE])
    table.report((names == "") & ~is_word, column, "blank", "Every row needs a name here")
    fault = f"a word for what is missing: {count_values(pd.Series(texts[is_word]))}"
    table.report(is_word, column, fault, "Every row needs a name here. If this is one, write it in another way")
    return names


def count_values(values: pd.Series) -> str:
    """Return the commonest values in quotes, each with its count."""
    counts = values.astype(str).str.strip().value_counts()
    more = f" and {len(counts) - MAX_NAMED} others" if len(counts) > MAX_NAMED else ""
    return ", ".join(f'"{value}" ({count})' for value, count in counts.iloc[:MAX_NAMED].items()) + more


def suggest_levels(words: pd.Series) -> str:
    """Return the key `levels` with these words in order, or without words where their order is not known.

    A wrong order would turn answers round without a word, so none is guessed.
    """
    found = sorted(set(words.astype(str).str.strip()))
    ranks = [WORD_RANKS.get(word.lower()) for word in found]
    if None not in ranks and len(set(ranks)) == len(found) > 1:
        ordered = sorted(found, key=lambda word: WORD_RANKS[word.lower()])
        return f"levels = [{', '.join(f'"{word}"' for word in ordered)}]"
    return "levels = [...]"


def normalise_levels(answers: pd.Series) -> pd.Series:
    """Return answers as words, whole numbers without the decimal point that pandas adds where a column has blanks."""
    return answers.astype(str).str.strip().str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True)


def answer_texts(table: Table, column: str, words: Iterable[str]) -> pd.Series:
    """Return answers as words; a number with a value label is this label, where `words` have the label.

    Numbers stay numbers where `words` are the numbers themselves, whatever their labels are.
    """
    answers, labels = normalise_levels(cell_texts(table, column)), table.labels.get(column, {})
    wanted = set(normalise_levels(pd.Series(list(words), dtype=str)))
    if wanted <= labels.keys():
        return answers
    return answers.replace({value: label for value, label in labels.items() if label in wanted})


def doubt_labels(table: Table, column: str, sentence: str) -> None:
    """Add to the doubts which value labels of a column are not used, with a sentence that says what follows."""
    labels = table.labels.get(column, {})
    found = {value: labels[value] for value in cell_texts(table, column).unique() if value in labels}
    if found:
        written = list_people(f"{value} = {label}" for value, label in found.items())
        table.doubts.append(f'{table.file}, column "{column}": has the value labels {written}. {sentence}')


def read_levels(table: Table, column: str, levels: Sequence[str]) -> np.ndarray:
    """Return a column of answers as 0, 1, ... in the order of `levels`; NaN where blank."""
    order = {level: float(index) for index, level in enumerate(normalise_levels(pd.Series(levels)))}
    texts = answer_texts(table, column, levels)
    answers = texts.map(order).to_numpy(dtype=float)
    unknown = np.isnan(answers) & ~is_blank(table, column)
    quoted = [f'"{level}"' for level in levels]
    fault = f"neither {quoted[0]} nor {quoted[1]}" if len(levels) == 2 else f"none of {', '.join(quoted)}"
    labels = table.labels.get(column, {})
    found = count_values(texts[unknown].map(lambda text: f"{text} = {labels[text]}" if text in labels else text))
    remedy = "Correct the value, or `levels` in the study. A code for what is missing must be blank or NA"
    table.report(unknown, column, f"{fault}: {found}", remedy)
    return answers
