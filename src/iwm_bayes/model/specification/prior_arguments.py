"""Priors in Python: what a model file says under `[parameters]`, as an argument.

    with_priors(model, {
        "availability_rate": (0.05, 0.6),                               90% prior interval of the median person
        "worth_rating_noise": {"prior_90": (0.05, 0.2), "pooling": "complete"},
        "availability_start": 0.3,                                      fixed
    })

Keys and checks are those of a model file.
"""

from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any

from pydantic import ValidationError

from iwm_bayes.data.toml import fault_sentence
from iwm_bayes.model.specification.model_file import change_parameters
from iwm_bayes.model.specification.schema import ParameterPrior
from iwm_bayes.rules.parameter_names import parameter_copies
from iwm_bayes.types import InputError, ModelSpec, parameters

WHERE = "`priors"  # of messages, as "`priors.availability_rate`: ..."
FORMS = "Give a pair of numbers (prior_90), a number (fixed), or a dict with the keys of a model file's [parameters]"

type Prior = Mapping[str, Any] | tuple[float, float] | float


def as_keys(prior: Any) -> dict[str, Any] | None:
    """Return a prior as the keys of a model file; None if it has none of the three forms."""
    if isinstance(prior, Mapping):
        return {str(key): plain_number(value) for key, value in prior.items()}
    if isinstance(prior, tuple | list):
        return {"prior_90": tuple(map(plain_number, prior))}
    return {"fixed": plain_number(prior)} if isinstance(prior, Real) else None


def plain_number(value: Any) -> Any:
    """Return numbers of NumPy as those of Python, alone or in a pair; leave everything else as it is."""
    if isinstance(value, tuple | list):
        return tuple(map(plain_number, value))
    return value.item() if isinstance(value, Real) and hasattr(value, "item") else value


def read_prior(name: str, prior: Any, problems: list[str]) -> ParameterPrior | None:
    """Return a checked prior; where it has faults, they are added to `problems` and there is none."""
    keys = as_keys(prior)
    if keys is None:
        problems.append(f"{WHERE}.{name}`: {prior!r} is no prior. {FORMS}")
        return None
    try:
        return ParameterPrior.model_validate(keys)
    except ValidationError as error:
        places = [(".".join([name, *map(str, fault["loc"])]), fault) for fault in error.errors()]
        problems += [f"{WHERE}.{place}`: {fault_sentence(ParameterPrior, fault)}" for place, fault in places]
        return None


def change_problems(model: ModelSpec, priors: Mapping[str, ParameterPrior]) -> Iterator[str]:
    """Yield what is wrong with checked priors for this model: of each alone, and then of all, which may share names."""
    for part in (*({name: prior} for name, prior in priors.items()), priors):
        try:
            change_parameters(WHERE, model, part)
        except InputError as error:
            yield from error.problems


def with_priors(model: ModelSpec, priors: Mapping[str, Prior]) -> ModelSpec:
    """Return the model with other priors.

    Parameters
    ----------
    model
        A model.
    priors
        By name of the parameter, or by a name that both beliefs share, such as `rate`: a pair of numbers is `prior_90`,
        the 90% prior interval of the median person on the natural scale; a number fixes the parameter; a dict has any
        of the keys `prior_90`, `prior_between_sd`, `pooling`, `by` and `fixed`, as in a model file.

    Returns
    -------
    ModelSpec
        The model; parameters that are not named stay as they are.

    Raises
    ------
    InputError
        If a parameter is unknown or a prior cannot be used, which lists every problem.

    Examples
    --------
    >>> with_priors(load_model("kalman"), {"availability_start": (0.1, 0.5), "worth_rating_noise": 0.1})
    """
    if not isinstance(priors, Mapping):
        raise InputError([f"priors: give a dict by name of the parameter, not {type(priors).__name__}"])
    problems: list[str] = []
    read = {str(name): read_prior(str(name), prior, problems) for name, prior in priors.items()}
    unread = [name for name, prior in read.items() if prior is None and not parameter_copies(name, parameters(model))]
    valid = {name: prior for name, prior in read.items() if prior is not None}
    problems += change_problems(model, valid | dict.fromkeys(unread, ParameterPrior()))
    if problems:
        raise InputError(dict.fromkeys(problems))
    return change_parameters(WHERE, model, valid)
