"""Names of models, as a study or a command gives them: NAME or PATH.toml, with what else moves beliefs.

    kalman+trend                     time moves the beliefs of the built-in model `kalman`, too
    my.toml+trend+belief_noise       time and chance move those of the model in this file
    my.toml+trend_alone              time moves them, and nobody learns: the rule `growth` in place of its own

What a name adds is part of the model's name wherever results are shown or kept.
"""

import re

ADDITIONS = ("trend", "belief_noise")  # keys of a model file that a name can add
TREND_ALONE = "trend_alone"  # what a name puts in place of learning
IN_ORDER = (TREND_ALONE, *ADDITIONS)  # in which they change a rule, however a name orders them
KNOWN = "|".join(IN_ORDER)
WITH_ADDITIONS = re.compile(rf"(.*?)((?:\+(?:{KNOWN}))*)", re.DOTALL)


def split_model_name(name: str) -> tuple[str, tuple[str, ...]]:
    """Return the name of a model, or the path of its file, and what is added to it, each once and in order."""
    found = WITH_ADDITIONS.fullmatch(name)
    own, added = found.groups() if found else (name, "")
    named = added.split("+")
    return own, tuple(one for one in IN_ORDER if one in named)


def with_additions(name: str, added: tuple[str, ...]) -> str:
    """Return the name of a model with what is added to it."""
    return "+".join((name, *added))


def is_model_file(name: str) -> bool:
    """Return whether a model is named by the path of its file."""
    return split_model_name(name)[0].endswith(".toml")
