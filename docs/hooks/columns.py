"""The page of the words in tables, from the legends that the program prints below them."""

from iwm_bayes.report.labels import LEGENDS

WHERE = {  # whose names are not those of files
    "ranking": "`future 1.csv`, `future 4.csv`, `person.csv`, `event.csv` of a comparison",
    "frequencies": "`frequencies.csv` of a comparison",
    "cannot make": "`cannot make.csv` of a comparison",
    "checks": "`checks.csv`, and what `iwm check --prior` prints",
    "recovery": "`recovery.csv` of `iwm recover`",
}
OPENING = """# Words of the tables

The same words stand below each table, in the terminal and in the report, as far as the table has them.
"""


def section(table: str, words: dict[str, str]) -> str:
    """The words of one table."""
    lines = [f"| `{word}` | {meaning} |" for word, meaning in words.items()]
    return "\n".join([f"## {WHERE.get(table, f'`{table}.csv` of a run')}", "", "| word | |", "|---|---|", *lines, ""])


def tables() -> str:
    """The page."""
    return "\n".join([OPENING, *(section(table, dict(words)) for table, words in LEGENDS.items())])
