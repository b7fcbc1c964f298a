"""Machine code for the pilot fit, compiled in another process while this one compiles the sampler.

Numba compiles on one core, and PyTensor keeps the code on the disk. This process reads what the other one has made.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iwm_bayes.workflow.load import load_study_and_data


@contextmanager
def precompile(study: Path, model: str | None, trust: bool = False) -> Iterator[None]:
    """Compile in another process meanwhile. Nobody waits for it: what is missing or failed is compiled when needed."""
    arguments = f"Path({str(study)!r}), {model!r}, {trust!r}"
    code = f"from pathlib import Path; from {__name__} import compile_for_study; compile_for_study({arguments})"
    with subprocess.Popen(
        [sys.executable, "-P", "-c", code],  # -P: a file numpy.py in the current folder is not imported
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield
        finally:
            process.terminate()


def compile_for_study(study: Path, model: str | None = None, trust: bool = False) -> None:
    """Compile the person likelihood of a study's model, so that its machine code lies on the disk."""
    from iwm_bayes.inference.fit import compile_likelihood

    loaded = load_study_and_data(study, model, trust)
    compile_likelihood(loaded.model._replace(correlated=False), loaded.data)
