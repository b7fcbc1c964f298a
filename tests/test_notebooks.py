"""Notebooks run from top to bottom in a kernel of their own, and find what is true of the people they simulate.

A cell is added at the end, which prints facts as JSON. A warning that a cell shows is an error.
"""

import importlib.util
import json
import re
import tomllib
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from pages import DOCS, REPOSITORY
from runs import known
from scipy.special import logit

from iwm_bayes.data.study import StudySpec
from iwm_bayes.diagnostics.results import compute_results, result_tables
from iwm_bayes.workflow.fit_file import save_fit
from iwm_bayes.workflow.fit_groups import standard_fit
from iwm_bayes.workflow.run_folder import FIT_FILE

FOLDER = DOCS / "notebooks"
NOTEBOOKS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
MINUTES = 9
PLACE = re.compile(r"/(?:home|root|Users|tmp|work|usr|opt)/|[A-Z]:\\\\")  # of files on somebody's machine

THERAPY = """
ends = [0.05, 0.5, 0.95]
last = int(security["probability"].notnull().all(("chain", "draw")).sum())
share = security["probability"].sel(session=last)
facts = {
    "status": checks.status,
    "true": recovery["true"].tolist(), "low": recovery["2.5%"].tolist(), "high": recovery["97.5%"].tolist(),
    "arm": [summary.loc["availability_rate_arm[focused]", f"eti95_{end}"] for end in ("lb", "ub")],
    "rates": [truth["availability_rate"], rate_of_focused],
    "sentence": sentence,
    "sessions": security["median_sessions"].quantile(ends, method="inverted_cdf").values.tolist(),
    "last": last, "share": share.quantile(ends).values.tolist(),
    "chance": float(security["chance_level"].sel(session=last).mean()),
    "insecure": security["insecure"].mean("person").quantile(ends).values.tolist(),
    "more_secure": tables["arms"].set_index("about")["p_above_0"].to_dict(),
    "beliefs": [len(beliefs), len(sessions), float((beliefs["outcome"] - beliefs["expected"]
                - beliefs["prediction_error"]).abs().max())],
    "same": iwm.earned_security(loaded, "therapist").equals(security),
}
"""
CHECKING = """
facts = {
    "statuses": [iwm.check_convergence(fit).status for fit in (learning, growth)],
    "best_loo": comparison.index[0],
    "loo": [float(loo.elpd), float(comparison["elpd"].iloc[0])],
    "best_lfo": by_future.ranking.iloc[0].to_dict()["model"],
    "correlation": float(recovery["true"].corr(recovery["estimate"])), "covered": float(recovery["covered"].mean()),
    "outside": {name: table.loc[table["status"] == "outside 99%", "statistic"].tolist()
                for name, table in checks.items()},
    "sensitive": [int(sensitivity.shape[0]), len(medians)],
}
"""
EXTENDING = """
facts = {
    "status": checks.status,
    "slopes": {name: np.quantile(trace["posterior"][name], [0.025, 0.975]).tolist()
               for name in ("slope_rate", "slope_start")},
    "true": {"slope_rate": true_slope, "slope_start": true_slope_start},
    "sds": sds,
    "insecure": np.quantile(iwm.earned_security(fit, "therapist")["insecure"].mean("person"),
                            [0.05, 0.5, 0.95]).tolist(),
    "sentence": iwm.describe_security(fit, "therapist"),
}
"""
OWN_RULE = """
facts = {
    "status": iwm.check_convergence(fit).status,
    "true": recovery["true"].tolist(), "low": recovery["2.5%"].tolist(), "high": recovery["97.5%"].tolist(),
    "best": comparison.ranking.iloc[0].to_dict()["model"],
    "coming": share_who_come.tolist(),
    "loaded": loaded.attrs["model_name"],
}
"""


def facts_of(name, folder, cell):
    """Run a notebook and a cell after it, in a new kernel and an empty folder; return what the cell calls facts."""
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(f"{cell}\nimport json\nprint(json.dumps(facts))"))
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=60 * MINUTES, kernel_name="python3", resources=resources).execute()
    outputs = [output for each in notebook.cells if each.cell_type == "code" for output in each.outputs]
    warned = [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    assert not warned, warned
    return json.loads(outputs[-1].text)


def within(low, true, high):
    """Whether every true value lies in its interval."""
    return bool(np.all((np.array(low) <= true) & (np.array(true) <= high)))


def interval(numbers, form):
    """Median and 90% CrI of low end, median and high end, as a report writes them."""
    low, median, high = (form.format(number) for number in numbers)
    return f"{median} (90% CrI {low.removesuffix('%')}–{high})"


def insecure_people(shares, people):
    """How many of some people are insecure at baseline, as a report writes it."""
    median, interval_text = interval([round(people * share) for share in shares], "{}").split(" ", 1)
    return f"{median} of {people} participants were insecure at baseline {interval_text}"


@pytest.mark.slow
def test_the_therapy_study_finds_what_is_true_and_says_it(tmp_path):
    """Group medians and the effect of the arm are recovered; the sentence has the numbers of the Dataset."""
    facts = facts_of("therapy_study", tmp_path, THERAPY)
    assert facts["status"] == "converged"
    assert within(facts["low"], facts["true"], facts["high"])
    control, focused = facts["rates"]
    assert within([facts["arm"][0]], [logit(focused) - logit(control)], [facts["arm"][1]])
    sentence, share = facts["sentence"], interval(facts["share"], "{:.0%}")
    assert f"by session {interval(facts['sessions'], '{:.0f}')}" in sentence
    assert insecure_people(facts["insecure"], 40) in sentence
    by_then = f"of them were earned secure by session {facts['last']}, the last that can be assessed"
    assert f"{share.partition(' ')[0]} {by_then} {share.partition(' ')[2]}" in sentence
    assert f"{facts['chance']:.0%} would be under uninformative care (chance level)" in sentence
    assert min(facts["more_secure"].values()) > 0.95
    n_rows, n_sessions, residual = facts["beliefs"]
    assert n_rows == n_sessions == 40 * 25
    assert residual < 1e-6
    assert facts["same"]


@pytest.mark.slow
def test_the_model_that_made_the_data_predicts_best(tmp_path):
    """Both by LOO and by prediction of the next session; and the true learning rates are recovered."""
    facts = facts_of("checking_and_comparing", tmp_path, CHECKING)
    assert facts["statuses"] == ["converged"] * 2
    assert facts["best_loo"] == facts["best_lfo"] == "rescorla_wagner"
    assert facts["loo"][0] == pytest.approx(facts["loo"][1], rel=0.01)  # `az.compare` rounds to two digits
    assert len(facts["outside"]["rescorla_wagner"]) <= 2  # of 39 at 1%, with a probability of 99% if independent
    assert len(facts["outside"]["growth"]) >= 6
    assert "change after a responsive session" in facts["outside"]["growth"]
    assert facts["correlation"] > 0.8
    assert facts["covered"] >= 0.75  # 30 people: 99% of studies with a coverage of 90% have more
    assert facts["sensitive"][0] == facts["sensitive"][1]


@pytest.mark.slow
def test_the_extended_model_finds_the_slopes(tmp_path):
    """Slopes of the questionnaire are recovered, and it makes learning rates more precise."""
    facts = facts_of("extending_the_model", tmp_path, EXTENDING)
    assert facts["status"] == "converged"
    for name, (low, high) in facts["slopes"].items():
        assert low <= facts["true"][name] <= high, name
    assert facts["slopes"]["slope_rate"][1] < 0
    assert facts["sds"]["sessions and symptoms"] < facts["sds"]["sessions alone"]
    assert insecure_people(facts["insecure"], 40) in facts["sentence"]


@pytest.mark.slow
def test_a_rule_of_ones_own_is_recovered_and_preferred(tmp_path):
    """Its parameters lie in their intervals, and people who forget are predicted better by it than without."""
    facts = facts_of("rule_of_your_own", tmp_path, OWN_RULE)
    assert facts["status"] == "converged"
    assert within(facts["low"], facts["true"], facts["high"])
    assert facts["best"] == "forgetful"
    low, _, high = facts["coming"]
    assert low < high
    assert facts["loaded"] == "mine"


def test_every_notebook_is_run_by_a_test():
    """And is in the menu of the documentation."""
    source, menu = Path(__file__).read_text(encoding="utf-8"), (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    assert len(NOTEBOOKS) == 4
    for name in NOTEBOOKS:
        assert f'facts_of("{name}"' in source
        assert f"notebooks/{name}.md" in menu


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_are_valid_and_hold_nothing_of_a_machine(name):
    """No path of a machine, no warning, and nothing large."""
    path = FOLDER / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < 400_000
    assert set(notebook.metadata["kernelspec"]) == {"display_name", "language", "name"}
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        assert not PLACE.search(cell.source + json.dumps([o for o in outputs if o.output_type != "display_data"]))
        assert all(output.get("name") != "stderr" and output.output_type != "error" for output in outputs)


def test_a_page_shows_what_cells_show():
    """Text in a fence, a table of pandas without its style, a plot as a file, and files that cells write."""
    place = importlib.util.spec_from_file_location("notebook_hook", DOCS / "hooks" / "notebooks.py")
    hook = importlib.util.module_from_spec(place)
    place.loader.exec_module(hook)
    pictures = {}
    stream = {"output_type": "stream", "name": "stdout", "text": ["converged\n", "[]\n"]}
    assert hook.shown(stream, "a.png", pictures) == "```text\nconverged\n[]\n```"
    html = '<div>\n<style scoped>\n a {}\n\n b {}\n</style>\n<table border="1" class="dataframe"></table></div>'
    table = {"output_type": "execute_result", "data": {"text/plain": "a", "text/html": html}}
    assert hook.shown(table, "a.png", pictures) == "<div>\n<table></table></div>"
    plot = {"output_type": "display_data", "data": {"image/png": "aXdt"}}
    assert hook.shown(plot, "a.png", pictures) == "![Plot of the cell above](a.png)"
    assert pictures == {"a.png": b"iwm"}
    assert "The file `mine.toml`" in hook.code("%%writefile mine.toml\nschema = 2")
    assert "```toml\nschema = 2\n```" in hook.code("%%writefile mine.toml\nschema = 2")
    pages = hook.notebook_pages()
    assert {f"notebooks/{name}.md" for name in NOTEBOOKS} <= set(pages)


R_PAGE = (FOLDER / "from_r.md").read_text(encoding="utf-8")


def test_the_study_file_that_r_writes_is_one():
    """Its keys are those that the program knows."""
    [content] = re.findall(r"writeLines\('\n(.*?)', \"study.toml\"\)", R_PAGE, re.S)
    keys = tomllib.loads(content)
    assert keys.pop("schema") == 2
    assert set(StudySpec.model_validate(keys).model_fields_set) == set(keys)


def test_names_that_r_reads_are_those_of_the_program(tmp_path):
    """Groups and variables of a fit, files, and columns of tables."""
    found = known()
    fit = standard_fit(found.model, found.fit, "nuts", {})
    save_fit(fit, tmp_path / FIT_FILE)
    tables = result_tables(compute_results(found.model, fit), "converged")
    groups = {
        name: {str(variable) for variable in (*tree.data_vars, *tree.coords)} for name, tree in fit.children.items()
    }
    pairs = re.findall(r'ncvar_get\(file, "(\w+)/(\w+)"\)', R_PAGE)
    pairs += [("posterior", name) for name in re.findall(r'var\.get\.nc\(posterior, "(\w+)"\)', R_PAGE)]
    assert len(pairs) == 6
    for group, name in pairs:
        assert name in groups[group] or name == "availability_rate_arm", (group, name)  # this fit has no formula
    cells = [line.split("|")[1] for line in R_PAGE.splitlines() if line.startswith("| `")]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named <= set(groups)
    assert set(groups) - named <= {"prior", "log_prior"}
    files = re.findall(r"runs/therapy/tables/(\w+)\.csv", R_PAGE)
    assert set(files) - set(tables) <= {"marginal_effects", "arms"}
    [columns] = re.findall(r'time\[time\$about == "new people", c\((.*?)\)\]', R_PAGE)
    assert set(re.findall(r'"(\w+)"', columns)) <= set(tables["time_to_security"])
    assert {"expected", "prediction_error", "learning_rate", "availability", "self_worth", "expected_sd"} <= set(
        tables["beliefs"]
    )
    assert "new people" in set(tables["time_to_security"]["about"])
    assert f"runs/therapy/{FIT_FILE}" in R_PAGE
