"""A rule file that is wrong is named with what is wrong with it, in one sentence, whatever it does."""

import os
import signal
import sys

import pytest
import scipy.special  # noqa: F401  # its import by a rule's first log-odds would take longer than the short limit
from own_rule import RULE

from iwm_bayes.rules import RULES, equation, own_file
from iwm_bayes.rules.rule_file import check_rule, load_rule_file
from iwm_bayes.types import InputError

LIMIT = 0.3  # seconds
FAULTS = {  # what is replaced, by what, and what is said
    "exit": ("import numpy as np", "import sys\nsys.exit(0)", ["line 9", "ends the program"]),
    "exit in a function": ("return s\n", "raise SystemExit\n", ["`drift` ends the program"]),
    "a loop": ("import numpy as np", "while True:\n    pass", ["the file takes longer", "loop without end"]),
    "a loop that catches": (
        "import numpy as np",
        "while True:\n    try:\n        pass\n    except Exception:\n        pass",
        ["loop without end"],
    ),
    "a loop in a function": ("return Belief(s.value)", "while True:\n        pass", ["`belief` takes longer"]),
    "an error": ("import numpy as np", "1 / 0", ["line 8", "does not run", "ZeroDivisionError"]),
    "no Python": ("import numpy as np", "def", ["line 8", "SyntaxError"]),
    "a missing library": ("import numpy as np", "import nowhere", ["nowhere"]),
    "an argument too few": ("def learn(p, s, outcome)", "def learn(p, s)", ["`learn`", "learn(p, s, outcome)"]),
    "an argument too many": ("def start(p)", "def start(p, more)", ["`start`", "called as start(p)"]),
    "an unknown field": ("return State(p.start)", "return State(p.initial)", ["line 24", "`start`", "initial"]),
    "no state": ("return s\n", "return None\n", ["`drift` must return a state, State"]),
    "no belief": ("return Belief(s.value)", "return s.value", ["`belief` must return Belief"]),
    "a number": ("return State(p.start)", "return State(0.5)", ["`start`", "`value`", "0.5 + 0 * p.start"]),
    "a constant": ("return State(p.start)", "return State(constant(0.5))", ["`start`", "one number per person"]),
    "a mean": ("return Belief(s.value)", "return Belief(s.value.mean())", ["`belief`", "one number per person"]),
    "no number": ("return Belief(s.value)", "return Belief(0.0 / (s.value - s.value))", ["`belief`", "nan"]),
    "another location": (
        "start, drift, learn, belief)",
        'start, drift, learn, belief, location=in_log_odds("value"))',
        ["`location` is not where the belief is", "on_outcome_scale"],
    ),
    "a location that is no field": (
        "start, drift, learn, belief)",
        'start, drift, learn, belief, location=in_log_odds("mean"))',
        ["`location` does not run", "mean"],
    ),
    "no state after a look at the event": (
        "start, drift, learn, belief)",
        "start, drift, learn, belief, notice=lambda s, event: event)",
        ["`notice` must return a state, State"],
    ),
    "a look at the event with an argument too many": (
        "start, drift, learn, belief)",
        "start, drift, learn, belief, notice=lambda p, s, event: s)",
        ["`notice`", "called as notice(s, event)"],
    ),
    "a support": ('Parameter("unit", (0.02', 'Parameter("probability", (0.02', ["`rate`", "probability", "positive"]),
    "no parameter": ('= Parameter("unit", (0.02, 0.5))', "= 0.1", ["`rate`", "0.1"]),
}


@pytest.fixture
def written(tmp_path):
    """Write a rule file and return its path."""

    def write(text):
        (tmp_path / "mine.py").write_text(text)
        return tmp_path / "mine.py"

    return write


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_said_in_one_error(written, monkeypatch, fault):
    """With the name of the file; the program neither ends nor waits."""
    monkeypatch.setattr(own_file, "TIME_LIMIT", LIMIT)
    old, new, words = FAULTS[fault]
    assert old in RULE
    imports = "from iwm_bayes.rules.location import in_log_odds\n" if "in_log_odds" in new else ""
    path = written(RULE.replace(old, new, 1).replace("class Parameters", f"{imports}class Parameters"))
    with pytest.raises(InputError) as caught:
        load_rule_file(path, "RULE")
    [problem] = caught.value.problems
    assert problem.startswith(str(path))
    assert [word for word in words if word not in problem] == [], problem


def test_a_right_file_is_loaded_and_the_time_limit_ends_with_it(written):
    before = signal.getsignal(signal.SIGALRM)
    assert load_rule_file(written(RULE), "RULE").belief is not None
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_alarm_that_was_set_before_stays(written):
    """A limit within a limit: the outer one is still set, and no later than it was."""
    handler = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 1000.0)
    try:
        load_rule_file(written(RULE), "RULE")
        left, _ = signal.getitimer(signal.ITIMER_REAL)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, handler)
    assert 900.0 < left <= 1000.0


@pytest.mark.parametrize("name", RULES)
def test_every_built_in_rule_does_what_a_rule_must_do(name, tmp_path):
    check_rule(tmp_path / name, RULES[name])


EQUATION = "    value <- value + rate * (outcome - value)"


@pytest.mark.parametrize(
    "docstring",
    [
        "Fades.\n\n    value <- value + rate * (outcome - value)\n\nMore prose.\n",
        "Fades.\n\n  value <- value + rate * (outcome - value)\n\nMore prose.\n",
        "Fades.\n\n\tvalue <- value + rate * (outcome - value)\n\nMore prose.\n",
        "\n    Fades.\n\n        value <- value + rate * (outcome - value)\n\n    More prose.\n    ",
        "Fades.\n\n    value <- value + rate * (outcome - value)\n",
        "Fades.\n\nvalue <- value + rate * (outcome - value)\n\nMore prose.\n",
    ],
    ids=["four blanks", "two blanks", "a tab", "all of it indented", "no prose", "not indented"],
)
def test_the_equation_does_not_depend_on_the_indentation(written, docstring):
    _, _, code = RULE.partition('\n"""\n')
    rule = load_rule_file(written(f'"""{docstring}"""\n{code}'), "RULE")
    assert equation(rule) == EQUATION


def test_a_file_that_changes_within_a_second_runs_as_it_is_now(written, monkeypatch):
    """Where Python keeps the code of files, which it knows by their length and the second of their last change."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    ends = []
    for high in ("0.5", "0.7"):
        path = written(RULE.replace('("unit", (0.02, 0.5))', f'("unit", (0.02, {high}))'))
        os.utime(path, (1e9, 1e9))
        ends.append(load_rule_file(path, "RULE").parameters.rate.prior_90[1])
    assert ends == [0.5, 0.7]
