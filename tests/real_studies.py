"""The studies of public data, opened."""

from pathlib import Path

import pytest
import xarray as xr

from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.study import StudySpec, read_study_file
from iwm_bayes.model.specification.model_file import load_model

STUDIES = Path(__file__).parents[1] / "experiments" / "studies"


def opened(name: str) -> tuple[StudySpec, xr.Dataset]:
    """A study and its data; skipped where the real data are not to be had."""
    study = read_study_file(STUDIES / f"{name}.toml")
    if not study.data.exists():
        pytest.skip(f"the real data are not here ({study.data}); set IWM_DATA to their folder")
    return study, read_data(study, load_model(study.model[0]))
