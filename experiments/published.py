"""Published numbers compared with the predictions of the built-in models. Nothing is tuned.

Extinction       The mean belief over ten unresponsive outcomes, relative to the belief before. 100 outcomes came first,
                 of which all or half were responsive. Rats kept 0.31 more of their responding after partial
                 reinforcement, over seven blocks (Haselgrove 2004 as digitised by Piray & Daw, 2021). Reproduced: at
                 least 0.9 of a model's prior keeps 0.1 more.
Leaving          An odds ratio of 0.70 changes a probability from 0.25 to 0.189.
Being liked      40 people learn whether four groups like them. The shares of guesses of being liked are 0.95, 0.87,
                 0.30 and 0.13 (Will et al., 2017, doi:10.7554/eLife.28098; its means and SDs of parameters, its
                 equations 3 and 4). Reproduced: each is within two standard errors of 40 people's mean.
Dose             Howard et al. (1986): 0.50 improved by session 8, 0.75 by session 26. Face validity only: improvement
                 is not a belief. Link: people who start at 0.3 are improved when both beliefs are above 0.5, under care
                 of 0.8. That fixes three constants (initial belief, criterion, care), one more than the probit of
                 log(session) has.
Rupture, repair  Eubanks et al. (2018): r = 0.29 between patients, of repair with treatment outcome. Face validity only.
                 Link: 24 sessions, every fourth a rupture. A therapist's probability of repairing it is uniform over
                 0–1; it is 0.8 in all other sessions. r is the correlation of repairs with final availability. That
                 fixes three constants.

Usage: `python published.py [DRAWS] [FILE]`.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from dropout import simulated_risk
from scipy.special import expit
from scipy.stats import truncnorm

from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.model_file import load_model
from iwm_bayes.types import rule_values
from iwm_bayes.validation.prior_predictions import (
    ScriptedEvent,
    event_array_of,
    median_people,
    random_care,
    simulate_beliefs,
    with_initial_beliefs,
)

LEARNERS = ("rescorla_wagner", "pearce_hall", "volatile_kalman", "ehgf", "change_point", "latent_cause")
JOINT = ("rescorla_wagner", "kalman", "conjugate_beta", "compensatory", "noisy_and")
FULL = np.array([11.32, 8.73, 7.87, 5.53, 4.21, 2.60, 2.40])
PARTIAL = np.array([11.96, 11.45, 12.91, 12.29, 9.75, 6.93, 5.99])
LIVES = 8  # simulations per person, so that no single order of outcomes decides

type Line = dict[str, object]


def line(number: str, model: str, published: float, predicted: float, error: float, decision: str) -> Line:
    values = {"published": published, "predicted": predicted, "se": error}
    return {"number": number, "model": model} | values | {"decision": decision}


def yes(reproduced: bool) -> str:
    return "reproduced" if reproduced else "not reproduced"


def kept(theory: str, chance: float, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return the share of a belief that is left in extinction, (draws,)."""
    model = load_model(theory)
    people = {name: np.tile(value, LIVES) for name, value in median_people(model, draws, rng).items()}
    lived = simulate_beliefs(model, people, [*random_care(chance, 100, draws * LIVES, rng), *[ScriptedEvent(0.0)] * 10])
    before, after = lived.availability[99], lived.availability[100:].mean(axis=0)
    return after.reshape(LIVES, draws).sum(axis=0) / before.reshape(LIVES, draws).sum(axis=0)


def extinction(draws: int) -> list[Line]:
    published, found = float((PARTIAL / PARTIAL[0]).mean() - (FULL / FULL[0]).mean()), []
    for theory in LEARNERS:
        more = kept(theory, 0.5, draws, np.random.default_rng(1)) - kept(theory, 1.0, draws, np.random.default_rng(1))
        share = float((more >= 0.1).mean())
        error = float(np.sqrt(share * (1.0 - share) / draws))
        found.append(line("partial reinforcement: median", theory, published, float(np.median(more)), np.nan, ""))
        found.append(line("partial reinforcement: share", theory, 0.9, share, error, yes(share >= 0.9)))
    return found


def leaving() -> list[Line]:
    chance, error = simulated_risk(0.7, np.random.default_rng(1))
    return [
        line("leaving, one sd above", "dropout", 0.189, chance, error, yes(abs(chance - 0.189) < 2 * error + 0.0005))
    ]


def positive(rng: np.random.Generator, mean: float, sd: float, count: int) -> np.ndarray:
    """Draw values that cannot be negative from a published mean and SD."""
    return np.asarray(truncnorm.rvs(-mean / sd, np.inf, mean, sd, size=count, random_state=rng))


def liked(draws: int) -> list[Line]:
    """Compare guesses of being liked; 0–1 replaces the paper's -1 to 1, and a delta rule is the same on both."""
    rng, model = np.random.default_rng(1), load_model("rescorla_wagner")
    initial, width = rng.normal(0.64, 0.24, draws), positive(rng, 0.34, 0.29, draws)
    rate = np.clip(positive(rng, 0.04, 0.08, draws), 0.0, 1.0)
    bias, heat = rng.normal(0.42, 0.25, draws), np.maximum(positive(rng, 0.12, 0.35, draws), 0.01)
    starts = np.clip(initial + width * np.linspace(0.5, -0.5, 4)[:, None], -1.0, 1.0) / 2.0 + 0.5
    people = median_people(model, draws, rng, 4)
    people |= {"availability_start": starts, "availability_rate": np.broadcast_to(rate, (4, draws))}
    acts = [
        act
        for _ in range(46)
        for group, p in enumerate((0.85, 0.7, 0.3, 0.15))
        for act in random_care(p, 1, draws, rng, group)
    ]
    wanted = [Readout("expected", "before")]
    [expected] = filter_readouts(model.rule, rule_values(model, people), event_array_of(acts, 4, draws), 4, wanted)
    guess = expit(((2.0 * expected - 1.0) + bias) / heat).reshape(46, 4, draws).mean(axis=0)
    found = []
    for name, published, share in zip("1234", (0.95, 0.87, 0.30, 0.13), guess, strict=True):
        error = float(share.std() / np.sqrt(40.0))
        same = bool(abs(share.mean() - published) < 2.0 * error)
        found.append(
            line(f"liked by group {name}", "rescorla_wagner", published, float(share.mean()), error, yes(same))
        )
    return found


def dose(draws: int) -> list[Line]:
    found = []
    for theory in JOINT:
        rng, model = np.random.default_rng(1), load_model(theory)
        people = with_initial_beliefs(median_people(model, draws, rng), availability=0.3, worth=0.3)
        lived = simulate_beliefs(model, people, random_care(0.8, 26, draws, rng))
        improved = ((lived.availability > 0.5) & (lived.worth > 0.5)).mean(axis=1)
        for session, published in ((8, 0.5), (26, 0.75)):
            share = float(improved[session - 1])
            error = float(np.sqrt(share * (1.0 - share) / draws))
            found.append(line(f"improved by session {session}", theory, published, share, error, "face validity only"))
    return found


def repair(draws: int) -> list[Line]:
    found = []
    for theory in JOINT:
        rng, model = np.random.default_rng(1), load_model(theory)
        people, skill = median_people(model, draws, rng), rng.random(draws)
        acts = [
            ScriptedEvent(np.zeros(draws))
            if index % 4 == 2
            else ScriptedEvent((rng.random(draws) < chance).astype(float))
            for index in range(24)
            for chance in [skill if index % 4 == 3 else 0.8]
        ]
        repairs = sum(act.outcome for act in acts[3::4])
        r = float(np.corrcoef(repairs, simulate_beliefs(model, people, acts).availability[-1])[0, 1])
        found.append(
            line("repair and outcome: r", theory, 0.29, r, (1.0 - r**2) / np.sqrt(draws), "face validity only")
        )
    return found


def main(draws: int, file: Path | None) -> None:
    table = pd.DataFrame([*extinction(draws), *leaving(), *liked(draws), *dose(draws), *repair(draws)])
    print(table.round(3).to_string(index=False))
    if file:
        table.round(4).to_csv(file, index=False)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000, Path(sys.argv[2]) if len(sys.argv) > 2 else None)
