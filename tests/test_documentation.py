"""The documentation agrees with the program: every block on its pages runs, and its links lead somewhere."""

import contextlib
import csv
import html
import importlib.util
import logging
import re
import shlex
import tomllib

import pages
import pytest
import typer
from browsing import until

import iwm_bayes
from iwm_bayes.cli.main import app
from iwm_bayes.model.specification.model_file import built_in_models, load_model
from iwm_bayes.validation.prediction_matrix import PREDICTION_ORDER, load_scripts
from iwm_bayes.validation.prediction_results import explanation_of, load_answers

FAST = [page for page in pages.WRITTEN if any(not block.slow for block in pages.blocks(page))]
SLOW = [page for page in pages.WRITTEN if any(block.slow for block in pages.blocks(page))]
KNOWN_SITES = {  # sources, the authors of the theme, and other programs
    "doi.org",
    "squidfunk.github.io",
    "github.com",
    "pypi.org",
    "payampiray.github.io",
}
PREDICTIONS = pages.REPOSITORY / "experiments" / "predictions"
README = (pages.REPOSITORY / "README.md").read_text(encoding="utf-8")


TYPED = re.compile(r"`(iwm [a-z][^`]*)`|^(?:uv run )?(iwm [a-z][^#\n`]*)", re.MULTILINE)  # a command on a page
PLACE = re.compile(r"`((?:src|tests|benchmarks|experiments|models)/[^`\s]*)`")  # in the repository
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
OTHER_OPTIONS = {  # of mkdocs, uv, pip and `tests/upgrades.py`
    *("--strict", "--extra", "--wheel", "--upgrade", "--no-index", "--find-links"),
    *("--only", "--python", "--tests"),
}


def command_of(words):
    """Return the command or group of commands that begins a line, and the words after its name."""
    command = typer.main.get_command(app)
    while words and (within := getattr(command, "commands", None)):
        assert words[0] in within, words
        command, words = within[words[0]], words[1:]
    return command, words


def options_of(command):
    """Return every option of a command, or of the commands of a group."""
    own = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return own.union({"--help"}, *map(options_of, getattr(command, "commands", {}).values()))


def run_page(page, folder, slow):
    """Run the blocks of a page; those that take minutes only if `slow`."""
    with contextlib.chdir(folder):
        names = {"__name__": "page"}
        for block in [*pages.foundation(page), *pages.blocks(page)]:
            if slow or not block.slow:
                pages.run(block, folder, names)


@pytest.mark.parametrize("page", FAST)
def test_blocks_run_as_they_stand(page, tmp_path):
    """The program reads the files, commands end with code 0, Python runs, and equations are those of the program."""
    run_page(page, tmp_path, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", SLOW)
def test_blocks_that_take_minutes_run_as_they_stand(page, tmp_path):
    """The same, with the blocks that fit."""
    run_page(page, tmp_path, slow=True)


def key_values(content):
    """Every key of a TOML file with its value, tables in tables included."""
    for key, value in content.items():
        yield key, value
        yield from key_values(value) if isinstance(value, dict) else ()


def test_the_lines_of_real_sessions_stand_in_the_files_below_them():
    """What the table says to write is what the files of the page have, which are read by the program."""
    page = "how_to/real_sessions.md"
    rows = re.findall(r"^\|[^|]+\| `([^`]+)`", (pages.DOCS / page).read_text(encoding="utf-8"), re.M)
    files = [tomllib.loads(block.text) for block in pages.blocks(page) if block.language == "toml"]
    written = [pair for content in files for pair in key_values(content)]
    assert len(rows) == 8
    assert [row for row in rows if next(iter(tomllib.loads(row).items())) not in written] == []


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The documentation, built without network, and the warnings of its build."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    folder, records = tmp_path_factory.mktemp("site"), []
    listener = logging.Handler(logging.WARNING)
    listener.emit = records.append
    logging.getLogger("mkdocs").addHandler(listener)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_MKDOCS_2_WARNING", "1")
        build(load_config(str(pages.REPOSITORY / "mkdocs.yml"), site_dir=str(folder)))
    logging.getLogger("mkdocs").removeHandler(listener)
    return folder, [record.getMessage() for record in records]


@pytest.mark.parametrize("page", ["../README.md", *pages.WRITTEN])
def test_commands_and_options_exist(page):
    """Every command that a page names exists, has the options that follow it, and no page names another option."""
    text = (pages.DOCS / page).read_text(encoding="utf-8")
    for match in TYPED.finditer(text):
        command, words = command_of(shlex.split(match[1] or match[2])[1:])
        assert {word for word in words if word.startswith("--")} <= options_of(command), match[0]
    assert set(OPTION.findall(text)) <= options_of(typer.main.get_command(app)) | OTHER_OPTIONS


@pytest.mark.parametrize("page", ["../README.md", *pages.WRITTEN])
def test_files_of_the_program_that_a_page_names_exist(page):
    """Where a page says in which file the code is, it is there; NAME is any name."""
    named = PLACE.findall((pages.DOCS / page).read_text(encoding="utf-8"))
    assert [place for place in named if "NAME" not in place and not (pages.REPOSITORY / place).exists()] == []


def test_links_of_the_readme_lead_to_files():
    """Every file that the README links to exists, so that the README can be short."""
    links = re.findall(r"\]\(([^)#]+)\)", README)
    files = [link for link in links if not link.startswith("http")]
    assert len(files) > 20
    assert [link for link in files if not (pages.REPOSITORY / link).is_file()] == []


def test_the_documentation_builds_without_a_warning(site):
    """Every internal link and anchor leads somewhere, every page is in the menu, every docstring is found."""
    assert site[1] == []


def test_every_model_has_a_page_with_its_plot(site):
    """There are as many pages and plots as built-in models."""
    folder = site[0] / "reference" / "models"
    assert sorted(path.stem for path in folder.glob("*.html")) == built_in_models()
    assert sorted(path.stem for path in folder.glob("*.svg")) == built_in_models()


def test_every_prediction_has_its_question_picture_and_answer_on_the_page(site):
    """In this order, with the picture that was drawn when the documentation was built."""
    page = html.unescape((site[0] / "explain" / "predictions.html").read_text(encoding="utf-8"))
    answers = load_answers(PREDICTIONS / "answers.toml", PREDICTION_ORDER)
    explained = {module.PREDICTION.name: explanation_of("", module.__doc__) for module in load_scripts()}
    for name in PREDICTION_ORDER:
        parts = (
            f"<em>{explained[name].question}</em>",
            f"predictions/{name}.svg",
            f"<strong>{answers[name].answer}</strong>",
        )
        places = [page.find(part) for part in parts]
        assert -1 not in places, name
        assert places == sorted(places), name
    assert {path.stem for path in (site[0] / "explain" / "predictions").glob("*.svg")} == set(PREDICTION_ORDER)


def test_every_plot_has_a_picture_a_script_and_a_place_on_the_page_of_plots(site):
    """Each was drawn by its script when the documentation was built."""
    plots = {name.removeprefix("plot_") for name in iwm_bayes.VERBS if name.startswith("plot_")}
    folder = site[0] / "gallery"
    assert {path.stem for path in folder.glob("*.svg")} == plots == {path.stem for path in folder.glob("*.py")}
    page = (site[0] / "reference" / "plots.html").read_text(encoding="utf-8")
    assert set(re.findall(r'src="\.\./gallery/(\w+)\.svg"', page)) == plots
    assert set(re.findall(r'id="[\w.]+\.plot_(\w+)"', page)) == plots
    gallery = (site[0] / "gallery.html").read_text(encoding="utf-8")
    assert set(re.findall(r'href="gallery/(\w+)\.html"', gallery)) == plots


def test_every_command_is_on_the_page_of_the_command_line(site):
    """Commands of groups such as `iwm validate` have sections of their own."""
    page = (site[0] / "reference" / "command_line.html").read_text(encoding="utf-8")
    headings = re.findall(r"<h2[^>]*>(iwm [\w -]+?)<", page)
    assert {"iwm new", "iwm fit", "iwm fit-large", "iwm validate sbc", "iwm plan effect", "iwm predictions"} <= set(
        headings
    )
    assert len(headings) == len(set(headings)) == 19


def test_links_to_other_sites_go_to_known_sites(site):
    """They are not followed here; whoever adds a site to the list looks at it."""
    links = re.compile(r"""href=["']?https?://([^/"' >]+)""")
    sites = {place for page in site[0].rglob("*.html") for place in links.findall(page.read_text(encoding="utf-8"))}
    assert sites <= KNOWN_SITES


def test_nothing_is_fetched_when_a_page_is_read(site):
    """Scripts, styles, fonts and images are files of the documentation."""
    loads = re.compile(r"""<(?:script|link|img|iframe)[^>]*?(?:src|href)=["']?(https?:[^"' >]+)""")
    fetched = {url for page in site[0].rglob("*.html") for url in loads.findall(page.read_text(encoding="utf-8"))}
    assert fetched == set()


FIRST_RESULTS = {  # what a reader types: the page that must come first
    "install": "install.html",
    "Windows": "install.html",
    "elpd": "how_to/model_checking.html",
    "posterior predictive check": "how_to/model_checking.html",
    "convergence": "how_to/not_converged.html",
    "missing data": "how_to/missing_sessions.html",
    "therapist effect": "how_to/therapists.html",
    "power": "how_to/sample_size_planning.html",
}
FIRST_RESULT = "document.querySelector('.md-search-result__item a')?.getAttribute('href')?.split('?')[0] ?? ''"


def test_the_search_box_finds_the_right_page_first_on_pages_opened_from_a_folder(site, browser):
    """It works without a server and without network, and no script fails."""
    faults, page = [], browser.new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: faults.append(request.url) if request.url.startswith("http") else None)
    page.goto((site[0] / "index.html").as_uri())
    page.click(".md-search__input")
    for words, expected in FIRST_RESULTS.items():
        page.fill(".md-search__input", words[:-1])
        page.keyboard.type(words[-1])  # the box looks when a key is released
        until(page, f"({FIRST_RESULT}).endsWith('/{expected}')", seconds=5)
    page.close()
    assert faults == []


def test_pages_of_models_have_equations_that_need_no_script(site):
    """Each page has MathML, and no command of LaTeX is left in it."""
    for page in (site[0] / "reference" / "models").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert text.count("<math") >= 3, page.stem
        assert not re.search(r"<math[^>]*>[^\\]*?\\[a-z]+.*?</math>", text), page.stem


def test_a_page_says_where_the_person_starts_unless_this_is_varied(site):
    """The curves of the models without learning are at three initial beliefs."""
    pages_of_models = (site[0] / "reference" / "models").glob("*.html")
    silent = {
        page.stem for page in pages_of_models if "starts with an availability" not in page.read_text(encoding="utf-8")
    }
    assert silent == {"static", "autoregressive"}


def test_learning_curves_of_the_delta_rule_are_those_of_its_closed_form():
    """After eight unresponsive sessions (1 - rate)^8 of the initial belief is left, at both ends of the prior range."""
    place = importlib.util.spec_from_file_location("model_plots", pages.DOCS / "hooks" / "model_plots.py")
    hook = importlib.util.module_from_spec(place)
    place.loader.exec_module(hook)
    paths = hook.beliefs(load_model("rescorla_wagner"), "rate")
    for start, belief in ((0.35, "availability"), (0.2, "worth")):
        low, _, high = paths[belief][7]
        assert (low, high) == pytest.approx((start * (1 - 0.02) ** 8, start * (1 - 0.5) ** 8), rel=1e-9)


def test_the_list_of_models_has_every_model_in_one_group(site):
    """The list links to the page of each model once."""
    page = (site[0] / "reference" / "models.html").read_text(encoding="utf-8").partition("<article")[2]
    assert sorted(re.findall(r'<td><a href="models/(\w+)\.html"', page)) == built_in_models()


def test_results_on_pages_are_those_of_the_files(site):
    """Counts of the files, made here in another way, are on the page; the written text has no number of its own."""
    page = (site[0] / "project" / "validation.html").read_text(encoding="utf-8")
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in re.findall(r"<tr>(.*?)</tr>", page, re.S)]
    experiments = pages.REPOSITORY / "experiments"
    with (experiments / "permutation_size" / "tests.csv").open(newline="") as file:
        tests = [row for row in csv.DictReader(file) if (row["way"], row["design"]) == ("outcomes", "turn")]
    verdicts = [row["verdict"] for row in tests if row["seed"] == "1"]
    counts = [verdicts.count(verdict) for verdict in ("shown", "unclear", "not shown")]
    assert ["outcomes", "<code>turn</code>", str(len(verdicts)), *map(str, counts)] in rows
    ranks = (experiments / "sbc" / "kalman_ranks.csv").read_text().splitlines()
    (kalman,) = [row for row in rows if row and "/kalman.html" in row[0]]
    assert kalman[1:4] == [str(len(ranks) - 1), f"{399 / 400:.1%}", str(ranks[0].count(",") + 1)]
    coverage = (experiments / "security_calibration" / "example_coverage.csv").read_text().splitlines()
    assert coverage[0].startswith("# python example_coverage.py")
    seeds = list(csv.DictReader(coverage[1:]))
    ends = [[float(row[f"share_{name}"]) for name in ("ci90_low", "true", "ci90_high")] for row in seeds]
    covered = sum(low <= true <= high for low, true, high in ends)
    assert ["share of people who are earned secure", str(covered), str(len(seeds))] in rows
    written = re.sub(r"\{\{.*?\}\}|`.*?`|\(.*?\)|90% interval", "", (pages.DOCS / "project/validation.md").read_text())
    assert not re.search(r"\d", written)


def test_terms_of_the_glossary_have_addresses_and_are_in_order(site):
    """Each term has an address of its own, none twice; readers find terms in alphabetical order within a part."""
    page = (site[0] / "reference" / "glossary.html").read_text(encoding="utf-8").partition("<article")[2]
    terms = re.compile(r'<h3 id="([\w-]+)">(.*?)<a')
    found = terms.findall(page)
    assert len({address for address, _ in found}) == len(found) > 80
    for part in page.split("<h2")[1:]:
        names = [name.lower() for _, name in terms.findall(part)]
        assert names == sorted(names)


def test_the_citation_is_that_of_the_citation_file(site):
    """Title and version of `CITATION.cff` are in the BibTeX entry."""
    page = (site[0] / "project" / "cite.html").read_text(encoding="utf-8")
    text = html.unescape(re.sub(r"<[^>]+>", "", page))
    cited = dict(re.findall(r'^(\w+): "?(.*?)"?$', (pages.REPOSITORY / "CITATION.cff").read_text(), re.M))
    assert f"title = {{{{{cited['title']}}}}}" in text
    assert f"version = {{{cited['version']}}}" in text
