"""The scale of ratings: which of them are on the outcome's scale, and what is estimated of the others.

A rating that asks about the outcome, on the outcome's own scale, is the belief itself: a belief of .6 is rated .6. The
parameters in `Response.scale` are then fixed at their values (for `rating`: intercept 0, slope 1). On any other scale
they are estimated, with informative priors:

- The first rating of a belief identifies its scale. Where no rating of that belief is on the outcome's scale, the
  parameters are the same for all people. Otherwise they could not be told from people's initial beliefs.
- Every further rating of the belief has parameters of its own, which differ between people as the response declares.

Without a belief about the self, availability and the expectation of a response are one belief.
"""

from collections.abc import Callable, Collection, Mapping

from iwm_bayes.types import ModelSpec, Parameter, Response, Rule, named_leaves, unflatten


def has_self_worth(rule: Rule) -> bool:
    """Return whether a rule has a belief about the self."""
    return any(name.startswith("worth_") for name, _ in named_leaves(rule.parameters))


def for_beliefs(rule: Rule, responses: Mapping[str, Response]) -> dict[str, Response]:
    """Return responses for the beliefs of a rule: without self-worth where the rule has none, if they can be."""
    keeps_all = has_self_worth(rule)
    return {
        name: response if keeps_all or response.without_worth is None else response.without_worth
        for name, response in responses.items()
    }


def rated_belief(rule: Rule, response: Response) -> str:
    """Return the belief that a response is about: availability too for the expectation, where they are one."""
    return "availability" if response.about == "expected" and not has_self_worth(rule) else response.about


def is_on_outcome_scale(response: Response) -> bool:
    """Return whether a response is a rating whose scale is fixed to that of the outcome."""
    fixed = {name: parameter.fixed for name, parameter in named_leaves(response.parameters)}
    return bool(response.scale) and all(fixed[name] == value for name, value in response.scale.items())


def change_scale(
    response: Response, change: Callable[[str, Parameter], Parameter], stated: Collection[str]
) -> Response:
    """Return a rating with its scale parameters changed, except those whose names are in `stated`."""
    declared = (
        change(name, parameter) if name in response.scale and name not in stated else parameter
        for name, parameter in named_leaves(response.parameters)
    )
    return response._replace(parameters=unflatten(response.parameters, declared))


def on_outcome_scale(response: Response, stated: Collection[str] = ()) -> Response:
    """Return a rating with the parameters fixed that put it on the outcome's scale."""
    return change_scale(response, lambda name, parameter: parameter._replace(fixed=response.scale[name]), stated)


def on_own_scale(response: Response, stated: Collection[str] = ()) -> Response:
    """Return a rating with the parameters of its scale free."""
    return change_scale(response, lambda _, parameter: parameter._replace(fixed=None), stated)


def same_for_all(response: Response, stated: Collection[str] = ()) -> Response:
    """Return a rating with one value for everyone of each parameter of its scale."""
    return change_scale(response, lambda _, parameter: parameter._replace(pooling="complete"), stated)


def fix_first_ratings(rule: Rule, responses: Mapping[str, Response]) -> dict[str, Response]:
    """Return the responses of a model without a study: the first rating of each belief is on the outcome's scale."""
    found: dict[str, Response] = {}
    beliefs: set[str] = set()
    for name, response in responses.items():
        is_first = bool(response.scale) and rated_belief(rule, response) not in beliefs
        found[name] = on_outcome_scale(response) if is_first else response
        beliefs |= {rated_belief(rule, response)} if is_first else set()
    return found


def with_scales(model: ModelSpec, commensurable: Mapping[str, bool]) -> ModelSpec:
    """Return the model with each rating on the outcome's scale, or on a scale of its own.

    `commensurable` says which, by the name of the response; responses that are not in it stay as they are, and so do
    parameters of which the model file states that they are fixed or free.
    """
    stated = {
        name: {leaf for leaf in response.scale if f"{name}_{leaf}" in model.stated}
        for name, response in model.responses.items()
    }
    responses = dict(model.responses)
    for name, on_scale in commensurable.items():
        if name in responses:
            change = on_outcome_scale if on_scale else on_own_scale
            responses[name] = change(responses[name], stated[name])
    ratings = {name: rated_belief(model.rule, response) for name, response in responses.items() if response.scale}
    identified = {belief for name, belief in ratings.items() if is_on_outcome_scale(responses[name])}
    for name, belief in ratings.items():
        if belief not in identified and name in commensurable:
            responses[name] = same_for_all(responses[name], stated[name])
        identified.add(belief)
    return model._replace(responses=responses)
