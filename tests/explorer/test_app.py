"""The page of the explorer as people use it: one server, one browser, by mouse and by keyboard."""

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
MOVE = """([slider, name, value]) => new Promise(done => {
    const input = document.getElementById(slider), plot = document.querySelector(`#${name} .js-plotly-plot`);
    const start = performance.now(), before = JSON.stringify(plot.data);
    const compare = () => before == JSON.stringify(plot.data) || done(performance.now() - start);
    plot.on('plotly_afterplot', compare);
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, value);
    input.dispatchEvent(new Event('input', {bubbles: true}));
})"""  # as if by hand: React does not notice a value that is set otherwise


def slider(side, name):
    """Return the id of a slider as Dash writes it."""
    return f'{{"name":"{name}","part":"slider","side":"{side}"}}'


def imports_at_start(module):
    """Yield what a module imports as soon as it is imported, by full name."""
    for node in MODULES[module].body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


@pytest.fixture(scope="module")
def served():
    """Start `iwm explore` with two models; it ends without a message when it is interrupted."""
    command = [Path(sys.executable).with_name("iwm"), "explore", "rescorla_wagner", "kalman", "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    address = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline()).group()
    yield address, process
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "", "")


@pytest.fixture(scope="module")
def opened(browser, served):
    """Open the page; it requests nothing from elsewhere, and writes nothing to the console."""
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900})
    recorded = {"console": [], "errors": [], "elsewhere": []}
    page = context.new_page()
    page.on("request", lambda request: request.url.startswith(served[0]) or recorded["elsewhere"].append(request.url))
    page.on("console", lambda message: recorded["console"].append(message.text))
    page.on("pageerror", lambda error: recorded["errors"].append(str(error)))
    page.goto(served[0])
    until(page, DRAWN)
    yield page
    context.close()
    assert recorded == {"console": [], "errors": [], "elsewhere": []}


def test_the_explorer_imports_no_sampler_and_no_matplotlib():
    """What the page imports, and what that imports, does without them: so it starts within five seconds."""
    waiting, visited = ["cli.explore", "explorer.app", "__init__"], set()
    while waiting:
        module = waiting.pop()
        visited.add(module)
        names = {name.removeprefix("iwm_bayes.") for name in imports_at_start(module)}
        heavy = {"pymc", "pytensor", "nutpie", "matplotlib"}
        assert not {name.partition(".")[0] for name in names} & heavy, module
        parents = {name.rpartition(".")[0] for name in names}
        waiting += ((names | parents) & MODULES.keys()) - visited
    assert {"explorer.scenario", "estimands.security.criterion", "filtering.filter", "viz.plotly.base"} <= visited


def test_the_server_does_not_listen_to_other_machines(served):
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
    ("moved", "plot", "values"),
    [
        (slider("care", "therapist_rate"), "trajectory-A", (0.1, 0.3, 0.5, 0.7, 0.9)),
        (slider("B", "availability_start_variance"), "trajectory-B", (0.05, 0.08, 0.1, 0.12, 0.07)),
    ],
)
def test_a_slider_changes_the_plot_at_once(opened, moved, plot, values):
    """Within 300 ms from the move to the plot, in the median of five moves."""
    times = [opened.evaluate(MOVE, [moved, plot, str(value)]) for value in values]
    assert median(times) < 300.0


def test_a_slider_moves_by_keyboard(opened):
    """Tab leads from one slider to the next, an arrow moves it; its value and the summary change with it."""
    until(opened, "document.getElementById('summary-A').textContent.includes('by session 30')")
    opened.locator(f"[id='{slider('care', 'caregiver_rate')}']").focus()
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.id") == slider("care", "sessions")
    opened.keyboard.press("ArrowLeft")
    until(opened, "document.getElementById('summary-A').textContent.includes('by session 29')")
    assert opened.locator(f"[id='{slider('care', 'sessions').replace('slider', 'value')}']").inner_text() == "29"
    opened.keyboard.press("ArrowRight")
    until(opened, "document.getElementById('summary-A').textContent.includes('by session 30')")


def test_models_are_chosen_and_left_out(opened):
    """Another model has other sliders; with none, the page shows one model."""
    for name, title in (("growth", "Parameters of growth"), ("none", ""), ("kalman", "Parameters of kalman")):
        opened.locator("#model-B").click()
        opened.locator(".dash-dropdown-option", has_text=re.compile(f"^{name}$")).click()
        until(opened, f"(document.querySelector('#parameters-B legend')?.textContent ?? '') == '{title}'")
        until(opened, f"document.getElementById('result-B').hidden == {str(name == 'none').lower()}")
        lines = 1 if name == "none" else 2
        until(opened, f"document.querySelector('#incidence .js-plotly-plot').data.length == {lines}")
        assert (opened.locator("#parameters-B input[type=range]").count() > 0) == (name != "none")


def test_every_plot_has_a_text(opened):
    """Each plot has a label for screen readers, and sentences summarise the result of each model."""
    labels = opened.eval_on_selector_all("[role=img]", "all => all.map(e => e.getAttribute('aria-label'))")
    assert len(labels) == 4
    assert min(map(len, labels)) > 40
    assert (
        "of people are insecure at the start of the therapy" in opened.locator("#summary-A[role=status]").inner_text()
    )
    assert opened.eval_on_selector_all("input[type=range]", "all => all.every(e => e.labels.length == 1)")
