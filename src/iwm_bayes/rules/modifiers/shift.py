"""Move a value on its link scale: unlink(link(value) + by), by the support of the value.

    unit        value / (value + (1 - value) exp(-by))
    positive    value exp(by)
    real        value + by

The form of the first is defined at 0 and 1, and however large `by` is where the value lies between them.
"""

from collections.abc import Callable, Mapping

from iwm_bayes.ops import Array, exp


def shift_unit(value: Array, by: Array) -> Array:
    """Return sigmoid(logit(value) + by)."""
    return value / (value + (1.0 - value) * exp(-by))


SHIFTS: Mapping[str, Callable[[Array, Array], Array]] = {
    "unit": shift_unit,
    "positive": lambda value, by: value * exp(by),
    "real": lambda value, by: value + by,
}
