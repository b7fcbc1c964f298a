"""Coverage of the demo's intervals about earned security.

Is the answer of the demo calibrated? The shipped example is simulated with twenty seeds. Each data set is fitted and
compared with its true values. Criterion: how often the 90% interval of the median of sessions until earned security,
and that of the share by the last session that can be assessed, contain the true value, in at least 15 of 20 seeds each.
There is one file per seed, so a rerun does only what is missing: `python example_coverage.py FOLDER [SEEDS]`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from example_sessions import PHASES, draw_truth

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.security.by_arm import incidence_by_arm
from iwm_bayes.estimands.security.survival import incidence_by_session, median_corrective, median_sessions
from iwm_bayes.estimands.security.time_to_security import earned_security, true_security
from iwm_bayes.inference.fit import CompiledModel, Settings, compile_model, nuts
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.simulate import simulate


def fit_seed(compiled: CompiledModel, seed: int) -> dict[str, object]:
    """Return the intervals of share and medians and their true values, for one seed of the example."""
    generator = np.random.default_rng(seed)
    truth = draw_truth(compiled.model, generator)
    data = simulate(compiled.model, PHASES, truth, generator)
    fit = nuts(compiled, data, Settings(random_seed=seed))
    security = earned_security(compiled.model, fit, "therapist")
    curves = incidence_by_arm(security, pd.Series(dtype=str)).isel(arm=0)
    session, known = int(curves["last"]), true_security(compiled.model, data, truth, "therapist")
    true = {
        "share": float(incidence_by_session(known, session)[-1]),
        "sessions": float(median_sessions(known, session)),
        "corrective": float(median_corrective(known, session)),
    }
    draws = {
        "share": curves["probability"].sel(session=session),
        "sessions": curves["median_sessions"],
        "corrective": curves["median_corrective"],
    }
    line: dict[str, object] = {"seed": seed, "session": session}
    for name, values in draws.items():
        median, low, high = median_ci90(values.values)
        line |= {
            f"{name}_ci90_low": low,
            f"{name}_ci90_high": high,
            f"{name}_median": median,
            f"{name}_true": true[name],
        }
        line[f"{name}_covered"] = bool(low <= true[name] <= high)
    checks = check_convergence(fit, draws["share"].to_dataset(name="share"))
    return line | {"converged": checks.converged, "reasons": checks.reasons}


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
    results.drop(columns="reasons").to_csv(folder / "coverage.csv", index=False)
    for name in ("share", "sessions", "corrective"):
        print(f"{name}: interval contains the true value in {results[f'{name}_covered'].sum()} of {seeds}")
    print(f"converged: {results['converged'].sum()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20)
