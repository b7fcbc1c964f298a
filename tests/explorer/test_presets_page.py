"""The presets as a page of the documentation: read from a folder, without a server and without a network."""

import json

import pytest
from browsing import WIDTHS, until

from iwm_bayes.explorer.presets import PAIR, PRESETS
from iwm_bayes.explorer.presets_page import preset_contents, presets_files, presets_html

PLOTS = "[...document.querySelectorAll('[data-picture]:not(.missing) .plot')]"
DRAWN = f"{PLOTS}.length && {PLOTS}.every(e => e.querySelector('.main-svg'))"


@pytest.fixture(scope="module")
def contents():
    """What the presets show."""
    return preset_contents()


@pytest.fixture(scope="module")
def page(browser, contents, tmp_path_factory):
    """Open a page with the presets from a folder; it loads files of the folder alone, and has no error."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "explorer").mkdir()
    for name, text in presets_files(contents, {}).items():
        (folder / "explorer" / name).write_text(text, encoding="utf-8")
    html = f'<!DOCTYPE html><meta charset="utf-8"><title>Presets</title>{presets_html("explorer")}'
    (folder / "page.html").write_text(html, encoding="utf-8")
    context = browser.new_context(viewport={"width": WIDTHS[1], "height": 800}, offline=True)
    opened, requested, errors = context.new_page(), [], []
    opened.on("request", lambda request: requested.append(request.url))
    opened.on("console", lambda message: errors.append(message.text))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(f"file://{folder}/page.html")
    until(opened, DRAWN)
    yield opened
    context.close()
    assert errors == []
    assert all(url.startswith(f"file://{folder}/") for url in requested)


def test_every_preset_is_shown_under_both_models(page, contents):
    """With its description and its sentences; nothing overflows on a phone."""
    for key, preset in PRESETS.items():
        page.locator(f"[data-preset={key}]").click()
        until(page, DRAWN)
        assert page.locator("[data-description]").inner_text() == preset.description
        assert page.locator("[data-sentences] p").all_inner_texts() == contents[key]["sentences"]
        names = page.evaluate("document.querySelector('[data-picture=beliefs] .plot').data.map(t => t.name)")
        assert {f"A: {PAIR[0]}", f"B: {PAIR[1]}"} <= set(names)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


def test_a_preset_is_played_without_a_server(page):
    """Play moves on by itself from the first event."""
    page.locator("[data-preset=break]").click()
    readout = page.locator("[data-readout]")
    assert not readout.inner_text().startswith("Childhood, event 3 of 12")
    page.locator("[data-play]").click()
    until(page, "document.querySelector('[data-readout]').textContent.startsWith('Childhood, event 3 of 12')")
    page.locator("[data-play]").click()


def test_contents_have_no_value_that_a_browser_cannot_read(contents):
    """They are strict JSON, and small enough for a page: the four presets together are below half a megabyte."""
    text = json.dumps(contents, allow_nan=False)
    assert list(json.loads(text)) == list(PRESETS)
    assert len(text) < 500_000
