"""What is seen in the pictures, in sentences: for readers, for screen readers, and at every session of a play."""

from collections.abc import Mapping

import numpy as np

from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION
from iwm_bayes.estimands.security.survival import MIN_AT_RISK, median_sessions
from iwm_bayes.explorer.scenario import N_PEOPLE, Scenario, ScenarioResult
from iwm_bayes.viz.palette import BELIEF_LABELS

INSECURE, SECURE = DEFAULT_CRITERION.insecure_at_or_below, DEFAULT_CRITERION.secure_at_or_above


def level(value: float) -> str:
    """Return what a belief is called: secure, insecure, or between."""
    return "secure" if value >= SECURE else "insecure" if value <= INSECURE else "between insecure and secure"


def belief_texts(result: ScenarioResult) -> list[str]:
    """Return the median beliefs at every position, as "availability 0.62, self-worth 0.41"."""
    middle = result.trajectory["middle"].transpose("position", "belief")
    names = [BELIEF_LABELS[str(name)] for name in middle["belief"].values]
    return [
        ", ".join(f"{name} {value:.2f}" for name, value in zip(names, values, strict=True)) for values in middle.values
    ]


def place(position: int, first: int, last: int) -> str:
    """Return what a position is called."""
    if position > 0:
        return f"Session {position} of {last}"
    if position == 0:
        return "Before the first session"
    return (
        "Before the first event of childhood"
        if position == first
        else f"Childhood, event {position - first} of {-first - 1}"
    )


def readouts(results: Mapping[str, ScenarioResult], at: np.ndarray) -> list[str]:
    """Return one sentence for every position: where it is, and the median beliefs under each model."""
    first, last = int(at[0]), int(at[-1])
    places = [place(int(position), first, last) for position in at]
    by_model = [[f"{label}: {text}." for text in belief_texts(result)] for label, result in results.items()]
    return [" ".join([f"{where}.", *texts]) for where, *texts in zip(places, *by_model, strict=True)]


def why_no_security(results: Mapping[str, ScenarioResult]) -> str:
    """Return why the share that is earned secure is not drawn for any model."""
    counts = ", ".join(f"{label}: {int(one.judgement.insecure.sum())} of {N_PEOPLE}" for label, one in results.items())
    return (
        "Time to earned security cannot be assessed, because too few people are insecure at the start of the therapy "
        f"({counts}; at least {MIN_AT_RISK} are needed)."
    )


def security_text(result: ScenarioResult) -> str:
    """Return how many people are insecure at the start of the therapy, and how many earn security, and when."""
    insecure = result.judgement.insecure.mean()
    if not result.horizon:
        return f"{insecure:.0%} of people are insecure at the start of the therapy: too few to assess earned security."
    share, median = result.incidence[result.horizon - 1], float(median_sessions(result.judgement, result.horizon))
    half = f"half of them by session {median:.0f}" if np.isfinite(median) else "fewer than half"
    return (
        f"{insecure:.0%} of people are insecure at the start of the therapy. Of these, {share:.0%} are earned secure "
        f"by session {result.horizon}, the last that can be assessed ({half})."
    )


def end_text(result: ScenarioResult) -> str:
    """Return the median beliefs after the last session, and what they are called."""
    final = result.trajectory["middle"].isel(position=-1)
    parts = [
        f"{BELIEF_LABELS[str(name)]} {float(final.sel(belief=name)):.2f} ({level(float(final.sel(belief=name)))})"
        for name in final["belief"].values
    ]
    return f"After the last session the medians are: {', '.join(parts)}."


def break_text(result: ScenarioResult, sessions: int) -> str:
    """Return what the first session after the break does to median availability."""
    middle = result.trajectory["middle"].sel(belief="availability")
    before, after = (float(middle.sel(position=sessions // 2 + step)) for step in (0, 1))
    verb = "rises" if after > before + 0.005 else "falls" if after < before - 0.005 else "stays the same"
    return f"Over the break and the session after it, availability {verb} ({before:.2f} to {after:.2f})."


def comparison(results: Mapping[str, ScenarioResult]) -> list[str]:
    """Return in one sentence which of two models predicts earned security sooner, if both can be assessed."""
    if len(results) < 2 or not all(result.horizon for result in results.values()):
        return []
    (one, first), (other, second) = results.items()
    medians = [float(median_sessions(result.judgement, result.horizon)) for result in (first, second)]
    if not np.isfinite(medians).all():
        return []
    if medians[0] == medians[1]:
        return [f"Half of the insecure people earn security at the same session under both models ({medians[0]:.0f})."]
    sooner, gap = (one if medians[0] < medians[1] else other), abs(medians[0] - medians[1])
    noun = "session" if gap == 1 else "sessions"
    return [f"Half of the insecure people earn security {gap:.0f} {noun} sooner under {sooner}."]


def start_text(results: Mapping[str, ScenarioResult]) -> str:
    """Return the initial beliefs, and whether two models share them: they do unless a model file fixes one.

    In what else models differ is not said: in learning, or in what happens between sessions.
    """
    starts = [belief_texts(result)[0] for result in results.values()]
    if len(starts) == 1:
        return f"Initial beliefs: {starts[0]}."
    if starts[0] == starts[1]:
        return f"Both models start from the same initial beliefs: {starts[0]}."
    return f"The models start from different initial beliefs: {'; '.join(starts)}."


def sentences(results: Mapping[str, ScenarioResult], scenario: Scenario) -> list[str]:
    """Return what the pictures show: initial beliefs, each model, and how they differ."""
    lines = [start_text(results)]
    for label, result in results.items():
        therapy = result.trajectory.sel(position=slice(1, None))
        ruptures, repairs = (float(therapy[name].sum()) for name in ("rupture", "repair"))
        parts = [f"{label}.", security_text(result), end_text(result)]
        parts += [break_text(result, scenario.sessions)] if scenario.gap else []
        parts.append(f"A person has {ruptures:.1f} ruptures and {repairs:.1f} repairs on average.")
        lines.append(" ".join(parts))
    return lines + comparison(results)
