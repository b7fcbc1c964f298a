"""Effect of not observing outcomes after a withdrawal.

What changes because people who withdraw do not observe what would have come? The trust game (`studies/trust_game.toml`)
is fitted in two ways. In the first, as it is, outcomes after a withdrawal are not observed. In the second they count as
experienced: each teaches with the mean of this person's outcomes with this partner. (The program itself never does so:
a blank after a withdrawal is not observed, whatever the study says about blanks.) Criterion: whether the average
learning rate and the initial beliefs of one fit lie inside the other's 90% intervals.
Usage: `python trust_censoring.py`.
"""

from pathlib import Path

import xarray as xr

from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.study import read_study_file
from iwm_bayes.data.unrecorded import fill_unrecorded
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.group_summary import group_summary
from iwm_bayes.inference.fit import Settings, compile_model, nuts
from iwm_bayes.model.specification.model_file import load_model

STUDY = Path(__file__).parent / "studies" / "trust_game.toml"


def as_experienced(data: xr.Dataset) -> xr.Dataset:
    """Return the data as if the outcomes that nobody saw had been experienced, and not recorded."""
    unseen = data["present"] & ~data["observed"]
    return fill_unrecorded(data.assign(observed=data["present"], unrecorded=unseen))


def main() -> None:
    study = read_study_file(STUDY)
    model, compiled = load_model(study.model[0]), None
    observed = read_data(study, model)
    for meaning, data in {"unseen": observed, "experienced": as_experienced(observed)}.items():
        compiled = compiled or compile_model(model, data)
        fit = nuts(compiled, data, Settings(random_seed=1))
        checks = check_convergence(fit)
        print(f"{meaning}: {'converged' if checks.converged else '; '.join(checks.reasons)}")
        for line in group_summary(model, fit).itertuples():
            print(f"    {line.parameter}: {line.median:.3f}", end=" ")
            print(f"(90% CrI {line.ci90_low:.3f} to {line.ci90_high:.3f})", flush=True)


if __name__ == "__main__":
    main()
