"""A report as people see it: in a real browser, at the width of a desk and of a phone, by mouse and by keyboard."""

import re
from base64 import b64decode
from importlib.resources import files
from pathlib import Path

import pytest
from browsing import WIDTHS, until
from runs import NASTY

OPEN_ALL = "document.querySelectorAll('details').forEach(e => { e.open = true })"
CLOSE_ALL = "document.querySelectorAll('details').forEach(e => { e.open = false })"
LOADED = "[...document.images].every(e => e.complete && e.naturalWidth > 0)"
CURVES_ARE = """(() => { const e = document.querySelector('[id^=image-learning_curves]');
    return e.naturalHeight SHAPE e.naturalWidth })()"""
OUTSIDE = """[...document.querySelectorAll('main *, header *')]
    .filter(e => !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth + 1)
    .map(e => e.outerHTML.slice(0, 80))"""
WITHOUT_CUE = """[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth)
    .filter(e => e.tabIndex !== 0 || !getComputedStyle(e).backgroundImage.includes('linear-gradient'))
    .map(e => e.getAttribute('aria-label'))"""
OVERFLOWING = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
STOPS = """[...document.querySelectorAll('summary, a[href], .scroll')]
    .filter(e => e.checkVisibility() && !e.classList.contains('skip')).length"""
FOCUSED = """(() => { const e = document.activeElement;
    return [e.tagName + ' ' + e.textContent.slice(0, 40) + (e.download || ''), getComputedStyle(e).outlineStyle] })()"""
LOW_CONTRAST = """(() => {
    const numbers = c => c.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = e => { for (; e; e = e.parentElement) {
        const c = numbers(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
        return [255, 255, 255] };
    return [...document.querySelectorAll('body *')]
        .filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
        .filter(e => { const [a, b] = [light(numbers(getComputedStyle(e).color)), light(behind(e))];
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5 })
        .map(e => e.outerHTML.slice(0, 80)) })()"""


@pytest.fixture(scope="module")
def opened(browser, reported):
    """The page, with all that it asked of anyone, wrote to the console, or popped up."""
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}, accept_downloads=True)
    heard = {"console": [], "errors": [], "requests": [], "dialogs": []}
    page = context.new_page()
    page.on("request", lambda request: heard["requests"].append(request.url.partition(",")[0]))
    page.on("console", lambda message: heard["console"].append(message.text))
    page.on("pageerror", lambda error: heard["errors"].append(str(error)))
    page.on("dialog", lambda dialog: (heard["dialogs"].append(dialog.message), dialog.dismiss()))
    page.goto(reported.as_uri())
    until(page, LOADED)
    yield page, heard
    context.close()


def at_width(page, width):
    """Show the page at a width, with every picture loaded."""
    page.set_viewport_size({"width": width, "height": 900})
    until(page, LOADED)


def test_one_file_that_is_not_too_large(reported):
    assert reported.stat().st_size < 10_000_000


def test_nothing_leaves_the_page_and_nothing_complains(opened, reported):
    """One request, for the file itself; no error, no word on the console, no dialog."""
    page, heard = opened
    page.evaluate(OPEN_ALL)
    assert heard == {"console": [], "errors": [], "requests": [reported.as_uri()], "dialogs": []}


@pytest.mark.parametrize("width", WIDTHS)
def test_the_key_result_is_on_the_first_screen(opened, width):
    """Question, answer and facts are within the first 600 pixels, although names of arms and figures are long here."""
    page, _ = opened
    at_width(page, width)
    for part in ("h1", ".headline", ".facts"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] + box["height"] <= 600, part


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut(opened, width):
    """Nothing overflows with everything open; wide tables scroll, show a shadow, and take the focus."""
    page, _ = opened
    at_width(page, width)
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(WITHOUT_CUE) == []
    assert page.evaluate(OVERFLOWING) > 0
    page.evaluate(CLOSE_ALL)


def test_a_phone_gets_plots_of_one_column(opened):
    """Learning curves are drawn for both widths; the source for a phone is higher than wide."""
    page, _ = opened
    shapes = {}
    for width, shape in zip(WIDTHS, "<>", strict=True):
        at_width(page, width)
        until(page, CURVES_ARE.replace("SHAPE", shape))  # the browser loads the other picture when the width changes
        shapes[width] = page.evaluate(
            "(() => { const e = document.querySelector('[id^=image-learning_curves]');"
            " return e.naturalHeight / e.naturalWidth })()"
        )
    assert shapes[WIDTHS[0]] < 1 < shapes[WIDTHS[1]]


def test_a_name_that_would_be_a_script_is_text(opened):
    """In the answer, in tables and in alternative texts."""
    page, _ = opened
    assert page.locator(".facts", has_text="<b>therapy</b>").count() == 1
    assert page.locator("td", has_text=NASTY).count() > 0
    assert page.locator(f'img[alt*="{NASTY}"]').count() > 0


def named_in(text, ids):
    """The ids that stand in a text as words of their own."""
    return set(re.findall(r"\w+", text)) & ids


def test_nobody_is_named(reported, made):
    """No id of the study is in the page, in the numbers that it offers, or in the words of a plot; pseudonyms are.

    Matplotlib writes each text of an SVG as a comment next to its outlines.
    """
    ids = {str(person) for person in made[1].data["person"].values} - {NASTY}  # which is a figure's name too
    page = reported.read_text(encoding="utf-8")
    offered = [b64decode(part).decode() for part in re.findall(r"data:text/csv;base64,([\w+/=]+)", page)]
    phone = [b64decode(part).decode() for part in re.findall(r"data:image/svg\+xml;base64,([\w+/=]+)", page)]
    drawings = [*phone, *(path.read_text(encoding="utf-8") for path in (reported.parent / "plots").glob("*.svg"))]
    words = [" ".join(re.findall(r"<!-- (.*?) -->", drawing)) for drawing in drawings]
    shown = re.sub(r"base64,[\w+/=]+", "", page)
    assert len(ids) == 11
    for texts in ([shown], offered, words):
        assert any("person 1" in text.lower() for text in texts)
        assert [named_in(text, ids) for text in texts if named_in(text, ids)] == []


def test_the_keyboard_reaches_everything(opened):
    """Tab stops at every summary, download and table, each time with a visible outline; Enter opens a part."""
    page, _ = opened
    at_width(page, WIDTHS[0])
    page.evaluate(CLOSE_ALL)
    page.locator(".skip").focus()
    expected, stops = page.evaluate(STOPS), []
    for _ in range(expected):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(FOCUSED))
    assert expected > 30
    assert len({stop for stop, _ in stops}) > 30
    assert all(outline == "solid" for _, outline in stops)
    assert stops[-1][0].startswith("SUMMARY Reproduce")
    page.keyboard.press("Enter")
    assert page.locator("#reproduction").get_attribute("open") == ""
    page.evaluate(CLOSE_ALL)


@pytest.mark.parametrize(("ending", "begins"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("csv", b"quantity,")])
def test_a_plot_can_be_downloaded(opened, reported, ending, begins):
    """As picture and as data, without a network; the picture is that of the run folder."""
    page, _ = opened
    with page.expect_download() as saved:
        page.locator(f'a[download^="learning_curves"][download$=".{ending}"]').click()
    content = Path(saved.value.path()).read_bytes()
    assert content.startswith(begins)
    if ending != "csv":
        assert content == (reported.parent / "plots" / saved.value.suggested_filename).read_bytes()


def test_every_plot_has_words_in_its_place(opened):
    """Each image says what it shows."""
    page, _ = opened
    texts = page.eval_on_selector_all("img", "all => all.map(e => e.alt)")
    assert len(texts) > 8
    assert min(map(len, texts)) > 40


def test_text_has_enough_contrast(opened):
    """At least 4.5 to 1 (WCAG 2.2, AA), with everything open."""
    page, _ = opened
    page.evaluate(OPEN_ALL)
    assert page.evaluate(LOW_CONTRAST) == []
    page.evaluate(CLOSE_ALL)


def test_it_prints_on_few_pages(opened):
    """The folded parts stay out: this study has groups and a comparison, which the example's five pages leave out."""
    page, _ = opened
    at_width(page, WIDTHS[0])
    assert 1 < len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4"))) <= 7


@pytest.mark.parametrize(("width", "shown"), [(WIDTHS[0], 3), (WIDTHS[1], 1)])
def test_a_phone_shows_the_mark_once_in_the_key_result(browser, width, shown):
    """In the answer, with the words that it is about all numbers; a desk has it at every number."""
    mark = '<strong class="mark">approximate (laplace)</strong>'
    box = f'<p class="headline">41% {mark}<span class="phone">(all)</span></p><dl class="facts"><dd>38 {mark}</dd></dl>'
    css = files("iwm_bayes.report").joinpath("page.css").read_text(encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_content(f'<style>{css}</style><section id="key-result">{box}<ul class="chips"><li>5 {mark}</li></ul>')
    assert page.locator(".mark:visible").count() == shown
    assert page.locator(".headline .mark").is_visible()
    assert page.locator(".phone").is_visible() == (shown == 1)
    page.close()
