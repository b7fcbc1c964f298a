"""The gallery: each script of `docs/gallery/` is run when the documentation is built, and its plot becomes a picture.

A sampler would take minutes. So the scripts read runs that are prepared here within a second. The fit is that of the
example study, with a posterior around the true values of its simulated people. That of dyads is made in the same way.
Tables of simulated studies are those of `experiments/`; people of a recovery study are those of the example, and the
compared models are made up.
"""

import ast
import runpy
import tempfile
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import xarray as xr

import iwm_bayes
from iwm_bayes.comparison.bms import random_effects_bms
from iwm_bayes.comparison.compare import Comparison
from iwm_bayes.comparison.elpd import Elpd, elpd_table
from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.diagnostics.predictive_checks import posterior_predictive_check
from iwm_bayes.estimands.beliefs import belief_summary
from iwm_bayes.inference.posterior import by_parameter
from iwm_bayes.inference.predicted_answers import predicted_answers
from iwm_bayes.io import manifest
from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.priors import LINKS, figure_names, free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.dyads import simulate_dyads
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.types import DEFAULT_FIGURE, Member, ModelSpec
from iwm_bayes.validation.confusion import inversion_table, matrix_data
from iwm_bayes.validation.recovery import RECOVERY_COLUMNS
from iwm_bayes.viz.style import as_svg
from iwm_bayes.workflow import fit_file
from iwm_bayes.workflow.comparison_folder import COMPARISON_FILE, comparison_tree
from iwm_bayes.workflow.fit_file import FIT_FILE, model_of, save_fit, save_tree
from iwm_bayes.workflow.fit_groups import fit_attributes, with_attributes
from iwm_bayes.workflow.load import load_study_and_data
from iwm_bayes.workflow.results_folder import replace_results

SCRIPTS = Path(__file__).parents[1] / "gallery"
EXPERIMENTS = SCRIPTS.parents[1] / "experiments"
EXAMPLE = Path(iwm_bayes.__file__).parent / "example"
FIRST = ("time_to_security", "attachment_space", "learning_curves")  # the plots that a reader looks for
CHAINS, DRAWS = 4, 50
THERAPISTS, PATIENTS, EXCHANGES = 6, 4, 20
WIDTH = {"start": 0.25, "rate": 0.15, "noise": 0.15, "bias": 0.6}  # posterior SD of a person, link scale
OPENING = """# Gallery

Each picture leads to the short script that draws it. The scripts read run folders, as `iwm fit`, `iwm compare`,
`iwm validate` and `iwm plan` write them; `iwm demo` writes `runs/demo`. All arguments: [Plots](reference/plots.md).

The people are simulated. So that pages build fast, no model is fitted here: the posterior is drawn around the true
values, and the compared models are made up. The pictures show what a plot looks like, and no result.

"""


def example_posterior(truth: pd.DataFrame, model: ModelSpec, data: xr.Dataset) -> xr.Dataset:
    """Draw a posterior around the true values of the people of the example, link scale."""
    generator, free = np.random.default_rng(4), free_parameters(model, figure_names(data))
    partial = [one for one in free if one.parameter.pooling == "partial"]
    centre, theta, sigma = {}, {}, {}
    terms = [str(name) for name in data["coefficient"].values] if "coefficient" in data.coords else []
    effects = {name: name.partition(": ")[0] for name in terms}
    coefficients = {name: generator.normal(0.0, 0.12, (CHAINS, DRAWS)) for name in effects}
    for one in free:
        true = LINKS[one.parameter.support][0](truth[one.name].to_numpy())
        centre[one.label] = true.mean() + 0.07 * generator.normal(size=(CHAINS, DRAWS))
        for name in (name for name, parameter in effects.items() if parameter == one.name):
            is_other = data["design"].sel(coefficient=name).values > 0
            coefficients[name] += true[is_other].mean() - true[~is_other].mean()
            centre[one.label] += true[~is_other].mean() - true.mean()
        if one in partial:
            width = next((width for ending, width in WIDTH.items() if one.name.endswith(ending)), 0.2)
            estimate = true + width * generator.normal(size=len(true))
            theta[one.label] = estimate + width * generator.normal(size=(CHAINS, DRAWS, len(true)))
            sigma[one.label] = true.std() * np.exp(0.1 * generator.normal(size=(CHAINS, DRAWS)))
    dims, labels = ("chain", "draw"), [one.label for one in partial]
    variables = {
        "mu": ((*dims, "parameter"), np.stack([*centre.values()], axis=-1)),
        "sigma": ((*dims, "parameter_partial"), np.stack([*sigma.values()], axis=-1)),
        "theta": ((*dims, "parameter_person", "person"), np.stack([*theta.values()], axis=2)),
    }
    coordinates = {"parameter": [*centre], "parameter_partial": labels, "parameter_person": labels}
    if coefficients:
        variables["beta"] = ((*dims, "coefficient"), np.stack([*coefficients.values()], axis=-1))
        coordinates["coefficient"] = [*effects]
    coordinates |= {"person": data["person"].values, "chain": range(CHAINS), "draw": range(DRAWS)}
    posterior = xr.Dataset(variables, coordinates)
    return by_parameter(posterior, {"parameter": [*centre], "parameter_person": labels})


def write_fit(folder: Path) -> xr.DataTree:
    """Write a run folder with a fit of the example study, and return the fit."""
    loaded = load_study_and_data(EXAMPLE / "study.toml", "rescorla_wagner")
    model, data = loaded.model, loaded.data
    truth = pd.read_csv(EXAMPLE / "truth.csv")
    draws = example_posterior(truth, model, data)
    own = xr.DataTree.from_dict({"unconstrained_posterior": draws, "constant_data": data})
    groups = {
        "unconstrained_posterior": draws,
        "posterior_predictive": predicted_answers(model, data, draws, CHAINS * DRAWS, 1),
        "belief_summary": belief_summary(model, own, CHAINS * DRAWS),
        "constant_data": data,
    }
    folder.mkdir(parents=True)
    fit = with_attributes(xr.DataTree.from_dict(groups), fit_attributes(model, "nuts", {}))
    save_fit(fit, folder / FIT_FILE)
    return fit


def therapies() -> tuple[ModelSpec, xr.Dataset, pd.DataFrame]:
    """Simulate therapists with four patients each, whose pull follows the bids of a patient; return the truth, too."""
    patient = Member(load_model("seeker"), "care")
    model = dyad_model({"patient": patient, "therapist": Member(load_model("carer"), "openness", bids="bid")}, False)
    count, generator = THERAPISTS * PATIENTS, np.random.default_rng(7)
    people = draw_people(model, [DEFAULT_FIGURE], count, generator)
    therapist = np.repeat(np.arange(THERAPISTS), PATIENTS)
    own = generator.normal(0.0, 0.6, THERAPISTS)[therapist]
    people["patient_bid_bias"] = generator.normal(0.3, 1.0, count)
    people["therapist_pull"] = 0.8 + own + 0.7 * people["patient_bid_bias"] + generator.normal(0.0, 0.3, count)
    people["therapist_care_containment"] = np.full(count, 0.25)
    frame = pd.DataFrame({"therapist": [f"t{number}" for number in therapist]})
    data = simulate_dyads(model, EXCHANGES, people, 8)
    return model, join_covariates(data, frame, model, {"therapist_pull": "(1|therapist)"}), pd.DataFrame(people)


def write_therapies(folder: Path) -> None:
    """Write a run folder with a fit of therapies."""
    model, data, truth = therapies()
    draws = example_posterior(truth, model, data)
    generator, labels = np.random.default_rng(5), data["group_level"].values
    group = [str(labels[0]).partition("[")[0]]
    levels = generator.normal(0.0, 0.6, (CHAINS, DRAWS, len(labels)))
    draws = draws.assign(
        u=(("chain", "draw", "group_level"), levels),
        sigma_u=(("chain", "draw", "group"), np.full((CHAINS, DRAWS, 1), 0.6)),
    ).assign_coords(group_level=labels, group=group)
    folder.mkdir(parents=True)
    groups = xr.DataTree.from_dict({"unconstrained_posterior": draws, "constant_data": data})
    save_fit(with_attributes(groups, fit_attributes(model, "nuts", {})), folder / FIT_FILE)


def recovery_people(fit: xr.DataTree) -> pd.DataFrame:
    """Return true values and estimates of the people of the example, as a recovery study has them."""
    truth, theta = pd.read_csv(EXAMPLE / "truth.csv"), fit["unconstrained_posterior"]["theta"]
    tables = []
    for name in ("availability_start", "availability_rate", "worth_rate"):
        draws = 1 / (1 + np.exp(-theta.sel(parameter=name).stack(sample=("chain", "draw")).values))
        low, high = np.quantile(draws, [0.05, 0.95], axis=1)
        people = {"truth": truth[name], "mean": draws.mean(axis=1), "low": low, "high": high}
        tables.append(pd.DataFrame(people).assign(n_people=len(truth), sessions=24, study=1, parameter=name))
    return pd.concat(tables)[RECOVERY_COLUMNS]


def write_made_up_comparison(folder: Path, fit: xr.DataTree) -> None:
    """Write a comparison of three models, of which the first predicts most people best."""
    generator, people = np.random.default_rng(2), fit["constant_data"]["person"].values
    evidence = generator.normal([-30.0, -32.0, -41.0], [3.0, 4.0, 5.0], (len(people), 3))
    table = pd.DataFrame(evidence, people, ["rescorla_wagner", "kalman", "growth"])
    by_model = {name: Elpd(column.to_numpy(), np.full(len(people), 0.01)) for name, column in table.items()}
    checks = {"rescorla_wagner": posterior_predictive_check(model_of(fit), fit, CHAINS * 10)}
    ranking, selection = {"lfo_1": elpd_table(by_model)}, random_effects_bms(evidence)
    tree = comparison_tree(Comparison(ranking, table, selection, None, None, checks, []))

    def write(draft: Path) -> dict[str, Any]:
        save_tree(tree, draft / COMPARISON_FILE)
        return manifest(kind="compare", models=[*by_model])

    replace_results(folder, write, False)


def prepare_runs(folder: Path) -> None:
    """Write everything that the scripts read into a folder."""
    fit = write_fit(folder / "runs" / "demo")
    write_therapies(folder / "runs" / "therapies")
    write_made_up_comparison(folder / "runs" / "comparison", fit)
    confusion = matrix_data(pd.read_csv(EXPERIMENTS / "model_recovery" / "recover.csv"))
    tables = {
        "confusion/tables/confusion.csv": confusion.reset_index(),
        "confusion/tables/inversion.csv": inversion_table(confusion).reset_index(),
        "recovery/tables/recovery_people.csv": recovery_people(fit),
        "sbc/tables/ranks.csv": pd.read_csv(EXPERIMENTS / "sbc" / "rescorla_wagner_ranks.csv"),
        "plan/tables/assurance.csv": pd.read_csv(EXPERIMENTS / "planning" / "forecast.csv"),
    }
    for name, table in tables.items():
        path = folder / "runs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False)


def script_page(path: Path) -> str:
    """Return the page of a script: its question, its picture and its code."""
    text = path.read_text(encoding="utf-8")
    question, explanation = (ast.get_docstring(ast.parse(text)) or "").split("\n\n")
    code = text.split('"""\n\n', 1)[1]
    download = f"[Download this script]({path.name}){{ download }}"
    return f"# {question}\n\n{explanation}\n\n![{question}]({path.stem}.svg)\n\n```python\n{code}```\n\n{download}\n"


def gallery_page(paths: list[Path]) -> str:
    """Return the page of all pictures, three in a row."""
    questions = [
        (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0] for path in paths
    ]
    cells = [
        f"[![{question}](gallery/{path.stem}.svg){{ width=260 }}<br>{question}](gallery/{path.stem}.md)"
        for path, question in zip(paths, questions, strict=True)
    ]
    rows = [f"| {' | '.join(cells[row : row + 3])} |" for row in range(0, len(cells), 3)]
    return OPENING + "\n".join(["| | | |", "|---|---|---|", *rows]) + "\n"


def place_in_gallery(path: Path) -> tuple[int, str]:
    """Return the key by which scripts are sorted: the plots that most readers look for first, then by name."""
    return (FIRST.index(path.stem) if path.stem in FIRST else len(FIRST), path.stem)


def gallery_pages() -> dict[str, str | bytes]:
    """Return the gallery, the page of every script and its picture, by path within the documentation."""
    paths = sorted(SCRIPTS.glob("*.py"), key=place_in_gallery)
    pages: dict[str, str | bytes] = {"gallery.md": gallery_page(paths)}
    read_once = patch.object(fit_file, "load_fit", cache(fit_file.load_fit))
    with tempfile.TemporaryDirectory() as folder, chdir(folder), read_once:
        prepare_runs(Path(folder))
        for path in paths:
            figure = runpy.run_path(str(path))["fig"]
            pages |= {f"gallery/{path.stem}.md": script_page(path), f"gallery/{path.stem}.svg": as_svg(figure)}
    return pages
