"""Coverage of the demo's interval of the time to earned security.

Is the answer of the demo calibrated? The shipped example is simulated with twenty seeds. Each data set is fitted and
compared with its true values. Criterion: how often the 90% interval of the group median of sessions until earned
security contains the true median. There is one file per seed, so a rerun does only what is missing:
`python example_coverage.py FOLDER [SEEDS]`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from example_sessions import PHASES, draw_truth

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.survival import median_sessions
from iwm_bayes.estimands.time_to_security import earned_security, true_security
from iwm_bayes.inference.fit import CompiledModel, Settings, compile_model, nuts
from iwm_bayes.model.model_file import load_model
from iwm_bayes.simulation.simulate import simulate


def fit_seed(compiled: CompiledModel, seed: int) -> dict[str, object]:
    """Return the interval of the group median and its true value, for one seed of the example."""
    generator = np.random.default_rng(seed)
    truth = draw_truth(compiled.model, generator)
    data = simulate(compiled.model, PHASES, truth, generator)
    fit = nuts(compiled, data, Settings(random_seed=seed))
    security = earned_security(compiled.model, fit, "therapist")["median_sessions"]
    low, high = (float(end) for end in security.quantile([0.05, 0.95]))
    true = true_security(compiled.model, data, truth, "therapist")
    median = float(median_sessions(true, int(true.sessions.max())))
    checks = check_convergence(fit, security.to_dataset(name="median"))
    interval = {"ci90_low": low, "ci90_high": high, "truth": median, "covered": low <= median <= high}
    return {"seed": seed} | interval | {"converged": checks.converged, "reasons": checks.reasons}


def main(folder: Path, seeds: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model = load_model("rescorla_wagner")
    generator = np.random.default_rng(0)
    missing = [seed for seed in range(1, seeds + 1) if not (folder / f"{seed}.json").exists()]
    compiled = (
        compile_model(model, simulate(model, PHASES, draw_truth(model, generator), generator)) if missing else None
    )
    for seed in missing:
        (folder / f"{seed}.json").write_text(json.dumps(fit_seed(compiled, seed)))
        print(f"seed {seed} of {seeds} done", flush=True)
    results = pd.DataFrame(json.loads((folder / f"{seed}.json").read_text()) for seed in range(1, seeds + 1))
    print(results.to_string(index=False))
    covered, converged = results["covered"].sum(), results["converged"].sum()
    print(f"interval contains the true value in {covered} of {seeds}; converged: {converged}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20)
