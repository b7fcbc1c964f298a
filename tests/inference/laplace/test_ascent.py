"""The top is found on a ridge, where slower learning on a wider scale is nearly as good: in memory, and in chunks."""

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
from iwm_bayes.model import model_file

THEORY = STUDIES / "reversal_valence.theory.toml"
STUDY = f"""schema = 2
name = "ridge"
data = "sessions"
model = "{THEORY}"
[columns]
person = "subject"
session = "time"
outcome = {{ column = "observed" }}
[responses.availability_impression]
column = "resp_harm_intent"
scale = [100, 0]
"""


def test_a_ridge_is_climbed_to_its_top():
    """The look ahead comes near, where rounds of expectation and maximisation alone creep, and end far from it."""
    _, data = opened("reversal")
    model = model_file.load_model(THEORY)
    data = data.isel(person=slice(0, 60))
    problem = pose_problem(compile_likelihood(model, data), data)
    group = initial_group(problem.shape)
    x = person_means(problem.shape, group.beta)
    near, people = em_then_bfgs(problem, group, x)
    top = newton_mode(problem, near, people)
    people = initial_gaussians(problem, group, x)
    for _ in range(7 * EM_ROUNDS):
        group, people = em_round(problem, group, people)
    sure = np.sqrt(np.diag(top.covariance))
    left, crept = (np.abs((pack(there) - pack(top.group)) / sure).max() for there in (near, group))
    assert top.converged
    assert left < 1.0
    assert crept > 3.0
    assert (
        person_log_evidence(problem, top.group, top.people).sum()
        > person_log_evidence(problem, group, people).sum() + 2.0
    )


def test_everyone_climbs_a_ridge(tmp_path):
    """All 693 people are led to the group that they have in memory: a tenth of its sds off there, a twentieth here."""
    study, data = opened("reversal")
    (tmp_path / "sessions").mkdir()
    table = pd.read_csv(study.data).sort_values(["subject", "time"])
    table.to_parquet(tmp_path / "sessions" / "all.parquet", index=False)
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    found = fit_large_scale(tmp_path / "study.toml", tmp_path / "run")
    top = find_mode(pose_problem(compile_likelihood(model_file.load_model(THEORY), data), data))
    posterior = found.fit["posterior"].to_dataset().stack(sample=("chain", "draw"))
    centre, spread = posterior["centre"].values, np.log(posterior["spread"].values)
    draws = np.concatenate([centre[4:], spread, centre[:4]])  # four values are everyone's
    sure = np.sqrt(np.diag(top.covariance))
    assert top.converged
    assert posterior.attrs["converged"] == 1
    assert (np.abs(draws.mean(axis=1) - pack(top.group)) < (0.15 + 3.3 / np.sqrt(draws.shape[1])) * sure).all()
