"""Notebooks as pages: text as it is, code in fences, and what cells showed when `run_notebooks` ran them."""

import json
import re
from base64 import b64decode
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[1] / "notebooks"
DOWNLOAD = "*This page is a notebook: [download it]({name}.ipynb){{ download }}, and run it with Jupyter.*"
MAGIC = "%%writefile "
WIDTH = 84  # characters of a line of text that a cell showed
STYLE = re.compile(r"<style scoped>.*?</style>\n?", re.S)  # of a table of pandas; the page has its own


class Page(NamedTuple):
    """A page, and its pictures by the name of their file."""

    text: str
    pictures: dict[str, bytes]


def joined(text: str | list[str]) -> str:
    """Return text of a notebook, which is one string or a list of lines."""
    return text if isinstance(text, str) else "".join(text)


def fenced(text: str, language: str) -> str:
    """Return a block of code or of output."""
    return f"```{language}\n{text.rstrip()}\n```"


def code(source: str) -> str:
    """Return a cell of code; one that writes a file is shown as this file, with its name."""
    if not source.startswith(MAGIC):
        return fenced(source, "python")
    first, _, rest = source.partition("\n")
    name = first.removeprefix(MAGIC).strip()
    return f"The file `{name}` (a cell that begins with `{first}` writes it):\n\n" + fenced(
        rest, "toml" if name.endswith(".toml") else "python"
    )


def shown(output: dict[str, Any], picture: str, pictures: dict[str, bytes]) -> str:
    """Return what a cell showed: a plot, a table, or text."""
    data = output.get("data", {})
    if "image/png" in data:
        pictures[picture] = b64decode(joined(data["image/png"]))
        return f"![Plot of the cell above]({picture})"
    if "text/html" in data:
        return STYLE.sub("", joined(data["text/html"])).replace(' border="1" class="dataframe"', "")
    lines = joined(output.get("text", data.get("text/plain", ""))).splitlines()
    return fenced(
        "\n".join(fill(line, WIDTH, subsequent_indent="  ") if len(line) > WIDTH else line for line in lines), "text"
    )


def notebook_page(path: Path) -> Page:
    """Return the page of a notebook."""
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        source = joined(cell["source"])
        parts.append(code(source) if cell["cell_type"] == "code" else source)
        if number == 0:
            parts.append(DOWNLOAD.format(name=path.stem))
        for index, output in enumerate(() if source.startswith(MAGIC) else cell.get("outputs", ())):
            parts.append(shown(output, f"{path.stem}_{number}_{index}.png", pictures))
    return Page("\n\n".join(parts) + "\n", pictures)


def notebook_pages() -> dict[str, str | bytes]:
    """Return the pages and pictures of all notebooks by their path within the documentation."""
    pages: dict[str, str | bytes] = {}
    for path in sorted(FOLDER.glob("*.ipynb")):
        page = notebook_page(path)
        pages[f"notebooks/{path.stem}.md"] = page.text
        pages |= {f"notebooks/{name}": picture for name, picture in page.pictures.items()}
    return pages
