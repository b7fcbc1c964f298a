"""How beliefs move: one file per rule or learner.

`RULES` holds every one by name. A `Learner` knows one belief and is lifted by `independent`;
a `Rule` holds both beliefs itself.
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
    """A rule that a researcher wrote, by its name in a Python file; the file is run. InputError if it is none."""
    spec = spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise InputError([f'{path}: there is no such Python file. A rule of your own is named "file.py:NAME"'])
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever their code may raise
        raise InputError([f"{path} does not run: {type(error).__name__}: {error}"]) from error
    rule = getattr(module, name, None)
    if not isinstance(rule, Learner | Rule):
        raise InputError([f"{path} has no Learner or Rule with the name {name!r}"])
    return rule


def equation(rule: Learner | Rule) -> str:
    """A rule's update in symbols, as its file states it: the indented lines of the docstring."""
    text = rule.learn.__globals__["__doc__"] or ""
    return "\n".join(line for line in text.splitlines() if line.startswith("    "))
