"""Every module of the program as a syntax tree, by its name."""

import ast
from pathlib import Path

import iwm_bayes

FOLDER = Path(iwm_bayes.__file__).parent


def name_of(path):
    """Return the name of a module: `rules/kalman.py` is rules.kalman, `rules/__init__.py` is rules."""
    parts = path.relative_to(FOLDER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


MODULES = {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.rglob("*.py"))}


def imports_at_start(module):
    """Yield what a module imports as soon as it is imported, by full name."""
    for node in MODULES[module].body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
