"""The page that explains the columns of tables, from the legends that the program prints below them."""

from collections.abc import Mapping

from iwm_bayes.report.labels import table_meanings, table_title

FILES = {  # of tables that are not `NAME.csv` of a run
    "elpd": "`elpd_lfo_1.csv`, `elpd_lfo_4.csv`, `elpd_loso.csv`, `elpd_loo.csv` of a comparison",
    "model_frequencies": "`model_frequencies.csv` of a comparison",
    "ppc_failures": "`ppc_failures.csv` of a comparison",
    "ppc": "`ppc.csv` of a run, `ppc_MODEL.csv` of a comparison, and the output of `iwm check --prior`",
    "recovery": "`recovery.csv` of `iwm validate recovery`",
}
OPENING = """# Columns of the tables

The terminal and the report print the same explanations below each table, for the columns that the table has. A run is
written by `iwm fit`, and a comparison by `iwm compare`.
"""


def section(table: str, columns: Mapping[str, str]) -> str:
    """Return the section of one table: its title, its file, and its columns."""
    heading = table_title(table)
    file = FILES.get(table, f"`{table}.csv` of a run")
    lines = [f"| `{column}` | {meaning} |" for column, meaning in columns.items()]
    return "\n".join(
        [f"## {heading}", "", f"File: {file}.", "", "| column or value | meaning |", "|---|---|", *lines, ""]
    )


def tables_page() -> str:
    """Return the page."""
    return "\n".join([OPENING, *(section(table, columns) for table, columns in table_meanings().items() if columns)])
