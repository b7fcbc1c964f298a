"""Pages that are made when the documentation is built, so that they say what the program does."""

from columns import tables
from command_line import command_line
from keys import model_file, study_file
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from model_plots import life

from iwm_bayes.model.model_file import built_in_models
from models import model_list, page

FOLDER = "reference"


def made() -> dict[str, str | bytes]:
    """Content by place in the documentation."""
    pages: dict[str, str | bytes] = {
        "study_file.md": study_file(),
        "model_file.md": model_file(),
        "command_line.md": command_line(),
        "tables.md": tables(),
        "models.md": model_list(),
    }
    for name in built_in_models():
        pages |= {f"models/{name}.md": page(name), f"models/{name}.svg": life(name)}
    return pages


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is made to what is written; pages of single models are reached from their list, not from the menu."""
    for name, content in made().items():
        place = InclusionLevel.NOT_IN_NAV if "/" in name else InclusionLevel.INCLUDED
        files.append(File.generated(config, f"{FOLDER}/{name}", content=content, inclusion=place))
    return files
