"""What a key result says where time or chance moves beliefs: how much of their change was learned."""

from collections.abc import Iterator

import xarray as xr

from iwm_bayes.estimands.estimand import line_table
from iwm_bayes.report.answer.words import Quantity
from iwm_bayes.types import ModelSpec

CAUSES = {"trend": "with time", "belief_noise": "by itself"}


def learned_share_sentences(model: ModelSpec, found: xr.Dataset) -> Iterator[str]:
    """Yield which share of the change of each belief was learned, from the table of the estimand."""
    other = " or ".join(CAUSES[name] for name in model.rule.movements)
    columns = ["learned_share", "learned_share_ci90_low", "learned_share_ci90_high"]
    for line in line_table(found).itertuples():
        share = Quantity(*(f"{getattr(line, column):.0%}" for column in columns))
        yield f"Of the change in {line.belief}, {share.text} was learned from outcomes; the rest came {other}."
