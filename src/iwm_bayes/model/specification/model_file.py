"""Load a model file: a learning rule, its responses, and the priors that differ from their defaults.

A model file is one TOML file, and `load_model` turns it into a `ModelSpec`. `load_model_for` loads a model as a study
uses it: without the responses that were not asked, and with the study's timing and scales.
"""

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from iwm_bayes.data.binding import bound_model
from iwm_bayes.data.study import StudySpec
from iwm_bayes.data.toml import explain_validation, read_schema_2
from iwm_bayes.model.priors import WITHIN_SUPPORT, prior_problems
from iwm_bayes.model.specification.additions import CLAIM_OF_TREND_ALONE, with_added, with_equations, with_movements
from iwm_bayes.model.specification.parts import file_hashes, find_parts, kinds_by_name
from iwm_bayes.model.specification.schema import ModelFile, ParameterPrior
from iwm_bayes.responses.scale import fix_first_ratings, for_beliefs
from iwm_bayes.rules import equation
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.rules.modifiers.arousal import with_arousal
from iwm_bayes.rules.modifiers.model_names import (
    ADDITIONS,
    TREND_ALONE,
    is_model_file,
    split_model_name,
    with_additions,
)
from iwm_bayes.rules.modifiers.pull import with_pull
from iwm_bayes.rules.parameter_names import full_names, parameter_copies
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
    "`separate`, and no `assimilation`: see `raters` in the documentation"
)
ABOVE_0 = {"noise", "concentration", "strength", "sd"}  # last words of names of parameters that divide


def model_library() -> Path:
    """Return the folder of the built-in models."""
    packaged = Path(str(resources.files("iwm_bayes"))) / "models"
    return packaged if packaged.is_dir() else Path(__file__).parents[4] / "models"


def built_in_models() -> list[str]:
    """Return the names of the built-in models."""
    return sorted(path.stem for path in model_library().glob("*.toml"))


def models_of_members() -> list[str]:
    """Return the names of the built-in models of one member of a dyad."""
    return sorted(path.stem for path in model_library().glob("dyads/*.toml"))


def find_model(name: str) -> Path:
    """Return the file of a model from the name of a built-in model or from a path; InputError for an unknown name.

    What a name adds to the model, such as `+trend`, is in no file.
    """
    name, _ = split_model_name(name)
    if name.endswith(".toml"):
        return Path(name)
    names, of_members = built_in_models(), models_of_members()
    if name in of_members:
        return model_library() / "dyads" / f"{name}.toml"
    if name not in names:
        near = difflib.get_close_matches(name, [*names, *of_members], n=1)
        hint = f'Did you mean "{near[0]}"? ' if near else ""
        hint += f"A name can end in +{' or +'.join((*ADDITIONS, TREND_ALONE))}. " if "+" in name else ""
        raise InputError(
            [
                f"there is no built-in model {name!r}. {hint}Give the path of a model file (.toml), or one of "
                f"{', '.join(names)}; for a member of a dyad, {', '.join(of_members)}"
            ]
        )
    return model_library() / f"{name}.toml"


def model_from_anywhere(name: str) -> str:
    """Return a model's name with the absolute path of its file, if it is named by a path."""
    own, added = split_model_name(name)
    return with_additions(str(find_model(own).resolve()) if is_model_file(own) else own, added)


def named_like(name: str, path: Path) -> str:
    """Return the name of the model in this file, with what another name adds to a model."""
    return with_additions(str(path), split_model_name(name)[1])


def with_trend_alone(file: ModelFile) -> ModelFile:
    """Return a model file in which time alone moves beliefs, and nobody learns."""
    own = {"rule": "growth", "arousal": False, "trend": False, "claim": CLAIM_OF_TREND_ALONE}  # growth is a trend
    return file.model_copy(update=own)


def lift_rule(path: Path, file: ModelFile, rule: Learner | Rule, responses: dict[str, Response]) -> Rule:
    """Return a rule for both beliefs, with the modifiers of the model file.

    A `Learner` is lifted to the beliefs that the responses need. InputError if `transfer` or a response does not fit.
    """
    needed = [response for response in responses.values() if response.without_worth is None]
    reads = {about for response in needed for about in (response.about, *response.also_reads)}
    if isinstance(rule, Learner):
        rule = lift_learner(rule, worth=bool(reads & {"worth", "worth_change"}), transfer=file.transfer)
    elif file.transfer:
        raise InputError([f"{path}, key `transfer`: {file.rule} generalises by itself. Take `transfer` out"])
    rule = with_arousal(rule) if file.arousal else rule
    rule = with_pull(rule) if "pull" in reads else rule
    return with_movements(str(path), file.rule, rule, additions(file))


def additions(file: ModelFile) -> list[str]:
    """Return what a model file lets move beliefs in addition to learning."""
    return [name for name in ADDITIONS if getattr(file, name)]


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


def order_problems(where: str, rule: Rule, changed: Mapping[str, Parameter]) -> list[str]:
    """Return a problem for each two parameters whose values are ordered in the rule, and whose priors are not."""
    problems = []
    for low, high in rule.ordered:
        highest, lowest = (
            own.prior_90[end] if own.fixed is None else own.fixed
            for own, end in ((changed[low], 1), (changed[high], 0))
        )
        if highest > lowest:
            problems.append(
                f"{where}.{low}`: {low} reaches {highest:g}, and {high} begins at {lowest:g}. Give {low} a range below "
                f"that of {high}; they mean the reverse otherwise"
            )
    return problems


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
    problems += order_problems(where, model.rule, changed)
    if problems:
        raise InputError(problems)
    stated = frozenset(name for name, prior in changes.items() if prior.fixed is not None)
    return with_parameters(model._replace(stated=model.stated | stated), changed)


def model_with_responses(
    path: Path,
    file: ModelFile,
    rule: Learner | Rule,
    responses: dict[str, Response],
    copies: Mapping[str, Path] = MappingProxyType({}),
) -> ModelSpec:
    """Return a model with some responses, before the file's priors; `copies` are those of `parts.find_parts`.

    InputError lists parameter names that occur twice.
    """
    texts = file.claim, file.reference, file.predicts, file.needs, with_equations(equation(rule), additions(file))
    lifted = lift_rule(path, file, rule, responses)
    responses = for_beliefs(lifted, responses)
    name = path.stem.removesuffix(".model")
    kinds = {key: kind for key, kind in kinds_by_name(path, file.responses).items() if key in responses}
    hashes = file_hashes(path, file.rule, kinds.values(), copies)
    source = file.model_dump(exclude={"parameters"}) | {"responses": kinds}
    source |= {"path": str(path.absolute()), "files": hashes}
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
    name_or_path: str | Path,
    without: Iterable[str] = (),
    trust: bool = True,
    copies: Mapping[str, Path] = MappingProxyType({}),
) -> ModelSpec:
    """Load a built-in model by name, or a model file by path.

    Parameters
    ----------
    name_or_path
        Name of a built-in model, or path of a model file that ends in `.toml`. `+trend` and `+belief_noise` at the end
        of either let time or chance move beliefs, too: "kalman+trend". `+trend_alone` puts time in place of learning.
    without
        Responses to leave out, with their parameters and the beliefs that no other response reads.
    trust
        Whether Python files that the model file names, as its rule or as responses, may run. Somebody who names a
        model file trusts it; set False for a file that you received and have not read.
    copies
        The Python files to run in place of those of `parts.python_files`, by the same key: the copies in a run folder.

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
    path, (_, added) = find_model(str(name_or_path)), split_model_name(str(name_or_path))
    file, where = read_model_file(path), f"{path}, key `parameters"
    file = with_trend_alone(file) if TREND_ALONE in added else file
    rule, responses = find_parts(path, file.rule, file.responses, trust, copies)
    full = with_added(model_with_responses(path, file, rule, responses, copies), added)
    if TREND_ALONE in added:  # priors of the rule that it replaces say nothing about it
        known = parameters(full)
        own = {name: prior for name, prior in file.parameters.items() if parameter_copies(name, known)}
        file = file.model_copy(update={"parameters": own})
    left_out = tuple(name for name in responses if name in set(without))
    if not left_out:
        return change_parameters(where, full, file.parameters)
    if len(left_out) == len(responses):
        raise InputError([f"`without` leaves nothing of the model {full.name}, which has {', '.join(responses)}"])
    kept = {name: response for name, response in responses.items() if name not in left_out}
    part = with_added(model_with_responses(path, file, rule, kept, copies), added)
    priors = full_names(file.parameters, list(parameters(full)), where)
    known = parameters(part)
    own_priors = {name: prior for name, prior in priors.items() if name in known}
    return change_parameters(where, part._replace(without=left_out), own_priors)


def load_model_for(
    study: StudySpec, model: str, trust: bool = False, copies: Mapping[str, Path] = MappingProxyType({})
) -> ModelSpec:
    """Load a model, by name or path, as this study uses it; InputError lists what is wrong with its file.

    The model has those of its responses for which the study has a column. `trust` and `copies` are those of
    `load_model`. A study's own models are not trusted unless somebody says so.
    """
    path = find_model(model)
    names = list(kinds_by_name(path, read_model_file(path).responses))
    not_supplied = [name for name in names if name not in study.responses]
    left_out = not_supplied if len(not_supplied) < len(names) else []  # all: the study is at fault, and hears of it
    return bound_model(study, load_model(model, left_out, trust, copies))
