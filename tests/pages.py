"""Pages of the documentation as programs: their blocks in order, each run as the page shows it.

The first line of a file's block is its name as a comment; "NAME, added" adds to a file that is there. `<!-- slow -->`
before a block means that it takes minutes, `<!-- after PAGE -->` that a page goes on from another's study. Blocks of
`text` are equations, which must stand in a docstring of the program, or what the command before them printed.
"""

import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

from command import iwm

from iwm_bayes.data import study
from iwm_bayes.data.toml import read_toml
from iwm_bayes.model.specification import model_file
from iwm_bayes.simulation import design_file, dyad_design

REPOSITORY = Path(__file__).parents[1]
DOCS = REPOSITORY / "docs"
WRITTEN = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
BLOCK = re.compile(
    r"(?P<slow><!-- slow -->\n)?^(?P<fence>```+)(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=fence)$", re.M | re.S
)
AFTER = re.compile(r"<!-- after (\S+) -->")
NAMED = re.compile(r"# ([\w./]+\.(?:toml|py))(, added)?\n")
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "src").rglob("*.py"))


class Block(NamedTuple):
    language: str
    text: str
    slow: bool


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [Block(found["language"], found["text"], bool(found["slow"])) for found in BLOCK.finditer(text)]


def study_of(page: str) -> list[Block]:
    """What makes a page's study: its blocks up to the first look at it."""
    found = blocks(page)
    looks = (index for index, block in enumerate(found) if block.text.startswith("iwm check"))
    return found[: next(looks)]


def foundation(page: str) -> list[Block]:
    """The blocks of the page that this one goes on from, if it goes on from one."""
    after = AFTER.search((DOCS / page).read_text(encoding="utf-8"))
    return study_of(after[1]) if after else []


def run(block: Block, folder: Path, names: dict[str, Any]) -> None:
    """Run one block in a folder; what Python names stays for later blocks."""
    RUN[block.language](block.text, folder, names)


def toml(text: str, folder: Path, names: dict[str, Any]) -> None:
    """Write the file, and read it as the program does."""
    path = written(text, folder)
    content = read_toml(path)
    readers = {"rule": model_file.load_model, "arms": design_file.read_design_file}
    if dyad_design.is_dyad_design(content):
        readers = {"dyad": dyad_design.read_dyad_design_file}
    next((read for key, read in readers.items() if key in content), study.read_study_file)(path)


def python(text: str, folder: Path, names: dict[str, Any]) -> None:
    """Write the file if it is one, else run it."""
    if NAMED.match(text):
        written(text, folder)
    else:
        exec(compile(text, "page", "exec"), names)


def console(text: str, folder: Path, names: dict[str, Any]) -> None:
    """Each line is one command of the program, which ends well."""
    for line in text.strip().splitlines():
        program, *words = shlex.split(line)
        assert program == "iwm"
        done = iwm(*words, cwd=folder)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        names["printed"] = done.stdout


def text(text: str, folder: Path, names: dict[str, Any]) -> None:
    """Each line stands in a docstring of the program, or in what the last command printed, wherever that is wrapped."""
    said, printed = (
        {" ".join(line.split()) for line in SOURCES.splitlines()},
        " ".join(names.get("printed", "").split()),
    )
    lines = [" ".join(line.split()) for line in text.splitlines()]
    unknown = [line for line in lines if line not in said and line not in printed]
    assert not unknown, unknown


def written(text: str, folder: Path) -> Path:
    """The file of a block, in its folder."""
    named = NAMED.match(text)
    assert named, f"the first line names the file:\n{text}"
    path = folder / named[1]
    path.write_text((path.read_text() if named[2] else "") + text)
    return path


def r(text: str, folder: Path, names: dict[str, Any]) -> None:
    """Do not run R: `test_notebooks` compares the names in it with those of the program."""


def system(text: str, folder: Path, names: dict[str, Any]) -> None:
    """Do not run commands of the system, such as pip: `test_wheel` installs the program."""


RUN = {"toml": toml, "python": python, "console": console, "text": text, "r": r, "bash": system}
