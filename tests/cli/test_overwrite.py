"""No command overwrites a file that it did not write, unless it is told to."""

import pytest
from command import iwm
from small_study import MODEL, STUDY, TABLE

QUIET = "--quiet"
WRITE_FOLDERS = {  # every command that writes a folder, with its shortest arguments
    "fit": ("fit", "study.toml"),
    "demo": ("demo",),
    "compare": ("compare", "study.toml", "--model", "other.toml", "--model", "model.toml"),
    "fit-large": ("fit-large", "study.toml"),
    "sbc": ("validate", "sbc", "static"),
    "recovery": ("validate", "recovery", "static"),
    "confusion": ("validate", "confusion", "static", "growth"),
    "plan group": ("plan", "group", "rescorla_wagner", "--parameter", "availability_rate"),
    "plan forecast": ("plan", "forecast", "rescorla_wagner"),
    "plan compare": ("plan", "compare", "rescorla_wagner", "growth"),
    "predictions": ("predictions",),
}


@pytest.fixture
def folder(tmp_path):
    """A small study, next to a folder of somebody's own tables."""
    texts = {"study.toml": STUDY, "sessions.csv": TABLE}
    texts |= {"model.toml": MODEL, "other.toml": MODEL.replace("rescorla_wagner", "growth")}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "mine" / "tables").mkdir(parents=True)
    (tmp_path / "mine" / "tables" / "group_summary.csv").write_text("mine")
    return tmp_path


@pytest.mark.parametrize("options", [(), ("--overwrite",)], ids=["", "overwrite"])
@pytest.mark.parametrize("command", WRITE_FOLDERS)
def test_a_folder_of_ones_own_is_refused_before_any_work(folder, command, options):
    """Even with --overwrite, because it holds no results that could be replaced."""
    before = sorted(path.relative_to(folder) for path in folder.rglob("*"))
    done = iwm(*WRITE_FOLDERS[command], "--out-dir", "mine", QUIET, *options, cwd=folder)
    assert done.returncode == 1, done.stdout
    assert "mine: exists and holds no results of this program" in " ".join(done.stderr.split())
    assert (folder / "mine" / "tables" / "group_summary.csv").read_text() == "mine"
    assert sorted(path.relative_to(folder) for path in folder.rglob("*")) == before


def test_simulated_sessions_do_not_replace_a_table(folder):
    """`sessions.csv` is the name of a researcher's data in the README, and that of simulated sessions by default."""
    arguments = ("simulate", "model.toml", "--n-people", "2", "--sessions", "2")
    done = iwm(*arguments, cwd=folder)
    assert done.returncode == 1
    assert "sessions.csv: exists. Add --overwrite" in " ".join(done.stderr.split())
    assert (folder / "sessions.csv").read_text() == TABLE
    assert iwm(*arguments, "--out-file", "new/simulated.csv", cwd=folder).returncode == 0
    assert iwm(*arguments, "--overwrite", cwd=folder).returncode == 0
    assert (folder / "sessions.csv").read_bytes() == (folder / "new" / "simulated.csv").read_bytes()


@pytest.mark.parametrize(
    ("place", "said"),
    [("mine", "is a folder"), ("model.toml/sessions.csv", "cannot be written"), ("x" * 300, "name is too long")],
)
def test_a_table_that_cannot_be_written_is_one_sentence(folder, place, said):
    done = iwm("simulate", "model.toml", "--n-people", "2", "--out-file", place, cwd=folder)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_results_of_studies_leave_other_files_alone(folder):
    """The same command again rewrites its own tables; a table that was edited since stays, unless told."""
    command = ("validate", "recovery", "static", "--n-people", "4", "--sessions", "3", "--studies", "2", QUIET)
    assert iwm(*command, "--out-dir", "out", cwd=folder).returncode == 0
    (folder / "out" / "notes.md").write_text("mine")
    assert iwm(*command, "--out-dir", "out", cwd=folder).returncode == 0
    table = folder / "out" / "tables" / "recovery.csv"
    original = table.read_text()
    table.write_text("edited")
    refused = iwm(*command, "--out-dir", "out", cwd=folder)
    assert refused.returncode == 1
    assert "recovery.csv: is in the way and not as the program wrote it" in " ".join(refused.stderr.split())
    assert table.read_text() == "edited"
    assert iwm(*command, "--out-dir", "out", "--overwrite", cwd=folder).returncode == 0
    assert table.read_text() == original
    assert table.with_name("recovery.csv.kept").read_text() == "edited"
    assert (folder / "out" / "notes.md").read_text() == "mine"


def test_a_result_that_is_cut_is_named(folder):
    command = ("validate", "recovery", "static", "--n-people", "4", "--sessions", "3", "--studies", "2", QUIET)
    assert iwm(*command, "--out-dir", "out", cwd=folder).returncode == 0
    study = next(path for path in (folder / "out" / "studies").iterdir() if path.name != "manifest.json")
    whole = study.read_text()
    study.write_text(whole[:40])
    done = iwm(*command, "--out-dir", "out", cwd=folder)
    assert done.returncode == 1
    assert f"{study.name}: cannot be read" in " ".join(done.stderr.split())
    study.unlink()
    assert iwm(*command, "--out-dir", "out", cwd=folder).returncode == 0
    assert study.read_text() == whole
