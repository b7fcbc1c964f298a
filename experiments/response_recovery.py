"""Parameter recovery of one response: 60 people and 40 events, 20 studies for each model.

Can the parameters of a response be recovered? True group means are drawn from the priors, and people around them by
each parameter's own between-person SD. There are two criteria. The correlation of true and estimated person-level
parameters within a study is at least 0.7 (median). Completely pooled parameters are inside their 90% interval in at
least 16 of 20 studies. There is one file per study, so a rerun does only what is missing:
`python response_recovery.py MODEL FOLDER [STUDIES]`, with MODEL one of `models/`.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
from repeat import repeat

from iwm_bayes.inference.fit import CompiledModel, Settings, compile_model, nuts
from iwm_bayes.model.priors import free_parameters, from_offset, natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import DistressProcess, frightening, intermittent
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec, named_leaves

N_PEOPLE, FIGURES = 60, ["mother", "therapist"]
CARE = {"mother": frightening(0.4, 0.4), "therapist": intermittent(0.1, 0.8, 5)}
DISTRESS = DistressProcess(rate=0.5, soothing=0.9, self_regulation=0.2)  # varying distress distinguishes strategies
N_EVENTS = 40  # events, however they are distributed over figures


def phases(model: ModelSpec) -> list[Phase]:
    """Return both figures in turn; where the model has a choice of figure, the person chooses at all 40 events."""
    chosen = any(response.effect == "chooses" for response in model.responses.values())
    return [Phase(CARE, N_EVENTS if chosen else N_EVENTS // 2, distress=DISTRESS)]


def draw_theta(model: ModelSpec, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw everyone's link-scale values by parameter, (person,)."""
    theta = {}
    for free in free_parameters(model, FIGURES):
        sd = free.parameter.prior_between_sd if free.parameter.pooling == "partial" else 0.0
        theta[free.label] = from_offset(
            generator.normal(free.prior_mean, free.prior_sd), sd, generator.normal(size=N_PEOPLE)
        )
    return theta


def study(compiled: CompiledModel, seed: int) -> dict[str, object]:
    """Return, per response parameter, r within this study or whether its 90% interval contains the true value."""
    model, generator = compiled.model, np.random.default_rng(seed)
    truth = draw_theta(model, generator)
    values = natural_values(model, truth, FIGURES, N_PEOPLE)
    fit = nuts(compiled, simulate(model, phases(model), values, generator), Settings(400, 400, 2, seed))
    posterior = fit["unconstrained_posterior"].to_dataset()
    result: dict[str, object] = {}
    of_rule = {name for name, _ in named_leaves(model.rule.parameters)}
    for free in (free for free in free_parameters(model, FIGURES) if free.name not in of_rule):
        if free.parameter.pooling == "partial":
            estimated = posterior["theta"].sel(parameter=free.label).mean(("chain", "draw")).values
            result[f"r {free.label}"] = float(np.corrcoef(truth[free.label], estimated)[0, 1])
        else:
            low, high = posterior["mu"].sel(parameter=free.label).quantile([0.05, 0.95]).values
            result[f"covered {free.label}"] = float(low <= truth[free.label][0] <= high)
    return result


@cache
def compile_cached(name: str) -> CompiledModel:
    """Compile a model; every study of this size uses it again."""
    model = load_model(Path(__file__).parent / "models" / f"{name}.toml")
    return compile_model(model, simulate(model, phases(model), N_PEOPLE, 0))


def main(model: str, folder: Path, studies: int) -> None:
    results = repeat(folder, model, studies, lambda seed: study(compile_cached(model), seed))
    for name in results:
        measure, _, parameter = name.partition(" ")
        text = (
            f"r {results[name].median():.2f}"
            if measure == "r"
            else f"90% CrI contains it in {results[name].sum():.0f} of {studies}"
        )
        print(f"{parameter}: {text}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 20)
