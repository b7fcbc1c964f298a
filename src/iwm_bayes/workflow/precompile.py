"""Machine code for the look ahead, made in a process of its own while this one makes the sampler's.

numba compiles on one core, and PyTensor keeps the code on the disk: what the other process has made, this one reads.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iwm_bayes.workflow.load import load_study_and_data


@contextmanager
def precompile(study: Path, theory: str | None) -> Iterator[None]:
    """Make the code meanwhile. Nobody waits for it: what is not ready, or failed, is made here when it is needed."""
    given = [str(study)] if theory is None else [str(study), theory]
    with subprocess.Popen(
        [sys.executable, "-m", "iwm_bayes.workflow.precompile", *given],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as other:
        try:
            yield
        finally:
            other.terminate()


def compile_for_study(study: Path, theory: str | None = None) -> None:
    """Compile the likelihood of a study, for the disk."""
    from iwm_bayes.inference.fit import compile_likelihood

    _, _, model, data = load_study_and_data(study, theory)
    compile_likelihood(model._replace(correlated=False), data)


if __name__ == "__main__":
    study, *theory = sys.argv[1:]
    compile_for_study(Path(study), *theory)
