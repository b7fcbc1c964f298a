"""A small study that is right in every way, for tests to read or to spoil."""

from pathlib import Path

import pandas as pd

from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.study import read_study_file
from iwm_bayes.model.specification.model_file import load_model

FILES = {
    "study.toml": """
schema = 2
name   = "clinic"
data   = "sessions.csv"
model = "model.toml"
[columns]
person   = "patient_id"
session  = "visit"
figure   = "who"
time     = "date"
outcome  = { column = "responsive", scale = [1, 7], missing = "unseen" }
distress = { column = "need", scale = [0, 10] }
[responses.closeness]
column = "distance"
scale  = [7, 1]
commensurable = true
[responses.approach]
column = "reached_out"
levels = ["no", "yes"]
""",
    "model.toml": """
schema    = 2
claim     = "Every session counts the same."
reference = "none"
rule      = "rescorla_wagner"
responses = { closeness = "availability_rating", approach = "approach" }
""",
    "sessions.csv": """patient_id,visit,who,date,responsive,distance,reached_out,need
bob,2,mum,2026-01-15,7,1,yes,10
ann,1,mum,2026-01-01,1,7,no,
ann,2,dad,2026-01-08,4,4,yes,5
ann,3,mum,2026-01-22,,1,yes,0
bob,1,dad,2026-01-01,7,,no,0
""",
}


def write(folder: Path) -> Path:
    """The study's files in a folder."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    """Put something else in the place of what a file says."""
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


def read_study(folder: Path):
    """The study's Dataset."""
    study = read_study_file(folder / "study.toml")
    return read_data(study, load_model(study.model[0]))


def frame(folder: Path) -> pd.DataFrame:
    """The study's table as pandas sees it."""
    return pd.read_csv(folder / "sessions.csv")
