"""A rule of one's own that works on arrays and not on graphs is found by `iwm check`, in words."""

import pandas as pd
import pytest
from command import iwm
from own_rule import RULE, write_own_rule

from iwm_bayes import ops

UPDATE = "s.value + p.rate * (outcome - s.value)"
MISTAKES = {  # an update that NumPy takes; part of what is said
    "np.maximum": f"np.maximum({UPDATE}, 0.0)",
    "np.where": f"np.where(outcome > s.value, {UPDATE}, s.value)",
    "np.clip": f"np.clip({UPDATE}, 0.0, 1.0)",
    "if": f"({UPDATE}) if (s.value >= 0.0).all() else s.value",
    "len": f"{UPDATE} * len(outcome) / len(outcome)",
    "in place": f"np.add({UPDATE}, 0.0, out=np.zeros(len(outcome)))",
}


def check(folder, rule):
    """Simulate a table from a rule, and check a study of it."""
    write_own_rule(folder, rule)
    made = iwm("simulate", "model.toml", "--n-people", "4", "--sessions", "4", cwd=folder)
    assert made.returncode == 0, made.stderr
    return iwm("check", "study.toml", "--trust", cwd=folder)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_the_sampler_cannot_use_is_named_by_its_line(tmp_path, mistake):
    """With the functions to use; what comes from `ops` in its place passes."""
    assert UPDATE in RULE
    done = check(tmp_path, RULE.replace(UPDATE, MISTAKES[mistake]))
    line = RULE[: RULE.index(UPDATE)].count("\n") + 1
    assert done.returncode == 1
    [problem] = done.stderr.splitlines()
    assert f"mine.py, line {line}: the sampler cannot use this rule" in problem
    assert all(name in problem for name in ops.ELEMENTWISE)
    assert "`where` in place of `if`" in problem


def test_a_state_of_plain_numbers_is_named(tmp_path):
    """Zeros that NumPy makes like a parameter become objects in a graph."""
    done = check(tmp_path, RULE.replace("State(p.start)", "State(np.zeros_like(p.start))"))
    assert done.returncode == 1
    assert "0.5 + 0 * p.start" in done.stderr


@pytest.mark.parametrize(
    "update",
    [
        UPDATE,
        f"maximum({UPDATE}, constant(0.0))",
        f"where(outcome > s.value, {UPDATE}, s.value)",
        "s.value + np.exp(-p.rate) * (outcome - s.value)",
    ],
)
def test_a_rule_of_ops_passes(tmp_path, update):
    """And `check` says in one line that everything is identifiable, with the counts of the data."""
    done = check(tmp_path, RULE.replace(UPDATE, update))
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "sessions.csv")
    counts = f"4 people, {len(table)} events, {table['availability_rating'].count()} responses"
    sentence = f"All parameters of model are identifiable with these data ({counts})."
    assert sentence in " ".join(done.stdout.split())
