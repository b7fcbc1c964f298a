"""Links to the page of a dyad: every value is checked, and what a model file holds is shown as text."""

import json

import pytest
from werkzeug.test import Client

from iwm_bayes.explorer.app import server
from iwm_bayes.explorer.dyads.state import EXCHANGES, FIRST, first_dyad, member_controls, read_dyad_state
from iwm_bayes.explorer.initial_beliefs import InitialBeliefs
from iwm_bayes.model.specification.model_file import load_model

HOSTILE = '<img src=x onerror="alert(1)">'
SPECS = {name: load_model(name) for name in ("seeker", "carer", "kalman")}
LOCAL = {"Host": "localhost"}


def read(**query):
    """Read the state of a link."""
    return read_dyad_state({name.replace("__", "."): value for name, value in query.items()}, SPECS, FIRST)


@pytest.fixture(scope="module")
def client():
    """A client of a server that is not started, with a model that has a hostile name."""
    hostile = load_model("partner")._replace(name=HOSTILE, claim=HOSTILE)
    serving = server({"kalman": SPECS["kalman"]}, 0, members={HOSTILE: hostile})
    yield Client(serving.app)
    serving.server_close()


def test_a_link_without_values_is_the_page_at_its_start():
    """A patient and a therapist, at the middle of their priors, drawn up to the last exchange."""
    state = read()
    assert (state.roles, state.models, state.run, state.notes) == ("therapy", {"A": "seeker", "B": "carer"}, 0, ())
    assert state.exchanges == state.position == EXCHANGES
    assert [state.name_of(side) for side in "AB"] == ["patient", "therapist"]
    assert state.choices["A"].initial == InitialBeliefs()
    assert read(exchanges="12.4", exchange="99").position == 12


def test_values_are_held_between_the_ends_of_their_controls():
    """Those of members, too; parameters of another model are left out."""
    controls = member_controls({"A": SPECS["seeker"], "B": SPECS["carer"]}, "B")
    state = read(B__pull="-99", B__care_containment="2", A__pull="1", exchanges="1e9", run="-3", B__initial_worth="0.2")
    chosen = dict(state.choices["B"].parameters)
    assert (chosen["pull"], chosen["care_containment"]) == (controls["pull"].low, controls["care_containment"].high)
    assert "pull" not in dict(state.choices["A"].parameters)
    assert (state.exchanges, state.run) == (80, 0)
    assert state.choices["B"].initial == InitialBeliefs()  # a carer has no self-worth
    assert len(state.notes) == 4


def test_what_is_not_offered_is_not_shown():
    """Neither roles nor models of a link, nor values that are no numbers."""
    state = read(roles=HOSTILE, A="../model.toml", B="none", B__pull=HOSTILE, exchanges="nan")
    assert state[:-1] == read()[:-1]
    assert state.notes[:3] == (
        "Roles of the link is not offered here, so it is therapy.",
        "Model A of the link is not offered here, so it is seeker.",
        "Model B of the link is not offered here, so it is carer.",
    )
    assert not any("<" in note for note in state.notes)


def test_the_models_of_the_start_are_those_that_were_given():
    """One model is that of both members."""
    assert first_dyad({}) == FIRST
    assert first_dyad({"kalman": SPECS["kalman"]}) == {"roles": "any", "A": "kalman", "B": "kalman"}
    assert first_dyad(dict(list(SPECS.items())[1:])) == {"roles": "any", "A": "carer", "B": "kalman"}


def test_the_page_shows_names_as_text(client):
    """In the page, in its panels and in the labels of plots."""
    page = client.get("/dyad", headers=LOCAL).get_data(as_text=True)
    content = json.loads(client.get("/dyad_content?panels=1", headers=LOCAL).data)
    assert "<img" not in page
    assert "&lt;img" in page
    assert "&lt;img" in content["panels"]
    assert "<img" not in content["panels"] + json.dumps(content["pictures"])
    assert content["readouts"][0].startswith("Before the first exchange. Member A: availability 0.50")
    assert len(content["readouts"]) == EXCHANGES + 1


def test_models_of_members_are_offered_for_dyads_alone(client):
    """A seeker meets no care of a schedule, so the page of one person does not offer it."""
    assert 'value="seeker"' in client.get("/dyad", headers=LOCAL).get_data(as_text=True)
    assert 'value="seeker"' not in client.get("/", headers=LOCAL).get_data(as_text=True)


def test_one_dyad_is_drawn_as_it_is_and_all_as_their_median(client):
    """Of one dyad every act is 0 or 1, or a rating, and there is no range."""
    query = {"A": "seeker", "B": "carer", "exchanges": "10"}
    contents = [
        json.loads(client.get("/dyad_content", query_string=query | {"run": run}, headers=LOCAL).data)
        for run in ("0", "2")
    ]
    ranges = [[one for one in content["pictures"]["beliefs"]["data"] if one.get("fill")] for content in contents]
    assert [len(one) for one in ranges] == [2, 0]
    (care,) = [one for one in contents[1]["pictures"]["acts"]["data"] if one["name"] == "member B: care"]
    assert set(care["y"]) <= {0.0, 1.0}
    (mean,) = [one for one in contents[0]["pictures"]["acts"]["data"] if one["name"] == "member B: care"]
    assert not set(mean["y"]) <= {0.0, 1.0}
    assert contents[0]["sentences"] == contents[1]["sentences"]  # which are about all
