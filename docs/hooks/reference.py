"""Pages that are made when the documentation is built, so that they say what the program does."""

from command_line import command_line
from keys import study_file, theory_file
from lives_of_theories import life
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from theories import page, shelf
from words import tables

from iwm_bayes.model.model_file import built_in_models

FOLDER = "reference"


def made() -> dict[str, str | bytes]:
    """Content by place in the documentation."""
    pages: dict[str, str | bytes] = {
        "study_file.md": study_file(),
        "theory_file.md": theory_file(),
        "command_line.md": command_line(),
        "tables.md": tables(),
        "theories.md": shelf(),
    }
    for name in built_in_models():
        pages |= {f"theories/{name}.md": page(name), f"theories/{name}.svg": life(name)}
    return pages


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is made to what is written; pages of single theories are reached from their list, not from the menu."""
    for name, content in made().items():
        place = InclusionLevel.NOT_IN_NAV if "/" in name else InclusionLevel.INCLUDED
        files.append(File.generated(config, f"{FOLDER}/{name}", content=content, inclusion=place))
    return files
