"""People in chunks against the same people in memory, undisturbed against interrupted; and bad input."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import studies
from command import iwm

from iwm_bayes import load, load_study, read
from iwm_bayes.data.dataset import to_table
from iwm_bayes.inference.fit import compile_likelihood
from iwm_bayes.inference.laplace.empirical_bayes import find_mode, initial_gaussians, refine_by_quadrature
from iwm_bayes.inference.laplace.hierarchy import pack, person_means
from iwm_bayes.inference.laplace.marginal_score import add_sums, person_sums
from iwm_bayes.inference.laplace.method import pose_problem
from iwm_bayes.inference.laplace.quadrature import fit_by_quadrature, quadrature_nodes
from iwm_bayes.large_scale import chunk_tasks, outer_loop
from iwm_bayes.large_scale.chunk_tasks import compiled_plan
from iwm_bayes.large_scale.chunks import SAMPLE, chunk_file, is_present, pad_people, read_chunk
from iwm_bayes.large_scale.fit import fit_large_scale
from iwm_bayes.large_scale.information import observed_information
from iwm_bayes.large_scale.parquet import index_people, index_rows, read_rows
from iwm_bayes.large_scale.plan import read_plan
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError
from iwm_bayes.validation.executors import lasting_pool
from iwm_bayes.validation.sweep import Task, perform_task

pytestmark = pytest.mark.usefixtures("slow_graphs")  # asked a few hundred times, of few people

PEOPLE, CHUNK = 250, 100
FILES = {
    "study.toml": """schema = 2
name = "many"
data = "sessions"
model = "theory.toml"
[columns]
person = "person"
session = "session"
figure = "figure"
outcome = { column = "outcome" }
[responses.availability_rating]
column = "availability_rating"
[people]
data = "people.csv"
person = "person"
[formulas]
availability_start = "arm"
""",
    "theory.toml": """schema = 2
claim = "c"
reference = "r"
rule = "static"
responses = ["availability_rating"]
[parameters.availability_rating_noise]
pooling = "complete"
""",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of two files, whose people end anywhere in row groups; some of them left early."""
    folder = tmp_path_factory.mktemp("many")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    model = load(str(folder / "theory.toml"))
    table = to_table(simulate(model, [Phase({"partner": constant_care(0.7)}, 8)], PEOPLE, 1))
    table = table[(table["session"] < 6) | (table["person"] > "p100")]
    arms = pd.DataFrame({"person": table["person"].unique()}).assign(arm=lambda who: np.arange(len(who)) % 3 / 2)
    arms.to_csv(folder / "people.csv", index=False)
    (folder / "sessions").mkdir()
    for name, some in (("a", table[: len(table) // 3]), ("b", table[len(table) // 3 :])):
        frame = pa.Table.from_pandas(some, preserve_index=False)
        pq.write_table(frame, folder / "sessions" / f"{name}.parquet", row_group_size=97)
    table.to_parquet(folder / "whole.parquet", index=False)
    (folder / "whole.toml").write_text(FILES["study.toml"].replace('"sessions"', '"whole.parquet"'), encoding="utf-8")
    return folder / "study.toml"


@pytest.fixture(scope="module")
def whole(study):
    """The same people in memory."""
    bound = load_study(study.with_name("whole.toml"))
    model = load(bound.theory[0])
    data = read(bound, model)
    problem = pose_problem(compile_likelihood(model, data), data)
    return data, problem, find_mode(problem)


@pytest.fixture(scope="module")
def run(study, tmp_path_factory):
    """Everyone in chunks, undisturbed."""
    folder = tmp_path_factory.mktemp("run")
    return fit_large_scale(study, folder, chunk=CHUNK), folder


def written(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "people")


def test_rows_are_those_of_one_long_table(study):
    """Any rows, whatever files and row groups they are in, under their places; everyone where they begin."""
    rows, table = index_rows(study.parent / "sessions"), pd.read_parquet(study.with_name("whole.parquet"))
    for begin, end in ((0, 5), (90, 300), (96, 97), (97, 194), (0, len(table)), (len(table) - 1, len(table))):
        pd.testing.assert_frame_equal(read_rows(rows, begin, end).frame, table.iloc[begin:end])
    everyone, starts = index_people(rows, "person")
    assert everyone == list(table["person"].unique())
    assert list(starts[:-1]) == list(table.index[~table["person"].duplicated()])
    assert starts[-1] == len(table)


def test_chunks_find_what_memory_finds(run, whole):
    """The group within a tenth of its sd, as the search promises; its sds but for 2 betas in 250; everyone by name."""
    found, folder = run
    data, _, top = whole
    assert (found.people, found.events) == (PEOPLE, int(data["present"].sum()))
    assert found.fit["posterior"].attrs["converged"] == 1
    assert len(list((folder / "people").glob("*.parquet"))) == 3
    posterior = found.fit["posterior"].to_dataset().stack(sample=("chain", "draw"))
    start, noise = posterior["centre"].values
    draws = np.array([start, posterior["effect"].values[0], np.log(posterior["spread"].values[0]), noise])
    sure = np.sqrt(np.diag(top.covariance))
    assert (np.abs(draws.mean(axis=1) - pack(top.group)) < (0.1 + 3.3 / np.sqrt(draws.shape[1])) * sure).all()
    np.testing.assert_allclose(draws.std(axis=1) / sure, 1.0, atol=2 / PEOPLE + 3.3 / np.sqrt(2 * draws.shape[1]))
    table = written(folder).set_index("person").loc[data["person"].values]
    sd = np.sqrt(top.people.variance[:, 0, 0])
    np.testing.assert_array_less(np.abs(table["availability_start link"] - top.people.x[0]) / sd, 0.1)
    np.testing.assert_allclose(table["availability_start link sd"], sd, rtol=0.05)
    said = found.groups.set_index("parameter")
    learned = 1.0 - (sd**2).mean() / top.group.spread[0] ** 2
    assert said.loc["availability_start", "people"] == pytest.approx(learned, rel=0.02)
    assert np.isfinite(said.loc["availability_start", ["bias", "bias_sds", "bias_between"]].astype(float)).all()


def test_who_stands_in_changes_no_sum(run, whole):
    """Fifty people and others to whom nothing happened say what the fifty say in two parts."""
    _, folder = run
    group, data = whole[2].group, read_chunk(chunk_file(folder / "parts", SAMPLE))
    ready, said = compiled_plan(folder / "parts", read_plan(folder / "parts").content), []
    for first_person, last_person in ((0, 50), (0, 20), (20, 50)):
        some = pad_people([data.isel(person=slice(first_person, last_person))], data.sizes["person"])
        assert is_present(some).sum() == last_person - first_person
        problem = pose_problem(ready, some)
        everyone = initial_gaussians(problem, group, person_means(problem.shape, group.beta))
        said.append(person_sums(problem.shape, group, *everyone))
    together, apart = said[0], add_sums(said[1:])
    for name in ("score", "squared", "said"):
        np.testing.assert_allclose(getattr(together, name), getattr(apart, name), rtol=1e-4, atol=1e-3)


def test_a_last_round_that_leaves_too_much_is_not_the_last(study, run, tmp_path, monkeypatch):
    """Asked about the sample's group, and then as if for the last time, everyone still ends at the same top."""
    monkeypatch.setattr(outer_loop, "NEARLY", np.inf)
    found, ended = fit_large_scale(study, tmp_path, chunk=CHUNK), run[0]
    assert found.rounds > 2
    one, other = (here.fit["posterior"]["centre"] for here in (found, ended))
    off = np.abs(one - other).mean(("chain", "draw")) / other.std(("chain", "draw"))  # by the same random numbers
    assert (off < 0.1).all()


def test_steps_to_and_fro_come_to_an_end(study, run, tmp_path, monkeypatch):
    """Steps that are twice too long, as by half of what is known, would land as far on the other side for ever."""
    monkeypatch.setattr(outer_loop, "NEARLY", np.inf)
    monkeypatch.setattr(chunk_tasks, "information", lambda *given: 0.5 * observed_information(*given))
    found, ended = fit_large_scale(study, tmp_path, chunk=CHUNK).fit["posterior"], run[0].fit["posterior"]
    assert found.attrs["converged"] == 1
    off = np.abs(found["centre"].mean(("chain", "draw")) - ended["centre"].mean(("chain", "draw")))
    count = ended.sizes["chain"] * ended.sizes["draw"]
    assert (off / ended["centre"].std(("chain", "draw")) < 0.2 + 3.3 * np.sqrt(3 / count)).all()  # a tenth each


@pytest.mark.slow
def test_quadrature_goes_in_chunks_too(study, whole, tmp_path):
    """The same top as in memory, within a tenth of its sd."""
    _, problem, near = whole
    found = fit_large_scale(study, tmp_path, method="quadrature", chunk=CHUNK)
    top = refine_by_quadrature(problem, near, fit_by_quadrature(quadrature_nodes(near.people.x, 1)))
    centre = found.fit["posterior"]["centre"].mean(("chain", "draw")).values
    sure = np.sqrt(np.diag(top.covariance))[[0, 3]]
    assert (np.abs(centre - pack(top.group)[[0, 3]]) < 0.16 * sure).all()  # .1 and the error of 3,000 draws
    assert "bias" not in found.groups


def test_a_run_that_was_stopped_goes_on(study, run, tmp_path):
    """Stopped after two tasks of each kind it ends with the same bytes; and again, it does nothing."""
    found, folder = run
    left = [7]

    def dies(work, tasks):
        for task in tasks:
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            yield work(task)

    with pytest.raises(KeyboardInterrupt):
        fit_large_scale(study, tmp_path, chunk=CHUNK, through=dies)
    assert not (tmp_path / "people").exists()
    again = fit_large_scale(study, tmp_path, chunk=CHUNK)
    pd.testing.assert_frame_equal(again.groups, found.groups)
    for file in sorted((folder / "people").iterdir()):
        assert (tmp_path / "people" / file.name).read_bytes() == file.read_bytes()

    def nothing_was_missing(work, tasks):
        pytest.fail(f"{len(tasks)} tasks were done again")

    fit_large_scale(study, tmp_path, chunk=CHUNK, through=nothing_was_missing)
    with pytest.raises(InputError, match="Choose another folder"):
        fit_large_scale(study, tmp_path, chunk=CHUNK + 1)


@pytest.mark.slow
def test_processes_stay_between_maps():
    """Two maps, the same two processes: what was compiled in the first is there in the second."""
    tasks = [Task(studies.process, {"task": task, "seconds": 0.3}, 1) for task in range(4)]
    with lasting_pool(2) as through:
        one, two = ({done.found["result"]["process"] for done in through(perform_task, tasks)} for _ in range(2))
    assert one == two
    assert os.getpid() not in one


@pytest.mark.slow
def test_two_processes_write_the_same_bytes(study, run, tmp_path):
    """The group's table and everyone's, whoever goes through the chunks."""
    found, folder = run
    with lasting_pool(2) as through:
        again = fit_large_scale(study, tmp_path, chunk=CHUNK, through=through)
    pd.testing.assert_frame_equal(again.groups, found.groups)
    for file in sorted((folder / "people").iterdir()):
        assert (tmp_path / "people" / file.name).read_bytes() == file.read_bytes()


def copied(study: Path, folder: Path) -> pd.DataFrame:
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "sessions").mkdir()
    (folder / "people.csv").write_text(study.with_name("people.csv").read_text(), encoding="utf-8")
    return pd.read_parquet(study.with_name("whole.parquet"))


def told(folder: Path) -> str:
    done = iwm("cohort", "study.toml", "--out", "run", "--chunk", "100", "--quiet", cwd=folder)
    assert done.returncode == 1
    assert not (folder / "run" / "summary.csv").exists()
    return " ".join(done.stderr.split())


def test_bad_input_is_told_in_words(study, tmp_path):
    """Rows of a person apart, a value off its scale in its place, a column that is not there, a group's members."""
    table = copied(study, tmp_path)
    file = tmp_path / "sessions" / "a.parquet"
    pd.concat([table[1:], table[:1]]).to_parquet(file, index=False)
    assert "rows of p001 do not stand together. Sort the table by person" in told(tmp_path)
    table.assign(outcome=table["outcome"].mask(table.index == len(table) - 1, 7.0)).to_parquet(file, index=False)
    assert f'row {len(table) + 1}, column "outcome": off the scale 0..1' in told(tmp_path)
    text = FILES["study.toml"].replace('person = "person"', 'person = "patient"')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    assert 'there is no column "patient"' in told(tmp_path)
    text = FILES["study.toml"].replace('"arm"', '"1 + (1|therapist)"')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    assert "must all be in memory" in told(tmp_path)
    done = iwm("fit", "study.toml", cwd=study.parent)
    assert "Fit a folder of Parquet files with `iwm cohort`" in " ".join(done.stderr.split())
