"""The page to play with theories as people see it: one server, one browser, by mouse and by keyboard."""

import ast
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest
from browsing import WIDTHS, until
from source import MODULES

PLOTS = "[...document.querySelectorAll('.js-plotly-plot')]"
DRAWN = f"{PLOTS}.length == 4 && {PLOTS}.every(e => e.data?.length && e.querySelector('.main-svg'))"
FITTED = f"""{PLOTS}.every(e => Math.abs(e.clientWidth - e._fullLayout.width) <= 1
    && e.closest('figure').clientHeight > e._fullLayout.height && e._fullLayout.height > 300)"""
OUTSIDE = """[...document.querySelectorAll('main, main *')]
    .filter(e => !e.closest('svg') && e.getBoundingClientRect().right > innerWidth + 1)
    .map(e => e.outerHTML.slice(0, 80))"""
MOVE = """([slider, picture, value]) => new Promise(done => {
    const input = document.getElementById(slider), plot = document.querySelector(`#${picture} .js-plotly-plot`);
    const start = performance.now(), before = JSON.stringify(plot.data);
    const drawn = () => before == JSON.stringify(plot.data) || done(performance.now() - start);
    plot.on('plotly_afterplot', drawn);
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, value);
    input.dispatchEvent(new Event('input', {bubbles: true}));
})"""  # as if by hand: React hears nothing of a value that is set otherwise


def slider(side, name):
    """The id of a slider as Dash writes it."""
    return f'{{"name":"{name}","part":"slider","side":"{side}"}}'


def at_the_head(module):
    """What a module imports as soon as it is imported, by full name."""
    for node in MODULES[module].body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


@pytest.fixture(scope="module")
def served():
    """`iwm explore` with two theories, its address, and a clean end when it is interrupted."""
    command = [Path(sys.executable).with_name("iwm"), "explore", "rescorla_wagner", "kalman", "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    address = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline()).group()
    yield address, process
    process.send_signal(signal.SIGINT)
    said, complained = process.communicate(timeout=60)
    assert (process.returncode, said, complained) == (0, "", "")


@pytest.fixture(scope="module")
def opened(browser, served):
    """The page, drawn, with all that it asked of anyone or wrote to the console."""
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900})
    heard = {"console": [], "errors": [], "elsewhere": []}
    page = context.new_page()
    page.on("request", lambda asked: asked.url.startswith(served[0]) or heard["elsewhere"].append(asked.url))
    page.on("console", lambda message: heard["console"].append(message.text))
    page.on("pageerror", lambda error: heard["errors"].append(str(error)))
    page.goto(served[0])
    until(page, DRAWN)
    yield page
    context.close()
    assert heard == {"console": [], "errors": [], "elsewhere": []}


def test_playing_needs_no_sampler():
    """What the page imports, and what that imports, is without sampler and paper: so it starts within five seconds."""
    waiting, met = ["cli_explore", "explore.app", "__init__"], set()
    while waiting:
        module = waiting.pop()
        met.add(module)
        named = {name.removeprefix("iwm_bayes.") for name in at_the_head(module)}
        within = {part for name in named for part in (name, name.partition(".")[0])} & MODULES.keys()
        assert not {name.partition(".")[0] for name in named} & {"pymc", "pytensor", "nutpie", "matplotlib"}, module
        waiting += within - met
    assert {"play", "living", "filtering", "report.pictures"} <= met


def test_other_machines_are_not_heard(served):
    """A server that listens everywhere would also answer at another address of this machine."""
    port = int(served[0].rstrip("/").rpartition(":")[2])
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows(opened, width):
    opened.set_viewport_size({"width": width, "height": 900})
    until(opened, FITTED)
    assert opened.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert opened.evaluate(OUTSIDE) == []
    opened.set_viewport_size({"width": WIDTHS[0], "height": 900})
    until(opened, FITTED)


@pytest.mark.slow  # it needs a core to itself
@pytest.mark.parametrize(
    ("place", "picture", "values"),
    [
        (slider("care", "therapist"), "trajectory-A", (0.1, 0.3, 0.5, 0.7, 0.9)),
        (slider("B", "availability_start_variance"), "trajectory-B", (0.05, 0.08, 0.1, 0.12, 0.07)),
    ],
)
def test_a_slider_changes_the_picture_at_once(opened, place, picture, values):
    """Within 300 ms from hand to picture, in the median of five moves."""
    moved = [opened.evaluate(MOVE, [place, picture, str(value)]) for value in values]
    assert median(moved) < 300.0


def test_a_slider_moves_by_keyboard(opened):
    """Tab leads from one slider to the next, an arrow moves it; its value and the words change with it."""
    until(opened, "document.getElementById('words-A').textContent.includes('by session 30')")
    opened.locator(f"[id='{slider('care', 'caregiver')}']").focus()
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.id") == slider("care", "sessions")
    opened.keyboard.press("ArrowLeft")
    until(opened, "document.getElementById('words-A').textContent.includes('by session 29')")
    assert opened.locator(f"[id='{slider('care', 'sessions').replace('slider', 'said')}']").inner_text() == "29"
    opened.keyboard.press("ArrowRight")
    until(opened, "document.getElementById('words-A').textContent.includes('by session 30')")


def test_theories_are_chosen_and_left_out(opened):
    """Another theory brings its own sliders; with none, one theory stands alone."""
    for name, title in (("growth", "Parameters of growth"), ("none", ""), ("kalman", "Parameters of kalman")):
        opened.locator("#theory-B").click()
        opened.locator(".dash-dropdown-option", has_text=re.compile(f"^{name}$")).click()
        until(opened, f"(document.querySelector('#about-B legend')?.textContent ?? '') == '{title}'")
        until(opened, f"document.getElementById('shown-B').hidden == {str(name == 'none').lower()}")
        lines = 1 if name == "none" else 2
        until(opened, f"document.querySelector('#curve .js-plotly-plot').data.length == {lines}")


def test_every_picture_has_words(opened):
    """Each figure is named for who cannot see it, and sentences say what each theory comes to."""
    words = opened.eval_on_selector_all("[role=img]", "all => all.map(e => e.getAttribute('aria-label'))")
    assert len(words) == 4
    assert min(map(len, words)) > 40
    assert "of 100 begin the therapy insecure" in opened.locator("#words-A[role=status]").inner_text()
    assert opened.eval_on_selector_all("input[type=range]", "all => all.every(e => e.labels.length == 1)")
