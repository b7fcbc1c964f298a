"""What the machine code knows of a model and its data: sizes, and where each array is.

A `Table` holds one record of `RECORD` per model, and keeps the arrays alive to which it points. Arrays by person are
in blocks of eight people, (block, ..., lane); see `lanes`. Names of arrays that no docstring explains are those of
`model.hierarchy` and `model.local_gaussian`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

LANES = 8  # people in a block, as in `lanes`, which needs Numba
SIZES = (
    "n_people",
    "n_blocks",  # of eight people
    "n_events",
    "n_parameters",  # free parameters, the rows of theta
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
INTEGER_ARRAYS = (
    "partial_index",  # (partial,), in mu
    "complete_index",  # (complete,), in mu; -1 where the value is fixed
    "person_row",  # (person-level parameter,), row of theta
    "complete_row",  # (complete,), row of theta
    "group_of_level",  # (group_level,)
    "effect_start",  # (partial + 1,), where in `effect_index` the effects on a parameter start
    "effect_index",  # effects on each partially pooled parameter, one after another
    "correlation_position",  # (partial, partial), of each entry below the diagonal among the free numbers
    "shared_row",  # (person-level parameter,), in the group that the models of a mixture share; -1 where it is own
    "shared_complete",  # (complete,), likewise
)
FLOAT_ARRAYS = (
    "mu_mean",
    "mu_sd",  # (pooled,)
    "fixed_mean",
    "fixed_sd",  # (person-level parameter,), of unpooled ones; the others are not used
    "fixed_complete",  # (complete,)
    "sigma_scale",  # (partial,)
    "beta_sd",  # (coefficient,)
    "group_scale",
    "group_centredness",
    "group_unit",  # (group,)
    "level_weights",  # (group_level, partial)
    "effect_design",  # (block, effect, lane), of coefficients, then of group levels
    "local_mode",
    "local_gradient",  # (block, person-level parameter, lane)
    "local_gradient_by_complete",
    "local_root",
    "local_root_by_complete",
    "local_precision",  # (block, parameter, parameter, lane), where Gaussians follow nothing
    "complete_mode",
    "complete_width",  # (following,)
    "event_array",  # (event, field, person)
    "response_array",  # (field, event, person)
)
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


def make_table(parts: Mapping[str, int | float | np.ndarray]) -> Table:
    """Return the table of one model: sizes, numbers and arrays by name."""
    record, arrays = np.zeros(1, dtype=RECORD), []
    for name, value in parts.items():
        if isinstance(value, np.ndarray):
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
