"""What a file is must be what its name says: each format under each name is a table, or one message."""

import gzip
import os

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iwm_bayes.data.tables.table_file import READERS, SIGNATURES, open_table
from iwm_bayes.types import InputError

FRAME = pd.DataFrame({"id": [float(n) for n in range(50)], "x": [f"{n} no" for n in range(50)]})
WRITERS = {
    ".csv": lambda path: FRAME.to_csv(path, index=False),
    ".csv.gz": lambda path: path.write_bytes(gzip.compress(FRAME.to_csv(index=False).encode())),
    ".parquet": FRAME.to_parquet,
    ".feather": FRAME.to_feather,
    ".xlsx": lambda path: FRAME.to_excel(path, index=False),
    ".sav": lambda path: pyreadstat.write_sav(FRAME, path),
    ".dta": lambda path: pyreadstat.write_dta(FRAME, path),
}
TEXT = {".csv", ".tsv", ".txt"}


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    """The bytes of a table in each format."""
    folder = tmp_path_factory.mktemp("formats")
    for ending, write in WRITERS.items():
        write(folder / f"table{ending}")
    return {ending: (folder / f"table{ending}").read_bytes() for ending in WRITERS}


def fault(path):
    with pytest.raises(InputError) as caught:
        open_table(path)
    [problem] = caught.value.problems
    return problem


@pytest.mark.parametrize("ending", READERS)
@pytest.mark.parametrize("written", WRITERS)
def test_a_format_under_the_name_of_another(tmp_path, contents, written, ending):
    """One message that names the file and the right ending or format; the right name in capitals is a table."""
    path = tmp_path / f"table{ending.upper()}"
    path.write_bytes(contents[written])
    same = written == ending or (written in TEXT and ending in TEXT) or written == ending.replace("tsv", "csv")
    if same or written == ending.replace("txt", "csv"):
        table = open_table(str(path))
        assert list(table.frame.columns) == ["id", "x"]
        assert len(table.frame) == 50
        return
    assert path.name in fault(path)
    if written not in TEXT:
        kind = next(kind for signature, (kind, _) in SIGNATURES.items() if contents[written].startswith(signature))
        assert f"its content is {kind}" in fault(path)
        assert f"End its name in {written}" in fault(path)


@pytest.mark.parametrize("written", sorted(WRITERS.keys() - {".csv"}))
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.97])
def test_a_file_that_was_cut_off_is_one_message(tmp_path, contents, written, share):
    """The beginning is right, and the rest is missing."""
    path = tmp_path / f"table{written}"
    path.write_bytes(contents[written][: int(share * len(contents[written]))])
    assert path.name in fault(path)


@pytest.mark.parametrize(
    "name", ["table.xls", "table.ods", "table.rds", "table", "table.gz", "table.csv.zip", "table.json"]
)
def test_other_endings_are_refused(tmp_path, name):
    """The message lists what can be read."""
    (tmp_path / name).write_text("id,x\n1,2\n")
    assert "Save it as one of .csv, .tsv, .txt" in fault(tmp_path / name)


@settings(
    max_examples=int(os.environ.get("ANY_INPUT", "60")),
    derandomize="ANY_INPUT" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    written=st.sampled_from(sorted(WRITERS)),
    damages=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 20), st.binary(max_size=20)), min_size=1, max_size=4),
)
def test_a_damaged_file_is_a_table_or_one_message(tmp_path, contents, written, damages):
    """Bytes are missing, others are in their place, or more are there."""
    content = contents[written]
    for place, missing, other in damages:
        first = int(place * len(content))
        content = content[:first] + other + content[first + missing :]
    path = tmp_path / f"table{written}"
    path.write_bytes(content)
    try:
        found = [f"{path.name} {len(open_table(path).frame)}"]
    except InputError as error:
        found = error.problems
    assert found
    assert all(path.name in line for line in found)


def test_damaged_text_of_a_typed_file_is_found(tmp_path):
    """Arrow believes where a text begins, and shows whatever is there."""
    path = tmp_path / "table.feather"
    FRAME.to_feather(path, compression="uncompressed")
    content = path.read_bytes()
    beginnings = [np.array([4, 8, 12, 16], kind).tobytes() for kind in ("<i4", "<i8")]  # of "0 no", "1 no" ...
    damaged = content
    for right in beginnings:
        damaged = damaged.replace(
            right, right[: len(right) // 2] + bytes([255, 255, 255, 63]) + right[len(right) // 2 + 4 :]
        )
    assert damaged != content
    path.write_bytes(damaged)
    assert "this file is no table" in fault(path)


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize("ending", READERS)
def test_the_beginning_of_a_format_alone_is_no_table(tmp_path, signature, ending):
    """Whatever follows it."""
    path = tmp_path / f"table{ending}"
    path.write_bytes(signature + b"\x00\x01 rest")
    assert path.name in fault(path)
