"""The page of the explorer as people use it: one server, one browser, by mouse and by keyboard."""

import io
import re
import signal
import socket
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from statistics import median
from xml.etree import ElementTree

import pytest
from browsing import WIDTHS, until
from PIL import Image
from source import MODULES, imports_at_start

from iwm_bayes.explorer.page import PICTURES
from iwm_bayes.explorer.presets import PRESETS

PLOTS = "[...document.querySelectorAll('[data-picture]:not(.missing) .plot')]"
DRAWN = f"{PLOTS}.length && {PLOTS}.every(e => e.data?.length && e.querySelector('.main-svg'))"
FITTED = f"""{PLOTS}.every(e => Math.abs(e.clientWidth - e._fullLayout.width) <= 1
    && Math.abs(e.clientHeight - e._fullLayout.height) <= 1 && e._fullLayout.height > 180)"""
OUTSIDE = """[...document.querySelectorAll('header *, main *')]
    .filter(e => !e.closest('svg') && e.getBoundingClientRect().right > innerWidth + 1)
    .map(e => e.outerHTML.slice(0, 80))"""
MOVE = """([name, value, changed]) => new Promise(done => {
    const input = document.querySelector(`input[name="${name}"]`);
    const plot = document.querySelector('[data-picture=beliefs] .plot');
    const start = performance.now(), before = JSON.stringify(plot.data);
    const compare = () => JSON.stringify(plot.data) == before ? setTimeout(compare, 4)
        : requestAnimationFrame(() => done(performance.now() - start));
    input.value = value;
    input.dispatchEvent(new Event('input', {bubbles: true}));
    compare();
})"""
LAST_OF = "document.querySelector('[data-picture={}] .plot').data.map(t => Math.max(...(t.customdata ?? [-99])))"
RESET = """() => {
    document.querySelectorAll('details').forEach(e => e.open = false);
    player.pause();
    player.goTo(player.content.last);
    return address() == location.pathname;
}"""
IS_AT = "document.querySelector('[data-readout]').textContent.startsWith('{}')"


def value_of(page, name):
    """Return the value of a control, and the value that is written next to it."""
    control = page.locator(f"[name='{name}']")
    return control.input_value(), control.evaluate("e => e.closest('label').querySelector('.value')?.textContent")


def set_control(page, name, value):
    """Set a slider as a person does, and wait until the plot has changed."""
    return page.evaluate(MOVE, [name, str(value)])


@pytest.fixture(scope="module")
def served():
    """Start `iwm explore` with two models; it ends without a message when it is interrupted."""
    command = [Path(sys.executable).with_name("iwm"), "explore", "rescorla_wagner", "kalman", "--no-browser"]
    process = subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    address = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline()).group()
    yield address
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "", "")


@pytest.fixture(scope="module")
def window(browser, served):
    """Open a window; its pages request nothing from elsewhere, and write nothing to the console."""
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900})
    recorded = {"console": [], "errors": [], "elsewhere": []}
    page = context.new_page()
    local = (served, "data:", "blob:")
    page.on("request", lambda request: request.url.startswith(local) or recorded["elsewhere"].append(request.url))
    page.on("console", lambda message: recorded["console"].append(message.text))
    page.on("pageerror", lambda error: recorded["errors"].append(str(error)))
    yield page
    context.close()
    assert recorded == {"console": [], "errors": [], "elsewhere": []}


@pytest.fixture
def opened(window, served):
    """Open the page at its start, unless it is there once everything is folded and drawn: its link holds nothing."""
    if not window.url.startswith(served) or not window.evaluate(RESET):
        window.goto(served)
    until(window, DRAWN)
    return window


def test_the_explorer_imports_no_sampler_and_no_matplotlib():
    """What the page imports, and what that imports, does without them: so it starts within seconds."""
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
    port = int(served.rstrip("/").rpartition(":")[2])
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows(opened, width):
    """With every part unfolded. On a phone the controls are above the pictures, else they are left of them."""
    opened.set_viewport_size({"width": width, "height": 900})
    opened.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    until(opened, FITTED)
    assert opened.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert opened.evaluate(OUTSIDE) == []
    controls, pictures = (opened.locator(name).bounding_box() for name in (".controls", "[data-player]"))
    if width == WIDTHS[1]:
        assert controls["y"] + controls["height"] <= pictures["y"]
    else:
        assert controls["x"] + controls["width"] <= pictures["x"]
        assert pictures["y"] < 120
    opened.set_viewport_size({"width": WIDTHS[0], "height": 900})


def test_pictures_stay_in_view_while_controls_are_read(opened):
    """The unfolded controls are longer than the window; the last of them is reached, and the pictures do not move."""
    opened.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    picture = opened.locator("[data-picture=beliefs] .plot")
    opened.locator(".controls input").last.scroll_into_view_if_needed()
    assert opened.evaluate("document.querySelector('.controls').scrollTop") > 100
    box = picture.bounding_box()
    assert 0 <= box["y"] < box["y"] + box["height"] <= 900
    opened.set_viewport_size({"width": WIDTHS[0], "height": 500})  # pictures are now longer than the window
    opened.evaluate("scrollTo(0, document.scrollingElement.scrollHeight)")
    assert opened.evaluate("scrollY") > 150
    controls = opened.locator(".controls").bounding_box()
    assert -1 <= controls["y"] < controls["y"] + controls["height"] <= 501
    opened.set_viewport_size({"width": WIDTHS[0], "height": 900})


def test_two_sliders_are_shown_and_the_others_are_folded(opened):
    """Care in childhood and in therapy; a fold opens by keyboard."""
    sliders = opened.locator(".controls input[type=range]")
    visible = [one.get_attribute("name") for one in sliders.all() if one.is_visible()]
    assert visible == ["caregiver_rate", "therapist_rate"]
    assert sliders.count() > 10
    opened.locator("summary").first.focus()
    opened.keyboard.press("Enter")
    assert opened.locator("[name=gap]").is_visible()


def test_presets_set_the_care(opened):
    """Each sets every slider of the care and is marked as pressed; what it shows can be drawn, or is a sentence."""
    for key, preset in PRESETS.items():
        opened.locator(f"[data-preset={key}]").click()
        until(opened, f"document.querySelector('[aria-pressed=true]')?.dataset.preset == '{key}'")
        for name, value in preset.scenario._asdict().items():
            assert [float(shown) for shown in value_of(opened, name)] == [value, value]
        share_can_be_assessed = key != "secure"
        assert opened.locator("[data-picture=security] .plot").is_visible() == share_can_be_assessed
        assert opened.locator("[data-picture=security] .instead").is_visible() != share_can_be_assessed
    set_control(opened, "therapist_rate", 0.5)
    assert opened.locator("[aria-pressed=true]").count() == 0


def test_a_shared_link_restores_the_page(opened, served):
    """Models, care, a parameter and the session; a link that was opened gives the same link again."""
    opened.locator("select[name=B]").select_option("trust_gate")
    until(opened, "document.querySelector('[data-side=B] summary').textContent.includes('trust_gate')")
    control = opened.locator("[data-side=B] input").first
    name, high = control.get_attribute("name"), control.get_attribute("max")
    set_control(opened, "therapist_rate", 0.65)
    set_control(opened, name, high)
    opened.locator("[data-session]").fill("9")
    opened.locator("[data-share]").click()
    link, sentences = opened.url, opened.locator("[data-sentences]").inner_text()
    assert re.fullmatch(rf"{served}\?B=trust_gate&therapist_rate=0.65&{name}=[\d.]+&session=9", link)
    opened.goto("about:blank")
    opened.goto(link)
    until(opened, DRAWN)
    until(opened, IS_AT.format("Session 9 of 28"))
    assert value_of(opened, "B")[0] == "trust_gate"
    assert float(value_of(opened, "therapist_rate")[0]) == 0.65
    assert float(value_of(opened, name)[0]) == float(high)
    assert opened.locator("[data-sentences]").inner_text() == sentences
    opened.locator("[data-share]").click()
    assert opened.url == link


def test_a_hostile_link_is_held_and_said(opened, served):
    """What lies outside its range is held there; the page says so, and writes nothing of the link as a tag."""
    opened.goto(f"{served}?A=<script>alert(1)</script>&therapist_rate=99&gap=<img>&session=-1e9")
    until(opened, DRAWN)
    notes = opened.locator("[data-notes] li").all_inner_texts()
    assert len(notes) == 4
    assert notes[1] == "therapist_rate of the link was held at 1, the end of its range."
    assert (value_of(opened, "A")[0], value_of(opened, "therapist_rate")) == ("rescorla_wagner", ("1", "1"))
    assert value_of(opened, "gap") == ("0", "0")
    assert opened.locator("[data-readout]").inner_text().startswith("Before the first event of childhood")
    assert "<img" not in opened.content()


def test_sessions_are_played(opened):
    """Play begins at the first event, draws no point of a later session, and is paused by the slider and the button."""
    opened.locator("[data-play]").click()
    until(opened, IS_AT.format("Childhood, event 2"))
    opened.locator("[data-play]").click()
    paused = opened.locator("[data-readout]").inner_text()
    opened.wait_for_timeout(400)
    assert opened.locator("[data-readout]").inner_text() == paused
    opened.locator("[data-session]").fill("13")
    until(opened, IS_AT.format("Session 13 of 28"))
    for picture in PICTURES:
        assert max(opened.evaluate(LAST_OF.format(picture))) == 13
    opened.locator("[data-session]").fill("27")
    opened.locator("[data-play]").click()
    until(opened, IS_AT.format("Session 28 of 28"))
    until(opened, "document.querySelector('[data-play]').textContent == 'Play'")


def test_with_reduced_motion_a_press_is_one_session(opened):
    """Nothing moves by itself."""
    opened.emulate_media(reduced_motion="reduce")
    until(opened, "document.querySelector('[data-play]').textContent == 'Next session'")
    opened.locator("[data-session]").fill("4")
    opened.locator("[data-play]").click()
    opened.wait_for_timeout(600)
    assert opened.locator("[data-readout]").inner_text().startswith("Session 5 of 28")
    opened.emulate_media(reduced_motion="no-preference")


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_is_downloaded_as_svg_and_png(opened, name):
    """Both are valid images, with the names of the models, and no part is fetched."""
    got = {}
    for kind in ("svg", "png"):
        with opened.expect_download() as downloading:
            opened.locator(f"[data-picture={name}] [data-download={kind}]").click()
        assert downloading.value.suggested_filename == f"{name}.{kind}"
        got[kind] = Path(downloading.value.path()).read_bytes()
    root = ElementTree.fromstring(got["svg"])
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    text = " ".join(root.itertext())
    assert {"A: rescorla_wagner", "B: kalman", PICTURES[name]["title"]} <= set(text.split("\n")) | {
        part for part in root.itertext()
    }
    picture = Image.open(io.BytesIO(got["png"]))
    assert picture.width == 1520
    assert len(picture.convert("RGB").getcolors(1 << 20)) > 50  # it is drawn


@pytest.mark.slow  # it needs a core to itself
@pytest.mark.parametrize(
    ("moved", "values"),
    [("therapist_rate", (0.1, 0.3, 0.5, 0.7, 0.9)), ("B.availability_start_variance", (0.05, 0.08, 0.1, 0.12, 0.07))],
)
def test_a_slider_changes_the_plot_at_once(opened, moved, values):
    """Within 300 ms from the move to the plot, in the median of five moves."""
    assert median(set_control(opened, moved, value) for value in values) < 300.0


def test_the_page_is_used_by_keyboard(opened):
    """Tab leads to everything in order, and arrows move a slider; its value and the sentences change with it."""
    opened.locator("[data-preset=secure]").focus()
    reached = []
    for _ in range(40):
        reached.append(
            opened.evaluate("(e => e.name || e.dataset.preset || e.textContent.trim())(document.activeElement)")
        )
        opened.keyboard.press("Tab")
    wanted = ["secure", "neglect", "ruptures", "break", "Copy link", "A", "B", "caregiver_rate", "therapist_rate"]
    wanted += ["More about the care", "Initial beliefs, the same in both models", "Parameters of A: rescorla_wagner"]
    wanted += ["Parameters of B: kalman", "Play", "SVG", "PNG"]
    places = [reached.index(one) for one in wanted]
    assert all(one < other for one, other in pairwise(places))
    opened.locator("[name=caregiver_rate]").focus()
    before = opened.locator("[data-sentences]").inner_text()
    opened.keyboard.press("ArrowRight")
    until(opened, f"document.querySelector('[data-sentences]').innerText != {before!r}")
    assert value_of(opened, "caregiver_rate") == ("0.15", "0.15")


def test_models_are_chosen_and_left_out(opened):
    """Another model has other sliders; with none, the pictures show one model."""
    for name in ("growth", "none"):
        opened.locator("select[name=B]").select_option(name)
        shown = f"Parameters of B: {name}" if name != "none" else ""
        until(opened, f"(document.querySelector('[data-side=B] summary')?.textContent ?? '') == '{shown}'")
        names = opened.evaluate("document.querySelector('[data-picture=beliefs] .plot').data.map(t => t.name)")
        assert [one for one in names if one and one.startswith("B: ")] == ([f"B: {name}"] * 3 if shown else [])
    assert opened.locator("[data-sentences] p").first.inner_text().startswith("Initial beliefs")


def test_a_program_that_does_not_answer_is_named_and_asked_again(opened, served):
    """In a page of its own, as a browser notes failures in the console. Sliders work once there is an answer again."""
    page = opened.context.new_page()
    page.goto(served)
    until(page, DRAWN)
    assert page.locator("[data-fault]").inner_text() == ""
    fault, slider = "document.querySelector('[data-fault]').textContent", page.locator("[name=caregiver_rate]")
    before = page.locator("[data-sentences]").inner_text()
    for answer in (lambda route: route.abort(), lambda route: route.fulfill(status=500)):
        page.route("**/content?*", answer)
        slider.press("ArrowRight")
        until(page, f"{fault}.includes('Is `iwm explore` still running?')")
        page.unroute("**/content?*")
        slider.press("ArrowRight")
        until(page, f"{fault} === ''")
    until(page, f"document.querySelector('[data-sentences]').innerText != {before!r}")
    assert page.locator("[data-fault]").inner_text() == ""
    page.close()


def test_everything_has_a_text(opened):
    """Each picture has a label for screen readers, each slider has one label, and the first sentence is on matching."""
    labels = opened.eval_on_selector_all("[role=img]", "all => all.map(e => e.getAttribute('aria-label'))")
    assert labels == [picture["text"] for picture in PICTURES.values()]
    assert opened.title() == opened.locator("h1").inner_text() == "Model explorer"
    assert opened.eval_on_selector_all("input[type=range], select", "all => all.every(e => e.labels.length == 1)")
    assert opened.locator("[data-sentences] p").first.inner_text() == (
        "Both models start from the same initial beliefs: availability 0.50, self-worth 0.50."
    )
