"""What the pages about the project take from its files: changes, citation, and the map of its packages."""

import ast
from collections.abc import Callable
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "src" / "iwm_bayes"


def changelog() -> str:
    """Return the changes of all versions, without the title of the file."""
    return (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8").partition("\n")[2].strip()


def citation() -> dict[str, object]:
    """Return the content of the citation file."""
    return yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))


def bibtex() -> str:
    """Return the citation as BibTeX; the year is there once the file has a date of release."""
    cited = citation()
    fields = {
        "author": " and ".join(f"{{{author['name']}}}" for author in cited["authors"]),  # type: ignore[attr-defined]  # a list of tables, as CITATION.cff has it
        "title": f"{{{cited['title']}}}",
        "version": cited["version"],
        "note": f"Licence: {cited['license']}",
    }
    if "date-released" in cited:
        fields["year"] = str(cited["date-released"])[:4]
    lines = "\n".join(f"  {name} = {{{value}}}," for name, value in fields.items())
    return f"```bibtex\n@software{{iwm_bayes,\n{lines}\n}}\n```"


def package_order() -> list[str]:
    """Return the packages from the ground up, as the test of imports has them."""
    tests = ast.parse((REPOSITORY / "tests" / "test_layers.py").read_text(encoding="utf-8"))
    named = {
        target.id: node.value
        for node in tests.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return [name.strip() for line in ast.literal_eval(named["ROOMS"]) for name in line.split(",")]


def first_sentence(name: str) -> str:
    """Return the first paragraph of the docstring of a package or module."""
    path = PACKAGE / name / "__init__.py" if (PACKAGE / name).is_dir() else PACKAGE / f"{name}.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


def house() -> str:
    """Return the map of packages, from the ground up."""
    lines = [f"| {number} | `{name}` | {first_sentence(name)} |" for number, name in enumerate(package_order(), 1)]
    return "\n".join(["| | package | contents |", "|---|---|---|", *lines])


PROJECT: dict[str, Callable[[], str]] = {"changelog": changelog, "bibtex": bibtex, "house": house}
