"""`iwm explore`: the port of the page, and what it says without its extra. The page itself: tests/explorer."""

import socket

import pytest

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
