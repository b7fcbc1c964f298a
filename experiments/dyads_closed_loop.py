"""Do the closed loop of dyads and their density agree? A rank test and a score test of simulated data.

Each case has 200 studies of 20 dyads with 20 exchanges. Every study has a population of its own, drawn from the priors.
Answers are simulated in closed loop, and scored by the density of the data under the true parameters: see
`iwm_bayes.validation.simulator_check`. Nothing is fitted. Two simulators are broken on purpose, and both tests must
notice.

Usage: `python dyads_closed_loop.py FOLDER`; it writes ranks.csv, scores.csv and README.md there.
"""

import sys
import zlib
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pandas as pd

from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.priors import natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.responses import RESPONSES
from iwm_bayes.simulation import dyad_loop
from iwm_bayes.simulation.care import DistressProcess
from iwm_bayes.simulation.dyads import simulate_dyads
from iwm_bayes.types import DEFAULT_FIGURE, Member, ModelSpec, parameters, with_parameters
from iwm_bayes.validation.simulator_check import SimulatorCheck, check_simulator, draw_studies, score_table
from iwm_bayes.validation.uniformity import LEVEL, holm_correction, uniformity_table

STUDIES, DYADS, EXCHANGES = 200, 20, 20
RESTLESS = DistressProcess(0.3)


class Case(NamedTuple):
    """A pair, and how distress of its members rises and falls."""

    members: Mapping[str, Member]
    distress: Mapping[str, DistressProcess] = MappingProxyType({})


def answering(name: str, **kinds: str) -> ModelSpec:
    """Return a built-in model with other responses, by their kinds."""
    return load_model(name)._replace(responses={own: RESPONSES[kind] for own, kind in kinds.items()})


SEEKER, CARER, PARTNER = map(load_model, ("seeker", "carer", "partner"))
THERAPIST = Member(CARER, "openness", bids="bid")
LETTERS = Member(load_model("kalman"), "approach", "next")
GIVING = Member(answering("rescorla_wagner", giving="invest_5", security="expected_ordinal_4"), "giving")
MOODY = answering(
    "rescorla_wagner",
    support="approach",
    mood="autoregressive_availability_rating",
    symptom="symptom",
    worth="worth_rating",
)
LAGGED = MOODY._replace(responses={**MOODY.responses, "symptom": MOODY.responses["symptom"]._replace(lag=2)})
DISTRESSED = answering("contingent", bid="bid", security="availability_rating")
FRIGHTENED = with_parameters(
    DISTRESSED,
    {
        name: one._replace(fixed=None) if name == "bid_fearfulness" else one
        for name, one in parameters(DISTRESSED).items()
    },
)
CASES = {
    "therapy": Case({"patient": Member(SEEKER, "care"), "therapist": THERAPIST}),
    "therapy, therapist first": Case({"therapist": THERAPIST, "patient": Member(SEEKER, "care")}),
    "therapy, bids are the outcome": Case({"patient": Member(SEEKER, "care"), "therapist": Member(CARER, "openness")}),
    "therapy, therapist hears later": Case(
        {"patient": Member(SEEKER, "care"), "therapist": Member(CARER, "bid", "next")}
    ),
    "two carers": Case({"one": Member(CARER, "care"), "other": Member(CARER, "care", "next")}),
    "couple": Case({role: Member(PARTNER, "support") for role in ("wife", "husband")}),
    "letters": Case({role: LETTERS for role in ("anna", "ben")}),
    "graded acts": Case({role: GIVING for role in ("one", "other")}),
    "moods and delayed symptoms": Case({role: Member(LAGGED, "support") for role in ("wife", "husband")}),
    "distress": Case(
        {"child": Member(FRIGHTENED, "care"), "parent": Member(CARER, "bid")}, {"child": RESTLESS, "parent": RESTLESS}
    ),
    "noise of beliefs": Case(
        {role: Member(load_model("partner+belief_noise"), "support") for role in ("wife", "husband")}
    ),
}


def with_late_bids(model: ModelSpec, side: Any, turns: Mapping[str, Any], role: str) -> Any:
    """Return the exchange as it was before the other's bid: the share of bids is one exchange late."""
    return turns[role]


def without_memory(model: ModelSpec, people: Any, names: Any, history: Any, event: Any) -> Any:
    """Return carryovers from which nothing has decayed."""
    return history.carryovers


BROKEN: dict[str, tuple[str, str, Callable[..., Any]]] = {  # by what is wrong: the case, what is replaced, and by what
    "bids are known one exchange late": ("therapy", "with_known_bids", with_late_bids),
    "residuals do not decay": ("moods and delayed symptoms", "decayed_carryovers", without_memory),
}


def check(
    name: str, fault: str | None = None, studies: int = STUDIES, dyads: int = DYADS, exchanges: int = EXCHANGES
) -> SimulatorCheck:
    """Simulate the studies of a case, by the simulator or by one with a fault, and test them."""
    case, generator = CASES[name], np.random.default_rng(zlib.crc32(name.encode()))
    model = dyad_model(case.members)
    theta = draw_studies(model, [DEFAULT_FIGURE], dyads, studies, generator)
    people = natural_values(model, theta, [DEFAULT_FIGURE], studies * dyads)
    with nullcontext() if fault is None else patch.object(dyad_loop, *BROKEN[fault][1:]):
        data = simulate_dyads(model, exchanges, people, generator, case.distress)
    return check_simulator(model, data, theta, studies, generator)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ranks, scores = [], []
    runs = [(name, None) for name in CASES] + [(case, fault) for fault, (case, *_) in BROKEN.items()]
    for name, fault in runs:
        found = check(name, fault)
        about = {"case": name, "fault": fault or ""}
        ranks.append(uniformity_table(found.ranks).assign(**about))
        scores.append(score_table(found.scores).assign(**about))
        print(f"{name} {fault or ''}", flush=True)
    tables = {"ranks": corrected(ranks, ["mean", "variance", "band"]), "scores": corrected(scores, ["p"])}
    for name, table in tables.items():
        table.round(4).to_csv(folder / f"{name}.csv", index=False)
    (folder / "README.md").write_text(page(tables))


def corrected(tables: list[pd.DataFrame], tests: list[str]) -> pd.DataFrame:
    """Return the tests of all cases as one table, with p values that are corrected for all of them."""
    joined = pd.concat(tables).set_index(["case", "fault"]).reset_index()
    p = holm_correction(joined[tests].to_numpy().ravel()).reshape(len(joined), -1)
    return joined.assign(corrected_p=p.min(axis=1)).drop(columns="status", errors="ignore")


def page(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the page about the results."""
    ranks, scores = (
        table.groupby(["case", "fault"], sort=False)["corrected_p"].agg(["size", "min"]).reset_index()
        for table in (tables["ranks"], tables["scores"])
    )
    both = ranks.merge(scores, on=["case", "fault"], suffixes=(" of ranks", " of scores"))
    lines = [
        f"| {case} | {fault or 'none'} | {tests} | {p:.2g} | {of_scores} | {p_of_scores:.2g} |"
        for case, fault, tests, p, of_scores, p_of_scores in both.itertuples(index=False)
    ]
    right = tables["ranks"]["fault"] == "", tables["scores"]["fault"] == ""
    failed = sum(
        int((table["corrected_p"][own] < LEVEL).sum()) for table, own in zip(tables.values(), right, strict=True)
    )
    return PAGE.format(
        studies=STUDIES,
        dyads=DYADS,
        exchanges=EXCHANGES,
        failed=failed,
        tests=sum(map(int, map(sum, right))),
        cases=len(CASES),
        lines="\n".join(lines),
    )


PAGE = """# Closed loop and density of dyads

The simulator and the density of dyads differ in {failed} of {tests} tests, in {cases} pairs.

Each pair has {studies} studies of {dyads} dyads with {exchanges} exchanges, simulated in closed loop. Every study has a
population of its own, drawn from the priors. Under the true parameters, the density must agree with what was simulated:

- The ranks of answers among draws from the density are uniform, and so are the ranks of a study's scores.
- The scores, derivatives of the log likelihood by each parameter, have mean 0.

The table has the smallest p value of each pair, corrected for the number of all tests (Holm). In the last lines the
simulator has a fault, and the tests must find it.

| pair | fault | rank tests | smallest p | score tests | smallest p |
|---|---|---|---|---|---|
{lines}

`ranks.csv` and `scores.csv` have every test. All of it is made by
`python experiments/dyads_closed_loop.py experiments/dyads/closed_loop`.
"""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
