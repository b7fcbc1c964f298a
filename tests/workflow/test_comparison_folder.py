"""A comparison as a folder: what is read back is what was written, and tables hold numbers."""

import pandas as pd
import pytest
import xarray as xr
from comparisons import MODELS, PEOPLE, comparison_of, written_comparison
from numeric_tables import words_in_numbers

from iwm_bayes.types import InputError
from iwm_bayes.workflow.comparison_folder import COMPARISON_FILE, read_comparison
from iwm_bayes.workflow.fits import damaged_files


@pytest.mark.parametrize("mixture", [False, True])
def test_a_comparison_is_read_as_it_was_written(tmp_path, mixture):
    """To the last digit: rankings, frequencies, failed checks and the sentences."""
    folder, made = written_comparison(tmp_path / "comparison", mixture=mixture), comparison_of(mixture=mixture)
    found = read_comparison(folder, "kalman")
    assert [*found.rankings] == ["loso"]
    pd.testing.assert_frame_equal(found.rankings["loso"], made.rankings["loso"])
    pd.testing.assert_frame_equal(found.frequencies, made.frequencies)
    pd.testing.assert_frame_equal(found.ppc_failures, made.ppc_failures.reset_index(drop=True))
    assert found.rankings["loso"]["elpd_diff"].tolist() == pytest.approx([0.0, -7.0])
    assert len(found.ppc_failures) == 1
    assert found.facts["summary"] == made.summary
    assert ("frequency_mixture" in found.frequencies) == mixture
    assert words_in_numbers(folder) == []


def test_a_table_without_a_line_is_read_as_one(tmp_path):
    """Every model reproduces every statistic: nothing is listed."""
    folder = written_comparison(tmp_path / "comparison", failures=False)
    assert read_comparison(folder, "kalman").ppc_failures.empty


def test_the_file_has_the_log_evidence_of_everybody_and_the_mixture(tmp_path):
    folder = written_comparison(tmp_path / "comparison", mixture=True)
    with xr.open_datatree(folder / COMPARISON_FILE, engine="h5netcdf") as tree:
        evidence, mixture = tree["evidence"].to_dataset(), tree["mixture"].to_dataset()
        assert evidence["log_evidence"].sel(model=list(MODELS)).sum("person").values.tolist() == pytest.approx(
            [-14, -21]
        )
        assert evidence["person"].values.tolist() == PEOPLE
        assert {**mixture.sizes} == {"chain": 2, "draw": 50, "model": 2, "person": 14}


def test_what_is_no_comparison_is_refused(tmp_path):
    """Another model, an empty folder, and a file that is missing, cut or changed."""
    folder = written_comparison(tmp_path / "comparison")
    with pytest.raises(InputError, match="is no comparison that includes growth"):
        read_comparison(folder, "growth")
    with pytest.raises(InputError, match="is no comparison that includes kalman"):
        read_comparison(tmp_path, "kalman")
    assert damaged_files(folder) == []
    path = folder / COMPARISON_FILE
    path.write_bytes(path.read_bytes()[:2000])
    [problem] = damaged_files(folder)
    assert f"{path}: is not the file that the program wrote here" in problem
    with pytest.raises(InputError, match="cannot be read"):
        read_comparison(folder, "kalman")
    path.unlink()
    with pytest.raises(InputError, match="Compare again with --overwrite"):
        read_comparison(folder, "kalman")
