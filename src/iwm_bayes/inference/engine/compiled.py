"""The C functions of this package, compiled once on a machine and kept in the program's cache folder.

A function that Numba inlines is wrapped in a module of two lines, which `filtering.engine.machine_code` writes and
loads. Numba looks for changes in that file alone, and does not ask at which level code was optimised. So the file's
name has a digest of all that: the files of this package, the libraries, and the level.
"""

import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np

SOURCE = """import numba

from iwm_bayes.inference.engine.density import DENSITY, EXPAND
from iwm_bayes.inference.engine.{module} import {function}


@numba.cfunc({signature}, cache=True, error_model="numpy")
def kernel({arguments}):
    return {function}({arguments})
"""
ARGUMENTS = {  # of the signatures in `density`
    "DENSITY": "dim, values, slopes, target, table",
    "EXPAND": "dim, n_values, values, target, table",
}


def digest_of_package() -> str:
    """Return a digest of what decides the machine code: the files of this package, libraries, and options of Numba."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
    versions = [numba.__version__, llvmlite.__version__, np.__version__, sys.version]
    return sha256("\n".join([*versions, repr(numba.config.OPT), SOURCE, *texts]).encode()).hexdigest()


def c_function(module: str, signature: str, function: str) -> Any:
    """Return an inlined function of a module of this package as Numba's C function; it has an `address`."""
    from iwm_bayes.filtering.engine.machine_code import compiled_module  # it imports PyTensor

    def source() -> str:
        return SOURCE.format(module=module, signature=signature, function=function, arguments=ARGUMENTS[signature])

    digest = sha256(f"{module} {signature} {function} {digest_of_package()}".encode()).hexdigest()
    return compiled_module(f"{module}_{function}", digest, source).kernel
