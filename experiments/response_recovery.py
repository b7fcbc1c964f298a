"""Can what a response assumes of people be found again? 60 people x 40 events, 20 studies for each theory.

Truth: centres from the priors, people around them by each parameter's own spread. Decided by: correlation of true and
estimated person parameters within a study at least .7 (median), and shared parameters inside their 90 % interval in at
least 16 of 20 studies. One file per study, so that a rerun does only what is missing:
`python response_recovery.py THEORY FOLDER [STUDIES]`, THEORY one of `theories/`.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
from repeat import repeat

from iwm_bayes.inference.fit import Compiled, Settings, compile_model, nuts
from iwm_bayes.model.model_file import load
from iwm_bayes.model.priors import place, rows, values
from iwm_bayes.simulation.care import Strain, frightening, intermittent
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import Model, leaves

PEOPLE, FIGURES = 60, ["mother", "therapist"]
CARE = {"mother": frightening(0.4, 0.4), "therapist": intermittent(0.1, 0.8, 5)}
STRAIN = Strain(rate=0.5, soothing=0.9, self_regulation=0.2)  # distress that comes and goes tells strategies apart
MANY = 40  # events, whichever way they are spread over figures


def phases(model: Model) -> list[Phase]:
    """Both figures in turn; all 40 events at the choice of the person where the theory has one."""
    chosen = any(response.effect == "chooses" for response in model.responses.values())
    return [Phase(CARE, MANY if chosen else MANY // 2, strain=STRAIN)]


def people(model: Model, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Everyone's link-scale values by row, (person,)."""
    levels = {}
    for row in rows(model, FIGURES):
        spread = row.parameter.spread if row.parameter.pooling == "partial" else 0.0
        levels[row.label] = place(generator.normal(row.middle, row.width), spread, generator.normal(size=PEOPLE))
    return levels


def study(compiled: Compiled, seed: int) -> dict[str, object]:
    """For every parameter of a response: r within this study, or whether its 90 % interval holds the truth."""
    model, generator = compiled.model, np.random.default_rng(seed)
    truth = people(model, generator)
    lived = values(model, truth, FIGURES, PEOPLE)
    fit = nuts(compiled, simulate(model, phases(model), lived, generator), Settings(400, 400, 2, seed))
    posterior = fit["posterior"].to_dataset()
    found: dict[str, object] = {}
    of_rule = {name for name, _ in leaves(model.rule.parameters)}
    for row in (row for row in rows(model, FIGURES) if row.name not in of_rule):
        if row.parameter.pooling == "partial":
            estimated = posterior["level"].sel(personal=row.label).mean(("chain", "draw")).values
            found[f"r {row.label}"] = float(np.corrcoef(truth[row.label], estimated)[0, 1])
        else:
            low, high = posterior["centre"].sel(row=row.label).quantile([0.05, 0.95]).values
            found[f"held {row.label}"] = float(low <= truth[row.label][0] <= high)
    return found


@cache
def compiled(theory: str) -> Compiled:
    model = load(Path(__file__).parent / "theories" / f"{theory}.toml")
    return compile_model(model, simulate(model, phases(model), PEOPLE, 0))


def main(theory: str, folder: Path, studies: int) -> None:
    results = repeat(folder, theory, studies, lambda seed: study(compiled(theory), seed))
    for name in results:
        kind, _, parameter = name.partition(" ")
        said = f"r {results[name].median():.2f}" if kind == "r" else f"inside in {results[name].sum():.0f} of {studies}"
        print(f"{parameter}: {said}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 20)
