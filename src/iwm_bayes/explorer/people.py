"""The people of a scenario, who are all the same: which parameters affect their beliefs, and their values."""

from collections.abc import Mapping

import numpy as np

from iwm_bayes.model.priors import LINKS, free_parameters, natural_values
from iwm_bayes.types import ModelSpec, Parameter, parameters


def withdrawal_only(model: ModelSpec) -> ModelSpec:
    """Keep only the responses that decide whether an outcome is observed; other responses do not affect beliefs."""
    return model._replace(responses={name: r for name, r in model.responses.items() if r.effect == "withdraws"})


def belief_parameters(model: ModelSpec) -> dict[str, Parameter]:
    """Return the free parameters that affect beliefs, by name."""
    return {
        name: parameter for name, parameter in parameters(withdrawal_only(model)).items() if parameter.fixed is None
    }


def prior_median(parameter: Parameter) -> float:
    """Return the prior median of the group median of a parameter, on its natural scale."""
    link, inverse_link = LINKS[parameter.support]
    low, high = (link(np.float64(end)) for end in parameter.prior_90)
    return float(inverse_link((low + high) / 2.0))


def identical_people(
    model: ModelSpec, chosen: Mapping[str, float | np.ndarray], figures: list[str], n_people: int
) -> dict[str, np.ndarray]:
    """Return the parameters of people who are all the same, on the natural scale.

    Parameters
    ----------
    chosen
        Values by parameter name, natural scale, one or (person,); other parameters have their prior median.
    """
    theta = {}
    for free in free_parameters(model, figures):
        link, _ = LINKS[free.parameter.support]
        value = link(np.asarray(chosen[free.name], dtype=float)) if free.name in chosen else free.prior_mean
        theta[free.label] = np.full(n_people, value)
    return natural_values(model, theta, figures, n_people)
