"""A study names its estimands; what it leaves out appears nowhere."""

import json
import re

import pytest
from clinic import spoil, write
from runs import known, without_drawing

from iwm_bayes.cli.printing.run import Shown, print_run, run_of_analysis
from iwm_bayes.data.binding import WANTED, wants
from iwm_bayes.data.study import read_study_file
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.registry import parts
from iwm_bayes.report.answer.checks import convergence_chip
from iwm_bayes.report.context import ReportOptions
from iwm_bayes.report.page import write_report
from iwm_bayes.types import InputError
from iwm_bayes.workflow import analysis, run_folder
from iwm_bayes.workflow.fits import read_run
from iwm_bayes.workflow.load import load_data

WORDS = {  # by estimand: what a reader would see of it
    "earned_security": "insecure|security|earned|corrective|projection|at risk|risk difference",
    "styles": "preoccupied|dismissing|fearful|attachment styles",
    "generalised": "generalised",
}


def made(folder, monkeypatch, capsys, estimands):
    """The run folder with its report, and the terminal, of a study with some estimands."""
    found = known()
    data = found.data.assign_attrs({WANTED: json.dumps(estimands)})
    found.fit["constant_data"].attrs[WANTED] = json.dumps(estimands)
    monkeypatch.setattr(analysis, "fit", lambda *_, **__: found.fit)
    without_drawing(monkeypatch)  # no word of a picture is text in its file
    done = analysis.analyse(found.model, data, "nuts", {}, requests=analysis.Requests(person_summary=True))
    (folder / "study.toml").write_text("nothing")
    run = folder / "run"
    run_folder.write_analysis(done, run, {name: folder / "study.toml" for name in ("study", "data", "model")})
    page = write_report(run, "clinic", found.model, found.fit, ReportOptions(person_table=True), done.results)
    print_run(run_of_analysis(done, run, "clinic"), Shown(verbose=True))
    return run, done, shown(page.read_text(encoding="utf-8")), capsys.readouterr().out


def shown(page):
    """What a page shows: without its programs and styles, and without pictures, whose files are in a folder."""
    return re.sub(r"<meta[^>]*>|<(script|style).*?</\1>|class=\"[^\"]*\"|data:[^\"]*", "", page, flags=re.S)


@pytest.mark.parametrize("estimands", [[], ["styles"], ["earned_security"], ["generalised"], parts()])
def test_what_is_left_out_appears_nowhere(tmp_path, monkeypatch, capsys, estimands):
    """Not in terminal, report, methods, tables, names of files or plots; and what is wanted appears."""
    run, done, page, printed = made(tmp_path, monkeypatch, capsys, estimands)
    files = [str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()]
    tables = "\n".join(path.read_text(encoding="utf-8") for path in (run / "tables").iterdir())
    facts = json.loads((run / "manifest.json").read_text())
    everything = "\n".join([*files, tables, page, printed, " ".join(facts["warnings"])]).lower()
    if "earned_security" not in estimands and "generalised" in estimands:
        assert "generalised" not in everything  # of which nothing is wanted
    for name, words in WORDS.items():
        if name not in estimands:
            found = {everything[max(0, hit.start() - 40) : hit.end() + 40] for hit in re.finditer(words, everything)}
            assert found == set(), name
    assert ("criterion" in facts) == ("earned_security" in estimands)
    for name in {"earned_security", "styles"} & {*estimands}:
        assert re.search(WORDS[name], everything)
        assert re.search(WORDS[name], page.lower())
    assert done.convergence.converged
    assert read_run(run)["converged"]
    assert "median" in tables


def test_a_fit_without_derived_quantities_has_its_convergence_checks():
    """The same values for parameters, and none for derived quantities."""
    checks = check_convergence(known().fit)
    assert checks.converged
    assert not [name for name in checks.values if name.startswith("derived")]
    highest = max(checks.values["group_r_hat"], checks.values["person_r_hat"])
    assert f"max R-hat {highest:.3f}," in convergence_chip(checks).detail


def test_a_study_names_its_estimands(tmp_path):
    write(tmp_path)
    everything = load_data(read_study_file(tmp_path / "study.toml"), str(tmp_path / "model.toml"))[1]
    assert all(wants(everything, name) for name in parts())
    spoil(
        tmp_path, "study.toml", 'model = "model.toml"', f'model = "{tmp_path / "model.toml"}"\nestimands = ["styles"]'
    )
    study = read_study_file(tmp_path / "study.toml")
    assert [name for name in parts() if wants(load_data(study)[1], name)] == ["styles"]
    assert [name for name in parts() if study.wants(name)] == ["styles"]


@pytest.mark.parametrize(
    ("written", "message"), [('["style"]', 'Did you mean "styles"?'), ('["alliance"]', "earned_security, styles")]
)
def test_an_unknown_estimand_is_refused(tmp_path, written, message):
    write(tmp_path)
    spoil(tmp_path, "study.toml", "schema = 2", f"schema = 2\nestimands = {written}")
    spoil(tmp_path, "sessions.csv", "mum,2026-01-15,7", "mum,2026-01-15,8")
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        load_data(read_study_file(tmp_path / "study.toml"), str(tmp_path / "model.toml"))
    assert any("off the scale" in problem for problem in refused.value.problems)  # and what else is wrong
