"""A folder of Parquet files: people have the same names whether one file or the whole table is looked at."""

import pandas as pd

from iwm_bayes.data.table import read_names
from iwm_bayes.data.tables.table_file import open_table
from iwm_bayes.large_scale.parquet import index_people, index_rows, read_rows


def test_people_are_named_as_in_one_file(tmp_path):
    """Numbers with decimals in one file and without in another, letters in two forms, endings in capitals."""
    names = [[1.0, 1.0, 2.0], [3, 3, 10], ["Rene\u0301", "Ren\u00e9", "x "]]
    for number, ids in enumerate(names):
        frame = pd.DataFrame({"id": ids, "x": 1.0})
        frame.to_parquet(tmp_path / f"part-{number}.{'PARQUET' if number else 'parquet'}", row_group_size=2)
    rows = index_rows(tmp_path)
    people, starts = index_people(rows, "id")
    assert people == ["1", "2", "3", "10", "Ren\u00e9", "x"]
    assert starts.tolist() == [0, 2, 3, 5, 6, 8, 9]
    expected = []
    for file in sorted(tmp_path.iterdir()):
        expected += read_names(open_table(file), "id").tolist()
    assert read_names(read_rows(rows, 0, 9), "id").tolist() == expected
    assert [expected[start] for start in starts[:-1]] == people
