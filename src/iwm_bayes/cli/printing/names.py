"""Words in place of the names of parameters and responses: "learning rate availability" for `availability_rate`.

Names that have no words of their own are written without underscores. Self-worth is `worth` in names.
"""

from collections.abc import Mapping

from iwm_bayes.report.labels import WAVE_CHANGE

BELIEF_PREFIXES: Mapping[str, str] = {"availability_": "availability", "worth_": "self-worth"}
LEAVES: Mapping[str, str] = {  # what follows the belief in a parameter's name
    "start": "initial {}",
    "rate": "learning rate {}",
    "rating_noise": "response SD {}",
    "rating_intercept": "rating intercept {}",
    "rating_slope": "rating slope {}",
    "rating_persistence": "rating persistence {}",
    "start_variance": "initial variance {}",
    "start_volatility": "initial volatility {}",
    "start_vagueness": "initial vagueness {}",
    "start_associability": "initial associability {}",
    "start_trust": "initial trust {}",
    "start_share": "initial share {}",
}


def parameter_words(label: str) -> str:
    """Return the words for a group-level parameter, such as `availability_rate` or `approach_bias[friend]`.

    The effect of a covariate, `availability_rate_homework`, is "learning rate availability: homework, link scale". A
    change between waves is on this scale, too: neither is a value of its parameter.
    """
    if change := WAVE_CHANGE.fullmatch(label):
        own, wave, figure = (part or "" for part in change.groups())
        return f"change{f' to wave {wave}' if wave else ''} of {parameter_words(own + figure)}, link scale"
    name, bracket, figure = label.partition("[")
    about = f" ({figure.removesuffix(']')})" if bracket else ""
    for prefix, belief in BELIEF_PREFIXES.items():
        if name.startswith(prefix):
            leaf = name.removeprefix(prefix)
            own = max((each for each in LEAVES if f"{leaf}_".startswith(f"{each}_")), key=len, default="")
            effect = f": {leaf.removeprefix(own)[1:].replace('_', ' ')}, link scale" if own and own != leaf else ""
            return LEAVES.get(own, f"{leaf.replace('_', ' ')} {{}}").format(belief) + effect + about
    return name.replace("_", " ") + about


def response_words(name: str) -> str:
    """Return the words for a response, such as `worth_rating`."""
    for prefix, belief in BELIEF_PREFIXES.items():
        if name.startswith(prefix):
            return f"{belief} {name.removeprefix(prefix).replace('_', ' ')}"
    return name.replace("_", " ")
