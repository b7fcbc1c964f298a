"""The command line end to end, as a researcher runs it."""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest
from command import iwm
from small_study import MODEL, STUDY, TABLE

from iwm_bayes.filtering.engine_choice import warn_of_plain_engine

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xfe"


def in_its_own_process(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the program as a researcher runs it."""
    command = [sys.executable, "-c", "from iwm_bayes.cli.main import main; main()", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=500, check=False)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A small study that is right in every way; each test spoils one thing."""
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "model.toml").write_text(MODEL)
    (tmp_path / "sessions.csv").write_text(TABLE)
    return tmp_path


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


BAD = {
    "missing file": ("study.toml", "sessions.csv", "nowhere.csv", ["nowhere.csv", "no such file"]),
    "missing column": ("study.toml", '"outcome", m', '"responsive", m', ["responsive", "no column"]),
    "misspelt column": ("study.toml", '"person"', '"persn"', ["persn", 'Did you mean "person"?']),
    "off the scale": ("sessions.csv", "0,0.6", "0,6", ["row 3", "rating", "off the scale 0..1"]),
    "text for a number": ("sessions.csv", "0,0.6", "0,high", ["row 3", "rating", "text where a number belongs"]),
    "duplicate": ("sessions.csv", "ann,2", "ann,1", ["rows 2, 3", "more than once"]),
    "infinite": ("sessions.csv", "0,0.6", "0,inf", ["row 3", "infinite"]),
    "unknown key": ("study.toml", "[columns]", "[columns]\npatient = 'x'", ["columns.patient", "unknown key"]),
    "path in name": ("study.toml", '"clinic"', '"../clinic"', ["name", "no path separators"]),
    "blank without meaning": ("study.toml", ', missing = "unseen"', "", ["row 6", "blank outcome", "unrecorded"]),
    "unknown parameter": ("model.toml", "responses", "parameters.rat.fixed = 0.1\nresponses", ["rat", "rate"]),
    "parameter twice": (
        "model.toml",
        "responses",
        "parameters.rate.fixed = 0.1\nparameters.availability_rate.fixed = 0.1\nresponses",
        ["availability_rate", "two places"],
    ),
    "key twice": ("model.toml", "claim", "claim = ''\nclaim", ["not a TOML file"]),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_input_is_reported_and_nothing_is_written(study: Path, fault: str) -> None:
    """Exit code 1, the fault and its place in words, no traceback, no file."""
    file, old, new, words = BAD[fault]
    spoil(study, file, old, new)
    before = sorted(study.iterdir())
    result = iwm("fit", "study.toml", "--quiet", cwd=study)
    assert result.returncode == 1
    assert all(word in result.stderr for word in words), result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(study.iterdir()) == before


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "no table"), (TABLE.split("\n")[0].encode(), "no rows"), (PNG, "no table")],
    ids=["empty file", "header only", "a picture"],
)
def test_a_file_without_a_table_is_refused(study: Path, content: bytes, message: str) -> None:
    """A file without rows or without a table in it is refused by name."""
    (study / "sessions.csv").write_bytes(content)
    result = iwm("check", "study.toml", cwd=study)
    assert result.returncode == 1
    assert "sessions.csv" in result.stderr
    assert message in result.stderr


def test_time_backwards_and_silence_are_listed_together(study: Path) -> None:
    """Every problem is named at once."""
    spoil(study, "study.toml", 'session = "session"', 'session = "session"\ntime = "when"')
    lines = TABLE.replace("0.3", "").replace("0.4\nbob,3", "\nbob,3").splitlines()
    times = ["when", "1", "3", "2", "1", "2", "3"]
    (study / "sessions.csv").write_text("\n".join(f"{row},{time}" for row, time in zip(lines, times, strict=True)))
    result = iwm("check", "study.toml", cwd=study)
    assert result.returncode == 1
    assert "row 4" in result.stderr
    assert "time runs backwards" in result.stderr
    assert "without any response" in result.stderr


def test_plain_engine_is_announced_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the fast one cannot be built: on standard error, without the place in the code."""
    monkeypatch.setenv("IWM_ENGINE", "fast")
    monkeypatch.setattr("iwm_bayes.cli.main.app", lambda: warn_of_plain_engine("it has not been tried with numba 99"))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        printed = iwm("check", cwd=tmp_path)
    assert printed.stderr.split("\n") == [
        "Warning: the fast engine cannot be built (it has not been tried with numba 99), so the plain one is used: "
        "slower, with the same results.",
        "",
    ]
    assert printed.stdout == ""


def test_unknown_option_is_a_usage_error(tmp_path: Path) -> None:
    """Exit code 2 is for the command line itself."""
    assert iwm("fit", "--nonsense", cwd=tmp_path).returncode == 2


def test_built_in_models_are_listed(tmp_path: Path) -> None:
    """`iwm models` names every built-in model and shows one in full."""
    assert "compensatory" in iwm("models", cwd=tmp_path).stdout
    assert "self_share" in iwm("models", "compensatory", cwd=tmp_path).stdout


def test_a_model_file_is_found_in_the_working_folder_or_in_the_study_folder(study: Path, tmp_path_factory) -> None:
    """The working folder comes first; if the file is in neither, both places are named."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (study / "other.toml").write_text(MODEL.replace("rescorla_wagner", "growth"))
    done = iwm("check", study / "study.toml", "--model", "other.toml", cwd=elsewhere)
    assert done.returncode == 0, done.stderr
    assert "Model   other" in done.stdout
    (elsewhere / "other.toml").write_text(MODEL.replace("Every session counts the same.", "This one is nearer."))
    assert "nearer" in iwm("check", study / "study.toml", "--model", "other.toml", cwd=elsewhere).stdout
    nowhere = iwm("check", study / "study.toml", "--model", "nowhere.toml", cwd=elsewhere)
    assert nowhere.returncode == 1
    said = "".join(nowhere.stderr.split())
    assert str(elsewhere) in said
    assert str(study / "nowhere.toml") in said


def test_what_happens_between_waves_needs_waves(tmp_path: Path) -> None:
    """Without waves the option would be ignored; it is refused, and nothing is written."""
    refused = iwm("simulate", "rescorla_wagner", "--beliefs", "carried", cwd=tmp_path)
    assert refused.returncode == 1
    assert "Add --waves 2" in refused.stderr
    assert not list(tmp_path.iterdir())


def test_simulated_sessions_can_be_fitted(tmp_path: Path) -> None:
    """simulate -> study -> fit: a whole run appears, its status is its exit code, and it can be read again."""
    care = "therapist=rupture_and_repair:rate=0.9,every=4"
    model = tmp_path / "model.toml"
    model.write_text(MODEL)
    made = in_its_own_process("simulate", model, "--n-people", "8", "--sessions", "10", "--care", care, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    (tmp_path / "study.toml").write_text(STUDY.replace('"rating"', '"availability_rating"'))
    short = ["--draws", "200", "--tune", "200", "--quiet", "--person-table"]
    result = in_its_own_process("fit", "study.toml", "--out-dir", "here", *short, cwd=tmp_path)
    manifest = json.loads((tmp_path / "here" / "manifest.json").read_text())
    assert result.returncode == (0 if manifest["converged"] else 3), result.stderr
    assert manifest["settings"]["random_seed"] == 1
    assert set(pd.read_csv(tmp_path / "here" / "tables" / "group_summary.csv")["parameter"]) == {
        "availability_start",
        "availability_rate",
        "availability_rating_noise",
    }
    people = pd.read_csv(tmp_path / "here" / "tables" / "person_summary.csv")
    assert list(people["person"].unique()) == [f"person {index}" for index in range(1, 9)]
    assert (people["contraction"] < 1).all()
    assert (tmp_path / "here" / "fit.nc").exists()
    assert "Report  here/report.html" in result.stdout
    page = (tmp_path / "here" / "report.html").read_text()
    again = iwm("report", "here", "--scenario", "intermittent", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    expected = ">person 8<" if manifest["converged"] else "This fit has not converged"  # then nobody is shown
    assert expected in page
    assert "<option>" not in (tmp_path / "here" / "report.html").read_text()
    (tmp_path / "sessions.csv").unlink()
    gone = iwm("report", "here", cwd=tmp_path)
    assert gone.returncode == 0
    assert "the session table sessions.csv is not where it was" in " ".join(gone.stderr.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "model.toml", "study.toml"]


def test_models_prints_both_priors_of_a_parameter(tmp_path: Path) -> None:
    """The range of the median person and the scale of the between-person SD, which a completely pooled one lacks."""
    lines = iwm("models", "rescorla_wagner", cwd=tmp_path).stdout.splitlines()
    rows = {
        name: [word for line in lines if line.split()[:1] == [name] for word in line.split()[1:]]
        for name in ("availability_rate", "approach_sensitivity")
    }
    assert rows["availability_rate"][:5] == ["0.02", "to", "0.5", "0.5", "partial"]
    assert rows["approach_sensitivity"][:4] == ["0.3", "to", "3", "complete"]
    assert any("between-person SD" in line for line in lines)
