"""The contents of a report, before a browser shows it."""

import html
import re
import shutil
from importlib import resources
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from comparisons import written_comparison
from runs import MEDIANS, NASTY, PEOPLE, UNSURE, spoil_manifest, without_drawing

from iwm_bayes.diagnostics.predictive_checks import ppc_count_sentence
from iwm_bayes.estimands.person_summary import learning_contraction, person_summary, pseudonyms
from iwm_bayes.estimands.trajectories import person_beliefs
from iwm_bayes.model.specification.model_file import model_library
from iwm_bayes.report import contents, elements, methods, text
from iwm_bayes.report.context import ReportContext, ReportOptions
from iwm_bayes.report.elements import Exhibit, csv_bytes
from iwm_bayes.report.labels import parameter_words
from iwm_bayes.report.page import DEFAULT_OPTIONS, page_environment, write_report
from iwm_bayes.report.sections.details import insecure_at_the_end
from iwm_bayes.report.sections.parameters import table_one
from iwm_bayes.report.sections.people import refusal_sentence
from iwm_bayes.types import InputError
from iwm_bayes.workflow.run_folder import file_label

NOT_CONVERGED = {"converged": False, "reasons": ["17 divergent transitions"], "advice": ["set --target-accept 0.95"]}
MEAN_INTERVALS = {"start": (0.15, 0.85), "rate": (0.02, 0.5)}  # prior 90% ranges of the model file


def facts_of(made, **facts):
    """The manifest of the run, with other facts."""
    return run_manifest(made) | facts


def run_manifest(made):
    """The manifest of the run."""
    from iwm_bayes.io import read_json

    return read_json(made[0] / "run" / "manifest.json", "")


def context_of(made, facts, options=DEFAULT_OPTIONS, results=None):
    """The context of a report with these facts in its manifest."""
    folder, found, analysis = made
    return ReportContext(folder, "clinic", found.model, found.fit, facts, results or analysis.results, options)


@pytest.fixture(scope="module")
def page(reported):
    """The report of a fit that has converged."""
    return reported.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def not_converged(made, tmp_path_factory):
    """The report of a fit that has not converged, with everybody and a comparison asked for; without its pictures."""
    folder, found, analysis = made
    run = shutil.copytree(folder / "run", tmp_path_factory.mktemp("not_converged") / "run")
    spoil_manifest(run, **NOT_CONVERGED)
    options = ReportOptions(person_table=True, comparison=written_comparison(run.parent / "comparison"))
    with pytest.MonkeyPatch.context() as patch:
        without_drawing(patch)
        path = write_report(run, "clinic", found.model, found.fit, options, analysis.results)
    return path.read_text(encoding="utf-8")


def part_of(page, name):
    """The HTML of a section or of a folded part."""
    return re.search(rf'<(section|details) id="{name}".*?</\1>', page, re.DOTALL).group()


def text_of(part):
    """The words of HTML."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", part)).split())


def test_parts_come_in_their_order(page):
    """Title, key result and Figure 1, then the four questions, then what is folded: also in the source, without CSS."""
    order = ["key-result", "fit", "learning", "comparison", "details"]  # no formula, so no effect to plot
    assert re.findall(r'<section id="([\w-]+)"', page) == order
    folded = [
        "definition",
        "sensitivity",
        "prior",
        "group_tables",
        "checks",
        "convergence",
        "styles",
        "figures",
        "projection",
        "parameters",
    ]
    folded += ["people", "data", "methods", "reproduction"]
    assert re.findall(r'<details id="(\w+)"', page) == folded
    places = [page.index(part) for part in ("<h1>", 'id="key-result"', "Figure 1.", 'id="fit"', "Figure 2.", "Table")]
    assert places == sorted(places)
    assert re.findall(r"<strong>Figure (\d+)\.</strong>", page) == [str(number + 1) for number in range(6)]


def test_plots_are_in_the_run_folder(reported, page):
    """In three formats, under names without spaces or separators; those of the page, and no other are offered."""
    files = {path.name for path in (reported.parent / "plots").iterdir()}
    names = ["learning_curves", "attachment_space", "time_to_security"]
    names = [f"{name}_{file_label(NASTY)}" for name in names] + [
        "individual_fits",
        "forest",
        "predictive_checks",
        "ranks",
    ]
    assert files >= {f"{name}.{ending}" for name in names for ending in ("svg", "pdf", "png")}
    assert not [name for name in files if re.search(r"[\s/<>]", name)]
    offered = {html.unescape(name) for name in re.findall(r'download="([^"]+\.pdf)"', page)}
    assert offered <= files
    assert len(offered) > 10


def test_table_one_has_the_numbers_of_the_draws(made):
    """Median, interval, prior, SD between people, contraction, R-hat and ESS, computed here from the draws."""
    posterior = made[1].fit["unconstrained_posterior"].to_dataset()
    rows = {row[0]: row[1:] for row in table_one(context_of(made, facts_of(made))).rows}
    assert list(rows) == [parameter_words(name) for name in MEDIANS if name.split("_")[1] in MEAN_INTERVALS]
    for name in (name for name in MEDIANS if name.split("_")[1] in MEAN_INTERVALS):
        mu = posterior["mu"].sel(parameter=name)
        low, median, high = np.quantile(1 / (1 + np.exp(-mu.values)), [0.05, 0.5, 0.95])
        prior = MEAN_INTERVALS[name.split("_")[1]]
        prior_sd = np.ptp(np.log(prior) - np.log1p(-np.array(prior))) / (2 * 1.6448536)
        tail = az.ess(mu.to_dataset(name="x"), method="tail", prob=(0.05, 0.95))["x"]
        ess = min(float(az.ess(mu.to_dataset(name="x"), method="bulk")["x"]), float(tail))
        assert rows[parameter_words(name)] == [
            f"{median:#.2g}",
            f"{low:#.2g}–{high:#.2g}",
            f"{prior[0]:#.2g}–{prior[1]:#.2g}",
            f"{np.median(posterior['sigma'].sel(parameter=name)):#.2g}",
            f"{1 - mu.values.var() / prior_sd**2:.2f}",
            f"{float(az.rhat(mu.to_dataset(name='x'))['x']):.3f}",
            f"{ess:,.0f}",
        ]


def test_the_data_of_a_plot_are_a_long_table():
    """A line for each number that is known, with its coordinates; tables stay as they are."""
    data = xr.Dataset(
        {"a": (("x", "y"), [[1.0, np.nan], [2.0, 3.0]]), "n": ("y", [4, 5]), "last": 7}, {"x": [1, 2], "y": ["u", "v"]}
    )
    lines = csv_bytes(data).decode().splitlines()
    assert lines == ["quantity,x,y,value", "a,1,u,1", "a,2,u,2", "a,2,v,3", "n,,u,4", "n,,v,5", "last,,,7"]
    assert csv_bytes(pd.DataFrame({"k": ["a,b"], "v": [0.5]})).decode() == 'k,v\n"a,b",0.5\n'


def test_all_checks_are_listed_and_counted(made, page):
    """The folded table has every statistic; its sentence counts those outside, as the open one does."""
    checks = made[2].tables["ppc"]
    part = part_of(page, "checks")
    assert part.count("<tr>") == len(checks) + 1
    assert ppc_count_sentence(checks) in text_of(part)
    outside = int(((checks["observed"] < checks["pi95_low"]) | (checks["observed"] > checks["pi95_high"])).sum())
    assert f"{outside} of {len(checks)} test statistics lie outside" in text_of(part_of(page, "fit"))
    assert 0 < outside < len(checks)


def test_names_from_a_table_are_text(page):
    """No name opens a tag; people are not named at all."""
    assert NASTY not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>therapy" not in page
    assert "p007" not in page


def test_a_figure_that_cannot_be_assessed_has_no_line(page):
    """The phase with the mother is too short: a sentence says so, in place of lines of 0%."""
    part = text_of(part_of(page, "figures"))
    assert "With their mother, 6 sessions are too few" in part
    assert not re.search(r"<td>mother</td>", part_of(page, "figures"))


def test_a_fit_that_has_not_converged_shows_what_to_do(not_converged):
    """In place of the answer: no fact, no figure, no number of the answer; folded diagnostics are marked."""
    key = part_of(not_converged, "key-result")
    assert "<li>Set --target-accept 0.95.</li>" in key
    assert "dl" not in re.findall(r"<(\w+)", key)
    assert re.findall(r'<section id="([\w-]+)"', not_converged) == ["key-result", "details"]
    folded = ["convergence", "parameters", "data", "methods", "reproduction"]
    assert re.findall(r'<details id="(\w+)"', not_converged) == folded
    assert "<li>17 divergent transitions.</li>" in part_of(not_converged, "convergence")
    captions = re.findall(r"<figcaption>.*?</figcaption>", part_of(not_converged, "parameters"), re.DOTALL)
    assert captions
    assert all('<strong class="mark">not converged</strong>' in caption for caption in captions)
    lines = re.findall(r"<tr><td.*?</tr>", part_of(not_converged, "parameters"))
    assert lines
    assert all("<td>not converged</td>" in line for line in lines)


def test_every_number_of_an_approximation_is_marked(made, monkeypatch):
    """Captions, findings, sentences and every line of a table state that the fit is approximate."""
    drawn = without_drawing(monkeypatch)
    facts = facts_of(made, exact=False, method="laplace", settings={"draws": 100})
    run = context_of(made, facts, ReportOptions(person_table=True))
    shown = page_environment().get_template("page.html").render(contents.report_contents(run))
    mark = '<strong class="mark">approximate (laplace)</strong>'
    estimates = shown.replace(part_of(shown, "data"), "")  # which are not estimated
    parts = re.findall(r"<figcaption>.*?</figcaption>|<p class=\"finding\">.*?</p>", estimates, re.DOTALL)
    parts += re.findall(r"<p>[^<]*\d[^<]*(?:</p>|<strong.*?</p>)", part_of(shown, "learning") + part_of(shown, "fit"))
    assert len(parts) > 15
    assert [part for part in parts if mark not in part] == []
    lines = re.findall(r"<tr><td.*?</tr>", shown.replace(part_of(shown, "checks"), ""))
    assert len(lines) > 20
    assert [line for line in lines if "<td>approximate (laplace)</td>" not in line and "approximate" not in line] == []
    assert "ranks" not in drawn  # an approximation has no chains


def test_the_status_is_written_into_a_plot():
    """A picture that is copied keeps it; a converged fit has none."""
    from iwm_bayes.viz.style import message_plot

    texts = [text.get_text() for text in elements.marked(message_plot("x"), "approximate (laplace)").texts]
    assert texts == ["approximate (laplace)"]
    assert elements.marked(message_plot("x"), "").texts == []


def test_exhibits_are_numbered_through_the_open_parts():
    first = Exhibit("a", "b", ())
    parts = {"figure_one": first, "fit": {"exhibits": [first, first]}, "learning": {"exhibits": [first]}}
    parts |= {"groups": None, "between_sessions": None, "comparison": {"exhibits": [first]}}
    found = contents.numbered(parts)
    assert found["figure_one"].number == 1
    numbers = [[exhibit.number for exhibit in found[name]["exhibits"]] for name in ("fit", "learning", "comparison")]
    assert numbers == [[2, 3], [4], [5]]


@pytest.mark.parametrize(
    ("facts", "status", "headline"),
    [
        ({}, "converged", "Converged"),
        ({"converged": False}, "not converged", "do not use"),
        ({"exact": False, "method": "laplace"}, "approximate (laplace)", "--method nuts"),
        ({"converged": False, "partial": "200 of 750 draws"}, "partial", "Do not use"),
    ],
)
def test_the_status_of_a_fit(facts, status, headline):
    manifest = {"converged": True, "exact": True, "partial": "", "method": "nuts"} | facts
    assert text.fit_status(manifest) == status
    assert headline in text.status_headline(manifest)


FACTS = {"settings": {"draws": 900}, "method": "nuts"}


@pytest.mark.parametrize(
    ("study", "model", "named"),
    [
        ("mine/study.toml", "mine/arm.toml", "mine/study.toml --model mine/arm.toml"),
        ("mine/study.toml", "other.toml", "mine/study.toml --model other.toml"),
        ("mine/study.toml", str(model_library() / "kalman.toml"), "mine/study.toml --model kalman"),
    ],
)
def test_the_command_repeats_the_run_in_the_same_folder(study, model, named, tmp_path, monkeypatch):
    """Paths are relative to the folder of the first run, also if the study names its model in full."""
    monkeypatch.chdir(tmp_path)
    model = str(tmp_path / model) if model.startswith("mine") else model
    files = {"study": {"path": study}, "model": {"path": model}}
    command = methods.reproduction_command(FACTS | {"files": files})
    assert command.startswith(f"iwm fit {named} --method nuts --draws 900")


def test_the_example_is_repeated_by_iwm_demo():
    example = Path(str(resources.files("iwm_bayes"))) / "example" / "study.toml"
    files = {"study": {"path": str(example)}, "model": {"path": str(model_library() / "rescorla_wagner.toml")}}
    assert methods.reproduction_command(FACTS | {"files": files}) == "iwm demo"


def test_citations_are_bibtex(made):
    """Every entry is closed; the model's source has its DOI; no sign of a name means anything to LaTeX."""
    found = methods.bibtex(context_of(made, facts_of(made)))
    assert found.count("{") == found.count("}")
    assert [line.split("{")[0] for line in found.splitlines() if line.startswith("@")][:2] == ["@software", "@misc"]
    assert "Source of the model rescorla\\_wagner: Rescorla \\& Wagner (1972)" in found
    _, known, _ = made
    model = known.model._replace(reference="A & B (2020), doi:10.1037/a0036505.")
    run = ReportContext(made[0], "clinic", model, known.fit, facts_of(made), made[2].results, ReportOptions())
    assert "doi = {10.1037/a0036505}" in methods.bibtex(run)


def test_how_many_are_insecure_at_the_end(made):
    """After each person's own last session, on average over draws: two of twelve people here end early."""
    run = context_of(made, {"criterion": {"insecure_at_or_below": 0.4}})
    beliefs = person_beliefs(run.model, run.fit, "mother")
    early = xr.DataArray(np.arange(PEOPLE) < 2, dims="person")
    shorter = beliefs.where((beliefs["session"] <= 3) | ~early)
    final = xr.where(early, beliefs.sel(session=3), beliefs.sel(session=6))
    by_hand = (final.min("belief") <= 0.4).sum("person").mean()
    assert 0 < by_hand < PEOPLE
    assert insecure_at_the_end(run, shorter) == pytest.approx(float(by_hand))
    assert insecure_at_the_end(run, beliefs) != pytest.approx(float(by_hand))


def test_forecasts_need_contraction_of_the_learning_parameters(made, page):
    """Everybody has a line, in the order of the pseudonyms; people whose data are uninformative have no forecast."""
    _, found, _ = made
    names = pseudonyms([str(name) for name in found.data["person"].values])
    contraction = learning_contraction(person_summary(found.model, found.fit), found.model)
    table = re.search(r"<caption>Forecast:.*?</table>", page, re.DOTALL).group()
    lines = [re.findall(r"<td.*?>(.*?)</td>", line) for line in re.findall(r"<tr><td.*?</tr>", table)]
    assert [line[0] for line in lines] == [f"person {number}" for number in range(1, PEOPLE + 1)]
    assert max(contraction[names[:UNSURE]]) < 0.5 < min(contraction[names[UNSURE:]])
    for name, availability, self_worth, own, note in lines:
        has_forecast = names.index(name) >= UNSURE
        assert own == f"{contraction[name]:.2f}"
        assert (bool(availability), bool(self_worth), note.startswith("no forecast")) == (
            (True, True, False) if has_forecast else (False, False, True)
        )


@pytest.mark.parametrize(
    ("converged", "contraction", "sessions", "refusal"),
    [
        (True, 0.6, 3, ""),
        (True, 0.4, 3, "no forecast: contraction 0.40, below 0.5"),
        (True, 0.6, 0, "no forecast: no session with this figure"),
        (False, 0.6, 3, "no forecast: the fit has not converged"),
    ],
)
def test_why_there_is_no_forecast(converged, contraction, sessions, refusal):
    assert refusal_sentence(converged, contraction, sessions) == refusal


def test_a_comparison_must_include_the_model(made, tmp_path):
    options = ReportOptions(comparison=written_comparison(tmp_path / "comparison", ["kalman", "growth"]))
    with pytest.raises(InputError, match="no comparison that includes rescorla_wagner"):
        _ = context_of(made, facts_of(made), options).comparison


def test_a_comparison_is_shown(page):
    """Its sentences, its tables, which fits have not converged, and the place of the model in the key result."""
    shown = text_of(part_of(page, "comparison"))
    assert "kalman has the highest ELPD" in shown
    assert "Not converged: kalman" in shown
    assert "rescorla_wagner -7.0" in html.unescape(part_of(page, "comparison"))
    assert "kalman predicts better (ELPD difference 7.0, SE" in text_of(part_of(page, "key-result"))
