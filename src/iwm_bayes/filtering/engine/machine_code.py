"""Machine code of generated source, kept on the disk.

The source of a model is written once to a folder of the user's cache (`cache_folder`), as a module that Numba compiles
and whose machine code it keeps in the same folder. The module's name has a digest of the equations, and of the texts
and libraries that turn equations into machine code. So each name has one source, and nothing goes out of date. A
file that cannot be read is made again.
"""

import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import platformdirs
from filelock import FileLock
from pytensor.graph.basic import Constant
from pytensor.graph.traversal import toposort

PACKAGE = "iwm_bayes_machine_code"  # prefix of the modules' names
MAX_LABEL = 40  # letters of a model's name in the name of its file
WRITERS = ("numba", "llvmlite", "pytensor", "numpy", "scipy")  # libraries that have a part in the source or the code


def writable_or_temporary(folder: Path) -> Path:
    """Return a folder, made if it is missing; a new temporary one where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.mkdtemp(prefix="iwm_bayes_"))


@cache
def cache_folder() -> Path:
    """Return the folder of generated modules."""
    return writable_or_temporary(Path(platformdirs.user_cache_path("iwm_bayes")) / "machine_code")


@cache
def digest_of_writer() -> str:
    """Return a digest of what turns equations into machine code: the texts of this package, libraries and options."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
    libraries = [f"{library} {version(library)}" for library in WRITERS]
    return sha256("\n".join([sys.version, str(numba.config.OPT), *libraries, *texts]).encode()).hexdigest()


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


def write_whole(path: Path, source: str) -> None:
    """Write a file that is there completely or not at all, whoever else writes it."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8") as draft:
        draft.write(source)
    Path(draft.name).replace(path)


def load_module(name: str, path: Path) -> ModuleType:
    """Run a module of a file; Numba compiles it, or reads what it has compiled before."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # a file of Python
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where Numba looks for it
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def remove_files(path: Path) -> None:
    """Remove a module and what Numba and Python keep of it."""
    for file in (path, *path.parent.glob(f"__pycache__/{path.stem}.*")):
        file.unlink(missing_ok=True)


def compiled_module(label: str, digest: str, write_source: Callable[[], str]) -> ModuleType:
    """Return the module with a digest; its source is written if it is not on the disk.

    `label` makes the file's name readable. One process compiles, and others wait for its code.
    """
    readable = "".join(letter if letter.isalnum() else "_" for letter in label[:MAX_LABEL])
    name = f"{PACKAGE}_{readable}_{digest[:24]}"
    if name in sys.modules:
        return sys.modules[name]
    path = cache_folder() / f"{name}.py"
    with FileLock(path.with_suffix(".lock")):
        if path.exists():
            try:
                return load_module(name, path)
            except Exception:  # whatever a damaged file raises: it is made again, and a fault that remains is raised
                remove_files(path)
        write_whole(path, write_source())
        return load_module(name, path)
