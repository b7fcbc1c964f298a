"""A theory file: a rule, its responses, and the priors that differ. One TOML file to a `Model`.

A theory as a study asks it: without the responses that were not asked, and each at its moment.
"""

import re
from collections import Counter
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from iwm_bayes.data.binding import with_timing
from iwm_bayes.data.study import Study
from iwm_bayes.data.toml import explain_validation, read_schema_2
from iwm_bayes.model.model_file_schema import ModelFile, ParameterPrior
from iwm_bayes.responses import LEVELS, RESPONSES
from iwm_bayes.rules import RULES, equation, load_rule_file
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.rules.modifiers import with_arousal, with_expectancy_bias
from iwm_bayes.rules.names import full_names
from iwm_bayes.types import (
    InputError,
    Learner,
    ModelSpec,
    Parameter,
    Response,
    Rule,
    named_leaves,
    parameters,
    unflatten,
    with_parameters,
)

SINCE_SCHEMA_1 = (
    "`prior_90` for `typical`, `prior_between_sd` for `spread`, pooling `complete` for `shared` and `none` for "
    "`separate`, and `expectancy_bias` for `assimilation`"
)


def model_library() -> Path:
    """The folder of the theories that come with the program."""
    packaged = Path(str(resources.files("iwm_bayes"))) / "models"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "models"


def built_in_models() -> list[str]:
    """Names of the theories on the shelf."""
    return sorted(path.stem for path in model_library().glob("*.toml"))


def find_model(name: str) -> Path:
    """The file of a theory, by its name on the shelf or by its path."""
    if name.endswith(".toml"):
        return Path(name)
    if name not in built_in_models():
        raise InputError([f"there is no theory {name!r} on the shelf, which has {', '.join(built_in_models())}"])
    return model_library() / f"{name}.toml"


def response_kinds(kinds: Iterable[str] = tuple(RESPONSES)) -> list[str]:
    """Kinds of responses as a user is told of them: those with levels once."""
    return list(dict.fromkeys(re.sub(r"_\d+$", f"_{LEVELS[0]}..{LEVELS[-1]}", kind) for kind in kinds))


def kinds_by_name(path: Path, wanted: list[str] | dict[str, str]) -> dict[str, str]:
    """The kinds of a theory's responses by the theory's names for them; InputError where there is none such."""
    kinds = wanted if isinstance(wanted, dict) else {name: name for name in wanted}
    unknown = [kind for kind in kinds.values() if kind not in RESPONSES]
    if unknown or not kinds or len(kinds) < len(wanted):
        raise InputError(
            [
                f"{path}, key `responses`: name one or more of {', '.join(response_kinds())}, each once; not {unknown or wanted}"
            ]
        )
    return kinds


def anchored_responses(kinds: dict[str, str]) -> dict[str, Response]:
    """The responses by the theory's names; the first rating of each belief fixes its scale."""
    chosen: dict[str, Response] = {}
    anchored: set[str] = set()
    for name, kind in kinds.items():
        response = RESPONSES[kind]
        if response.scale and response.about not in anchored:
            anchored.add(response.about)
            response = anchor(response)
        chosen[name] = response
    return chosen


def anchor(response: Response) -> Response:
    """The rating that fixes a belief's scale: without one, start and location are not identified."""
    declared = named_leaves(response.parameters)
    fixed = (parameter._replace(fixed=response.scale.get(name, parameter.fixed)) for name, parameter in declared)
    return response._replace(parameters=unflatten(response.parameters, fixed))


def find_rule(path: Path, name: str) -> Learner | Rule:
    """A rule of the program by its name, or a researcher's own as "file.py:NAME", relative to the theory file."""
    file, colon, own = name.rpartition(":")
    if colon:
        return load_rule_file(path.parent / file, own)
    if name not in RULES:
        known = ", ".join(RULES)
        raise InputError(
            [f"{path}, key `rule`: no rule {name!r}; choose from {known}, or give your own as file.py:RULE"]
        )
    return RULES[name]


def lift_rule(path: Path, theory: ModelFile, rule: Learner | Rule, responses: dict[str, Response]) -> Rule:
    """A learner lifted to the beliefs that the responses read; a rule as it is."""
    if isinstance(rule, Learner):
        reads_worth = any(response.about in ("worth", "worth_change") for response in responses.values())
        rule = lift_learner(rule, worth=reads_worth, transfer=theory.transfer)
    elif theory.transfer:
        raise InputError([f"{path}, key `transfer`: {theory.rule} generalises by itself. Take `transfer` out"])
    asks = any(response.about == "perceived" for response in responses.values())
    if asks and not theory.expectancy_bias:
        raise InputError([f"{path}: what people report of outcomes says nothing without `expectancy_bias = true`"])
    rule = with_arousal(rule) if theory.arousal else rule
    return with_expectancy_bias(rule) if theory.expectancy_bias else rule


def changed_parameter(
    label: str, parameter: Parameter, prior: ParameterPrior, may_differ: bool, problems: list[str]
) -> Parameter:
    """A parameter with a theory's changes; faults are added to `problems`."""
    if prior.fixed is True:
        problems.append(f"{label}: `fixed` must be a number, or false to free what is fixed by default")
        return parameter
    freed = {"fixed": None} if prior.fixed is False else {}
    changed = parameter._replace(**prior.model_dump(exclude_none=True) | freed)
    inside = {
        "unit": lambda x: 0 < x < 1,
        "positive": lambda x: 0 < x < float("inf"),
        "real": lambda x: abs(x) < float("inf"),
    }
    low, high = changed.prior_90
    if not (inside[changed.support](low) and inside[changed.support](high) and low < high):
        problems.append(f"{label}: `typical` must be two rising numbers of support {changed.support!r}")
    if changed.fixed is not None and not (inside[changed.support](changed.fixed) or changed.fixed in (0.0, 1.0)):
        problems.append(f"{label}: `fixed` must have support {changed.support!r}")
    if changed.fixed is not None and prior.fixed is None:
        problems.append(f"{label}: this parameter is fixed at {changed.fixed:g}. Add `fixed = false` to free it")
    if changed.by == "figure" and not may_differ:
        problems.append(f"{label}: this parameter belongs to the person and cannot differ by figure")
    return changed


def change_parameters(path: Path, model: ModelSpec, given: dict[str, ParameterPrior]) -> ModelSpec:
    """The model with every prior that the theory file changes."""
    known = parameters(model)
    changes = full_names(given, list(known), f"{path}, key `parameters")
    of_rule = {name for name, _ in named_leaves(model.rule.parameters)}
    problems: list[str] = []
    changed = {
        name: changed_parameter(
            f"{path}, key `parameters.{name}`",
            parameter,
            changes[name],
            name not in of_rule or name in model.rule.by_figure,
            problems,
        )
        if name in changes
        else parameter
        for name, parameter in known.items()
    }
    if problems:
        raise InputError(problems)
    return with_parameters(model, changed)


def model_with_responses(path: Path, theory: ModelFile, kinds: dict[str, str]) -> ModelSpec:
    """A theory with some responses, each a kind by its name, before the file's priors; InputError lists faults."""
    responses = anchored_responses(kinds)
    rule = find_rule(path, theory.rule)
    words = theory.claim, theory.reference, theory.predicts, theory.needs, equation(rule)
    name = path.stem.removesuffix(".theory")
    model = ModelSpec(name, lift_rule(path, theory, rule, responses), responses, theory.correlated, *words)
    names = Counter(name for name, _ in named_leaves(model.rule.parameters))
    names.update(leaf for label, response in responses.items() for leaf, _ in named_leaves(response.parameters, label))
    twice = [name for name, times in names.items() if times > 1]
    if twice:
        raise InputError([f"{path}: the parameter name {name} occurs twice. Rename a response" for name in twice])
    return model


def load_model(theory_or_path: str | Path, without: Iterable[str] = ()) -> ModelSpec:
    """A theory by its name on the shelf or the path of its file; InputError lists every problem.

    Responses that are named in `without` are left out, with their parameters and what nothing else reads.
    """
    path = find_model(str(theory_or_path))
    try:
        theory = ModelFile.model_validate(read_schema_2(path, SINCE_SCHEMA_1))
    except ValidationError as error:
        raise explain_validation(path, error) from error
    kinds = kinds_by_name(path, theory.responses)
    whole = model_with_responses(path, theory, kinds)
    left_out = tuple(name for name in kinds if name in set(without))
    if not left_out:
        return change_parameters(path, whole, theory.parameters)
    if len(left_out) == len(kinds):
        raise InputError([f"`without` leaves nothing of the theory {whole.name}, which has {', '.join(kinds)}"])
    part = model_with_responses(path, theory, {name: kind for name, kind in kinds.items() if name not in left_out})
    priors = full_names(theory.parameters, list(parameters(whole)), f"{path}, key `parameters")
    known = parameters(part)
    return change_parameters(
        path, part._replace(without=left_out), {name: p for name, p in priors.items() if name in known}
    )


def load_model_for(study: Study, theory: str) -> ModelSpec:
    """A theory by name or path as this study asks it; InputError lists what is wrong with its file."""
    return with_timing(study, load_model(theory, study.without))
