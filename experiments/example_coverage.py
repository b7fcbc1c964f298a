"""Coverage of the demo's intervals about earned security and about its arms.

Is the answer of the demo calibrated? The shipped example is simulated with twenty seeds. Each data set is fitted as
`iwm demo` fits it, and compared with its true values. These are true for everyone, had all stayed: the sessions that
people did not have are known here. Criterion: 90% intervals contain the true value in at least 15 of 20 seeds, for

    share        of people who are earned secure by the last session that can be assessed
    sessions, corrective         medians until earned security
    arms         difference between the arms in the share, by the last session that can be assessed in both
    new_arms     the same of new people: against 2,000 of them
    availability_rate, worth_rate    effect of the arm, link scale

There is one file per seed, so a rerun does only what is missing: `python example_coverage.py FOLDER [SEEDS]`. The table
for 20 seeds is `security_calibration/example_coverage.csv`.
"""

import json
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from example_sessions import ARM_EFFECT, ARMS, draw_example, write_example

from iwm_bayes.data.dataset import read_data
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.security.answers import SecurityAnswer, security_answer
from iwm_bayes.estimands.security.by_arm import EVERYONE, person_arms, risk_differences
from iwm_bayes.estimands.security.criterion import Judgement
from iwm_bayes.estimands.security.survival import incidence_by_session, median_corrective, median_sessions
from iwm_bayes.estimands.security.tables import ROUNDING
from iwm_bayes.estimands.security.time_to_security import true_security
from iwm_bayes.inference.fit import CompiledModel, Settings, compile_model, nuts
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.workflow.load import LoadedStudy, load_study_and_data

MODEL, FIGURE, EFFECTS = load_model("rescorla_wagner"), "therapist", ("availability_rate", "worth_rate")
NEW_SEEDS = range(1001, 1051)  # 40 people each, for the true values of new people


def load_example(folder: Path, seed: int) -> tuple[LoadedStudy, Judgement]:
    """Write and load the study of a seed; return it with everyone's earned security, had all stayed."""
    example = draw_example(MODEL, seed)
    write_example(example, folder)
    loaded = load_study_and_data(folder / "study.toml", None)
    complete = read_data(loaded.study, loaded.model, folder / "complete_sessions.csv")
    return loaded, true_security(loaded.model, complete, example.truth, FIGURE)


def true_difference(known: Judgement, arms: np.ndarray, session: int) -> float:
    """Return how much higher the share is in the second arm than in the first, by a session."""
    parts = (known._replace(insecure=known.insecure & (arms == arm)) for arm in ARMS)
    first, second = (float(incidence_by_session(part, session)[-1]) for part in parts)
    return second - first


@cache
def new_people(folder: Path) -> tuple[Judgement, np.ndarray]:
    """Return the earned security of many people of the same population, and their arms."""
    studies = [load_example(folder / "new", seed) for seed in NEW_SEEDS]
    known = Judgement._make(np.concatenate(leaves) for leaves in zip(*(known for _, known in studies), strict=True))
    return known, np.concatenate([person_arms(loaded.data).to_numpy() for loaded, _ in studies])


def estimates(fit: xr.DataTree, answer: SecurityAnswer) -> dict[str, np.ndarray]:
    """Return the draws of every quantity."""
    everyone = answer.curves.sel(arm=EVERYONE)
    beta = fit["unconstrained_posterior"]["beta"]
    return {
        "share": everyone["probability"].sel(session=int(everyone["last"])).values,
        "sessions": everyone["median_sessions"].values,
        "corrective": everyone["median_corrective"].values,
        "arms": risk_differences(answer.curves).sel(arm=ARMS[1]).values,
        "new_arms": risk_differences(answer.new_curves).sel(arm=ARMS[1]).values,
    } | {name: beta.sel(coefficient=f"{name}: arm[{ARMS[1]}]").values for name in EFFECTS}


def true_values(known: Judgement, arms: np.ndarray, answer: SecurityAnswer, folder: Path) -> dict[str, float]:
    """Return the true value of every quantity."""
    last = int(answer.curves["last"].sel(arm=EVERYONE))
    in_both = int(risk_differences(answer.curves)["session"])
    return {
        "share": float(incidence_by_session(known, last)[-1]),
        "sessions": float(median_sessions(known, last)),
        "corrective": float(median_corrective(known, last)),
        "arms": true_difference(known, arms, in_both),
        "new_arms": true_difference(*new_people(folder), in_both),
    } | {name: ARM_EFFECT.get(name, 0.0) for name in EFFECTS}


def fit_seed(compiled: CompiledModel, folder: Path, seed: int) -> dict[str, object]:
    """Return the intervals of one seed and their true values."""
    loaded, known = load_example(folder / "study", seed)
    fit = nuts(compiled, loaded.data, Settings(random_seed=seed))
    answer = security_answer(loaded.model, fit, FIGURE)
    draws, true = estimates(fit, answer), true_values(known, person_arms(loaded.data).to_numpy(), answer, folder)
    line: dict[str, object] = {"seed": seed, "by_session": int(answer.curves["last"].sel(arm=EVERYONE))}
    line["in_both_arms"] = int(risk_differences(answer.curves)["session"])
    for name, values in draws.items():
        line |= interval(name, values, true[name])
    share = xr.Dataset({"share": (("chain", "draw"), draws["share"])})
    return line | {"converged": check_convergence(fit, share).converged}


def interval(name: str, draws: np.ndarray, true: float) -> Mapping[str, object]:
    """Return the median, the 90% interval and the true value of a quantity, and whether the interval contains it."""
    median, low, high = median_ci90(draws)
    cells = {"median": median, "ci90_low": low, "ci90_high": high, "true": true}
    return {f"{name}_{cell}": round(value, 4) for cell, value in cells.items()} | {
        f"{name}_covered": bool(low - ROUNDING <= true <= high + ROUNDING)
    }


def main(folder: Path, seeds: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    missing = [seed for seed in range(1, seeds + 1) if not (folder / f"{seed}.json").exists()]
    if missing:
        first, _ = load_example(folder / "study", 1)
        compiled = compile_model(first.model, first.data)
    for seed in missing:
        (folder / f"{seed}.json").write_text(json.dumps(fit_seed(compiled, folder, seed)))
        print(f"seed {seed} of {seeds} done", flush=True)
    results = pd.DataFrame(json.loads((folder / f"{seed}.json").read_text()) for seed in range(1, seeds + 1))
    table = f"# python example_coverage.py FOLDER {seeds}\n{results.to_csv(index=False)}"
    (folder / "example_coverage.csv").write_text(table, encoding="utf-8")
    for column in (name for name in results if str(name).endswith("_covered")):
        name = str(column).removesuffix("_covered")
        print(f"{name}: the interval contains the true value in {results[column].sum()} of {seeds}")
    print(f"converged: {results['converged'].sum()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20)
