"""The templates of the loops over people and events, as source for Numba; `kernel_source` fills them.

`GRADIENT` goes forwards through the events and saves the state before each. Then it goes backwards, and computes the
density and its gradient. `BY_EVENT` and `READOUTS` go forwards once. `table` holds all that a step needs of `LANES`
people.
"""

LANES = 8  # people in the table: as many doubles as the widest instruction takes
POINTER = "types.CPointer(types.float64)"
# What PyTensor allows itself too: order and contraction of sums, and reciprocals; NaN stays NaN.
OPTIONS = '{"fastmath": {"arcp", "contract", "afn", "reassoc", "nsz"}, "error_model": "numpy"}'

HEAD = """import math

import numpy as np
from numba import carray, cfunc, njit, types

from iwm_bayes.filtering.engine.special import special_function
from iwm_bayes.filtering.engine.vector_math import copy_eight, erfcx, exp, log, log1p, select

OPTIONS = {options}
{special}


@njit(forceinline=True, **OPTIONS)
def load(row, x, first, last):
    if last - first == {lanes}:
        copy_eight(row, x, first)
    else:
        for lane in range(last - first):
            row[np.uint64(lane)] = x[np.uint64(first + lane)]


@njit(forceinline=True, **OPTIONS)
def store(x, row, first, last):
    if last - first == {lanes}:
        for lane in range({lanes}):
            x[np.uint64(first + lane)] = row[np.uint64(lane)]
    else:
        for lane in range(last - first):
            x[np.uint64(first + lane)] = row[np.uint64(lane)]


@njit(forceinline=True, **OPTIONS)
def copy(to, rows):
    for row in range(len(to)):
        copy_eight(to[row], rows[row], 0)


@cfunc(types.void(types.int64, types.int64, {pointers}), cache=True, **OPTIONS)
def kernel(n_events, n_people, {names}):
    event_array = carray(event_pointer, (n_events, {n_event_fields}, n_people))
    response_array = carray(response_pointer, ({n_response_fields}, n_events, n_people))
    theta = carray(theta_pointer, ({n_rows}, n_people))
    table = np.zeros(({rows}, {lanes}))
    of_event, of_answer = np.array({used_events}, dtype=np.int64), np.array({used_answers}, dtype=np.int64)
    states = np.empty((n_events, {n_states}, {lanes}))
    saved = np.zeros((n_events, {n_saved}, {lanes}))
"""

BLOCK = """    for first in range(0, n_people, {lanes}):
        last = min(first + {lanes}, n_people)
        for row in range({n_theta}): load(table[{theta} + row], theta[row], first, last)
        saved[:] = 0.0  # what an event before the first has saved, whatever other people have
{prologue}
"""  # the beginning of a loop over people, which all kernels have

GRADIENT = (
    """
    by_person, gradient = carray(by_person_pointer, n_people), carray(gradient_pointer, ({n_rows}, n_people))
    grad_saved = np.zeros((n_events, {n_carried}, {lanes}))
"""
    + BLOCK
    + """        for event in range(n_events):
{load_forward}
{load_innovations}
            copy(states[event], table[{state} : {state} + {n_states}])
{gather}
{forward}
            copy(saved[event], table[{saved} : {saved} + {n_saved}])
        table[{gradients}:] = 0.0
        grad_saved[:] = 0.0
        for event in range(n_events - 1, -1, -1):
{load_event}
{load_innovations}
            copy(table[{state} : {state} + {n_states}], states[event])
            copy(table[{saved} : {saved} + {n_saved}], saved[event])
            copy(table[{grad_saved} : {grad_saved} + {n_carried}], grad_saved[event])
{gather}
{tails}
{backward}
{store_innovations}
{scatter}
{epilogue}
        store(by_person, table[{density}], first, last)
        for row in range({n_theta}): store(gradient[row], table[{theta} + row], first, last)
"""
)

BY_EVENT = (
    """
    by_event = carray(by_event_pointer, (n_events, n_people))
"""
    + BLOCK
    + """        for event in range(n_events):
{load_event}
{load_innovations}
{gather}
{score}
{forward}
            copy(saved[event], table[{saved} : {saved} + {n_saved}])
{tails}
            store(by_event[event], table[{density}], first, last)
"""
)

READOUTS = (
    """
    readouts = carray(readouts_pointer, ({n_readouts}, n_events, n_people))
"""
    + BLOCK
    + """        for event in range(n_events):
{load_forward}
{load_innovations}
{read}
            for row in range({n_readouts}): store(readouts[row, event], table[{readouts} + row], first, last)
"""
)
