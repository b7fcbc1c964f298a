"""Designs of dyads on the command line: simulated, planned, and refused with a reason."""

import pandas as pd
import pytest
from command import iwm
from dyads import write_dyads

DESIGN = """
schema = 2
name = "couples"
people = 8
exchanges = 5
[dyad.members.wife]
model = "partner"
outcome = "support"
[dyad.members.husband]
model = "partner"
outcome = "support"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A design of couples, one with a stated median, and a study of couples whose parameters are correlated."""
    found = tmp_path_factory.mktemp("couples")
    (found / "couples.toml").write_text(DESIGN)
    (found / "stated.toml").write_text(f"{DESIGN}medians = {{ availability_start = 0.5 }}\n")
    write_dyads(found, "couple", changes=[("correlated = false\n", "")])
    (found / "friends").mkdir()
    write_dyads(found / "friends", "friends")
    return found


def test_a_design_gives_a_table_and_the_study_that_reads_it(folder):
    """Both partners of each couple at each exchange; `iwm check` reads it."""
    done = iwm("simulate", "couples.toml", "--n-people", "6", "--out-file", "table.csv", cwd=folder)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(folder / "table.csv")
    assert table.groupby(["dyad", "session"])["role"].agg(set).map(len).eq(2).all()
    assert (table["dyad"].nunique(), table["session"].max()) == (6, 5)
    checked = iwm("check", "table.toml", cwd=folder)
    assert checked.returncode == 0, checked.stderr
    assert "wife: security (0 to 1)" in checked.stdout
    table.drop(index=3).to_csv(folder / "table.csv", index=False)
    gap = iwm("check", "table.toml", cwd=folder)
    assert "there is nothing of the" in gap.stdout
    assert "Identifiable" in gap.stdout  # a row that is missing takes nothing from what the others say
    again = iwm("simulate", "couples.toml", "--out-file", "table.csv", cwd=folder)
    assert again.returncode == 1
    assert "exists. Add --overwrite" in again.stderr
    own = iwm("simulate", "stated.toml", "--out-file", "stated.csv", cwd=folder)
    assert "would replace the design" in own.stderr


def test_a_plan_tells_how_often_an_effect_is_shown(folder):
    """By the number of exchanges; the table names every effect that is asked for."""
    sizes = ("--sessions", "4", "--sessions", "8", "--studies", "2", "--quiet", "--out-dir", "planned")
    asked = ("--effect", "wife_support_bias", "--effect", "partner effect of the wife", "--smallest", "0.02")
    done = iwm("plan", "effect", "couples.toml", *asked, *sizes, cwd=folder)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(folder / "planned" / "tables" / "assurance.csv").set_index(["outcome", "sessions"])
    assert (table["studies"] == 2).all()
    for effect in ("wife_support_bias", "partner effect of the wife"):
        assert (effect + ": 90% interval beyond 0.02", 8) in table.index
        assert (effect + ": 90% interval covers", 4) in table.index


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "forecast", "couples.toml"], "is about single people, and this file has dyads"),
        (["plan", "reliability", "couples.toml"], "is about single people, and this file has dyads"),
        (["plan", "compare", "study.toml"], "is about single people, and this file has dyads"),
        (["validate", "confusion", "study.toml"], "is about single people, and this file has dyads"),
        (["validate", "recovery", "study.toml"], "cannot fit parameters that are correlated within a dyad"),
        (["validate", "recovery", "study.toml", "--method", "nuts", "--sessions", "99"], "more than 6 sessions"),
        (["validate", "sbc", "stated.toml"], "drawn from their priors"),
        (["validate", "recovery", "friends/study.toml"], "members of its dyads have no roles"),
        (["plan", "group", "friends/study.toml", "--parameter", "x"], "members of its dyads have no roles"),
        (["plan", "effect", "couples.toml", "--dyads-each", "4"], "in which a member has several `dyads`"),
        (["plan", "effect", "couples.toml", "--care", "graded"], "--care: simulated studies have"),
        (["plan", "group", "couples.toml", "--parameter", "velocity"], "no such parameter"),
        (
            ["simulate", "couples.toml", "--sessions", "9", "--out-file", "no.csv"],
            "--sessions: the design file says so",
        ),
    ],
)
def test_what_dyads_cannot_have_is_refused(folder, arguments, message):
    """Before anything is done, in one sentence."""
    out = () if "--out-file" in arguments else ("--out-dir", "nothing")
    done = iwm(*arguments, *out, cwd=folder)
    assert done.returncode == 1
    assert message in " ".join(done.stderr.split())
    assert not (folder / "nothing").exists()
