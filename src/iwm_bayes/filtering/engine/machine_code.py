"""Machine code of generated source, kept on the disk and called by its address.

The source of a model is written once to a folder of the user's cache (`cache_folder`), as a module that Numba compiles
and whose machine code it keeps in the same folder. The module's name has a digest of the equations, and of the texts
and libraries that turn equations into machine code. So a name stands for one source, and nothing goes out of date.
"""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import llvmlite
import numba
import platformdirs
from pytensor.graph.basic import Constant
from pytensor.graph.traversal import toposort

PACKAGE = "iwm_bayes_machine_code"  # prefix of the modules' names


def cache_folder() -> Path:
    """Return the folder of generated modules."""
    return Path(platformdirs.user_cache_path("iwm_bayes")) / "machine_code"


@cache
def digest_of_writer() -> str:
    """Return a digest of what turns equations into machine code: the texts of this package, and libraries."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
    return sha256("\n".join([numba.__version__, llvmlite.__version__, sys.version, *texts]).encode()).hexdigest()


def describe_graphs(inputs: Iterable[Any], outputs: Iterable[Any]) -> str:
    """Return a text that is the same for the same scalar graphs of the same inputs."""
    outputs = list(outputs)
    names = {variable: f"in{index}" for index, variable in enumerate(inputs)}

    def name(variable: Any) -> str:
        if isinstance(variable, Constant):
            return f"{variable.data.item()!r}:{variable.dtype}"
        return names[variable]

    lines = []
    for index, node in enumerate(toposort(outputs)):
        arguments = ", ".join(map(name, node.inputs))
        operation = type(getattr(node.op, "scalar_op", node.op)).__name__
        lines.append(f"{operation} {node.outputs[0].dtype} {arguments}")
        names |= {output: f"{index}.{place}" for place, output in enumerate(node.outputs)}
    return "\n".join([*lines, *map(name, outputs)])


def load_module(name: str, path: Path) -> ModuleType:
    """Run a module of a file; Numba compiles it, or reads what it has compiled before."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # a file of Python
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where Numba looks for it
    spec.loader.exec_module(module)
    return module


def compiled_module(label: str, digest: str, write_source: Callable[[], str]) -> ModuleType:
    """Return the module with a digest; its source is written if it is not on the disk.

    `label` makes the file's name readable.
    """
    name = f"{PACKAGE}_{''.join(x if x.isalnum() else '_' for x in label)}_{digest[:24]}"
    path = cache_folder() / f"{name}.py"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        own_draft = path.with_suffix(f".{os.getpid()}")  # other processes may write the same file
        own_draft.write_text(write_source(), encoding="utf-8")
        own_draft.replace(path)
    return load_module(name, path)
