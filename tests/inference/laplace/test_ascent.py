"""The top is found on a ridge, where slower learning on a wider scale is nearly as good: in memory, and in chunks."""

import numpy as np
import pandas as pd
from real_studies import STUDIES, opened

from iwm_bayes.inference.fit import compile_likelihood
from iwm_bayes.inference.laplace.empirical_bayes import ROUNDS, climbed, first, round_on, solved, topped
from iwm_bayes.inference.laplace.hierarchy import beginning, centres, packed
from iwm_bayes.inference.laplace.method import posed
from iwm_bayes.inference.laplace.person_posteriors import evidence
from iwm_bayes.large_scale.fit import cohort
from iwm_bayes.model import model_file

THEORY = STUDIES / "reversal_valence.theory.toml"
STUDY = f"""name = "ridge"
data = "sessions"
theory = "{THEORY}"
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
    model = model_file.load(THEORY)
    data = data.isel(person=slice(0, 60))
    problem = posed(compile_likelihood(model, data), data)
    group = beginning(problem.shape)
    x = centres(problem.shape, group.beta)
    near, people = climbed(problem, group, x)
    top = topped(problem, near, people)
    people = first(problem, group, x)
    for _ in range(7 * ROUNDS):
        group, people = round_on(problem, group, people)
    sure = np.sqrt(np.diag(top.covariance))
    left, crept = (np.abs((packed(there) - packed(top.group)) / sure).max() for there in (near, group))
    assert top.converged
    assert left < 1.0
    assert crept > 3.0
    assert evidence(problem, top.group, top.people).sum() > evidence(problem, group, people).sum() + 2.0


def test_everyone_climbs_a_ridge(tmp_path):
    """All 693 people are led to the group that they have in memory: a tenth of its sds off there, a twentieth here."""
    study, data = opened("reversal")
    (tmp_path / "sessions").mkdir()
    table = pd.read_csv(study.data).sort_values(["subject", "time"])
    table.to_parquet(tmp_path / "sessions" / "all.parquet", index=False)
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    found = cohort(tmp_path / "study.toml", tmp_path / "run")
    top = solved(posed(compile_likelihood(model_file.load(THEORY), data), data))
    posterior = found.fit["posterior"].to_dataset().stack(sample=("chain", "draw"))
    centre, spread = posterior["centre"].values, np.log(posterior["spread"].values)
    draws = np.concatenate([centre[4:], spread, centre[:4]])  # four values are everyone's
    sure = np.sqrt(np.diag(top.covariance))
    assert top.converged
    assert posterior.attrs["converged"] == 1
    assert (np.abs(draws.mean(axis=1) - packed(top.group)) < (0.15 + 3.3 / np.sqrt(draws.shape[1])) * sure).all()
