"""Studies of dyads that are small: a therapy in a long table, a couple in a wide one, and friends without roles.

Their tables are simulated from the built-in models of members, in closed loop.
"""

import numpy as np
import pandas as pd

from iwm_bayes.data.dataset import to_table
from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import DistressProcess
from iwm_bayes.simulation.dyads import simulate_dyads
from iwm_bayes.types import Member

THERAPY = """
schema = 2
name = "therapies"
data = "therapies.csv"
[columns]
session = "session"
[dyad]
column = "dyad"
role = "role"
correlated = false
[dyad.members.patient]
model = "seeker"
outcome = "care"
distress = "distress"
responses.bid = { column = "bid" }
responses.openness = { column = "openness", scale = [1, 7] }
[dyad.members.therapist]
model = "carer"
outcome = "openness"
bids = "bid"
person = "therapist"
dyads = "many"
responses.care = { column = "care", levels = ["no", "yes"] }
responses.felt_pull = { column = "felt_pull" }
"""
COUPLES = """
schema = 2
name = "couples"
data = "couples.csv"
[columns]
session = "day"
[dyad]
column = "couple"
correlated = false
"""
COUPLE = f"""{COUPLES}
[dyad.members.wife]
model = "partner"
outcome = "support"
responses.support = {{ column = "wife_support" }}
responses.security = {{ column = "wife_security" }}
[dyad.members.husband]
model = "partner"
outcome = "support"
responses.support = {{ column = "husband_support" }}
responses.security = {{ column = "husband_security" }}
"""
FRIENDS = """
schema = 2
name = "friends"
data = "friends.csv"
model = "partner"
[columns]
person = "friend"
session = "day"
[dyad]
column = "pair"
outcome = "support"
[responses.support]
column = "support"
[responses.security]
column = "security"
"""

# parts of a design file of therapies
DESIGN_HEAD = 'schema = 2\nname = "therapies"\npeople = 12\nexchanges = 6\n'
PATIENT = '[dyad.members.patient]\nmodel = "seeker"\noutcome = "care"\n'
THERAPIST = '[dyad.members.therapist]\nmodel = "carer"\noutcome = "openness"\nbids = "bid"\ndyads = 3\n'


def therapy_model():
    """The model of the therapy, before a study has anything to say."""
    members = {
        "patient": Member(load_model("seeker"), "care"),
        "therapist": Member(load_model("carer", ["expectation"]), "openness", bids="bid"),
    }
    return dyad_model(members, correlated=False)


def couple_model():
    """The model of the couple."""
    return dyad_model({role: Member(load_model("partner"), "support") for role in ("wife", "husband")}, False)


def therapy_table(therapists=3, patients=2, exchanges=6, seed=1):
    """A long table of therapies: each row is about the patient or the therapist of a dyad."""
    dyads = therapists * patients
    distress = {"patient": DistressProcess()}
    table = to_table(simulate_dyads(therapy_model(), exchanges, dyads, seed, distress))
    number = table["dyad"].str.removeprefix("d").astype(int) - 1
    is_patient = table["role"] == "patient"
    return table.assign(
        therapist=(number // patients + 1).map("T{}".format).where(~is_patient, ""),
        openness=(1.0 + 6.0 * table["openness"]).round(3),
        care=table["care"].map({0.0: "no", 1.0: "yes"}),
        felt_pull=table["felt_pull"].round(4),
        distress=table["distress"].round(3).where(is_patient),
    )


def couple_table(couples=5, exchanges=6, seed=1):
    """A wide table of couples: each row has both partners."""
    long = to_table(simulate_dyads(couple_model(), exchanges, couples, seed)).round({"security": 4})
    return as_wide(long)


def as_wide(long):
    """A long table of couples as a wide one."""
    wide = long.pivot(index=["dyad", "session"], columns="role", values=["support", "security"])
    wide.columns = [f"{role}_{name}" for name, role in wide.columns]
    return wide.reset_index().rename(columns={"dyad": "couple", "session": "day"})


def friends_table(pairs=5, exchanges=6, seed=1):
    """A long table of two friends each, who have no roles."""
    long = to_table(simulate_dyads(couple_model(), exchanges, pairs, seed)).round({"security": 4})
    letters = long["role"].map({"wife": "a", "husband": "b"})
    renamed = long.assign(friend=long["dyad"] + letters).drop(columns="role")
    return renamed.rename(columns={"dyad": "pair", "session": "day"})


STUDIES = {  # by name: the study file, the name of its table, and what makes the table
    "therapy": (THERAPY, "therapies.csv", therapy_table),
    "couple": (COUPLE, "couples.csv", couple_table),
    "friends": (FRIENDS, "friends.csv", friends_table),
}


def write_dyads(folder, name, table=None, changes=(), **size):
    """Write a study of `STUDIES` with its table; `changes` are pairs of texts in the study file. Return its path."""
    text, file, make = STUDIES[name]
    for old, new in changes:
        assert old in text, f"{old} is not in the study file"
        text = text.replace(old, new)
    (make(**size) if table is None else table).to_csv(folder / file, index=False)
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def shuffled(table, seed=7):
    """The rows of a table in another order."""
    return table.iloc[np.random.default_rng(seed).permutation(len(table))].reset_index(drop=True)


def without_blanks(values: pd.Series) -> list[float]:
    """The numbers of a column that are there."""
    return values.dropna().tolist()
