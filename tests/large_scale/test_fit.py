"""Fits in chunks against fits in memory, complete runs against interrupted ones; and bad input."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import studies
from command import iwm

from iwm_bayes import load_model
from iwm_bayes.data.dataset import to_table
from iwm_bayes.data.study import read_study_file
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
from iwm_bayes.workflow.load import load_data

pytestmark = pytest.mark.usefixtures("slow_graphs")  # graphs are evaluated a few hundred times, for few people

PEOPLE, CHUNK = 250, 100
FILES = {
    "study.toml": """schema = 2
name = "many"
data = "sessions"
model = "model.toml"
[columns]
person = "person"
session = "session"
figure = "figure"
outcome = { column = "outcome" }
[responses.availability_rating]
column = "availability_rating"
commensurable = true
[people]
data = "people.csv"
person = "person"
[formulas]
availability_start = "arm"
""",
    "model.toml": """schema = 2
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
    """A study of two files, in which people end anywhere in row groups; some of them left early."""
    folder = tmp_path_factory.mktemp("many")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    model = load_model(str(folder / "model.toml"))
    table = to_table(simulate(model, [Phase({"partner": constant_care(0.7)}, 8)], PEOPLE, 1))
    table = table[(table["session"] < 6) | (table["person"] > "p100")]
    arms = pd.DataFrame({"person": table["person"].unique()}).assign(arm=lambda people: np.arange(len(people)) % 3 / 2)
    arms.to_csv(folder / "people.csv", index=False)
    (folder / "sessions").mkdir()
    for name, part in (("a", table[: len(table) // 3]), ("b", table[len(table) // 3 :])):
        frame = pa.Table.from_pandas(part, preserve_index=False)
        pq.write_table(frame, folder / "sessions" / f"{name}.parquet", row_group_size=97)
    table.to_parquet(folder / "whole.parquet", index=False)
    (folder / "whole.toml").write_text(FILES["study.toml"].replace('"sessions"', '"whole.parquet"'), encoding="utf-8")
    return folder / "study.toml"


@pytest.fixture(scope="module")
def in_memory(study):
    """Data, problem and mode of the same people in memory."""
    model, data = load_data(read_study_file(study.with_name("whole.toml")))
    problem = pose_problem(compile_likelihood(model, data), data)
    return data, problem, find_mode(problem)


@pytest.fixture(scope="module")
def run(study, tmp_path_factory):
    """A complete fit in chunks, and its folder."""
    folder = tmp_path_factory.mktemp("run")
    return fit_large_scale(study, folder, chunk=CHUNK), folder


def check_same_people(one: Path, other: Path) -> None:
    """Compare the tables of people of two runs byte by byte."""
    for file in sorted((one / "people").iterdir()):
        assert (other / "people" / file.name).read_bytes() == file.read_bytes()


def test_rows_are_those_of_one_long_table(study):
    """Any rows, whatever files and row groups they are in, keep their numbers; people are indexed by first rows."""
    rows, table = index_rows(study.parent / "sessions"), pd.read_parquet(study.with_name("whole.parquet"))
    for first, end in ((0, 5), (90, 300), (96, 97), (97, 194), (0, len(table)), (len(table) - 1, len(table))):
        pd.testing.assert_frame_equal(read_rows(rows, first, end).frame, table.iloc[first:end])
    people, starts = index_people(rows, "person")
    assert people == list(table["person"].unique())
    assert list(starts[:-1]) == list(table.index[~table["person"].duplicated()])
    assert starts[-1] == len(table)


def test_fit_in_chunks_is_that_in_memory(run, in_memory):
    """The group within a tenth of its SD, as the search promises; its SDs but for 2 betas in 250; people by name."""
    result, folder = run
    data, _, mode = in_memory
    assert (result.people, result.events) == (PEOPLE, int(data["present"].sum()))
    assert result.fit["unconstrained_posterior"].attrs["converged"] == 1
    assert len(list((folder / "people").glob("*.parquet"))) == 3
    posterior = result.fit["unconstrained_posterior"].to_dataset().stack(sample=("chain", "draw"))
    start, noise = posterior["mu"].values
    log_sigma = np.log(posterior["sigma"].sel(parameter="availability_start").values)
    draws = np.array([start, posterior["beta"].values[0], log_sigma, noise])
    sd = np.sqrt(np.diag(mode.covariance))
    assert (np.abs(draws.mean(axis=1) - pack(mode.group)) < (0.1 + 3.3 / np.sqrt(draws.shape[1])) * sd).all()
    np.testing.assert_allclose(draws.std(axis=1) / sd, 1.0, atol=2 / PEOPLE + 3.3 / np.sqrt(2 * draws.shape[1]))
    table = pd.read_parquet(folder / "people").set_index("person").loc[data["person"].values]
    person_sd = np.sqrt(mode.people.covariance[:, 0, 0])
    difference = np.abs(table["availability_start_link_mean"] - mode.people.mean[0])
    np.testing.assert_array_less(difference / person_sd, 0.1)
    np.testing.assert_allclose(table["availability_start_link_sd"], person_sd, rtol=0.05)
    summary = result.groups.set_index("parameter").loc["availability_start"]
    contraction = 1.0 - (person_sd**2).mean() / mode.group.sigma[0] ** 2
    assert summary["person_contraction"] == pytest.approx(contraction, rel=0.02)
    assert np.isfinite(summary[["bias", "bias_sd", "bias_sd_between"]].astype(float)).all()


def test_placeholders_change_no_sum(run, in_memory):
    """Fifty people and placeholders have the sums of the same fifty in two parts."""
    _, folder = run
    group, data = in_memory[2].group, read_chunk(chunk_file(folder / "parts", SAMPLE))
    compiled, sums = compiled_plan(folder / "parts", read_plan(folder / "parts").content_hash), []
    for first, end in ((0, 50), (0, 20), (20, 50)):
        padded = pad_people([data.isel(person=slice(first, end))], data.sizes["person"])
        assert is_present(padded).sum() == end - first
        problem = pose_problem(compiled, padded)
        people = initial_gaussians(problem, group, person_means(problem.population, group.beta))
        sums.append(person_sums(problem.population, group, *people))
    together, in_parts = sums[0], add_sums(sums[1:])
    for name in ("score", "score_products", "beta_information"):
        np.testing.assert_allclose(getattr(together, name), getattr(in_parts, name), rtol=1e-4, atol=1e-3)


def test_further_rounds_follow_a_large_last_step(study, run, tmp_path, monkeypatch):
    """The first round of everyone is taken for the last: more follow, and the mode is the same."""
    monkeypatch.setattr(outer_loop, "NEAR_STEP", np.inf)
    result = fit_large_scale(study, tmp_path, chunk=CHUNK)
    assert result.rounds > 2
    one, other = (fit["unconstrained_posterior"]["mu"] for fit in (result.fit, run[0].fit))
    difference = np.abs(one - other).mean(("chain", "draw")) / other.std(
        ("chain", "draw")
    )  # by the same random numbers
    assert (difference < 0.1).all()


def test_alternating_steps_end(study, run, tmp_path, monkeypatch):
    """With half the information, steps are twice too long and would alternate without end, were it not for BFGS."""
    monkeypatch.setattr(outer_loop, "NEAR_STEP", np.inf)
    monkeypatch.setattr(chunk_tasks, "observed_information", lambda *given: 0.5 * observed_information(*given))
    one, other = (
        fit_large_scale(study, tmp_path, chunk=CHUNK).fit["unconstrained_posterior"],
        run[0].fit["unconstrained_posterior"],
    )
    assert one.attrs["converged"] == 1
    difference = np.abs(one["mu"].mean(("chain", "draw")) - other["mu"].mean(("chain", "draw")))
    count = other.sizes["chain"] * other.sizes["draw"]
    assert (difference / other["mu"].std(("chain", "draw")) < 0.2 + 3.3 * np.sqrt(3 / count)).all()  # a tenth each


@pytest.mark.slow
def test_quadrature_in_chunks(study, in_memory, tmp_path):
    """The same mode as in memory, within a tenth of its SD."""
    _, problem, gaussian = in_memory
    result = fit_large_scale(study, tmp_path, method="quadrature", chunk=CHUNK)
    mode = refine_by_quadrature(problem, gaussian, fit_by_quadrature(quadrature_nodes(gaussian.people.mean, 1)))
    mu = result.fit["unconstrained_posterior"]["mu"].mean(("chain", "draw")).values
    sd = np.sqrt(np.diag(mode.covariance))[[0, 3]]
    assert (np.abs(mu - pack(mode.group)[[0, 3]]) < 0.16 * sd).all()  # .1 and the error of 3,000 draws
    assert "bias" not in result.groups


def test_interrupted_run_continues(study, run, tmp_path):
    """Interrupted after seven tasks, it ends with the same bytes; run once more, it does nothing."""
    result, folder = run
    left = [7]

    def interrupted_map(work, tasks):
        for task in tasks:
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            yield work(task)

    with pytest.raises(KeyboardInterrupt):
        fit_large_scale(study, tmp_path, chunk=CHUNK, task_map=interrupted_map)
    assert not (tmp_path / "people").exists()
    again = fit_large_scale(study, tmp_path, chunk=CHUNK)
    pd.testing.assert_frame_equal(again.groups, result.groups)
    check_same_people(folder, tmp_path)

    def unwanted_map(work, tasks):
        pytest.fail(f"{len(tasks)} tasks were done again")

    fit_large_scale(study, tmp_path, chunk=CHUNK, task_map=unwanted_map)
    with pytest.raises(InputError, match="Choose another folder"):
        fit_large_scale(study, tmp_path, chunk=CHUNK + 1)


@pytest.mark.slow
def test_processes_stay_between_maps():
    """Two maps use the same two processes: what the first compiled is there in the second."""
    tasks = [Task(studies.process, {"task": task, "seconds": 0.3}, 1) for task in range(4)]
    with lasting_pool(2) as task_map:
        one, two = ({done.outcome["result"]["process"] for done in task_map(perform_task, tasks)} for _ in range(2))
    assert one == two
    assert os.getpid() not in one


@pytest.mark.slow
def test_two_processes_write_the_same_bytes_as_one(study, tmp_path):
    """The group summary and the tables of people do not depend on which process does what."""
    results = []
    for workers in (1, 2):
        with lasting_pool(workers) as task_map:
            results.append(fit_large_scale(study, tmp_path / str(workers), chunk=CHUNK, task_map=task_map))
    one, two = results
    pd.testing.assert_frame_equal(one.groups, two.groups)
    check_same_people(tmp_path / "1", tmp_path / "2")


def copy_study(study: Path, folder: Path) -> pd.DataFrame:
    """Copy a study without its sessions, and return these."""
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "sessions").mkdir()
    (folder / "people.csv").write_text(study.with_name("people.csv").read_text(), encoding="utf-8")
    return pd.read_parquet(study.with_name("whole.parquet"))


def error_message(folder: Path) -> str:
    """Fit the study of a folder by the command line, which must fail, and return its message on one line."""
    process = iwm("fit-large", "study.toml", "--out-dir", "run", "--chunk", "100", "--quiet", cwd=folder)
    assert process.returncode == 1
    assert not (folder / "run" / "tables" / "group_summary.csv").exists()
    return " ".join(process.stderr.split())


def test_messages_about_bad_input(study, tmp_path):
    """Scattered rows of a person, a value off its scale, a column that does not exist, levels of a group."""
    table = copy_study(study, tmp_path)
    file = tmp_path / "sessions" / "a.parquet"
    pd.concat([table[1:], table[:1]]).to_parquet(file, index=False)
    assert "rows of p001 do not follow each other. Sort the table by person" in error_message(tmp_path)
    table.assign(outcome=table["outcome"].mask(table.index == len(table) - 1, 7.0)).to_parquet(file, index=False)
    assert f'row {len(table) + 1}, column "outcome": off the scale 0..1' in error_message(tmp_path)
    text = FILES["study.toml"].replace('person = "person"', 'person = "patient"')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    assert 'there is no column "patient"' in error_message(tmp_path)
    text = FILES["study.toml"].replace('"arm"', '"1 + (1|therapist)"')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    assert "must all be in memory" in error_message(tmp_path)
    process = iwm("fit", "study.toml", cwd=study.parent)
    assert "Fit a folder of Parquet files with `iwm fit-large`" in " ".join(process.stderr.split())
