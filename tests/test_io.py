"""Files are written completely or not at all."""

import json

import pytest

from iwm_bayes.io import atomic_path, write_json


def test_a_file_appears_when_it_is_complete(tmp_path):
    """Until the block ends there is only a draft, next to the file and in a folder that is made for it."""
    path = tmp_path / "new" / "table.csv"
    with atomic_path(path) as draft:
        draft.write_text("complete")
        assert draft.parent == path.parent
        assert not path.exists()
    assert path.read_text() == "complete"
    assert [file.name for file in path.parent.iterdir()] == ["table.csv"]


def test_an_error_leaves_the_older_file(tmp_path):
    """The draft is removed, and the older file stays as it was."""
    path = tmp_path / "manifest.json"
    write_json(path, {"run": 1})

    def write_and_fail():
        with atomic_path(path) as draft:
            draft.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_fail()
    assert json.loads(path.read_text()) == {"run": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["manifest.json"]
