"""Repetition of one experiment over many studies: one file per study, so a rerun does only what is missing."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd


def repeat(folder: Path, name: str, studies: int, study: Callable[[int], dict[str, object]]) -> pd.DataFrame:
    """Return the results of `study(seed)` for seeds 1, 2, ..., one row each; a file is written whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    results = []
    for seed in range(1, studies + 1):
        file = folder / f"{name}-{seed}.json"
        if not file.exists():
            draft = file.with_suffix(".part")
            draft.write_text(json.dumps(study(seed)))
            draft.rename(file)
            print(f"{name}: study {seed} of {studies} done", flush=True)
        results.append(json.loads(file.read_text()))
    return pd.DataFrame(results)


def mean_and_error(values: pd.Series) -> str:
    """Format a mean over studies with its Monte Carlo standard error."""
    return f"{values.mean():+.3f} (SE {values.std(ddof=1) / np.sqrt(len(values)):.3f})"
