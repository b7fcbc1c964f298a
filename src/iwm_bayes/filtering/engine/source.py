"""Scalar graphs as lines of Python that Numba compiles.

Each operation becomes one line. Infix operators and a few functions have a template here. Other functions are those of
NumPy or of SciPy that PyTensor names for them (`nfunc_spec`); SciPy's are called by their address.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pytensor.scalar as ps
from pytensor.graph.basic import Constant
from pytensor.graph.traversal import toposort
from pytensor.scalar.math import Erfcx, Log1mexp, Sigmoid, Softplus
from pytensor.tensor.elemwise import Elemwise

INFIX = {
    ps.Add: " + ",
    ps.Mul: " * ",
    ps.Sub: " - ",
    ps.TrueDiv: " / ",
    ps.LT: " < ",
    ps.GT: " > ",
    ps.LE: " <= ",
    ps.GE: " >= ",
    ps.EQ: " == ",
    ps.NEQ: " != ",
    ps.OR: " | ",
    ps.AND: " & ",
    ps.Pow: " ** ",
}
# Without calls, so that one instruction serves eight people: `exp`, `log` and `log1p` are those of `vector_math`.
TEMPLATES: Mapping[type, str] = {
    ps.Neg: "-{0}",
    ps.Sqr: "{0} * {0}",
    ps.Sqrt: "{0} ** 0.5",
    ps.Reciprocal: "1.0 / {0}",
    ps.Switch: "select({0}, {1}, {2})",
    ps.Second: "{1}",
    ps.Identity: "{0}",
    ps.ScalarMaximum: "select(({0} > {1}) | ({0} != {0}), {0}, {1})",  # NaN stays NaN
    ps.ScalarMinimum: "select(({0} < {1}) | ({0} != {0}), {0}, {1})",
    ps.Sign: "select({0} > 0.0, 1.0, select({0} < 0.0, -1.0, 0.0 * {0}))",
    ps.Exp: "exp({0})",
    ps.Log: "log({0})",
    ps.Log1p: "log1p({0})",
    Erfcx: "erfcx({0})",
    ps.Abs: "abs({0})",
    Sigmoid: "1.0 / (1.0 + exp(-{0}))",
    Softplus: "select({0} > 0.0, {0}, 0.0) + log1p(exp(-abs({0})))",
    Log1mexp: "select({0} > -0.6931471805599453, log(-np.expm1({0})), log1p(-exp({0})))",
}
CASTS = {"bool": "{0} != 0", "int64": "np.int64({0})", "float64": "1.0 * {0}"}
IN_MATH = {"gammaln": "math.lgamma", "erf": "math.erf", "erfc": "math.erfc"}


class NoMachineCodeError(Exception):
    """An operation for which the fast engine has no machine code."""


def expression(op: Any, arguments: list[str], dtype: str) -> str:
    """Return the source of an operation on scalars."""
    if type(op) in INFIX:
        return INFIX[type(op)].join(arguments)
    if type(op) is ps.Cast:
        return CASTS[dtype].format(*arguments)
    if type(op) in TEMPLATES:
        return TEMPLATES[type(op)].format(*arguments)
    path, *_ = getattr(op, "nfunc_spec", None) or ("",)
    *module, name = path.split(".")
    if not name:
        raise NoMachineCodeError(f"no machine code for {op}")
    if not module:
        return f"np.{name}({', '.join(arguments)})"
    if name in IN_MATH:
        return f"{IN_MATH[name]}({', '.join(arguments)})"
    return f"special_{name}({', '.join([*arguments, '0'])})"


def constant_source(variable: Any) -> str:
    """Return the source of a constant: a number that Numba takes for a float64, an integer or a boolean."""
    value = float(variable.data) if variable.dtype.startswith("float") else variable.data.item()
    return f"({value!r})" if np.isfinite(value) else f"np.{value!r}"


class Block:
    """Lines of source for graphs, and the names of their values."""

    def __init__(self, prefix: str, names: Mapping[Any, str]) -> None:
        self.prefix, self.names = prefix, dict(names)
        self.lines: list[str] = []

    def name(self, variable: Any) -> str:
        """Return the source of a variable."""
        return constant_source(variable) if isinstance(variable, Constant) else self.names[variable]

    def add(self, outputs: Iterable[Any]) -> list[str]:
        """Write lines for graphs; return the sources of their values."""
        outputs = list(outputs)
        for node in toposort(outputs):
            (output,) = node.outputs
            if output in self.names:
                continue
            if not isinstance(node.op, Elemwise):
                raise NoMachineCodeError(f"{node.op} is no operation on scalars")
            arguments = [self.name(variable) for variable in node.inputs]
            name = f"{self.prefix}{len(self.lines)}"
            self.lines.append(f"{name} = {expression(node.op.scalar_op, arguments, output.dtype)}")
            self.names[output] = name
        return [self.name(output) for output in outputs]
