"""`iwm explore`: the port of the page, and what it says without its extra. The page itself: tests/explorer."""

import socket

import pytest
from werkzeug.serving import BaseWSGIServer
from werkzeug.test import Client

from iwm_bayes.cli import explore
from iwm_bayes.types import InputError


def test_a_port_at_which_another_program_listens_is_taken():
    """So a second explorer gets a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert explore.is_taken(port)
    assert not explore.is_taken(port)


@pytest.mark.parametrize("missing", ["werkzeug", "plotly"])
def test_without_its_extra_the_remedy_is_said(monkeypatch, missing):
    """Before anything is loaded."""
    monkeypatch.setattr(explore, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(InputError, match=r"pip install 'iwm-bayes\[explorer\]'"):
        explore.explore(browser=False)


@pytest.mark.parametrize(
    ("arguments", "page", "title"),
    [
        ({}, "", "Model explorer"),
        ({"dyad": True}, "dyad", "Explorer of dyads"),
        ({"dyad": True, "first": "partner"}, "dyad", "Explorer of dyads"),
    ],
)
def test_the_page_of_one_person_or_of_a_dyad_is_opened(monkeypatch, capsys, arguments, page, title):
    """It is the address that is said; one model is that of both members of the dyad."""
    served = []
    monkeypatch.setattr(BaseWSGIServer, "serve_forever", lambda serving: served.append(serving))
    explore.explore(port=0, browser=False, **arguments)
    (serving,) = served
    assert f"The page is at http://127.0.0.1:{serving.port}/{page} on" in capsys.readouterr().out
    html = Client(serving.app).get(f"/{page}", headers={"Host": "localhost"}).get_data(as_text=True)
    serving.server_close()
    assert f"<title>{title}</title>" in html
    assert html.count('<option value="partner" selected>') == 2 * ("first" in arguments)


def test_a_model_that_cannot_be_a_member_is_refused_before_the_page_is_there(tmp_path):
    """It says why: such a model turns to one of several figures."""
    path = tmp_path / "seeking.toml"
    lines = ["schema = 2", *(f'{key} = "-"' for key in ("claim", "reference")), 'rule = "rescorla_wagner"']
    path.write_text("\n".join([*lines, "[responses]", 'choice = "seek"']), encoding="utf-8")
    with pytest.raises(InputError, match="which a model of dyads does not have"):
        explore.explore(first=str(path), dyad=True, port=0, browser=False)
