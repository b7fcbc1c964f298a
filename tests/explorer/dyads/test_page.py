"""The page of a dyad as people use it, in a browser, and its presets without a server."""

import threading

import pytest
from browsing import WIDTHS, until

from iwm_bayes.explorer.app import DYAD_PAGE, address, server
from iwm_bayes.explorer.dyads.page import PICTURES
from iwm_bayes.explorer.dyads.presets import PRESETS
from iwm_bayes.explorer.presets_page import dyad_contents, dyad_presets_html, presets_files
from iwm_bayes.model.specification.model_file import load_model

PLOTS = "[...document.querySelectorAll('[data-picture]:not(.missing) .plot')]"
DRAWN = f"{PLOTS}.length && {PLOTS}.every(e => e.data?.length && e.querySelector('.main-svg'))"
PRESSED = "[...document.querySelectorAll('[aria-pressed=true]')].map(e => e.dataset.preset ?? e.dataset.style)"
IS_AT = "document.querySelector('[data-readout]').textContent.startsWith('{}')"


@pytest.fixture(scope="module")
def served():
    """The address of the page of a dyad."""
    serving = server({"kalman": load_model("kalman")}, 0)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield address(serving) + DYAD_PAGE
    serving.shutdown()
    serving.server_close()


@pytest.fixture(scope="module")
def page(browser, served):
    """A window with the page, which has no error."""
    context, errors = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}), []
    opened = context.new_page()
    opened.on("console", lambda message: errors.append(message.text))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(served)
    until(opened, DRAWN)
    yield opened
    context.close()
    assert errors == []


def value_of(page, name):
    """Return the value of a control."""
    return page.locator(f"[name='{name}']").input_value()


def test_presets_set_both_members(page):
    """Roles, models, styles and sliders; what is pressed is the preset and the style of each member."""
    for key, preset in PRESETS.items():
        page.locator(f"[data-preset={key}]").click()
        until(page, f"{PRESSED}[0] == '{key}' && document.querySelectorAll('[data-style]').length > 0")
        assert {side: value_of(page, side) for side in preset.models} == dict(preset.models)
        for name, value in preset.values.items():
            assert float(value_of(page, name)) == value
        changed = {name.partition(".")[0] for name in preset.values if name.endswith(".pull")}
        styles = [style for side, style in preset.styles.items() if side not in changed]
        assert page.evaluate(PRESSED) == [key, *styles]


def test_a_style_moves_the_sliders_of_its_member_alone(page):
    """And is pressed no more once one of them is moved."""
    page.locator("[data-preset=anxious]").click()
    until(page, f"{PRESSED}[0] == 'anxious'")
    page.locator("[data-side=B] [data-style=avoidant]").click()
    assert [float(value_of(page, f"{side}.initial_availability")) for side in "AB"] == [0.7, 0.3]
    until(page, f"JSON.stringify({PRESSED}) == JSON.stringify(['pursue', 'anxious', 'avoidant'])")
    page.locator("[name='B.bid_activation']").press("ArrowRight")
    until(page, f"JSON.stringify({PRESSED}) == JSON.stringify(['anxious'])")


def test_a_shared_link_restores_the_dyad(page, served):
    """Roles, models, sliders and the exchange."""
    page.locator("[data-preset=pursue]").click()
    until(page, f"{PRESSED}[0] == 'pursue'")
    page.locator("[data-session]").fill("9")
    page.locator("[data-share]").click()
    link, sentences = page.url, page.locator("[data-sentences]").inner_text()
    assert link.startswith(f"{served}?roles=couple&A=reciprocal&B=reciprocal&exchanges=60&")
    assert link.endswith("&exchange=9")
    page.goto("about:blank")
    page.goto(link)
    until(page, DRAWN)
    until(page, IS_AT.format("Exchange 9 of 60"))
    assert page.locator("[data-sentences]").inner_text() == sentences
    page.locator("[data-share]").click()
    assert page.url == link


def test_exchanges_are_played(page):
    """From before the first one on."""
    page.locator("[data-session]").fill("60")
    page.locator("[data-play]").click()
    until(page, IS_AT.format("Exchange 2 of 60"))
    page.locator("[data-play]").click()
    last = "document.querySelector('[data-picture=acts] .plot').data.map(t => Math.max(...t.customdata))"
    position = page.evaluate("player.position")
    assert set(page.evaluate(last)) == {position}
    page.locator("[data-session]").fill("60")


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows(page, width):
    """On a desk and on a phone."""
    page.set_viewport_size({"width": width, "height": 900})
    until(page, f"{PLOTS}.every(e => Math.abs(e.clientWidth - e._fullLayout.width) <= 1)")
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})


def test_everything_has_a_text(page):
    """Each picture has a label for screen readers, each slider has one label, and the two pages link each other."""
    labels = page.eval_on_selector_all("[role=img]", "all => all.map(e => e.getAttribute('aria-label'))")
    assert labels == [picture["text"] for picture in PICTURES.values()]
    assert page.title() == page.locator("h1").inner_text() == "Explorer of dyads"
    assert page.eval_on_selector_all("input[type=range], select", "all => all.every(e => e.labels.length == 1)")
    page.locator("nav a").click()
    until(page, DRAWN)
    assert page.title() == "Model explorer"
    page.locator("nav a").click()
    until(page, DRAWN)
    assert page.title() == "Explorer of dyads"


def test_presets_are_played_without_a_server(browser, tmp_path):
    """From a folder, without a network: every preset has its description and its sentences."""
    contents = dyad_contents()
    (tmp_path / "explorer").mkdir()
    for name, text in presets_files({}, contents).items():
        (tmp_path / "explorer" / name).write_text(text, encoding="utf-8")
    html = f'<!DOCTYPE html><meta charset="utf-8"><title>Dyads</title>{dyad_presets_html("explorer")}'
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    context = browser.new_context(viewport={"width": WIDTHS[1], "height": 800}, offline=True)
    opened, errors = context.new_page(), []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(f"file://{tmp_path}/page.html")
    for key, preset in PRESETS.items():
        opened.locator(f"[data-preset={key}]").click()
        until(opened, DRAWN)
        assert opened.locator("[data-description]").inner_text() == preset.description
        assert opened.locator("[data-sentences] p").all_inner_texts() == contents[key]["sentences"]
        assert opened.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    context.close()
    assert errors == []
