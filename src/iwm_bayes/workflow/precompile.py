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
def precompile(study: Path, model: str | None) -> Iterator[None]:
    """Compile in another process meanwhile. Nobody waits for it: what is missing or failed is compiled when needed."""
    arguments = f"Path({str(study)!r}), {model!r}"
    code = f"from pathlib import Path; from {__name__} import compile_for_study; compile_for_study({arguments})"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield
        finally:
            process.terminate()


def compile_for_study(study: Path, model: str | None = None) -> None:
    """Compile the person likelihood of a study's model, so that its machine code lies on the disk."""
    from iwm_bayes.inference.fit import compile_likelihood

    loaded = load_study_and_data(study, model)
    compile_likelihood(loaded.model._replace(correlated=False), loaded.data)
