"""What the explorer answers: requests for this computer, about models of its start, within the ends of its controls."""

import json

import pytest
from own_rule import has_run, write_own_rule
from werkzeug.test import Client

from iwm_bayes.explorer.app import FILES, server
from iwm_bayes.explorer.controls import SCENARIO_LABELS, parameter_controls
from iwm_bayes.explorer.initial_beliefs import InitialBeliefs
from iwm_bayes.explorer.page_state import read_state
from iwm_bayes.explorer.scenario import Scenario
from iwm_bayes.model.specification.model_file import load_model

OK, FORBIDDEN, NOT_FOUND, NOT_ALLOWED = 200, 403, 404, 405
FIRST = {"A": "kalman", "B": "rescorla_wagner"}
SPECS = {name: load_model(name) for name in FIRST.values()}
HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def client():
    """A client of the page's server, which is not started."""
    serving = server(SPECS, 0, ["tunnel.example"])
    yield Client(serving.app)
    serving.server_close()


def read(**query):
    """Read the state of a link to a page that offers two models."""
    return read_state({name.replace("__", "."): value for name, value in query.items()}, SPECS, FIRST)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8050", OK),
        ("localhost", OK),
        ("LocalHost:1", OK),
        ("[::1]:8050", OK),
        ("tunnel.example", OK),
        ("evil.example", FORBIDDEN),
        ("127.0.0.1.evil.example", FORBIDDEN),
        ("localhost.evil.example:8050", FORBIDDEN),
        ("other.tunnel.example", FORBIDDEN),
        ("192.168.0.7:8050", FORBIDDEN),
        ("[::1", FORBIDDEN),
        ("", FORBIDDEN),
    ],
)
def test_requests_for_another_host_are_refused(client, host, status):
    """A page from elsewhere may let its name lead to this computer; its requests still carry its name."""
    for path in ("/", "/page.js"):
        assert client.get(path, headers={"Host": host}).status_code == status


def test_every_answer_carries_the_content_policy(client):
    """No script but the server's own runs, nothing is fetched from elsewhere, and no other page may use this one."""
    for path in ("/", "/content", "/favicon.ico", "/elsewhere", *(f"/{name}" for name in FILES)):
        headers = client.get(path, headers={"Host": "localhost"}).headers
        rules = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";"))
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
        assert rules["script-src"] == rules["connect-src"] == "'self'"


def test_nothing_but_the_files_of_the_page_is_read(client):
    """A path leads to no other file, and nothing is written."""
    for path in ("/../app.py", "/%2e%2e/app.py", "/app.py", "/page.html", "//etc/passwd"):
        assert client.get(path, headers={"Host": "localhost"}).status_code == NOT_FOUND
    assert client.post("/content", headers={"Host": "localhost"}).status_code == NOT_ALLOWED


def test_a_model_that_was_not_there_at_the_start_is_not_loaded(client, tmp_path):
    """A link that names a file runs no code. The page says that it is not offered, and shows the model of the start."""
    folder = write_own_rule(tmp_path)
    for name in (str(folder / "model.toml"), "../model.toml", "none", "", HOSTILE):
        got = client.get("/content", query_string={"A": name, "panels": "yes"}, headers={"Host": "localhost"})
        content = json.loads(got.data)
        assert content["notes"] == ["Model A of the link is not offered here, so it is kalman."]
        assert "Parameters of A: kalman" in content["panels"]
        assert all(line.startswith(("A: kalman", "B: resc", "Both", "Half")) for line in content["sentences"])
    assert not has_run(folder)


@pytest.mark.parametrize("name", SCENARIO_LABELS)
def test_values_of_the_scenario_are_held_between_the_ends_of_their_controls(name):
    """And the page says which value was held, and where."""
    _, low, high, _ = SCENARIO_LABELS[name]
    for value, held in ((low - 1e9, low), (high + 1e9, high), (low, low), (high, high)):
        state = read(**{name: str(value)})
        assert getattr(state.scenario, name) == held
        assert len(state.notes) == (value != held)
        assert all(name in note for note in state.notes)


def test_values_of_parameters_are_held_between_the_ends_of_their_controls():
    """Parameters of the other model, and those that the model does not have, are left out."""
    controls = parameter_controls("A", SPECS["kalman"], {})
    control = controls["availability_start_variance"]
    for value, held in (("1e300", control.high), ("-1", control.low), ("0", control.low)):
        state = read(A__availability_start_variance=value, A__elsewhere="1", B__availability_diffusion="0.1")
        assert state.parameters["A"] == {name: one.first for name, one in controls.items()} | {
            "availability_start_variance": held
        }
        assert list(state.parameters["B"]) == list(parameter_controls("B", SPECS["rescorla_wagner"], {}))


@pytest.mark.parametrize("value", ["much", "", "nan", "inf", "-inf", "1e999", HOSTILE, "0x10", "１e9９", "1;2"])
def test_what_is_no_number_does_not_count(value):
    """Such a control is where it begins. What a link holds is not repeated on the page."""
    state = read(gap=value, session=value, initial_worth=value, A__availability_diffusion=value)
    start = read()
    if value == "１e9９":  # digits of another script are a number, and far beyond the range
        assert state.scenario.gap == SCENARIO_LABELS["gap"][2]
        return
    assert state[:-1] == start[:-1]
    assert len(state.notes) == 4
    assert not any("<" in note for note in state.notes)


def test_a_link_without_values_is_the_page_at_its_start():
    """A link with many faults says only the first of them."""
    state = read()
    assert (state.models, state.scenario, state.initial, state.notes) == (FIRST, Scenario(), InitialBeliefs(), ())
    assert state.position == Scenario().sessions
    assert read(sessions="12.4", elsewhere="1e9").scenario == Scenario(sessions=12)
    assert read(sessions="10", session="99").position == 10
    assert read(caregiver_events="3", session="-99").position == -4
    assert len(read(**dict.fromkeys(SCENARIO_LABELS, "x")).notes) == 5


def test_the_name_of_a_model_file_is_shown_as_text(client, tmp_path):
    """In the page, in what it loads, and in the labels of plots, where Plotly reads tags."""
    model = load_model("static")._replace(name=HOSTILE, claim=HOSTILE)
    serving = server({HOSTILE: model}, 0)
    asked = Client(serving.app)
    page = asked.get("/", headers={"Host": "localhost"}).get_data(as_text=True)
    content = json.loads(asked.get("/content?panels=1", headers={"Host": "localhost"}).data)
    serving.server_close()
    assert "<img" not in page
    assert "&lt;img" in page
    assert "<img" not in content["panels"]
    assert "<img" not in json.dumps(content["pictures"])
    assert HOSTILE in content["readouts"][0]  # which the page sets as text
