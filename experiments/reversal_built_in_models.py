"""Built-in learning rules fitted to a partner who reverses, and their predictions for other people.

Which rules can be fitted, and what do they predict for others? Every built-in rule is combined with each of the study's
two responses: a rating given immediately, which the last outcome biases, and a plain rating. People have their own
scale, and everything else is completely pooled. Each combination is fitted to a fixed 150 of the 693 people. It
predicts the mean harm intent per block and order of the other 543, as new people from the group posterior. Criterion:
the convergence checks. There is one file per fit, so a rerun does only what is missing:
`python reversal_built_in_models.py FOLDER [RULE ...]`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import xarray as xr
from reversal_blocks import STUDY, describe_blocks, predict_new_people

from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.study import StudySpec, read_study_file
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.inference.fit import Settings, compile_model, nuts
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.types import Learner, ModelSpec, map_tree

N_FITTED = 150


def with_rule(model: ModelSpec, name: str) -> ModelSpec:
    """Return the study's model with another rule, whose parameters are the same for everyone."""
    rule = RULES[name]
    lifted = lift_learner(rule, worth=False) if isinstance(rule, Learner) else rule
    shared = map_tree(lambda parameter: parameter._replace(pooling="complete"), lifted.parameters)
    return model._replace(name=name, rule=lifted._replace(parameters=shared))


def judge(model: ModelSpec, study: StudySpec, data: xr.Dataset) -> dict[str, object]:
    """Check the convergence of a fit to the fixed sample, and predict everyone else."""
    generator = np.random.default_rng(1)
    order = generator.permutation(data.sizes["person"])
    sample, others = (data.isel(person=part) for part in (order[:N_FITTED], order[N_FITTED:]))
    fit = nuts(compile_model(model, sample), sample, Settings(draws=1500))
    checks = check_convergence(fit)
    prediction = predict_new_people(model, fit["unconstrained_posterior"].to_dataset(), others, generator)
    return {
        "converged": checks.converged,
        "reasons": checks.reasons,
        "blocks": describe_blocks(study, others, prediction),
    }


def main(folder: Path, rules: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    study = read_study_file(STUDY)
    for model in map(load_model, (study.model[0], study.model[-1])):
        data, [response] = read_data(study, model), model.responses
        for name in rules:
            path = folder / f"{name}-{response}.json"
            if not path.exists():
                path.write_text(json.dumps(judge(with_rule(model, name), study, data)))
            result = json.loads(path.read_text())
            status = "converged" if result["converged"] else f"not converged: {'; '.join(result['reasons'])}"
            print(f"{name}, {response}: {status}", *result["blocks"], sep="\n    ", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(RULES))
