"""Dyads of the four attachment styles, each with each: who becomes secure, and what containment changes.

Both members seek care and give it (`models/dyads/reciprocal.toml`), for 60 exchanges in closed loop. Distressing things
happen to each before half of them. A style is a pair of initial beliefs, a strategy under distress, and a pull:

    secure      availability .7, self-worth .7    bids do not depend on distress    no pull
    anxious     availability .7, self-worth .3    distress raises bids by 1.5       bids of the other pull by +1.5
    avoidant    availability .3, self-worth .7    distress lowers bids by 1.5       bids of the other push by -1.5
    fearful     availability .3, self-worth .3    bids do not depend on distress    no pull

The strategies follow Mikulincer, Shaver & Pereg (2003), doi:10.1023/A:1024515519160. The pulls are an assumption, near
what Feeney & Collins (2001), doi:10.1037/0022-3514.80.6.972, report of compulsive and unresponsive care. Sizes are in
log-odds, and a choice. Everything else is that of a median person, for each dyad of another population from the prior.
These are the same in all cells, and so is
chance. A member is secure at an exchange if both beliefs are .6 or more after it; earned security asks for more.
`python styles_of_dyads.py FILE [DYADS]` writes a table.
"""

import sys
from collections.abc import Iterator, Mapping
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pandas as pd

from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION
from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import DistressProcess
from iwm_bayes.simulation.dyad_loop import Turn, first_sides, people_of_member, simulate_exchanges
from iwm_bayes.types import Member, rule_values
from iwm_bayes.validation.scripted_events import median_people

STYLES: Mapping[str, Mapping[str, float]] = {
    "secure": {"availability_start": 0.7, "worth_start": 0.7, "bid_activation": 0.0, "pull": 0.0},
    "anxious": {"availability_start": 0.7, "worth_start": 0.3, "bid_activation": 1.5, "pull": 1.5},
    "avoidant": {"availability_start": 0.3, "worth_start": 0.7, "bid_activation": -1.5, "pull": -1.5},
    "fearful": {"availability_start": 0.3, "worth_start": 0.3, "bid_activation": 0.0, "pull": 0.0},
}
ROLES = ("one", "other")
MEMBER = Member(load_model("reciprocal"), "care", bids="bid")
MODEL = dyad_model(dict.fromkeys(ROLES, MEMBER))
EXCHANGES, SHOWN = 60, (20, 40, 60)
DISTRESS = dict.fromkeys(ROLES, DistressProcess(rate=0.5))


def people_of(styles: tuple[str, str], dyads: int, contained: bool) -> dict[str, np.ndarray]:
    """Draw dyads from the prior, and give both members of each a style; the draws are the same for every cell."""
    values = median_people(MODEL, dyads, np.random.default_rng(1))
    for role, style in zip(ROLES, styles, strict=True):
        values |= {f"{role}_{name}": np.full(dyads, value) for name, value in STYLES[style].items()}
        if contained:
            values[f"{role}_care_containment"] = np.ones(dyads)
    return values


def is_secure(turn: Turn, role: str, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return whether both beliefs of a member are secure after an exchange, (dyad,)."""
    p = rule_values(MEMBER.model, people_of_member(values, role))
    beliefs = MEMBER.model.rule.beliefs(p, turn.filtered.after, turn.filtered.event)
    lowest = np.minimum(beliefs.availability.mean, beliefs.worth.mean)
    return lowest >= DEFAULT_CRITERION.secure_at_or_above


def exchanges_of_cell(styles: tuple[str, str], dyads: int, contained: bool) -> Iterator[dict[str, object]]:
    """Yield, for every exchange of one cell, the shares of dyads in which members are secure, make bids, and care."""
    values, rng = people_of(styles, dyads, contained), np.random.default_rng(2)
    exchanges = simulate_exchanges(MODEL, first_sides(MODEL, values, DISTRESS), EXCHANGES, rng)
    for number, turns in enumerate(exchanges, 1):
        secure = {role: is_secure(turn, role, values) for role, turn in turns.items()}
        acts = {f"{role}_{act}": turns[role].answers[act].mean() for role in ROLES for act in ("bid", "care")}
        yield (
            {"one": styles[0], "other": styles[1], "contained": contained, "exchange": number}
            | {f"{role}_secure": own.mean() for role, own in secure.items()}
            | {"both_secure": (secure["one"] & secure["other"]).mean()}
            | acts
        )


def table_of_styles(dyads: int) -> pd.DataFrame:
    """Return one line per pair of styles, with and without containment, and exchange."""
    cells = [(cell, contained) for cell in combinations_with_replacement(STYLES, 2) for contained in (False, True)]
    return pd.DataFrame(line for cell, contained in cells for line in exchanges_of_cell(cell, dyads, contained))


def main(file: Path, dyads: int) -> None:
    table = table_of_styles(dyads).assign(dyads=dyads)
    shown = table[table["exchange"].isin(SHOWN)]
    print(shown.drop(columns=["dyads"]).round(2).to_string(index=False))
    table.round(4).to_csv(file, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 4000)
