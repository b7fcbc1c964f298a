"""Learning rules: how beliefs change after outcomes and as time passes, one file per rule.

`RULES` holds all built-in rules by name. A `Learner` defines one belief, and `lift_learner` applies it to availability
and to self-worth. A `Rule` defines both beliefs itself. Parameters, a state and an event come in; a state and beliefs
go out, as arrays or as graphs. This package imports `ops` and `types` only.

To add a built-in rule, write `rules/NAME.py` with the constants `RULE` and `LATEX` (see `notation`), add NAME to
`RULE_NAMES`, and describe a model that uses it in `models/NAME.toml`. The tests in `tests/rules` then check it. A rule
in a file of one's own needs no change here: see `rule_file`.
"""

from importlib import import_module
from inspect import cleandoc
from textwrap import dedent, indent

from iwm_bayes.types import Learner, Rule

RULE_NAMES = (
    "rescorla_wagner",
    "dual_rate",
    "confirmation",
    "pearce_hall",
    "leaky_beta",
    "kalman",
    "prototype",
    "trust_gate",
    "strain_test",
    "contingent",
    "hgf",
    "ehgf",
    "volatile_kalman",
    "change_point",
    "splitting",
    "compensatory",
    "reflective",
    "noisy_and",
    "self_other_leak",
    "latent_cause",
    "static",
    "growth",
)
RULES: dict[str, Learner | Rule] = {name: import_module(f"{__name__}.{name}").RULE for name in RULE_NAMES}


def equation(rule: Learner | Rule) -> str:
    """Return the equations of a rule: the lines of its module docstring that are indented more than its prose.

    Where no line is, the equations are the lines with an arrow or an equals sign.
    """
    return equations(getattr(rule.learn, "__globals__", {}).get("__doc__") or "")


def equations(docstring: str) -> str:
    """Return the equations in the docstring of a rule's module, or of a modifier's."""
    lines = cleandoc(docstring).splitlines()[1:]
    found = [line for line in lines if line.startswith(" ")] or [line for line in lines if "<-" in line]
    return indent(dedent("\n".join(found)), "    ")
