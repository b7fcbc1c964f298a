"""Whether answers were given before or after the outcome of their row: what a study says of its theory's responses."""

from iwm_bayes.core import Model, Response
from iwm_bayes.study import Answer, Study


def impossible(given: Answer, response: Response) -> str:
    """Why an answer cannot have a moment that the study says, or not this one; empty where it can."""
    if given.moment is not None and response.effect != "none":
        return "when people act, before or after an outcome, is part of the theory"
    if given.moment == "before" and given.scope == "session":
        return "an answer about a whole session comes when it is over, after its outcomes"
    if given.moment == "before" and (response.about == "perceived" or "act" in response.also):
        return "this answer is about the outcome of its row, and cannot come before it"
    return ""


def timed(study: Study, model: Model) -> Model:
    """The theory with every answer at the moment that the study says."""
    said = {name: given.moment for name, given in study.responses.items() if given.moment is not None}
    responses = {
        name: response._replace(moment=said.get(name, response.moment)) for name, response in model.responses.items()
    }
    return model._replace(responses=responses)
