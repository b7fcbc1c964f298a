"""Try the commands of the README with the newest and with the lowest versions of all libraries, and say what broke.

`uv run python tests/upgrades.py` makes an environment for each resolution, in a temporary folder:

    newest   the newest versions that pyproject.toml allows, published until today
    lowest   the lowest versions that it allows; what the libraries themselves need is as new as `exclude-newer` allows
    pinned   what `uv sync` installs (only if it is named)

It installs the program with the development group, runs `iwm demo` and `pytest`, and prints two tables: the versions,
and for each command whether it passed. A resolution that cannot be installed is a row too. The logs remain in the
folder, and so does an environment in which something broke. Exit status 1 where anything broke.

`--only lowest` tries one resolution, `--python 3.13` another Python. `--tests` is last, and everything after it goes to
pytest: `--tests tests/data -n0`. It needs the package index, and two cores for about an hour.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[1]
RESOLUTIONS = {  # options of `uv pip install`, which reads `exclude-newer` from pyproject.toml unless told otherwise
    "newest": ("--exclude-newer", "2999-01-01T00:00:00Z"),
    "lowest": ("--resolution", "lowest-direct"),
    "pinned": (),
}
DEFAULT_RESOLUTIONS = ("newest", "lowest")
EXTRAS, GROUP = "cluster,explorer", "dev"
PROGRAMS = "Scripts" if os.name == "nt" else "bin"
MAX_LINES = 12  # of a log, in the table
FAILED_TEST = re.compile(r"(FAILED|ERROR) \S")
INSTALLER = re.compile(r"(×|error:|╰─▶)")
RAISED = re.compile(r"(\w+\.)*[A-Z]\w*(Error|Exception|Interrupt|Warning)\b(?! summary)")
WARNED = re.compile(r".*?\b(?P<warning>[A-Z]\w*Warning: .*)")


class Step(NamedTuple):
    """One command of one resolution, as it ended; `lines` are those of its log that say what broke or what warned."""

    resolution: str
    command: str
    passed: bool
    seconds: float
    lines: tuple[str, ...]


def declared_libraries(pyproject: Mapping) -> list[str]:
    """Return the names of all libraries that the program and its extras need to run."""
    project = pyproject["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    return sorted({re.match(r"[\w.-]+", line).group().lower() for line in wanted})


def what_broke(log: str) -> tuple[str, ...]:
    """Return the first lines of a failed command's log that name failed tests, else errors, else its last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    kinds = ([line for line in lines if kind.match(line)] for kind in (FAILED_TEST, INSTALLER, RAISED))
    found = next((matching for matching in kinds if matching), lines[-1:])
    return tuple(found[:MAX_LINES]) or ("no output",)


def what_warned(log: str) -> tuple[str, ...]:
    """Return each warning in the log of a command that passed, once: a later version may raise it as an error."""
    matches = filter(None, map(WARNED.match, log.splitlines()))
    return tuple(dict.fromkeys(match["warning"] for match in matches))[:MAX_LINES]


def run_step(resolution: str, name: str, command: Sequence[str], log: Path, place: Path, variables: Mapping) -> Step:
    """Run a command in a folder, with its output in a log."""
    print(f"{resolution}: {name} (log: {log})", flush=True)
    start = time.monotonic()
    with log.open("w", encoding="utf-8") as out:
        code = subprocess.run(command, cwd=place, env=dict(variables), stdout=out, stderr=subprocess.STDOUT).returncode
    text = log.read_text(encoding="utf-8", errors="replace")
    lines = what_broke(text) if code else what_warned(text)
    step = Step(resolution, name, code == 0, time.monotonic() - start, lines)
    print(f"{resolution}: {name} {status(step)} after {step.seconds:.0f} s", flush=True)
    return step


def kept_variables() -> dict[str, str]:
    """Return the environment variables that a resolution takes over: none chooses versions, an engine or imports."""
    dropped = {"PYTHONPATH", "VIRTUAL_ENV", "UV_EXCLUDE_NEWER", "UV_RESOLUTION", "IWM_ENGINE"}
    return {key: value for key, value in os.environ.items() if key not in dropped}


def own_variables(folder: Path) -> dict[str, str]:
    """Return environment variables with which a resolution shares no compiled code and no import path with others."""
    compiled = folder / "compiled"
    caches = {"XDG_CACHE_HOME": compiled, "NUMBA_CACHE_DIR": compiled / "numba"}
    own = {name: str(place) for name, place in caches.items()}
    return kept_variables() | own | {"PYTENSOR_FLAGS": f"base_compiledir={compiled}"}


def installed_versions(uv: str, python: Path) -> dict[str, str]:
    """Return the version of every library in an environment."""
    listed = subprocess.run(
        [uv, "pip", "list", "--format", "json", "--python", str(python)], check=True, capture_output=True, text=True
    )
    return {entry["name"].lower(): entry["version"] for entry in json.loads(listed.stdout)}


def pytest_folders(folder: Path) -> list[str]:
    """Return options of pytest that keep its files in a folder, where no other run of it looks."""
    return ["-o", f"cache_dir={folder / 'pytest_cache'}", f"--basetemp={folder / 'pytest_temporary'}"]


def try_resolution(
    uv: str, name: str, folder: Path, python: str, tests: Sequence[str]
) -> tuple[list[Step], dict[str, str]]:
    """Install one resolution and run the commands; return the steps, and the versions that were installed."""
    folder.mkdir(parents=True)
    environment = folder / "environment"
    shared, own = kept_variables(), own_variables(folder)  # what is installed comes from the cache of uv
    programs = environment / PROGRAMS
    interpreter = programs / "python"
    make = [uv, "venv", "--python", python, str(environment)]
    install = [uv, "pip", "install", "--python", str(interpreter), "--editable", f".[{EXTRAS}]", "--group", GROUP]
    pytest = [str(interpreter), "-m", "pytest", *pytest_folders(folder), *tests]
    steps: list[Step] = []
    for title, command, place, variables in (
        ("environment", make, REPOSITORY, shared),
        ("install", [*install, *RESOLUTIONS[name]], REPOSITORY, shared),
        ("iwm demo", [str(programs / "iwm"), "demo"], folder, own),
        ("pytest", pytest, REPOSITORY, own),
    ):
        steps.append(run_step(name, title, command, folder / f"{title.replace(' ', '_')}.log", place, variables))
        if title in ("environment", "install") and not steps[-1].passed:
            return steps, {}
    versions = installed_versions(uv, interpreter)
    if all(step.passed for step in steps):
        shutil.rmtree(environment)
    return steps, versions


def status(step: Step) -> str:
    """Say how a step ended."""
    return ("passed, with warnings" if step.lines else "passed") if step.passed else "FAILED"


def table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of text with aligned columns."""
    rows = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def version_table(libraries: Iterable[str], versions: Mapping[str, Mapping[str, str]]) -> str:
    """Return the version of each library in each resolution."""
    rows = [[library, *(found.get(library, "-") for found in versions.values())] for library in libraries]
    return table([["library", *versions], *rows])


def step_table(steps: Iterable[Step]) -> str:
    """Return one row for each step, and below it the lines that say what broke or warned."""
    rows = [["resolution", "command", "status", "seconds", "what broke, or warned"]]
    for step in steps:
        first, *rest = step.lines or ("",)
        rows.append([step.resolution, step.command, status(step), f"{step.seconds:.0f}", first])
        rows += [["", "", "", "", line] for line in rest]
    return table(rows)


def parsed_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=RESOLUTIONS, default=DEFAULT_RESOLUTIONS)
    parser.add_argument("--python", default="3.12", help="version or path of the Python to use (default 3.12)")
    parser.add_argument("--folder", type=Path, help="a new folder for logs and environments (default: temporary)")
    parser.add_argument("--tests", nargs=argparse.REMAINDER, default=[], help="arguments of pytest (default: none)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Try every resolution, print both tables, and return 1 where anything broke."""
    options, uv = parsed_arguments(arguments), shutil.which("uv")
    if uv is None:
        sys.exit("uv is not installed: pip install uv")
    folder = (options.folder or Path(tempfile.mkdtemp(prefix="upgrades_"))).resolve()
    libraries = declared_libraries(tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")))
    steps: list[Step] = []
    versions = {}
    for name in options.only:
        taken, versions[name] = try_resolution(uv, name, folder / name, options.python, options.tests)
        steps += taken
    print(f"\n{version_table(libraries, versions)}\n\n{step_table(steps)}\n\nLogs: {folder}")
    return int(not all(step.passed for step in steps))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
