"""Which theories of the shelf can be fitted to a partner who turns, and what do they predict of others?

Every rule on the shelf, with each of the study's two responses (a rating on the spot that the last act colours, and a
plain one; a person's own scale, all else shared), is fitted to a fixed 150 of the 693 people and predicts the mean
harm intent per block and order of the other 543, as new people from the group posterior. Decided by: the gate. One file
per fit, so that a rerun does only what is missing: `python shelf_reversal.py FOLDER [RULE ...]`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import xarray as xr
from reversal_blocks import STUDY, by_block, predicted

from iwm_bayes.data.dataset import read
from iwm_bayes.data.study import Study, load_study
from iwm_bayes.diagnostics.convergence_checks import gate
from iwm_bayes.inference.fit import Settings, compile_model, nuts
from iwm_bayes.model.model_file import load
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import independent
from iwm_bayes.types import Learner, Model, each

PEOPLE = 150


def with_rule(model: Model, name: str) -> Model:
    """The study's theory with another rule, whose parameters are the same for everyone."""
    rule = RULES[name]
    lifted = independent(rule, worth=False) if isinstance(rule, Learner) else rule
    shared = each(lambda parameter: parameter._replace(pooling="shared"), lifted.parameters)
    return model._replace(name=name, rule=lifted._replace(parameters=shared))


def judge(model: Model, study: Study, data: xr.Dataset) -> dict[str, object]:
    """The verdict on a fit to the fixed sample, and what it predicts of everyone else."""
    generator = np.random.default_rng(1)
    order = generator.permutation(data.sizes["person"])
    sample, others = (data.isel(person=part) for part in (order[:PEOPLE], order[PEOPLE:]))
    fit = nuts(compile_model(model, sample), sample, Settings(draws=1500))
    verdict = gate(fit)
    guess = predicted(model, fit["posterior"].to_dataset(), others, generator)
    return {"passed": verdict.passed, "reasons": verdict.reasons, "blocks": by_block(study, others, guess)}


def main(folder: Path, rules: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    study = load_study(STUDY)
    for model in map(load, (study.theory[0], study.theory[-1])):
        data, [response] = read(study, model), model.responses
        for name in rules:
            path = folder / f"{name}-{response}.json"
            if not path.exists():
                path.write_text(json.dumps(judge(with_rule(model, name), study, data)))
            found = json.loads(path.read_text())
            verdict = "passed" if found["passed"] else f"failed: {'; '.join(found['reasons'])}"
            print(f"{name}, {response}: {verdict}", *found["blocks"], sep="\n    ", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(RULES))
