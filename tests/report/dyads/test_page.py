"""The page of a study of dyads: its parts and pictures, what is marked and left out, and the links to both members."""

import re
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browsing import WIDTHS, until
from dyad_runs import SEED, THERAPISTS, known_dyads, true_values
from runs import written
from scipy.special import expit

from iwm_bayes.cli.printing.run import Shown, print_run, run_of_analysis
from iwm_bayes.report.contents import report_contents
from iwm_bayes.report.page import write_report

PICTURES = ["reciprocity", "both_members", "actor_partner", "countertransference", "dyads"]
TITLES = [
    "What does a belief of one member do to the acts of both?",
    "Is the pull of bids contained, and does it follow the other's style?",
    "Is one therapist the same with everybody?",
    "What would become of the same dyads?",
    "Does the model describe the data?",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of therapies in its folder, with its report and those of its members."""
    folder, found = tmp_path_factory.mktemp("dyads"), known_dyads()
    with pytest.MonkeyPatch.context() as patch:
        analysis = written(folder, patch, found)
    write_report(folder / "run", "therapies", analysis.model, analysis.fit, results=analysis.results)
    member = analysis.members["patient"]
    write_report(folder / "run" / "patient", "therapies", member.model, member.fit, results=member.results)
    return folder / "run", analysis


@pytest.fixture(scope="module")
def page(browser, run):
    """The page in a browser, which asks for nothing and has no error."""
    context, errors = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}), []
    opened = context.new_page()
    opened.on("console", lambda message: errors.append(message.text))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto((run[0] / "report.html").as_uri())
    until(opened, "[...document.images].every(e => e.complete && e.naturalWidth > 0)")
    yield opened
    context.close()
    assert errors == []


def test_the_page_has_its_parts_in_order(page):
    """The question, the answer, Figure 1, then what is about both members, then the fit."""
    assert page.locator("h1").inner_text() == "When are the patient and the therapist both secure with each other?"
    assert re.search(r"both members are secure by exchange \d+", page.locator(".headline").inner_text())
    assert page.locator(".facts dt").count() == 4
    titles = page.locator("main section h2").all_inner_texts()
    assert titles[: len(TITLES)] == TITLES
    images = page.eval_on_selector_all("main > figure img, main > section img", "all => all.map(e => e.id)")
    open_images = [name.removeprefix("image-") for name in images]
    assert open_images[: len(PICTURES)] == PICTURES
    numbers = page.locator("main > figure figcaption, main > section:not(#details) figcaption").all_inner_texts()
    assert [text[:9] for text in numbers] == [f"Figure {number}." for number in range(1, 5)]
    assert "16 dyads · 24 exchanges" in page.locator(".study").inner_text()


def test_no_single_person_is_spoken_of_as_if_it_were_a_dyad(page):
    """There is no permutation test, no earned security of a dyad, and no outcome of it."""
    text = page.locator("body").inner_text()
    assert not re.search(r"earned secur|permutation|the other person", text, re.IGNORECASE)
    assert [one.split(":")[0].strip("✓!–✗ ") for one in page.locator(".chips li").all_inner_texts()] == [
        "Converged", "Model fit", "Model comparison"
    ]  # fmt: skip


def test_the_reports_of_both_members_are_linked(page, run):
    """Each is in the folder of its member; one is opened."""
    links = page.eval_on_selector_all("#members a", "all => all.map(e => e.getAttribute('href'))")
    assert links == ["patient/report.html", "therapist/report.html"]
    page.locator("#members a").first.click()
    until(page, "document.querySelector('h1').textContent.includes('feel secure')")
    page.go_back()
    until(page, "document.querySelector('h1').textContent.includes('both secure')")
    assert (run[0] / "therapist" / "fit.nc").exists()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows(page, width):
    """On a desk and on a phone, with every part unfolded."""
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = false })")
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})


def test_the_pull_on_the_page_is_that_of_the_posterior(page, run):
    """What is not contained, mean of the dyads, in two digits; the table has the same, and its interval the truth."""
    _, analysis = run
    posterior = analysis.fit["unconstrained_posterior"].to_dataset()
    contained = expit(posterior["mu"].sel(parameter="therapist_care_containment"))
    pull = ((1.0 - contained) * posterior["theta"].sel(parameter="therapist_pull").mean("person")).median()
    shown = float(re.search(r"a pull of \+([\d.]+)", page.locator("#pull").inner_text())[1])
    table = analysis.tables["countertransference"]
    line = table[table["quantity"] == "acted-out pull"].iloc[0]
    assert line["estimate"] == pytest.approx(float(pull))
    assert shown == pytest.approx(float(pull), abs=0.05)  # half of the last digit
    values, _ = true_values(analysis.model, np.random.default_rng(SEED))
    assert line["estimate_ci90_low"] < 0.8 * values["therapist_pull"].mean() < line["estimate_ci90_high"]


def test_dyads_of_one_therapist_have_one_letter(page):
    """In the plot, and in its numbers, which hold pseudonyms and no id of the study."""
    assert "Dyads of one therapist have one letter" in page.locator("#pull").inner_text()
    source = page.locator("#pull a[download$='.csv']").get_attribute("href")
    numbers = b64decode(source.partition("base64,")[2]).decode()
    assert len(set(re.findall(r"therapist \d+", numbers))) == THERAPISTS
    assert not re.search(r"\bt\d\b", numbers)


def test_every_plot_is_a_file_of_the_run(run):
    """As vector and raster graphics."""
    for name in PICTURES:
        for ending in ("svg", "pdf", "png"):
            assert (run[0] / "plots" / f"{name}.{ending}").stat().st_size > 1000


def test_a_fit_that_has_not_converged_has_no_answer(run, tmp_path):
    """Neither in the key result nor in the parts of both members; the members are still linked."""
    folder, analysis = run
    described = run_of_analysis(analysis, folder, "therapies")
    failed = described.facts | {"converged": False, "reasons": ["chains disagree"]}
    contents = report_contents(replace(described, facts=failed))
    assert not contents["key"].usable
    assert contents["pair"] is contents["figure_one"] is contents["pair_tables"] is None
    assert [member["role"] for member in contents["members"]] == ["patient", "therapist"]


def test_an_approximation_is_marked_in_every_part(run):
    """In the key result, its sentences and the pictures of both members."""
    folder, analysis = run
    described = run_of_analysis(analysis, folder, "therapies")
    key = replace(described, facts=described.facts | {"exact": False, "method": "laplace"}).key
    assert key.mark == "approximate (laplace)"
    assert key.headline.endswith("[approximate (laplace)]")
    assert all(fact.meaning.endswith("[approximate (laplace)]") for fact in key.facts)


def test_the_terminal_says_the_same(run, capsys, monkeypatch):
    """The headline and the facts of the key result, and where the reports of both members are."""
    folder, analysis = run
    monkeypatch.chdir(folder.parent)  # a long path takes lines of what is said
    described = run_of_analysis(analysis, Path(folder.name), "therapies")
    print_run(described, Shown())
    said = " ".join(capsys.readouterr().out.split())
    assert described.key.headline in said
    for fact in described.key.facts:
        assert f"{fact.value} {fact.meaning}" in said
    assert "Learning" not in said
    assert "Report of the patient:" in said
