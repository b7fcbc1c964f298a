"""Learning rules: how beliefs change after outcomes and as time passes, one file per rule.

`RULES` holds all built-in rules by name. A `Learner` defines one belief, and `lift_learner` applies it to availability
and to self-worth. A `Rule` defines both beliefs itself. Parameters, a state and an event come in; a state and beliefs
go out, as arrays or as graphs. This package imports `ops` and `types` only.

To add a built-in rule, write `rules/NAME.py` with the constant `RULE`, add NAME to `RULE_NAMES`, and describe a model
that uses it in `models/NAME.toml`. The tests in `tests/rules` then check it. A rule in a file of one's own needs no
change here: see `load_rule_file`.
"""

from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from iwm_bayes.types import InputError, Learner, Rule

RULE_NAMES = (
    "rescorla_wagner",
    "dual_rate",
    "confirmation",
    "pearce_hall",
    "leaky_beta",
    "kalman",
    "prototype",
    "trust_gate",
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


def load_rule_file(path: Path, name: str) -> Learner | Rule:
    """Run a Python file and return the rule that it defines by this name; InputError if it defines none."""
    spec = spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise InputError([f'{path}: there is no such Python file. A learning rule of your own is named "file.py:NAME"'])
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the code may raise anything
        raise InputError([f"{path} does not run: {type(error).__name__}: {error}"]) from error
    rule = getattr(module, name, None)
    if not isinstance(rule, Learner | Rule):
        raise InputError([f"{path} has no Learner or Rule with the name {name!r}"])
    return rule


def equation(rule: Learner | Rule) -> str:
    """Return the equations of a rule: the indented lines of its module docstring."""
    text = rule.learn.__globals__["__doc__"] or ""
    return "\n".join(line for line in text.splitlines() if line.startswith("    "))
