"""Functions of `scipy.special` for compiled code, called by their address.

The linker knows them by a name. So compiled code can lie on the disk and be read by another process, in which the
address is another one.
"""

import re
from functools import cache
from typing import Any

from llvmlite import binding
from numba import types
from numba.extending import get_cython_function_address
from scipy.special import cython_special

MODULE = "scipy.special.cython_special"
SIGNATURE = '"double (double, int __pyx_skip_dispatch)"'  # of what can be called


def exported_name(name: str) -> str:
    """Return the name under which SciPy exports the version of a function for one double; KeyError if it has none."""
    for exported, capsule in cython_special.__pyx_capi__.items():
        if re.fullmatch(rf"(__pyx_fuse_\d+)?{re.escape(name)}", exported) and SIGNATURE in str(capsule):
            return str(exported)
    raise KeyError(f"scipy.special.{name} is no function of one double")


@cache
def special_function(name: str) -> Any:
    """Return a function of `scipy.special` for Numba; its second argument is always 0."""
    symbol = f"iwm_bayes_{name}"
    binding.add_symbol(symbol, get_cython_function_address(MODULE, exported_name(name)))
    return types.ExternalFunction(symbol, types.float64(types.float64, types.int32))
