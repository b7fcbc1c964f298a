"""Run notebooks in place, so that their pages show results: `uv run python docs/hooks/run_notebooks.py [NAME ...]`.

Each runs in a new kernel and an empty folder. What is kept is small: text, tables of pandas, and plots in few colours.
Nothing is run when the documentation is built.
"""

import sys
import tempfile
from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).parents[1] / "notebooks"
COLOURS, WIDTH = 48, 720  # of a plot; pixels
SECONDS = 900  # for one cell


def small_picture(png: str) -> str:
    """Return a plot in few colours, and not wider than a page."""
    picture = Image.open(BytesIO(b64decode(png))).convert("RGB")
    picture.thumbnail((WIDTH, 10 * WIDTH), Image.Resampling.LANCZOS)
    out = BytesIO()
    picture.quantize(COLOURS).save(out, "PNG", optimize=True)
    return b64encode(out.getvalue()).decode()


def kept_data(data: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of an output: a plot, else a table of pandas with its text, else text."""
    if "image/png" in data:
        return {"image/png": small_picture(data["image/png"])}
    names = ("text/plain", "text/html") if "dataframe" in data.get("text/html", "") else ("text/plain",)
    return {name: data[name] for name in names if name in data}


def run(path: Path) -> None:
    """Run a notebook and write it back with what its cells show."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources=resources).execute()
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type != "code":
            continue
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        for output in cell.outputs:
            if "data" in output:
                output["data"] = nbformat.from_dict(kept_data(output["data"]))
                output["metadata"] = nbformat.from_dict({})
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("*.ipynb")):
        print(f"running {name}")
        run(FOLDER / f"{name}.ipynb")
