"""The program as a researcher calls it, in this process."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from iwm_bayes.cli.main import main


def iwm(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the program in this process, which spares its imports, and return what it printed."""
    out, err, words = io.StringIO(), io.StringIO(), list(map(str, arguments))
    with (
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        patch.object(sys, "argv", ["iwm", *words]),
        pytest.raises(SystemExit) as stopped,
    ):
        main()
    return subprocess.CompletedProcess(words, int(stopped.value.code or 0), out.getvalue(), err.getvalue())
