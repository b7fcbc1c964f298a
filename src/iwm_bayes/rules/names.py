"""What a user's short names stand for: `rate` speaks for every copy, `availability_rate` and `worth_rate`."""

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping

from iwm_bayes.types import InputError

COPIES = ("availability", "worth")


def parameter_copies(name: str, known: Iterable[str]) -> list[str]:
    """The parameters that a name speaks for: itself, or every copy of it; none where there is no such parameter."""
    everything = list(known)
    return [name] if name in everything else [f"{of}_{name}" for of in COPIES if f"{of}_{name}" in everything]


def full_names[T](given: Mapping[str, T], known: list[str], where: str) -> dict[str, T]:
    """What was given by full name; `where` is the file and section, for the errors."""
    targets = {name: parameter_copies(name, known) for name in given}
    problems = []
    for name, found in targets.items():
        if not found:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean `{near[0]}`?" if near else f"It has: {', '.join(known)}"
            problems.append(f"{where}.{name}`: the theory has no such parameter. {hint}")
    times = Counter(full for found in targets.values() for full in found)
    problems += [
        f"{where}`: the parameter {full} is set from two places. Keep one" for full, count in times.items() if count > 1
    ]
    if problems:
        raise InputError(problems)
    return {full: given[name] for name, found in targets.items() for full in found}
