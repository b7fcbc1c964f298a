"""Progress bars: one per task, on stderr, and none where they are not wanted."""

from iwm_bayes.progress import progress_bars


def test_bars_are_shown_on_stderr(capsys):
    """A bar has the task's name, its note and the counts; names are not taken for markup."""
    with progress_bars(disable=False) as update:
        update("chain 0", 1, 4)
        update("model [a]", 3, 4, ", 1 failed")
        update("chain 0", 4, 4)
    output = capsys.readouterr()
    assert output.out == ""
    for text in ("chain 0", "4/4", "model [a], 1 failed", "3/4"):
        assert text in output.err


def test_nothing_is_shown_when_disabled(capsys):
    """The function may be called all the same."""
    with progress_bars(disable=True) as update:
        update("studies", 1, 2)
    assert capsys.readouterr() == ("", "")
