"""What data hardly determine in dyads: what each member's data do not, and a pull that cannot be split.

A check of single people runs for each member, with its own model and data. Its sentences have the role in front.
"""

import json
from collections.abc import Callable, Iterable, Iterator

import xarray as xr

from iwm_bayes.estimands.dyads.member_fit import data_of_member, member_model
from iwm_bayes.types import ModelSpec, parameters

DOUBTS = "doubts"  # attribute of data: they are those of the table, and of no member


def of_members(
    check: Callable[[ModelSpec, xr.Dataset], Iterable[str]], model: ModelSpec, data: xr.Dataset
) -> Iterator[str]:
    """Yield what a check of single people says of each member of dyads, with the role in front."""
    for role in model.members:
        own = data_of_member(model, data, role).assign_attrs({DOUBTS: "[]"})
        yield from (f"{role}: {sentence}" for sentence in check(member_model(model, role), own))


def doubts_of_table(data: xr.Dataset) -> list[str]:
    """Return what was read in one of two possible ways."""
    return list(json.loads(data.attrs.get(DOUBTS, "[]")))


def pull_and_containment(model: ModelSpec) -> Iterator[str]:
    """Check pull and containment where nobody said how strongly they felt the pull."""
    free = {name for name, own in parameters(model).items() if own.fixed is None}
    felt = any(response.about == "pull" for response in model.responses.values())
    for name, response in model.responses.items():
        containment = f"{name}_containment"
        if "pull" in response.also_reads and not felt and {"pull", containment} <= free:
            yield (
                f"pull and {containment} are not identified, only (1 - containment) pull: nobody said how strongly "
                f"they felt the pull. Add the rating felt_pull, or fix {containment} at 0: pull is then what is acted "
                "out"
            )
