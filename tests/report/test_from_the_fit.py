"""A report is made from the fit of a run, and needs no table."""

import html
import shutil

import pytest
from runs import known, without_drawing

from iwm_bayes.diagnostics.permutation_test import PermutationTest
from iwm_bayes.report.page import write_report
from iwm_bayes.workflow import analysis, run_folder
from iwm_bayes.workflow.fit_file import FIT_FILE, read_fit

TEST = PermutationTest(12.345, 2, 60, "outcomes", 11, 12)


@pytest.fixture(scope="module")
def requested(tmp_path_factory):
    """A run with the results of further fits, its report as `iwm fit` wrote it, and its analysis."""
    folder, found = tmp_path_factory.mktemp("requested"), known()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysis, "fit", lambda *_, **__: found.fit)
        patch.setattr(analysis, "permutation_test", lambda *_: TEST)
        patch.setattr(analysis, "leaves_expectancy_bias_open", lambda *_: True)
        patch.setattr(analysis, "with_stated_lean", lambda model, _: model)
        requests = analysis.Requests(permutation_test=True, expectancy_bias=True)
        made = analysis.analyse(found.model, found.data, "nuts", {}, requests=requests)
    (folder / "study.toml").write_text("nothing")
    files = {name: folder / "study.toml" for name in ("study", "data", "model")}
    run_folder.write_analysis(made, folder / "run", files)
    with pytest.MonkeyPatch.context() as patch:
        without_drawing(patch)
        page = write_report(folder / "run", "clinic", found.model, made.fit, results=made.results)
    return folder / "run", page.read_text(encoding="utf-8"), made


def test_the_page_of_a_fit_that_is_read_is_that_of_the_fit_that_was_made(requested, tmp_path, monkeypatch):
    """To the last letter of its text, with the results of further fits, although every table is gone."""
    without_drawing(monkeypatch)
    run, page, made = requested
    copied = shutil.copytree(run, tmp_path / "run")
    shutil.rmtree(copied / "tables")
    again = write_report(copied, "clinic", made.model, read_fit(copied / FIT_FILE))
    assert again.read_text(encoding="utf-8") == page


def test_further_fits_are_shown(requested):
    """The sentence of the permutation test, and the group medians under each expectancy bias."""
    _, page, made = requested
    assert made.permutation_test == TEST
    assert TEST.sentence in html.unescape(page)
    table = made.tables["expectancy_bias"].set_index("parameter")
    medians = made.tables["group_summary"].set_index("parameter")["median"]
    assert table["median_at_0"].equals(medians.rename("median_at_0"))
    assert "median at 0.5" in page
