"""What does it change that a person who withdraws does not see what would have come?

The trust game (`studies/trust_game.toml`) fitted as it is, with outcomes unseen after a withdrawal, and as if they had
been experienced (each teaches with the mean of what this person met in this partner). Decided by: whether the average
rate and the starts of one fit lie inside the other's 90 % intervals. `python trust_censoring.py`.
"""

from pathlib import Path

from iwm_bayes.data.dataset import read
from iwm_bayes.data.study import Study, load_study
from iwm_bayes.diagnostics.convergence_checks import gate
from iwm_bayes.estimands.group_summary import group_table
from iwm_bayes.inference.fit import Settings, compile_model, nuts
from iwm_bayes.model.model_file import load

STUDY = Path(__file__).parent / "studies" / "trust_game.toml"


def with_missing(study: Study, meaning: str) -> Study:
    """The study with another meaning of a blank outcome."""
    outcome = study.columns.outcome.model_copy(update={"missing": meaning})
    return study.model_copy(update={"columns": study.columns.model_copy(update={"outcome": outcome})})


def main() -> None:
    study = load_study(STUDY)
    model, compiled = load(study.theory[0]), None
    for meaning in ("unseen", "unrecorded"):
        data = read(with_missing(study, meaning), model)
        compiled = compiled or compile_model(model, data)
        fit = nuts(compiled, data, Settings(seed=1))
        verdict = gate(fit)
        print(f"{meaning}: gate {'passed' if verdict.passed else '; '.join(verdict.reasons)}")
        for line in group_table(model, fit).itertuples():
            print(f"    {line.parameter}: {line.typical:.3f} ({line.low:.3f} .. {line.high:.3f})", flush=True)


if __name__ == "__main__":
    main()
