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
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import rule_values
from iwm_bayes.validation.scripted_events import (
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
REPLICATES = 8  # simulations per person, so that no single order of outcomes decides

type Line = dict[str, object]


def line(number: str, model: str, published: float, predicted: float, error: float, decision: str) -> Line:
    """Make one line of the table."""
    values = {"published": published, "predicted": predicted, "se": error}
    return {"number": number, "model": model} | values | {"decision": decision}


def decide(reproduced: bool) -> str:
    """Return the decision in words."""
    return "reproduced" if reproduced else "not reproduced"


def belief_left(name: str, chance: float, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return the share of a belief that is left in extinction, (draws,)."""
    model = load_model(name)
    people = {name: np.tile(value, REPLICATES) for name, value in median_people(model, draws, rng).items()}
    beliefs = simulate_beliefs(
        model, people, [*random_care(chance, 100, draws * REPLICATES, rng), *[ScriptedEvent(0.0)] * 10]
    )
    before, after = beliefs.availability[99], beliefs.availability[100:].mean(axis=0)
    return after.reshape(REPLICATES, draws).sum(axis=0) / before.reshape(REPLICATES, draws).sum(axis=0)


def extinction(draws: int) -> list[Line]:
    """Compare the belief that is left in extinction, after partial minus after full reinforcement."""
    published, lines = float((PARTIAL / PARTIAL[0]).mean() - (FULL / FULL[0]).mean()), []
    for name in LEARNERS:
        more = belief_left(name, 0.5, draws, np.random.default_rng(1)) - belief_left(
            name, 1.0, draws, np.random.default_rng(1)
        )
        share = float((more >= 0.1).mean())
        error = float(np.sqrt(share * (1.0 - share) / draws))
        lines.append(line("partial reinforcement: median", name, published, float(np.median(more)), np.nan, ""))
        lines.append(line("partial reinforcement: share", name, 0.9, share, error, decide(share >= 0.9)))
    return lines


def leaving() -> list[Line]:
    """Compare the probability of leaving at one SD of alliance above the average."""
    chance, error = simulated_risk(0.7, np.random.default_rng(1))
    return [
        line("leaving, one sd above", "dropout", 0.189, chance, error, decide(abs(chance - 0.189) < 2 * error + 0.0005))
    ]


def draw_positive(rng: np.random.Generator, mean: float, sd: float, count: int) -> np.ndarray:
    """Draw values that cannot be negative from a published mean and SD."""
    return np.asarray(truncnorm.rvs(-mean / sd, np.inf, mean, sd, size=count, random_state=rng))


def being_liked(draws: int) -> list[Line]:
    """Compare guesses of being liked; 0–1 replaces the paper's -1 to 1, and a delta rule is the same on both."""
    rng, model = np.random.default_rng(1), load_model("rescorla_wagner")
    initial, width = rng.normal(0.64, 0.24, draws), draw_positive(rng, 0.34, 0.29, draws)
    rate = np.clip(draw_positive(rng, 0.04, 0.08, draws), 0.0, 1.0)
    bias, heat = rng.normal(0.42, 0.25, draws), np.maximum(draw_positive(rng, 0.12, 0.35, draws), 0.01)
    starts = np.clip(initial + width * np.linspace(0.5, -0.5, 4)[:, None], -1.0, 1.0) / 2.0 + 0.5
    people = median_people(model, draws, rng, 4)
    people |= {"availability_start": starts, "availability_rate": np.broadcast_to(rate, (4, draws))}
    events = [
        event
        for _ in range(46)
        for group, p in enumerate((0.85, 0.7, 0.3, 0.15))
        for event in random_care(p, 1, draws, rng, group)
    ]
    readouts = [Readout("expected", "before")]
    [expected] = filter_readouts(model.rule, rule_values(model, people), event_array_of(events, 4, draws), 4, readouts)
    guess = expit(((2.0 * expected - 1.0) + bias) / heat).reshape(46, 4, draws).mean(axis=0)
    lines = []
    for name, published, share in zip("1234", (0.95, 0.87, 0.30, 0.13), guess, strict=True):
        error = float(share.std() / np.sqrt(40.0))
        same = bool(abs(share.mean() - published) < 2.0 * error)
        lines.append(
            line(f"liked by group {name}", "rescorla_wagner", published, float(share.mean()), error, decide(same))
        )
    return lines


def dose(draws: int) -> list[Line]:
    """Compare the shares of people who are improved by sessions 8 and 26."""
    lines = []
    for name in JOINT:
        rng, model = np.random.default_rng(1), load_model(name)
        people = with_initial_beliefs(median_people(model, draws, rng), availability=0.3, worth=0.3)
        beliefs = simulate_beliefs(model, people, random_care(0.8, 26, draws, rng))
        improved = ((beliefs.availability > 0.5) & (beliefs.worth > 0.5)).mean(axis=1)
        for session, published in ((8, 0.5), (26, 0.75)):
            share = float(improved[session - 1])
            error = float(np.sqrt(share * (1.0 - share) / draws))
            lines.append(line(f"improved by session {session}", name, published, share, error, "face validity only"))
    return lines


def repair(draws: int) -> list[Line]:
    """Compare the correlation of repairs with final availability."""
    lines = []
    for name in JOINT:
        rng, model = np.random.default_rng(1), load_model(name)
        people, skill = median_people(model, draws, rng), rng.random(draws)
        events = [
            ScriptedEvent(np.zeros(draws))
            if index % 4 == 2
            else ScriptedEvent((rng.random(draws) < chance).astype(float))
            for index in range(24)
            for chance in [skill if index % 4 == 3 else 0.8]
        ]
        repairs = sum(event.outcome for event in events[3::4])
        r = float(np.corrcoef(repairs, simulate_beliefs(model, people, events).availability[-1])[0, 1])
        lines.append(line("repair and outcome: r", name, 0.29, r, (1.0 - r**2) / np.sqrt(draws), "face validity only"))
    return lines


def main(draws: int, file: Path | None) -> None:
    table = pd.DataFrame([*extinction(draws), *leaving(), *being_liked(draws), *dose(draws), *repair(draws)])
    print(table.round(3).to_string(index=False))
    if file:
        table.round(4).to_csv(file, index=False)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000, Path(sys.argv[2]) if len(sys.argv) > 2 else None)
