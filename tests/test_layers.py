"""The house is built in layers: imports go down only, and each heavy library enters by its own door."""

import ast
from pathlib import Path

import pytest

import iwm_bayes

LAYERS = (  # from the ground up; within a layer a module may import those written before it
    "ops, core, reading",
    "rules.independent, rules.one_more, rules.aroused, rules.assimilating",
    "rules.rescorla_wagner, rules.compensatory, rules.*, rules",
    "responses.rating, responses.choice, responses.approach, responses.seek, responses.*, responses",
    "naming, keys, study, table, formulas, covariates, moments, supplied, columns, legends",
    "written, sequence, data, care",
    "population, theory, asked, filtering, answers",
    "living, simulate, retell, equations, unrolled, abreast, stepping, scanning, whitening, transforms, own_answers",
    "hierarchy, levels",
    "observing, build, sampler, earned, incidence",
    "method, crowd, gaussians, scores, drawn, quadrature, information, ascent, climb, bias, laplace, pilot",
    "streamed, nuts, control, common, answering, frequencies, mixture, infer, run, unfinished",
    "people, lives, identify, diagnose, advise, contrasts, likeness, derive, arms, summary, securities",
    "individuals, sampled, told, unseen, ahead, bms, following, mixed, effects, timing, checks, trajectories, compare",
    "scored, predict, sweep, workers, parquet, plan, chunks, rounds, passes, everyone, cohort",
    "marginal, uniformity, calibrate, recover, confuse, design, design_group, design_forecast, design_compare",
    "palette, plots.look, plots.*, plots",
    "analysis, record, comparable, comparison, matrix, report.words, report.tables, report.run",
    "report.pictures, report.curves, report.plane, report.trajectory, report.before, report.answer, report.after",
    "report.people, report.paper, report.contents, report.page, report",
    "play, explore.page, explore.app, explore",
    "console, beside, cli_compare, cli_report, cli_explore, cli_fit, cli_studies, cli_sweep, cli_design",
    "cli_cohort, cli",
    "__init__",
)
DOORS = {
    "pytensor": {"ops", "equations", "abreast", "stepping", "scanning", "whitening", "transforms", "hierarchy", "build"}
    | {"observing", "answering", "frequencies", "mixture"},
    "pymc": {"transforms", "own_answers", "hierarchy", "build", "sampler", "method", "laplace", "nuts"}
    | {"observing", "answering", "frequencies", "mixture"},
    "nutpie": {"sampler", "nuts", "streamed"},
    "numba": {"sampler"},
    "matplotlib": {"plots.*"},
    "formulae": {"formulas"},
    "plotly": {"report.pictures"},
    "jinja2": {"report.page"},
    "dash": {"explore.*"},
    "dask": {"workers"},
    "distributed": {"workers"},
}
ORDER = [name.strip() for layer in LAYERS for name in layer.split(",")]
FOLDER = Path(iwm_bayes.__file__).parent


def name_of(path):
    """`rules/kalman.py` is rules.kalman, `rules/__init__.py` is rules."""
    parts = path.relative_to(FOLDER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


MODULES = {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.rglob("*.py"))}
every_module = pytest.mark.parametrize("module", MODULES)


def imports(module):
    """Everything that a module imports, at its head or later, by full name."""
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                within = f"{node.module}.{alias.name}"
                yield within if within.removeprefix("iwm_bayes.") in MODULES else node.module


def place(module):
    """Where a module stands from the ground; a plug-in stands where its folder does."""
    named = module if module in ORDER else f"{module.split('.')[0]}.*"
    assert named in ORDER, f"{module} stands in no layer; give it a place in LAYERS"
    return ORDER.index(named)


@every_module
def test_imports_go_down_only(module):
    """No module knows of one above or beside it."""
    here = place(module)
    within = [name.partition(".")[2] or "__init__" for name in imports(module) if name.split(".")[0] == "iwm_bayes"]
    assert [name for name in within if place(name) >= here] == []


@every_module
def test_heavy_libraries_enter_by_their_doors(module):
    """Whoever reads the simulator needs no sampler, and whoever changes the sampler knows where to look."""
    libraries = {name.split(".")[0] for name in imports(module)}
    mine = {module, f"{module.split('.')[0]}.*"}
    assert {library for library in libraries & DOORS.keys() if not mine & DOORS[library]} == set()


@every_module
def test_every_module_says_what_it_is(module):
    """A module begins with a docstring."""
    assert ast.get_docstring(MODULES[module])
