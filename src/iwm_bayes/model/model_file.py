"""Load a model file: a learning rule, its responses, and the priors that differ from their defaults.

A model file is one TOML file, and `load_model` turns it into a `ModelSpec`. `load_model_for` loads a model as a study
uses it: without the responses that were not asked, and with the study's timing and scales.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from iwm_bayes.data.binding import bound_model
from iwm_bayes.data.study import StudySpec
from iwm_bayes.data.toml import MAX_NAME, explain_validation, read_schema_2, read_toml
from iwm_bayes.io import is_file
from iwm_bayes.model.model_file_schema import ModelFile, ParameterPrior
from iwm_bayes.model.priors import LINKS
from iwm_bayes.responses import LEVELS, RESPONSES
from iwm_bayes.responses.scale import fix_first_ratings
from iwm_bayes.rules import RULES, equation
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.rules.modifiers import with_arousal, with_expectancy_bias
from iwm_bayes.rules.parameter_names import full_names
from iwm_bayes.rules.rule_file import load_rule_file
from iwm_bayes.types import (
    InputError,
    Learner,
    ModelSpec,
    Parameter,
    Response,
    Rule,
    named_leaves,
    parameters,
    with_parameters,
)

SINCE_SCHEMA_1 = (
    "`prior_90` for `typical`, `prior_between_sd` for `spread`, pooling `complete` for `shared` and `none` for "
    "`separate`, and `expectancy_bias` for `assimilation`"
)
UNTRUSTED = (
    "{path}, key `rule`: names the Python file {file}, which would run on this computer with all your rights. Read it "
    "first. If you trust it, add --trust, or name the model file yourself with --model (in Python: trust=True)"
)
WITHIN_SUPPORT = {
    "unit": lambda x: 0 < x < 1,
    "positive": lambda x: 0 < x < float("inf"),
    "real": lambda x: abs(x) < float("inf"),
}


NARROWEST_PRIOR = 1e-6  # on the link scale, as all that follows: a narrower one is a constant
WIDEST_PRIOR = {"unit": 30.0, "positive": 30.0, "real": 1e6}  # exp(30) is 1e13; beyond it, values overflow
ABOVE_0 = {"noise", "concentration", "strength", "sd"}  # last words of names of parameters that divide


def model_library() -> Path:
    """Return the folder of the built-in models."""
    packaged = Path(str(resources.files("iwm_bayes"))) / "models"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "models"


def built_in_models() -> list[str]:
    """Return the names of the built-in models."""
    return sorted(path.stem for path in model_library().glob("*.toml"))


def find_model(name: str) -> Path:
    """Return the file of a model from the name of a built-in model or from a path; InputError for an unknown name."""
    if name.endswith(".toml"):
        return Path(name)
    names = built_in_models()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f'Did you mean "{near[0]}"? ' if near else ""
        raise InputError(
            [
                f"there is no built-in model {name!r}. {hint}Give the path of a model file (.toml), or one of "
                f"{', '.join(names)}"
            ]
        )
    return model_library() / f"{name}.toml"


def response_kinds(kinds: Iterable[str] = tuple(RESPONSES)) -> list[str]:
    """Return kinds of responses for messages and pages: those that differ by their number of levels once."""
    return list(dict.fromkeys(re.sub(r"_\d+$", f"_{LEVELS[0]}..{LEVELS[-1]}", kind) for kind in kinds))


def kinds_by_name(path: Path, responses: list[str] | dict[str, str]) -> dict[str, str]:
    """Return the kinds of a model's responses by the model's names for them; InputError for an unknown kind."""
    kinds = responses if isinstance(responses, dict) else {kind: kind for kind in responses}
    unknown = [kind for kind in kinds.values() if kind not in RESPONSES]
    if unknown or not kinds or len(kinds) < len(responses):
        available = ", ".join(response_kinds())
        raise InputError(
            [f"{path}, key `responses`: name one or more of {available}, each once; not {unknown or responses}"]
        )
    return kinds


def rule_file(path: Path) -> Path | None:
    """Return the Python file that a model file names as its rule; None where its rule is a built-in one."""
    file, colon, _ = str(read_toml(path).get("rule", "")).rpartition(":")
    return path.parent / file if colon else None


def find_rule(path: Path, name: str, trust: bool, copy: Path | None = None) -> Learner | Rule:
    """Return a built-in rule by name, or a researcher's own as "file.py:NAME", relative to the model file.

    InputError where a file would run that is not trusted; `copy` is the file to run in its place.
    """
    file, colon, own_name = name.rpartition(":")
    if colon:
        own = copy or path.parent / file
        if not is_file(own):
            raise InputError([f"{path}, key `rule`: there is no such Python file: {file[:MAX_NAME]!r}"])
        if not trust:
            raise InputError([UNTRUSTED.format(path=path, file=own)])
        return load_rule_file(own, own_name)
    if name not in RULES:
        known = ", ".join(RULES)
        raise InputError(
            [f"{path}, key `rule`: no rule {name!r}; choose from {known}, or give your own as file.py:RULE"]
        )
    return RULES[name]


def lift_rule(path: Path, file: ModelFile, rule: Learner | Rule, responses: dict[str, Response]) -> Rule:
    """Return a rule for both beliefs, with the modifiers of the model file.

    A `Learner` is lifted to the beliefs that the responses read. InputError if `transfer` or a response does not fit.
    """
    if isinstance(rule, Learner):
        reads_worth = any(response.about in ("worth", "worth_change") for response in responses.values())
        rule = lift_learner(rule, worth=reads_worth, transfer=file.transfer)
    elif file.transfer:
        raise InputError([f"{path}, key `transfer`: {file.rule} generalises by itself. Take `transfer` out"])
    reports_outcomes = any(response.about == "perceived" for response in responses.values())
    if reports_outcomes and not file.expectancy_bias:
        raise InputError(
            [f"{path}: a response about the perceived outcome needs a model of it. Add `expectancy_bias = true`"]
        )
    rule = with_arousal(rule) if file.arousal else rule
    return with_expectancy_bias(rule) if file.expectancy_bias else rule


def prior_problems(parameter: Parameter) -> Iterator[str]:
    """Yield what is wrong with the prior of a parameter: outside its support, too narrow or too wide."""
    (low, high), within = parameter.prior_90, WITHIN_SUPPORT[parameter.support]
    if not (within(low) and within(high) and low < high):
        yield f"`prior_90` must be two rising numbers of support {parameter.support!r}"
        return
    link, widest = LINKS[parameter.support][0], WIDEST_PRIOR[parameter.support]
    ends = [float(link(np.float64(end))) for end in parameter.prior_90]
    if max(map(abs, ends)) > widest or ends[1] - ends[0] < NARROWEST_PRIOR:
        yield "`prior_90` is too wide or too narrow for a prior. Give a range that you expect, or `fixed`"
    if not NARROWEST_PRIOR <= parameter.prior_between_sd <= widest:
        remedy = 'Where people are alike, write pooling = "complete"'
        yield f"`prior_between_sd` must be from {NARROWEST_PRIOR:g} to {widest:g}. {remedy}"


def changed_parameter(
    label: str, name: str, parameter: Parameter, prior: ParameterPrior, may_differ: bool, problems: list[str]
) -> Parameter:
    """Return a parameter with the changes of a model file; faults are added to `problems`.

    `may_differ` is whether the parameter can differ by figure.
    """
    if prior.fixed is True:
        problems.append(f"{label}: `fixed` must be a number, or false to free what is fixed by default")
        return parameter
    freed = {"fixed": None} if prior.fixed is False else {}
    changed = parameter._replace(**prior.model_dump(exclude_none=True) | freed)
    within = WITHIN_SUPPORT[changed.support]
    problems += [f"{label}: {problem}" for problem in prior_problems(changed)]
    if changed.fixed is not None and not (within(changed.fixed) or changed.fixed in (0.0, 1.0)):
        problems.append(f"{label}: `fixed` must have support {changed.support!r}")
    if changed.fixed == 0 and name.rpartition("_")[2] in ABOVE_0:
        problems.append(f"{label}: `fixed` must be above 0, because this parameter is a divisor")
    if changed.fixed is not None and prior.fixed is None:
        problems.append(f"{label}: this parameter is fixed at {changed.fixed:g}. Add `fixed = false` to free it")
    if changed.by == "figure" and not may_differ:
        problems.append(f"{label}: this parameter belongs to the person and cannot differ by figure")
    return changed


def change_parameters(where: str, model: ModelSpec, priors: Mapping[str, ParameterPrior]) -> ModelSpec:
    """Return the model with these changes of its parameters; InputError lists every fault.

    `where` begins the names of parameters in messages, as "FILE, key `parameters".
    """
    known = parameters(model)
    changes = full_names(priors, list(known), where)
    of_rule = {name for name, _ in named_leaves(model.rule.parameters)}
    changed = dict(known)
    problems: list[str] = []
    for name in (name for name in known if name in changes):
        label, may_differ = f"{where}.{name}`", name not in of_rule or name in model.rule.by_figure
        changed[name] = changed_parameter(label, name, known[name], changes[name], may_differ, problems)
    if problems:
        raise InputError(problems)
    stated = frozenset(name for name, prior in changes.items() if prior.fixed is not None)
    return with_parameters(model._replace(stated=model.stated | stated), changed)


def model_with_responses(path: Path, file: ModelFile, rule: Learner | Rule, kinds: dict[str, str]) -> ModelSpec:
    """Return a model with some responses, each a kind by its name, before the file's priors.

    InputError lists parameter names that occur twice.
    """
    responses = {name: RESPONSES[kind] for name, kind in kinds.items()}
    texts = file.claim, file.reference, file.predicts, file.needs, equation(rule)
    lifted = lift_rule(path, file, rule, responses)
    name = path.stem.removesuffix(".model")
    source = file.model_dump(exclude={"parameters"}) | {"responses": kinds, "path": str(path.absolute())}
    model = ModelSpec(name, lifted, fix_first_ratings(lifted, responses), file.correlated, *texts, source=source)
    names = Counter(name for name, _ in named_leaves(model.rule.parameters))
    names.update(leaf for label, response in responses.items() for leaf, _ in named_leaves(response.parameters, label))
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise InputError([f"{path}: the parameter name {name} occurs twice. Rename a response" for name in twice])
    return model


def read_model_file(path: Path) -> ModelFile:
    """Read the keys of a model file; InputError lists every fault."""
    try:
        return ModelFile.model_validate(read_schema_2(path, SINCE_SCHEMA_1))
    except ValidationError as error:
        raise explain_validation(path, ModelFile, error) from error


def load_model(
    name_or_path: str | Path, without: Iterable[str] = (), trust: bool = True, rule_copy: Path | None = None
) -> ModelSpec:
    """Load a built-in model by name, or a model file by path.

    Parameters
    ----------
    name_or_path
        Name of a built-in model, or path of a model file that ends in `.toml`.
    without
        Responses to leave out, with their parameters and the beliefs that no other response reads.
    trust
        Whether a Python file that the model file names as its rule may run. Somebody who names a model file trusts it;
        set False for a file that you received and have not read.
    rule_copy
        The Python file to run in place of the one that the model file names: the copy in a run folder.

    Returns
    -------
    ModelSpec
        The model, complete for simulation and fitting.

    Raises
    ------
    InputError
        If the file or a key is wrong, which lists every problem, or if a Python file would run without trust.

    Examples
    --------
    >>> load_model("rescorla_wagner", without=["approach"])
    """
    path = find_model(str(name_or_path))
    file = read_model_file(path)
    kinds, rule = kinds_by_name(path, file.responses), find_rule(path, file.rule, trust, rule_copy)
    where = f"{path}, key `parameters"
    full = model_with_responses(path, file, rule, kinds)
    left_out = tuple(name for name in kinds if name in set(without))
    if not left_out:
        return change_parameters(where, full, file.parameters)
    if len(left_out) == len(kinds):
        raise InputError([f"`without` leaves nothing of the model {full.name}, which has {', '.join(kinds)}"])
    part = model_with_responses(path, file, rule, {name: kind for name, kind in kinds.items() if name not in left_out})
    priors = full_names(file.parameters, list(parameters(full)), where)
    known = parameters(part)
    own_priors = {name: prior for name, prior in priors.items() if name in known}
    return change_parameters(where, part._replace(without=left_out), own_priors)


def load_model_for(study: StudySpec, model: str, trust: bool = False, rule_copy: Path | None = None) -> ModelSpec:
    """Load a model, by name or path, as this study uses it; InputError lists what is wrong with its file.

    The model has those of its responses for which the study has a column. `trust` and `rule_copy` are those of
    `load_model`. A study's own models are not trusted unless somebody says so.
    """
    names = list(kinds_by_name(find_model(model), read_model_file(find_model(model)).responses))
    not_supplied = [name for name in names if name not in study.responses]
    left_out = not_supplied if len(not_supplied) < len(names) else []  # all: the study is at fault, and hears of it
    return bound_model(study, load_model(model, left_out, trust, rule_copy))
