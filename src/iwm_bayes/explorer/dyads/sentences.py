"""What is seen in the pictures of a dyad, in sentences: for readers, for screen readers, and at every exchange."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION
from iwm_bayes.explorer.dyads.members import SIDES
from iwm_bayes.explorer.dyads.scenario import DyadResult
from iwm_bayes.explorer.sentences import level
from iwm_bayes.viz.palette import BELIEF_LABELS


def why_not_secure(exchanges: int) -> str:
    """Return why it is not drawn whether members are secure."""
    return (
        f"Security cannot be assessed in {exchanges} exchanges: beliefs must be secure for "
        f"{DEFAULT_CRITERION.duration} in a row."
    )


def at_start(name: str) -> str:
    """Return the name of a member at the start of a sentence."""
    return f"{name[:1].upper()}{name[1:]}"


def beliefs_text(beliefs: xr.Dataset, position: int) -> str:
    """Return the median beliefs of a member after an exchange, as "availability 0.62, self-worth 0.41"."""
    middle = beliefs["middle"].sel(position=position)
    return ", ".join(
        f"{BELIEF_LABELS[str(name)]} {float(middle.sel(belief=name)):.2f}" for name in beliefs["belief"].values
    )


def act_text(acts: np.ndarray, position: int) -> str:
    """Return the act of a member at an exchange: the mean over dyads; nothing before the first exchange."""
    return f", act {acts[position - 1].mean():.2f}" if position else ""


def dyad_readouts(
    names: Mapping[str, str], members: Mapping[str, xr.Dataset], result: DyadResult, run: int
) -> list[str]:
    """Return one sentence for every position: the beliefs of both members and what they do."""
    exchanges = len(result.acts[SIDES[0]])
    acts = {side: result.acts[side][:, run - 1 : run] if run else result.acts[side] for side in SIDES}
    lines = []
    for position in range(exchanges + 1):
        where = f"Exchange {position} of {exchanges}." if position else "Before the first exchange."
        texts = [
            f"{at_start(name)}: {beliefs_text(members[name], position)}{act_text(acts[side], position)}."
            for side, name in names.items()
        ]
        lines.append(" ".join([where, *texts]))
    return lines


def change_text(name: str, beliefs: np.ndarray, acts: np.ndarray) -> str:
    """Return how the median beliefs of a member, (belief, position, dyad), change, and what the member does."""
    medians = np.median(beliefs, axis=2)
    parts = [
        f"{BELIEF_LABELS[belief]} goes from {own[0]:.2f} to {own[-1]:.2f} ({level(float(own[-1]))})"
        for belief, own in zip(BELIEF_LABELS, medians, strict=True)
        if np.isfinite(own).all()
    ]
    return f"{at_start(name)}: {', '.join(parts)}. The mean act is {acts.mean():.2f}."


def dyad_sentences(names: Mapping[str, str], result: DyadResult, shares: Mapping[str, np.ndarray]) -> list[str]:
    """Return what the pictures show: how each member changes, and how often one, the other and both are secure.

    `shares` are those of `secure_shares`, by name of the member and "both".
    """
    lines = [change_text(name, result.beliefs[side], result.acts[side]) for side, name in names.items()]
    if not result.horizon:
        return [*lines, why_not_secure(len(result.acts[SIDES[0]]))]
    final = {name: share[-1] for name, share in shares.items()}
    first, second, both = final
    half = np.flatnonzero(shares[both] >= 0.5)
    when = f"In half of the dyads both are by exchange {half[0] + 1}." if len(half) else "In fewer than half both are."
    return [
        *lines,
        f"Secure by exchange {result.horizon}, the last that can be assessed: {first} in {final[first]:.0%} of dyads, "
        f"{second} in {final[second]:.0%}, both in {final[both]:.0%}. {when}",
    ]
