"""Which columns of written tables are numbers, and which may be words."""

from pathlib import Path

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

LABELS = {  # columns that hold names or words; every other column holds numbers
    *("parameter", "person", "figure", "about", "arm", "arms", "contrast", "group", "response", "statistic", "belief"),
    *(
        "note",
        "status",
        "status_at_0.3",
        "status_at_0.5",
        "model",
        "decision",
        "reproduced_by",
        "table",
        "answer",
        "rater",
    ),
}


def words_in_numbers(folder: Path) -> list[str]:
    """Return the columns of the tables in a folder of results that hold neither labels nor numbers alone."""
    found = []
    for path in sorted((folder / "tables").glob("*.csv")):
        table = pd.read_csv(path)
        columns = table.items() if len(table) else ()  # of a table without a line, nothing can be known
        wrong = [name for name, cells in columns if not is_numeric_dtype(cells) or is_bool_dtype(cells)]
        found += [f"{path.name}: {name}" for name in wrong if name not in LABELS]
    return found
