"""What the machine code knows of a model and its data: sizes, and where each array is.

A `Table` holds one record of `RECORD` per model, and keeps the arrays alive to which it points. Arrays by person are
in blocks of eight people, (block, ..., lane); see `lanes`. Names of arrays that no docstring explains are those of
`model.hierarchy` and `model.local_gaussian`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

LANES = 8  # people in a block, as in `lanes`, which needs Numba
SIZES = (
    "n_people",
    "n_blocks",  # of eight people
    "n_events",
    "n_parameters",  # rows of theta: free parameters, then innovations
    "n_pooled",  # partially or completely
    "n_partial",
    "n_person_parameters",  # partially pooled, then unpooled
    "n_complete",
    "n_following",  # completely pooled parameters that local Gaussians follow: all or none
    "n_coefficients",
    "n_groups",
    "n_group_levels",
    "n_correlations",  # free numbers of the correlation matrix; 0 where parameters are independent
    "n_effect_uses",
    "n_models",  # of a mixture, whose first record is that of the group that its models share; otherwise 0
)
INTEGER_ARRAYS = {  # with their shapes: sizes by name, see `array_shape`
    "partial_index": ("n_partial",),  # in mu
    "complete_index": ("n_complete",),  # in mu; -1 where the value is fixed
    "person_row": ("n_person_parameters",),  # row of theta
    "complete_row": ("n_complete",),  # row of theta
    "group_of_level": ("n_group_levels",),
    "effect_start": ("n_starts",),  # where in `effect_index` the effects on a parameter start; at last, where they end
    "effect_index": ("n_effect_uses",),  # effects on each partially pooled parameter, one after another
    "correlation_position": ("n_correlated", "n_correlated"),  # of each entry below the diagonal among the free numbers
    "shared_row": ("n_person_parameters",),  # in the group that the models of a mixture share; -1 where it is own
    "shared_complete": ("n_complete",),  # likewise
}
BY_PARAMETER = ("n_blocks", "n_person_parameters")
FLOAT_ARRAYS = {
    "mu_mean": ("n_pooled",),
    "mu_sd": ("n_pooled",),
    "fixed_mean": ("n_person_parameters",),  # of unpooled ones; the others are not used
    "fixed_sd": ("n_person_parameters",),
    "fixed_complete": ("n_complete",),
    "sigma_scale": ("n_partial",),
    "beta_sd": ("n_coefficients",),
    "group_scale": ("n_groups",),
    "group_centredness": ("n_groups",),
    "group_unit": ("n_groups",),
    "level_weights": ("n_group_levels", "n_partial"),
    "effect_design": ("n_blocks", "n_effects", "lanes"),  # of coefficients, then of group levels
    "local_mode": (*BY_PARAMETER, "lanes"),
    "local_gradient": (*BY_PARAMETER, "lanes"),
    "local_gradient_by_complete": (*BY_PARAMETER, "n_following", "lanes"),
    "local_root": (*BY_PARAMETER, "n_person_parameters", "lanes"),
    "local_root_by_complete": (*BY_PARAMETER, "n_person_parameters", "n_following", "lanes"),
    "local_precision": (*BY_PARAMETER, "n_person_parameters", "lanes"),  # where Gaussians follow nothing
    "complete_mode": ("n_following",),
    "complete_width": ("n_following",),
    "event_array": ("n_events", "any", "n_people"),  # (event, field, person)
    "response_array": ("any", "n_events", "n_people"),  # (field, event, person)
}
NUMBERS = ("log_constant", "correlation_exponent")
ADDRESSES = (
    "person_kernel",  # of the likelihood; 0 where there is none
    "density",  # of the C function that takes this table
    "stored",  # where that function puts the values that are stored for a point; 0 where it is to put none
)
RECORD = np.dtype(
    [(name, np.int64) for name in (*SIZES, *ADDRESSES, *INTEGER_ARRAYS, *FLOAT_ARRAYS)]
    + [(name, np.float64) for name in NUMBERS]
)


class Table(NamedTuple):
    """Records of models, and the arrays to which they point."""

    records: np.ndarray
    arrays: list[np.ndarray]

    @property
    def address(self) -> int:
        """Return where the first record is."""
        return int(self.records.ctypes.data)


def in_blocks(array: np.ndarray) -> np.ndarray:
    """Return an array (..., person) as (block, ..., lane), with zeros for those who fill up the last block."""
    array = np.asarray(array, dtype=float)
    missing = -array.shape[-1] % LANES
    padded = np.concatenate([array, np.zeros((*array.shape[:-1], missing))], axis=-1)
    blocks = padded.reshape(*array.shape[:-1], padded.shape[-1] // LANES, LANES)
    return np.ascontiguousarray(np.moveaxis(blocks, -2, 0))


def array_shape(name: str, parts: Mapping[str, Any]) -> tuple[int | None, ...]:
    """Return the shape that an array has by the sizes of its table; None for what the machine code does not ask."""
    derived = {
        "n_starts": parts["n_partial"] + 1,
        "n_correlated": parts["n_partial"] if parts["n_correlations"] else 0,
        "n_effects": parts["n_coefficients"] + parts["n_group_levels"],
        "lanes": LANES,
        "any": None,
    }
    sizes = {**parts, **derived}
    return tuple(sizes[size] for size in (INTEGER_ARRAYS | FLOAT_ARRAYS)[name])


def check_shape(name: str, found: tuple[int, ...], wanted: tuple[int | None, ...]) -> None:
    """Raise ValueError where an array has another shape than its table says: the machine code would not notice."""
    same = len(found) == len(wanted) and all(size in (own, None) for own, size in zip(found, wanted, strict=True))
    if not same:
        raise ValueError(f"{name} has the shape {found}; this model and these data need {wanted}")


def make_table(parts: Mapping[str, int | float | np.ndarray]) -> Table:
    """Return the table of one model: sizes, numbers and arrays by name; ValueError where they do not fit."""
    record, arrays = np.zeros(1, dtype=RECORD), []
    for name, value in parts.items():
        if isinstance(value, np.ndarray):
            check_shape(name, value.shape, array_shape(name, parts))
            kind = np.int64 if name in INTEGER_ARRAYS else np.float64
            arrays.append(np.array(value, dtype=kind, order="C"))  # a copy, which nobody else changes
            record[name] = arrays[-1].ctypes.data
        else:
            record[name] = value
    return Table(record, arrays)


def join_tables(tables: list[Table]) -> Table:
    """Return one table with the records of several models."""
    arrays = [array for table in tables for array in table.arrays]
    return Table(np.concatenate([table.records for table in tables]), arrays)
