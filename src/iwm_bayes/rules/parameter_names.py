"""Short names of parameters: `rate` means both `availability_rate` and `worth_rate`."""

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping

from iwm_bayes.types import InputError

BELIEFS = ("availability", "worth")


def parameter_copies(name: str, known: Iterable[str]) -> list[str]:
    """List the parameters that a name means: itself, or its copy for each belief; none if it is unknown."""
    full = list(known)
    return [name] if name in full else [f"{belief}_{name}" for belief in BELIEFS if f"{belief}_{name}" in full]


def full_names[T](given: Mapping[str, T], known: list[str], where: str) -> dict[str, T]:
    """Replace short names by full names; `where` is the file and section for errors. InputError for unknown names."""
    targets = {name: parameter_copies(name, known) for name in given}
    problems = []
    for name, full in targets.items():
        if not full:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean `{near[0]}`? " if near else ""
            problems.append(f"{where}.{name}`: the model has no such parameter. {hint}It has: {', '.join(known)}")
    counts = Counter(parameter for full in targets.values() for parameter in full)
    problems += [
        f"{where}`: the parameter {parameter} is set from two places. Keep one"
        for parameter, count in counts.items()
        if count > 1
    ]
    if problems:
        raise InputError(problems)
    return {parameter: given[name] for name, full in targets.items() for parameter in full}
