"""The documentation does what it says: every block on its pages runs, and its links lead somewhere."""

import contextlib
import logging
import re
import tomllib

import pages
import pytest

from iwm_bayes.data.study import Study
from iwm_bayes.model.model_file import built_in_models
from iwm_bayes.model.model_file_schema import ModelFile

FAST = [page for page in pages.WRITTEN if any(not block.slow for block in pages.blocks(page))]
SLOW = [page for page in pages.WRITTEN if any(block.slow for block in pages.blocks(page))]
ELSEWHERE = {"doi.org", "squidfunk.github.io"}  # sources, and who made the theme


def go_through(page, folder, slow):
    """Run the blocks of a page that take seconds, or all."""
    with contextlib.chdir(folder):
        names = {"__name__": "page"}
        for block in [*pages.foundation(page), *pages.blocks(page)]:
            if slow or not block.slow:
                pages.run(block, folder, names)


@pytest.mark.parametrize("page", FAST)
def test_blocks_run_as_they_stand(page, tmp_path):
    """Files are read by the program, commands end well, Python runs, equations are those of the program."""
    go_through(page, tmp_path, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", SLOW)
def test_blocks_that_take_minutes_run_as_they_stand(page, tmp_path):
    """The same with those that fit."""
    go_through(page, tmp_path, slow=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The documentation, built without network, and what was said of it meanwhile."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    folder, said = tmp_path_factory.mktemp("site"), []
    listener = logging.Handler(logging.WARNING)
    listener.emit = said.append
    logging.getLogger("mkdocs").addHandler(listener)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_MKDOCS_2_WARNING", "1")
        build(load_config(str(pages.REPOSITORY / "mkdocs.yml"), site_dir=str(folder)))
    logging.getLogger("mkdocs").removeHandler(listener)
    return folder, [record.getMessage() for record in said]


def test_files_in_the_readme_are_read():
    """Its study and its theory have the keys that the program knows."""
    readme = (pages.REPOSITORY / "README.md").read_text(encoding="utf-8")
    found = [tomllib.loads(block["text"]) for block in pages.BLOCK.finditer(readme) if block["language"] == "toml"]
    assert ["rule" in content for content in found] == [False, True]
    Study.model_validate(found[0])
    ModelFile.model_validate(found[1])


def test_the_documentation_builds_without_a_warning(site):
    """Every internal link and anchor leads somewhere, every page is in the menu, every docstring is found."""
    assert site[1] == []


def test_every_theory_has_a_page_with_its_picture(site):
    """As many as there are on the shelf, each with its claim."""
    made = site[0] / "reference" / "theories"
    assert sorted(path.stem for path in made.glob("*.html")) == built_in_models()
    assert sorted(path.stem for path in made.glob("*.svg")) == built_in_models()


def test_links_to_elsewhere_go_to_known_places(site):
    """They are not followed here; what is new among them is looked at by whoever adds it to the list."""
    links = re.compile(r"""href=["']?https?://([^/"' >]+)""")
    places = {place for page in site[0].rglob("*.html") for place in links.findall(page.read_text(encoding="utf-8"))}
    assert places <= ELSEWHERE


def test_nothing_is_fetched_when_a_page_is_read(site):
    """Scripts, styles, fonts and pictures lie beside the pages."""
    loads = re.compile(r"""<(?:script|link|img|iframe)[^>]*?(?:src|href)=["']?(https?:[^"' >]+)""")
    fetched = {url for page in site[0].rglob("*.html") for url in loads.findall(page.read_text(encoding="utf-8"))}
    assert fetched == set()
