"""The mode on a ridge, where slower learning with a wider use of the scale is nearly as good: in memory, in chunks."""

import shutil

import numpy as np
import pandas as pd
from real_studies import STUDIES, opened

from iwm_bayes.inference.fit import compile_likelihood
from iwm_bayes.inference.laplace.empirical_bayes import (
    EM_ROUNDS,
    em_round,
    em_then_bfgs,
    find_mode,
    initial_gaussians,
    newton_mode,
)
from iwm_bayes.inference.laplace.hierarchy import initial_group, pack, person_means
from iwm_bayes.inference.laplace.method import pose_problem
from iwm_bayes.inference.laplace.person_posteriors import person_log_evidence
from iwm_bayes.large_scale.fit import fit_large_scale
from iwm_bayes.model.specification import model_file

MODEL = STUDIES / "reversal_valence.model.toml"
STUDY = f"""schema = 2
name = "ridge"
data = "sessions"
model = "{MODEL.name}"
[columns]
person = "subject"
session = "time"
outcome = {{ column = "observed" }}
[responses.availability_impression]
column = "resp_harm_intent"
scale = [100, 0]
"""


def test_mode_on_a_ridge():
    """EM and BFGS come near the mode; further rounds of EM alone are slow and end far from it."""
    _, data = opened("reversal")
    model = model_file.load_model(MODEL)
    data = data.isel(person=slice(0, 60))
    problem = pose_problem(compile_likelihood(model, data), data)
    start = initial_group(problem.population)
    theta = person_means(problem.population, start.beta)
    by_bfgs, people = em_then_bfgs(problem, start, theta)
    mode = newton_mode(problem, by_bfgs, people)
    by_em, people = start, initial_gaussians(problem, start, theta)
    for _ in range(7 * EM_ROUNDS):
        by_em, people = em_round(problem, by_em, people)
    sd = np.sqrt(np.diag(mode.covariance))
    error, em_error = (np.abs((pack(group) - pack(mode.group)) / sd).max() for group in (by_bfgs, by_em))
    assert mode.converged
    assert error < 1.0
    assert em_error > 3.0
    log_evidence = person_log_evidence(problem, mode.group, mode.people).sum()
    assert log_evidence > person_log_evidence(problem, by_em, people).sum() + 2.0


def test_mode_on_a_ridge_in_chunks(tmp_path):
    """All 693 people have the same mode as in memory: a tenth of its SDs off there, a twentieth here."""
    study, data = opened("reversal")
    (tmp_path / "sessions").mkdir()
    table = pd.read_csv(study.data).sort_values(["subject", "time"])
    table.to_parquet(tmp_path / "sessions" / "all.parquet", index=False)
    shutil.copy(MODEL, tmp_path)  # named without its folder: the sample must not depend on where the tests are
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    result = fit_large_scale(tmp_path / "study.toml", tmp_path / "run")
    mode = find_mode(pose_problem(compile_likelihood(model_file.load_model(MODEL), data), data))
    posterior = result.fit["unconstrained_posterior"].to_dataset().stack(sample=("chain", "draw"))
    mu, log_sigma = posterior["mu"].values, np.log(posterior["sigma"].dropna("parameter").values)
    draws = np.concatenate([mu[4:], log_sigma, mu[:4]])  # four parameters are completely pooled
    sd = np.sqrt(np.diag(mode.covariance))
    assert mode.converged
    assert posterior.attrs["converged"] == 1
    assert (np.abs(draws.mean(axis=1) - pack(mode.group)) < (0.15 + 3.3 / np.sqrt(draws.shape[1])) * sd).all()
