"""Parameter recovery of one model: 60 people, 24 sessions and 2 figures, true values from its priors.

Can a model's parameters be recovered? The first criterion is the correlation of true and estimated person-level
parameters on the link scale. It is computed within a study (median) and over all people of all studies. The second
criterion concerns the ranks of the true sessions until earned security among posterior draws. They must be uniform: the
mean and variance of their normal scores are tested, and ties are broken at random. People of one study share its group
posterior, so the mean is also tested over studies. There is one file per study, so a rerun does only what is missing:
`python recovery.py MODEL FOLDER [STUDIES]`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.security.time_to_security import earned_security, true_security
from iwm_bayes.inference.fit import CompiledModel, Settings, compile_model, nuts
from iwm_bayes.model.priors import LINKS
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.draws import person_parameters
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec, parameters

N_PEOPLE, FIGURES = 60, ["mother", "therapist"]
PHASES = [Phase({figure: constant_care(0.8) for figure in FIGURES}, 24, assessed=True)]


def ratings_only(model: ModelSpec) -> ModelSpec:
    """Return the model without responses that are actions."""
    return model._replace(responses={name: r for name, r in model.responses.items() if r.effect == "none"})


def study(compiled: CompiledModel, seed: int) -> dict[str, object]:
    """Simulate and fit one study, and compare it with its true values."""
    model, generator = compiled.model, np.random.default_rng(seed)
    truth = draw_people(model, FIGURES, N_PEOPLE, generator, sigma=0.5)
    truth |= {name: np.full(N_PEOPLE, 0.1) for name in truth if name.endswith("_rating_noise")}
    data = simulate(model, PHASES, truth, generator)
    fit = nuts(compiled, data, Settings(random_seed=seed))
    estimated = person_parameters(model, fit)
    checks = check_convergence(fit)
    result: dict[str, object] = {"seed": seed, "converged": checks.converged, "reasons": checks.reasons}
    for name, parameter in parameters(model).items():
        if parameter.fixed is None and parameter.pooling == "partial" and not name.endswith("_rating_noise"):
            link = LINKS[parameter.support][0]
            result[name] = [link(truth[name]).tolist(), link(estimated[name]).mean(("chain", "draw")).values.tolist()]
    true_sessions = true_security(model, data, truth, "therapist").sessions
    draws = earned_security(model, fit, "therapist")["sessions"].stack(sample=("chain", "draw"))[:, ::10].values
    below, equal = (draws < true_sessions[:, None]).sum(axis=1), (draws == true_sessions[:, None]).sum(axis=1)
    rank = below + generator.integers(0, equal + 1)
    result["scores"] = stats.norm.ppf((rank + 0.5) / (draws.shape[1] + 1)).tolist()
    return result


def main(model_name: str, folder: Path, studies: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model = ratings_only(load_model(model_name))
    files = {seed: folder / f"{model_name}-{seed}.json" for seed in range(1, studies + 1)}
    missing = {seed: file for seed, file in files.items() if not file.exists()}
    compiled = compile_model(model, simulate(model, PHASES, N_PEOPLE, 0)) if missing else None
    for seed, file in missing.items():
        file.write_text(json.dumps(study(compiled, seed)))
        print(f"{model_name}: study {seed} done", flush=True)
    results = pd.DataFrame(json.loads(file.read_text()) for file in files.values())
    print(f"converged: {results['converged'].sum()} of {len(results)}")
    for name in results.columns.drop(["seed", "converged", "reasons", "scores"]):
        pairs = np.array(results[name].tolist())  # (study, true or estimated, person)
        within = np.median([np.corrcoef(*pair)[0, 1] for pair in pairs])
        overall = np.corrcoef(*np.concatenate(pairs, axis=1))[0, 1]
        print(f"{name}: r {within:.2f} within studies (median), {overall:.2f} over all")
    z = np.concatenate(results["scores"].tolist())
    tail = stats.chi2.cdf((len(z) - 1) * z.var(ddof=1), len(z) - 1)
    print(f"normal scores: mean {z.mean():+.3f} (p {2 * stats.norm.sf(abs(z.mean()) * len(z) ** 0.5):.3f})")
    print(f"    variance {z.var(ddof=1):.3f} (p {2 * min(tail, 1 - tail):.3f}), n {len(z)}")
    if studies > 1:
        print(f"    mean over studies p {stats.ttest_1samp(results['scores'].map(np.mean), 0).pvalue:.3f}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 10)
