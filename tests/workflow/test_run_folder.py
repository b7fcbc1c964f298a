"""What a run folder holds stays: it is replaced only when asked, and only what the program wrote is.

One run by `laplace` serves all tests; each has a copy of its whole project, which also shows that a project can move.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr
import zarr
from command import iwm
from own_rule import TRACE, write_own_rule
from runs import without_drawing

from iwm_bayes.filtering.engine_choice import engine_name, using_engine
from iwm_bayes.inference.nutpie_store import STORED_GROUPS, chain_folder
from iwm_bayes.io import write_json
from iwm_bayes.types import InputError
from iwm_bayes.workflow import analysis, fits, results_folder, run_folder, unfinished_run
from iwm_bayes.workflow.fit_file import read_fit
from iwm_bayes.workflow.load import load_study_and_data
from iwm_bayes.workflow.run_folder import engine_of

FAST = ("--method", "laplace", "--draws", "150", "--quiet")
FIT = ("fit", "study.toml", "--model", "model.toml", "--out-dir", "run", *FAST)
PEOPLE = '[people]\ndata = "people.csv"\nperson = "person"\n'


def content(folder: Path) -> dict[str, str]:
    """The hash of every file in a folder, by path."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != TRACE)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def said(done: subprocess.CompletedProcess[str]) -> str:
    """What was printed on standard error, on one line."""
    return " ".join(done.stderr.split())


@pytest.fixture(scope="module")
def made_once(tmp_path_factory) -> Path:
    """A project: a study with a table of people and a rule of one's own, and its run."""
    folder = write_own_rule(tmp_path_factory.mktemp("project"))
    assert iwm("simulate", "model.toml", "--n-people", "8", "--sessions", "8", cwd=folder).returncode == 0
    people = pd.read_csv(folder / "sessions.csv")["person"].unique()
    pd.DataFrame({"person": people, "age": range(20, 28)}).to_csv(folder / "people.csv", index=False)
    with (folder / "study.toml").open("a") as study:
        study.write(PEOPLE)
    done = iwm(*FIT, "--person-table", cwd=folder)
    assert (folder / "run" / "report.html").exists(), done.stderr
    return folder


@pytest.fixture
def project(made_once, tmp_path, monkeypatch) -> Path:
    """A copy of it, in which nothing may be fitted unless a test allows it."""

    def nothing(*_, **__):
        raise AssertionError("a model was fitted")

    monkeypatch.setattr(analysis, "fit", nothing)
    return Path(shutil.copytree(made_once, tmp_path / "copy"))


@pytest.fixture
def fitting(project, made_once, monkeypatch) -> Path:
    """A copy of it, in which a fit is that of the run, without the time that it takes; nor are reports drawn."""
    without_drawing(monkeypatch)
    fitted = read_fit(made_once / "run" / "fit.nc")
    monkeypatch.setattr(analysis, "fit", lambda *_, **__: fitted)
    return project


@pytest.mark.parametrize(
    ("chosen", "settings", "engine"),
    [("fast", {}, "fast"), ("plain", {"backend": "nutpie"}, "plain"), ("fast", {"backend": "numpyro"}, "plain")],
)
def test_the_engine_of_a_run_is_that_of_its_density(chosen, settings, engine):
    """The one in use; samplers on JAX have no other than the plain one."""
    with using_engine(chosen):
        assert engine_of(settings) == engine


def test_the_manifest_names_the_engine(project):
    """Of every run, also of an approximation."""
    assert json.loads((project / "run" / "manifest.json").read_text())["engine"] == engine_name()


def test_the_manifest_lists_every_file_with_its_hash(project):
    run = project / "run"
    listed = json.loads((run / "manifest.json").read_text())["written"]
    found = content(run)
    found.pop("manifest.json")
    assert listed == found
    assert {"fit.nc", "report.html", "inputs/model.toml", "inputs/mine.py", "tables/person_summary.csv"} <= {*listed}
    assert not any(" " in name for name in listed)


def test_the_same_command_again_fits_nothing_and_says_so(project):
    before = content(project)
    done = iwm(*FIT, "--person-table", cwd=project)
    assert "run holds this run already: the same files and settings. Nothing was fitted" in done.stdout
    assert "--overwrite" in done.stdout
    facts = json.loads((project / "run" / "manifest.json").read_text())
    assert done.returncode == (0 if facts["converged"] else 3)
    assert content(project) == before


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--person-table", "--draws", "160"), "draws"),
        (("--person-table", "--seed", "2"), "seed"),
        (("--person-table", "--method", "quadrature"), "method"),
        ((), "--person-table"),
    ],
)
def test_another_fit_does_not_replace_a_run(project, options, named):
    """Without --overwrite: the message says in what they differ."""
    before = content(project / "run")
    done = iwm(*FIT, *options, cwd=project)
    assert done.returncode == 1
    assert f"run: holds a run that differs in: {named}. Fit again with --overwrite" in said(done)
    assert content(project / "run") == before


def test_only_what_the_program_wrote_is_replaced(fitting):
    """Notes stay where they are; a table that was edited is kept under another name; tables that are not made go."""
    run = fitting / "run"
    (run / "notes.md").write_text("mine")
    (run / "tables" / "mine.csv").write_text("mine")
    (run / "tables" / "ppc.csv").write_text("edited")
    (run / "empty").mkdir()
    done = iwm(*FIT, "--overwrite", "--ids", "own", cwd=fitting)
    assert done.returncode in (0, 3), done.stderr
    assert (run / "notes.md").read_text() == (run / "tables" / "mine.csv").read_text() == "mine"
    assert (run / "tables" / "ppc.csv.kept").read_text() == "edited"
    assert (run / "tables" / "ppc.csv").read_text() != "edited"
    assert (run / "empty").is_dir()
    assert not (run / "tables" / "person_summary.csv").exists()
    assert "notes.md" not in json.loads((run / "manifest.json").read_text())["written"]
    assert not (fitting / "run.unfinished").exists()


@pytest.mark.parametrize("options", [(), ("--overwrite",)])
@pytest.mark.parametrize("manifest", [None, '{"name": "a web page"}'], ids=["no manifest", "another manifest"])
def test_a_folder_of_somebody_else_is_refused(project, options, manifest):
    """Whatever is asked, before anything is fitted."""
    theirs = project / "theirs"
    theirs.mkdir()
    (theirs / "tables.csv").write_text("theirs")
    if manifest:
        (theirs / "manifest.json").write_text(manifest)
    before = content(theirs)
    done = iwm(*FIT, "--out-dir", "theirs", *options, cwd=project)
    assert done.returncode == 1
    assert "theirs: exists and holds no results of this program" in said(done)
    assert content(theirs) == before


@pytest.mark.parametrize(
    "command",
    [
        ("predictions",),
        ("validate", "recovery", "static", "--quiet"),
        ("plan", "forecast", "rescorla_wagner", "--quiet"),
        ("fit-large", "study.toml", "--trust", "--quiet"),
        ("compare", "run", "run", "--trust"),
    ],
)
def test_other_commands_do_not_replace_a_run(project, command):
    before = content(project)
    done = iwm(*command, "--out-dir", "run", cwd=project)
    assert done.returncode == 1
    assert command[0] == "compare" or "run: holds results of `iwm fit`" in said(done)
    assert content(project) == before


CHANGES = {
    "session table": lambda folder: change(folder / "sessions.csv", "\n", "\n\n"),
    "table of people": lambda folder: change(folder / "people.csv", ",27", ",28"),
    "study file": lambda folder: change(folder / "study.toml", 'missing = "unseen"', 'missing  = "unseen"'),
    "model file": lambda folder: change(folder / "model.toml", "Every session", "No session"),
    "rule file": lambda folder: change(folder / "mine.py", "s.value + p.rate", "s.value - p.rate"),
}


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("what", CHANGES)
def test_a_stale_run_is_refused_by_name(project, what):
    """By report, compare and fit, each in one sentence; and an interrupted run is not continued."""
    CHANGES[what](project)
    for command in (("report", "run", "--trust"), ("compare", "run", "run", "--trust")):
        done = iwm(*command, cwd=project)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert f"run: the {what} " in done.stderr
        assert "has changed since" in done.stderr
    fitted = iwm(*FIT, "--person-table", cwd=project)
    assert f"differs in: {what}. " in said(fitted)
    loaded = load_study_and_data(project / "study.toml", str(project / "model.toml"), trust=True)
    settings = {"method": "nuts", "draws": 750}
    request = unfinished_run.run_request(loaded.files, settings)
    place = project / "other.unfinished"
    chain_folder(place, 0).mkdir(parents=True)
    write_json(place / "request.json", request | {what: "0"})
    with (
        pytest.raises(InputError, match=f"sampled with another {what}. Return to that"),
        unfinished_run.unfinished_run(project / "other", loaded.files, settings, resume=True),
    ):
        pass


def flip(file: Path) -> None:
    """Change 2,000 bytes in the middle of a file."""
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(255 - byte for byte in data[middle : middle + 2000])
    file.write_bytes(bytes(data))


def without_key(file: Path) -> None:
    facts = json.loads(file.read_text())
    facts.pop("settings")
    file.write_text(json.dumps(facts))


DAMAGE = {
    "manifest cut": ("manifest.json", lambda f: f.write_text(f.read_text()[:200]), "manifest.json: cannot be read"),
    "manifest empty": ("manifest.json", lambda f: f.write_text(""), "manifest.json: cannot be read"),
    "manifest no table": ("manifest.json", lambda f: f.write_text("[]"), "is not a file that this program wrote"),
    "manifest nested": ("manifest.json", lambda f: f.write_text("[" * 100_000), "manifest.json: cannot be read"),
    "manifest without a key": ("manifest.json", without_key, "manifest.json: lacks settings"),
    "manifest missing": ("manifest.json", Path.unlink, "holds no run"),
    "another version": (
        "manifest.json",
        lambda f: change(f, '"schema": 2', '"schema": 1'),
        "another version of the program",
    ),
    "fit missing": ("fit.nc", Path.unlink, "fit.nc: is missing"),
    "fit cut": ("fit.nc", lambda f: f.write_bytes(f.read_bytes()[:3000]), "fit.nc: is not the file that the program"),
    "fit a text": ("fit.nc", lambda f: f.write_text("nothing"), "fit.nc: is not the file that the program"),
    "fit changed": ("fit.nc", flip, "fit.nc: is not the file that the program"),
    "table cut": ("tables/ppc.csv", lambda f: f.write_bytes(f.read_bytes()[:50]), "ppc.csv: is not the file"),
    "table missing": ("tables/group_summary.csv", Path.unlink, "group_summary.csv: is missing"),
    "rule changed": ("inputs/mine.py", lambda f: f.write_text("import os"), "mine.py: is not the file"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_broken_is_named_in_one_sentence(project, damage):
    """With what can be done; nothing in the folder changes."""
    name, spoil, words = DAMAGE[damage]
    spoil(project / "run" / name)
    before = content(project / "run")
    for command in (("report", "run", "--trust"), ("compare", "run", "run", "--trust")):
        done = iwm(*command, cwd=project)
        assert done.returncode == 1
        assert {line.removeprefix("x ") for line in done.stderr.splitlines()} == {done.stderr.splitlines()[0][2:]}
        assert words in done.stderr
    assert content(project / "run") == before


def test_a_fit_that_hashes_do_not_protect_is_still_one_sentence(project):
    """A manifest that agrees with a file that is no fit."""
    (project / "run" / "fit.nc").write_text("nothing")
    facts = json.loads((project / "run" / "manifest.json").read_text())
    facts["written"]["fit.nc"] = hashlib.sha256(b"nothing").hexdigest()
    (project / "run" / "manifest.json").write_text(json.dumps(facts))
    done = iwm("report", "run", "--trust", cwd=project)
    assert done.returncode == 1
    assert "fit.nc: cannot be read as a fit" in done.stderr
    assert "report.html of this run can still be read" in done.stderr


def test_a_report_is_written_from_any_folder(project, tmp_path):
    """The run is named by its path; its files are found from there, also after the project has moved."""
    (tmp_path / "elsewhere").mkdir()
    done = iwm("report", project / "run", "--trust", cwd=tmp_path / "elsewhere")
    assert (done.returncode, done.stderr) == (0, "")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_report_of_ones_own_is_not_overwritten(project):
    """Nor a plot: unless told, and then it is kept under another name."""
    (project / "run" / "report.html").write_text("mine")
    done = iwm("report", "run", "--trust", cwd=project)
    assert done.returncode == 1
    assert "report.html: is in the way and not as the program wrote it" in said(done)
    assert (project / "run" / "report.html").read_text() == "mine"
    assert iwm("report", "run", "--trust", "--overwrite", cwd=project).returncode == 0
    assert (project / "run" / "report.html.kept").read_text() == "mine"
    assert "<html" in (project / "run" / "report.html").read_text()


PLACES = {
    "a file": ("people.csv", "is a file, not a folder"),
    "below a file": ("people.csv/run", "a part of this path is a file"),
    "the current folder": (".", "is the current folder, or above it"),
    "above it": ("..", "is the current folder, or above it"),
    "a long name": ("r" * 250, "its name is too long"),
    "a long folder": (f"{'r' * 300}/run", "its name is too long"),
    "a link to nothing": ("broken", "is a link that leads nowhere"),
    "a link to itself": ("loop/run", "cannot be written"),
    "not writable": ("/proc/run", "cannot be written"),
    "a name that is needed": ("taken", "taken.unfinished: the program needs this name"),
}


@pytest.mark.parametrize("place", PLACES)
def test_what_cannot_be_written_is_found_before_sampling(project, place):
    """In one sentence, without a fit, and without a trace."""
    (project / "broken").symlink_to("nowhere")
    (project / "loop").symlink_to("loop")
    (project / "taken.unfinished").mkdir()
    (project / "taken.unfinished" / "mine").touch()
    where, words = PLACES[place]
    before = content(project)
    done = iwm(*FIT, "--out-dir", where, cwd=project)
    assert done.returncode == 1, done.stdout
    assert words in said(done)
    assert len(done.stderr.splitlines()) == 1
    assert content(project) == before


def test_no_room_on_the_disk_is_found_before_sampling(project, monkeypatch):
    usage = shutil.disk_usage(project)
    monkeypatch.setattr(results_folder.shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    done = iwm(*FIT, "--out-dir", "other", cwd=project)
    assert done.returncode == 1
    assert "other: cannot be written: the disk is full" in said(done)


def test_a_folder_that_is_a_link_is_written_where_it_leads(fitting):
    (fitting / "disk").mkdir()
    (fitting / "linked").symlink_to("disk")
    assert iwm(*FIT, "--out-dir", "linked", cwd=fitting).returncode in (0, 3)
    assert (fitting / "disk" / "fit.nc").exists()
    assert (fitting / "linked").is_symlink()


def test_a_disk_that_is_full_at_the_end_leaves_the_draws(fitting, monkeypatch):
    """The sentence says where they are, and how to continue; nothing half-written is in the run folder."""

    def full(*_, **__):
        chain_folder(fitting / "other.unfinished", 0).mkdir(parents=True)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(run_folder, "write_plots", full)
        done = iwm(*FIT, "--out-dir", "other", cwd=fitting)
    assert done.returncode == 1
    assert "other: cannot be written: the disk is full" in said(done)
    assert "The draws are kept in other.unfinished" in said(done)
    assert chain_folder(fitting / "other.unfinished", 0).exists()
    assert not (fitting / "other").exists()
    assert sorted(path.name for path in (fitting / "other.unfinished").iterdir()) == ["chains", "lock", "request.json"]


def test_a_figure_with_a_long_name_has_a_file(project):
    """Names that differ only at their end have different files."""
    names = [f"{'très ' * 100}{end}" for end in ("a", "b")]
    labels = [run_folder.file_label(name) for name in names]
    assert len({*labels}) == 2
    assert max(map(len, labels)) < 100
    for label in labels:
        (project / f"time_to_security_{label}.svg.part").touch()


def stored_chain(place: Path, chain: int) -> Path:
    """Write a chain as nutpie does: Zarr groups by draw."""
    values = xr.Dataset({"mu": (("chain", "draw", "x"), [[[0.1, 0.2]] * 60])})
    stats = xr.Dataset({"logp": (("chain", "draw"), [[-1.5] * 60])})
    for name, group in zip(STORED_GROUPS, (values, stats), strict=True):
        group.to_zarr(chain_folder(place, chain) / name, consolidated=False)
    zarr.open_group(chain_folder(place, chain), mode="a")
    return chain_folder(place, chain)


def test_a_chain_that_is_garbage_is_named_and_the_others_are_kept(project):
    place = project / "other.unfinished"
    stored_chain(place, 0)
    broken = stored_chain(place, 1)
    unfinished_run.check_chains(place)
    [chunk] = [path for path in (broken / "posterior" / "mu" / "c").rglob("*") if path.is_file()]
    chunk.write_bytes(b"garbage")
    with pytest.raises(InputError) as caught:
        unfinished_run.check_chains(place)
    [problem] = caught.value.problems
    assert problem.startswith(f"{broken}: this chain cannot be read")
    assert "the other chains are kept" in problem


@pytest.mark.parametrize("text", ["", '{"method": "nu', "[]"])
def test_a_request_that_is_cut_is_named(project, text):
    place = project / "other.unfinished"
    chain_folder(place, 0).mkdir(parents=True)
    (place / "request.json").write_text(text)
    done = iwm(*FIT, "--out-dir", "other", "--resume", cwd=project)
    assert done.returncode == 1
    assert "request.json: " in done.stderr
    assert "Rename the folder to keep them, or delete it" in said(done)


def test_a_lock_that_is_a_folder_is_named(project):
    (project / "other.unfinished" / "lock").mkdir(parents=True)
    done = iwm(*FIT, "--out-dir", "other", cwd=project)
    assert done.returncode == 1
    assert "other.unfinished/lock: is a folder where the program needs a file" in said(done)


KILL = """
import os, signal, sys
from pathlib import Path
from iwm_bayes.workflow import analysis, results_folder, run_folder
from iwm_bayes.workflow.fit_file import read_fit
fitted = read_fit(Path("run/fit.nc"))
analysis.fit = lambda *_, **__: fitted
def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
{where}
sys.argv = ["iwm", *{arguments!r}]
from iwm_bayes.cli.main import main
main()
"""
MOMENTS = {
    "while the draft is written": "run_folder.write_plots = kill",
    "while old files are removed": "results_folder.remove_files = kill",
    "while new files are moved": """
move, moved = results_folder.shutil.move, []
def move_two(*paths):
    moved.append(paths)
    return move(*paths) if len(moved) < 3 else kill()
results_folder.shutil.move = move_two""",
}


@pytest.mark.parametrize(
    ("target", "moment"), [*(("run", moment) for moment in MOMENTS), ("other", "while the draft is written")]
)
def test_killed_while_writing_nothing_stays_behind(fitting, target, moment):
    """The same command completes the folder, removes what the killed one left, and leaves other files alone."""
    arguments = [*FIT, "--out-dir", target, *(["--overwrite"] if target == "run" else [])]
    (fitting / "run" / "notes.md").write_text("mine")
    script = KILL.format(where=MOMENTS[moment], arguments=arguments)
    killed = subprocess.run([sys.executable, "-c", script], cwd=fitting, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (fitting / f"{target}.unfinished" / results_folder.DRAFT).exists()
    if moment != "while the draft is written":
        stopped = iwm("report", target, "--trust", cwd=fitting)
        assert "stopped while it wrote these results. Enter the same command again" in said(stopped)
    done = iwm(*arguments, cwd=fitting)
    assert done.returncode in (0, 3), done.stderr
    assert (fitting / "run" / "notes.md").read_text() == "mine"
    hidden = {path.name for path in fitting.rglob(".*")} | {path.name for path in fitting.glob("*.unfinished")}
    assert hidden == set()
    found = content(fitting / target)
    listed = json.loads((fitting / target / "manifest.json").read_text())["written"]
    assert {*found} - {*listed} == {"manifest.json"} | ({"notes.md"} if target == "run" else set())
    assert iwm("report", target, "--trust", cwd=fitting).returncode == 0


def test_people_have_their_own_ids_when_asked(fitting):
    """In the saved table, in the order of the study; the same numbers as under pseudonyms, which the terminal keeps."""
    done = iwm(*FIT, "--overwrite", "--person-table", "--ids", "own", cwd=fitting)
    assert done.returncode in (0, 3), done.stderr
    own = pd.read_csv(fitting / "run" / "tables" / "person_summary.csv")
    ids = pd.read_csv(fitting / "sessions.csv")["person"].unique()
    assert own["person"].unique().tolist() == ids.tolist()
    assert "p001" in ids
    assert "p001" not in done.stdout
    posterior = read_fit(fitting / "run" / "fit.nc")["unconstrained_posterior"].to_dataset()["theta"]
    for person in ids:
        logits = posterior.sel(person=person, parameter="availability_start").median()
        line = own[(own["person"] == person) & (own["parameter"] == "availability_start")]
        assert line["median"].item() == pytest.approx(1 / (1 + float(2.718281828459045**-logits)), rel=1e-6)


def test_runs_of_one_model_get_names_of_their_own(project):
    """By the folders of the runs; where these are alike, with a number. One run twice is refused."""
    loaded = load_study_and_data(project / "study.toml", str(project / "model.toml"), trust=True)
    fitted = fits.FittedModel(loaded.model, xr.DataTree(), project / "run")
    others = [fitted._replace(folder=project / name) for name in ("seed 2", "deep/run")]
    names = [one.model.name for one in fits.with_distinct_names([fitted, *others])]
    assert names == ["model@run1", "model@seed_2", "model@run3"]
    another = fitted._replace(model=loaded.model._replace(name="kalman"), folder=project / "k")
    assert [one.model.name for one in fits.with_distinct_names([fitted, another])] == ["model", "kalman"]
    with pytest.raises(InputError, match="is named twice"):
        fits.with_distinct_names([fitted, fitted])


def test_a_manifest_has_no_path_of_this_computer(project):
    """A run remembers its files relative to itself, so that no path of this computer is in what is given to others."""
    text = (project / "run" / "manifest.json").read_text()
    assert str(project) not in text
    assert os.path.expanduser("~") + "/" not in text
