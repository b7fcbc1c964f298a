"""What the explorer answers: requests for this computer, about models of its start, within the ends of its sliders."""

import math

import pytest
from own_rule import has_run, write_own_rule

from iwm_bayes.explorer.app import scenario_from_sliders, server, slider_values
from iwm_bayes.explorer.content import held_parameters
from iwm_bayes.explorer.page import SCENARIO_SLIDERS
from iwm_bayes.explorer.scenario import Scenario, belief_parameters, prior_median
from iwm_bayes.model.specification.model_file import load_model

OK, FORBIDDEN = 200, 403


@pytest.fixture(scope="module")
def client():
    """A client of the page's server, which is not started."""
    serving = server({"kalman": load_model("kalman")}, 0, ["tunnel.example"])
    yield serving.app.test_client()
    serving.server_close()


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
    ],
)
def test_requests_for_another_host_are_refused(client, host, status):
    """A page from elsewhere may let its name lead to this computer; its requests still carry its name."""
    for path in ("/", "/_dash-layout"):
        assert client.get(path, headers={"Host": host}).status_code == status


def ask_for_sliders(client, name):
    """Ask for the sliders of a model, as the page does when a model is chosen."""
    chosen = {"id": "model-A", "property": "value", "value": name}
    request = {"output": "parameters-A.children", "outputs": {"id": "parameters-A", "property": "children"}}
    request |= {"inputs": [chosen], "changedPropIds": ["model-A.value"]}
    return client.post("/_dash-update-component", json=request)


def test_a_model_that_was_not_there_at_the_start_is_not_loaded(client, tmp_path):
    """A request that names a file runs no code and gets no sliders; one that names a built-in model gets them."""
    folder = write_own_rule(tmp_path)
    assert "availability start" in ask_for_sliders(client, "rescorla_wagner").get_data(as_text=True)
    for name in (str(folder / "model.toml"), "../model.toml", "none", "", None, ["kalman"]):
        answer = ask_for_sliders(client, name)
        assert answer.status_code in (OK, 500)
        assert "slider" not in answer.get_data(as_text=True)
    assert not has_run(folder)


def test_values_of_the_scenario_are_held_between_the_ends_of_their_sliders():
    for name, (_, low, high, _) in SCENARIO_SLIDERS.items():
        for value, held in ((low - 1e9, low), (high + 1e9, high), (low, low), (high, high)):
            assert getattr(scenario_from_sliders({name: value}), name) == held
    assert scenario_from_sliders({}) == Scenario()
    assert scenario_from_sliders({"sessions": 12.0, "elsewhere": 1e9}) == Scenario(sessions=12)


def test_values_of_parameters_are_held_between_the_ends_of_their_sliders():
    model = load_model("kalman")
    declared = belief_parameters(model)
    low, high = declared["availability_start_variance"].prior_90
    assert held_parameters(model, {"availability_start_variance": 1e300})["availability_start_variance"] == high
    assert held_parameters(model, {"availability_start_variance": -1.0})["availability_start_variance"] == low
    assert held_parameters(model, {"elsewhere": 1.0}) == {name: prior_median(p) for name, p in declared.items()}


def test_what_is_no_number_does_not_count():
    """A slider without a number has its default."""
    ids = [{"name": name} for name in "abcdef"]
    values = ["0.5", "much", None, "nan", "inf", 2]
    assert slider_values(values, ids) == {"a": 0.5, "f": 2.0}
    assert math.isclose(scenario_from_sliders(slider_values(["much"], [{"name": "gap"}])).gap, Scenario().gap)
