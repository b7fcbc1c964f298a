"""A report as people see it: in a real browser, at the width of a desk and of a telephone, by mouse and by keyboard."""

import pytest
from browsing import WIDTHS, until
from runs import NASTY

PLOTS = "[...document.querySelectorAll('.plot')]"
DRAWN = f"{PLOTS}.every(e => e.querySelector('.main-svg'))"
FITTED = f"{PLOTS}.every(e => Math.abs(e.clientWidth - e._fullLayout.width) <= 1)"
OUTSIDE = """[...document.querySelectorAll('main *, header *')]
    .filter(e => !e.closest('.scroll') && !e.closest('svg') && e.getBoundingClientRect().right > innerWidth + 1)
    .map(e => e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def opened(browser, reported):
    """The page, drawn, with all that it asked of anyone, wrote to the console, or popped up."""
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900})
    heard = {"console": [], "errors": [], "requests": [], "dialogs": []}
    context.route("**/*", lambda route: route.continue_() if route.request.url == reported.as_uri() else route.abort())
    page = context.new_page()
    page.on("request", lambda request: heard["requests"].append(request.url))
    page.on("console", lambda message: heard["console"].append(message.text))
    page.on("pageerror", lambda error: heard["errors"].append(str(error)))
    page.on("dialog", lambda dialog: (heard["dialogs"].append(dialog.message), dialog.dismiss()))
    page.goto(reported.as_uri())
    until(page, DRAWN)
    yield page, heard
    context.close()


def test_one_file_that_is_not_too_large(reported):
    assert reported.stat().st_size < 10_000_000


def test_nothing_leaves_the_page_and_nothing_complains(opened, reported):
    """One request, for the file itself; no error, no word on the console, no dialog."""
    _, heard = opened
    assert heard == {"console": [], "errors": [], "requests": [reported.as_uri()], "dialogs": []}


def test_a_name_that_would_be_a_script_is_text(opened):
    """In headings, tables and figures."""
    page, _ = opened
    assert page.locator("h3", has_text=NASTY).count() == 1
    assert page.locator("td", has_text=NASTY).count() > 0
    assert page.locator("#space .legendtext", has_text=NASTY).count() == 1
    assert page.locator(".plot .legendtext", has_text="<b>therapy</b>").count() > 0


def test_the_select_switches_people_by_keyboard(opened):
    """Tab reaches it, and an arrow turns to the next person: forecast, picture and its text change."""
    page, heard = opened
    page.locator("#people-title").click()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "person"
    seen = []
    for _ in range(3):
        trace = page.evaluate("document.getElementById('person-trajectory').data[1].y")
        label = page.locator("#person-trajectory").get_attribute("aria-label")
        seen.append((page.locator("#person").input_value(), label.split(":")[0], trace))
        page.keyboard.press("ArrowDown")
    assert [name for name, _, _ in seen] == [label for _, label, _ in seen] == ["person 1", "person 2", "person 3"]
    assert seen[0][2] != seen[1][2] != seen[2][2]
    page.select_option("#person", "person 12")
    assert page.locator("#person-space").get_attribute("aria-label").startswith("person 12:")
    assert heard["errors"] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows(opened, width):
    """Neither the page nor a single element of it, besides tables and drawings that scroll by themselves."""
    page, _ = opened
    page.set_viewport_size({"width": width, "height": 900})
    until(page, FITTED)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert page.evaluate(OUTSIDE) == []


def test_every_figure_has_words_in_its_place(opened):
    """Each image and each plot says what it shows, in more than its caption's words."""
    page, _ = opened
    images = page.eval_on_selector_all("img", "all => all.map(e => e.alt)")
    plots = page.eval_on_selector_all(".plot", "all => all.map(e => e.getAttribute('aria-label'))")
    assert min(map(len, images + plots)) > 40
    assert page.eval_on_selector_all(".plot", "all => all.every(e => e.getAttribute('role') == 'img')")


def test_links_of_the_page_lead_somewhere(opened):
    page, _ = opened
    targets = page.eval_on_selector_all("a", "all => all.map(e => e.getAttribute('href'))")
    assert len(targets) > 8
    assert all(page.locator(target).count() == 1 for target in targets)
