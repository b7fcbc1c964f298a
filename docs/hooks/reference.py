"""Pages that are generated when the documentation is built, so that they agree with the program."""

from columns import tables_page
from command_line import command_line_page
from dyad_results import DYADS
from estimands import estimands_page
from explorer import explorer_files
from gallery import gallery_pages
from keys import design_file_page, model_file_page, study_file_page
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from model_plots import MAIN, belief_plot
from notebooks import notebook_pages
from predictions import prediction_files
from project import PROJECT
from results import RESULTS, filled

from iwm_bayes.model.specification.model_file import built_in_models
from models import model_list_page, model_page

FOLDER = "reference"


def generated_pages() -> dict[str, str | bytes]:
    """Return the content of every generated file by its path within FOLDER."""
    pages: dict[str, str | bytes] = {
        "study_file.md": study_file_page(),
        "model_file.md": model_file_page(),
        "design_file.md": design_file_page(),
        "command_line.md": command_line_page(),
        "estimands.md": estimands_page(),
        "tables.md": tables_page(),
        "models.md": model_list_page(),
    }
    for name in built_in_models():
        pages |= {f"models/{name}.md": model_page(name, MAIN[name]), f"models/{name}.svg": belief_plot(name)}
    return pages


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages; those of single models and scripts are reached from their lists, not from the menu."""
    for path, content in generated_pages().items():
        inclusion = InclusionLevel.NOT_IN_NAV if "/" in path else InclusionLevel.INCLUDED
        files.append(File.generated(config, f"{FOLDER}/{path}", content=content, inclusion=inclusion))
    for path, content in {**notebook_pages(), **explorer_files(), **gallery_pages(), **prediction_files()}.items():
        inclusion = InclusionLevel.NOT_IN_NAV if path.startswith("gallery/") else InclusionLevel.INCLUDED
        files.append(File.generated(config, path, content=content, inclusion=inclusion))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put tables of results, and what the files of the project say, where a page names them."""
    return filled(markdown, RESULTS | DYADS | PROJECT)
