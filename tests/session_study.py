"""A study whose covariates change from session to session: twelve people with six sessions each."""

import numpy as np
import pandas as pd

STUDY = """
schema = 2
name = "homework"
data = "sessions.csv"
model = "own.toml"
[columns]
person = "patient"
session = "visit"
outcome = { column = "helped", missing = "unseen" }
[responses.availability_rating]
column = "closeness"
commensurable = true
[formulas]
availability_rate = "FORMULA"
"""
MODEL = """
schema = 2
claim = "c"
reference = "r"
rule = "rescorla_wagner"
responses = ["availability_rating"]
"""
PEOPLE, SESSIONS = 12, 6


def sessions_table(seed=1):
    """Everyone's sessions, one row each, with numbers (mood), words (homework) and a covariate of people (arm)."""
    generator, size = np.random.default_rng(seed), PEOPLE * SESSIONS
    patient = np.repeat([f"p{number:02d}" for number in range(1, PEOPLE + 1)], SESSIONS)
    return pd.DataFrame(
        {
            "patient": patient,
            "visit": np.tile(np.arange(1, SESSIONS + 1), PEOPLE),
            "helped": generator.integers(0, 2, size),
            "closeness": generator.uniform(0.2, 0.8, size).round(3),
            "mood": (generator.normal(5.0, 1.0, size) + np.repeat(generator.normal(0.0, 2.0, PEOPLE), SESSIONS)).round(
                2
            ),
            "homework": generator.choice(["no", "partly", "yes"], size),
            "arm": np.repeat(np.where(np.arange(PEOPLE) % 2, "tau", "cbt"), SESSIONS),
        }
    )


def write_study(folder, formula, table=None, more=""):
    """Write the study with this formula of the learning rate; `more` follows in the study file. Return its path."""
    (folder / "own.toml").write_text(MODEL, encoding="utf-8")
    (sessions_table() if table is None else table).to_csv(folder / "sessions.csv", index=False)
    path = folder / "study.toml"
    path.write_text(STUDY.replace("FORMULA", formula) + more, encoding="utf-8")
    return path
