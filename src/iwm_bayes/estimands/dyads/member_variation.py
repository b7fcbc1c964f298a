"""Variation of a member who is in several dyads: how much of it lies between the dyads of one person.

    share = sigma^2 / (sigma^2 + sum of sigma_u^2)

`sigma` is the SD between dyads of the same person, such as one therapist, and `sigma_u` the SD between persons, by the
formula of the parameter, as (1|therapist). All are on the link scale. At 1 a therapist is somebody else with everyone,
at 0 the same with all. It is 1 minus the intraclass correlation. In the prior both SDs have the same scale, so that the
prior median of the share is one half.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes.data.dyads.roleless import DYAD
from iwm_bayes.estimands.estimand import CI90, LINK_SCALE, Estimand
from iwm_bayes.estimands.security.tables import interval_columns
from iwm_bayes.types import ModelSpec

INTERCEPT = "1|"  # of a group: each level deviates by itself


class Varying(NamedTuple):
    """A parameter of a member that varies between the levels of groups."""

    role: str
    name: str  # of the parameter, with the role in front
    groups: list[str]  # labels of `sigma_u`


def varying_parameters(model: ModelSpec, groups: list[str]) -> Iterator[Varying]:
    """Yield every parameter with groups of its own, from the labels "PARAMETER: 1|GROUP" of `sigma_u`."""
    by_name: dict[str, list[str]] = {}
    for label in groups:
        name, _, term = label.partition(": ")
        if term.startswith(INTERCEPT):
            by_name.setdefault(name, []).append(label)
    for name, labels in by_name.items():
        role = next(role for role in model.members if name.startswith(f"{role}_"))
        yield Varying(role, name, labels)


def share_within(sigma: xr.DataArray, sigma_u: xr.DataArray) -> xr.DataArray:
    """Return the share of variance that lies within levels; `sigma_u` has the dim `group`."""
    return sigma**2 / (sigma**2 + (sigma_u**2).sum("group"))


def member_variation(model: ModelSpec, fit: xr.DataTree) -> xr.Dataset | None:
    """Compute for every parameter with a group the share of its variation that lies between the dyads of one level.

    Returns
    -------
    xr.Dataset or None
        - share (chain, draw, parameter): 0 to 1
        - sd_within, sd_between (chain, draw, parameter): between dyads of one level; between levels, of all groups
        - role, group (parameter): the member, and the groups by name

        None where no parameter has a group.
    """
    posterior = fit["unconstrained_posterior"].to_dataset()
    if "sigma_u" not in posterior:
        return None
    found = list(varying_parameters(model, [str(label) for label in posterior["group"].values]))
    labels = [str(label) for label in posterior["parameter"].values]
    known = [one for one in found if one.name in labels]
    if not known:
        return None
    pairs = [
        (posterior["sigma"].sel(parameter=one.name, drop=True), posterior["sigma_u"].sel(group=one.groups))
        for one in known
    ]
    parameter = pd.Index([one.name for one in known], name="parameter")
    named = [" and ".join(label.partition(INTERCEPT)[2] for label in one.groups) for one in known]
    return xr.Dataset(
        {
            "share": xr.concat([share_within(*pair) for pair in pairs], parameter),
            "sd_within": xr.concat([within for within, _ in pairs], parameter),
            "sd_between": xr.concat([(between**2).sum("group") ** 0.5 for _, between in pairs], parameter),
            "role": ("parameter", [one.role for one in known]),
            "group": ("parameter", named),
        }
    ).transpose("chain", "draw", "parameter")


def variation_table(variation: xr.Dataset) -> pd.DataFrame:
    """Make one line per parameter."""
    lines = []
    for name in map(str, variation["parameter"].values):
        one = variation.sel(parameter=name)
        role = str(one["role"].values)
        line: dict[str, object] = {"member": role, "parameter": name.removeprefix(f"{role}_")}
        line |= {"group": str(one["group"].values)} | interval_columns(
            "share_between_persons", 1.0 - one["share"].values
        )
        line |= interval_columns("share_between_dyads", one["share"].values)
        lines.append(line | {each: float(one[each].median()) for each in ("sd_within", "sd_between")})
    return pd.DataFrame(lines)


def variation_answers(variation: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return every share by draw."""
    return {
        f"share of {name} between dyads": variation["share"].sel(parameter=name, drop=True)
        for name in map(str, variation["parameter"].values)
    }


MEMBER_VARIATION = Estimand(
    "member_variation",
    "Variation between the dyads of one person",
    lambda model, fit, _: member_variation(model, fit),
    variation_table,
    "How much of the variation of a member, such as a therapist, lies between the dyads of the same person.",
    {
        "group": "what tells persons apart, such as therapists",
        "share_between_persons": f"share of the variance that lies between persons, with its {CI90}: the intraclass "
        "correlation, such as the therapist effect",
        "share_between_dyads": "share that lies between the dyads of one person: 1 minus that between persons",
        "sd_within": f"SD between dyads of one person, on {LINK_SCALE}; posterior median",
        "sd_between": "SD between persons, likewise",
    },
    section="answer",
    answers=variation_answers,
    about="dyads",
)


def dyad_similarity(model: ModelSpec, fit: xr.DataTree) -> xr.Dataset | None:
    """Compute for members without roles how alike the two of a dyad are: the intraclass correlation of each parameter.

    Returns
    -------
    xr.Dataset or None
        - icc (chain, draw, parameter): sigma_u^2 / (sigma^2 + sigma_u^2), 0 to 1; of the parameters with (1|dyad)

        None where no parameter has this group.
    """
    posterior = fit["unconstrained_posterior"].to_dataset()
    groups = [str(label) for label in posterior["group"].values] if "sigma_u" in posterior else []
    names = [label.partition(": ")[0] for label in groups if label.endswith(f": {INTERCEPT}{DYAD}")]
    if not names:
        return None
    sigma = posterior["sigma"].sel(parameter=names)
    sigma_u = posterior["sigma_u"].sel(group=[f"{name}: {INTERCEPT}{DYAD}" for name in names])
    between = sigma_u.rename(group="parameter").assign_coords(parameter=names) ** 2
    return xr.Dataset({"icc": (between / (sigma**2 + between)).transpose("chain", "draw", "parameter")})


def similarity_table(similarity: xr.Dataset) -> pd.DataFrame:
    """Make one line per parameter."""
    names = map(str, similarity["parameter"].values)
    lines = [
        {"parameter": name} | interval_columns("icc", similarity["icc"].sel(parameter=name).values) for name in names
    ]
    return pd.DataFrame(lines)


def similarity_answers(similarity: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return every intraclass correlation by draw."""
    names = map(str, similarity["parameter"].values)
    return {f"similarity in {name}": similarity["icc"].sel(parameter=name, drop=True) for name in names}


DYAD_SIMILARITY = Estimand(
    "dyad_similarity",
    "Similarity of the two members of a dyad",
    lambda model, fit, _: dyad_similarity(model, fit),
    similarity_table,
    "How alike the two members of a dyad are, where members have no roles, such as friends.",
    {
        "icc": f"intraclass correlation of a parameter on the link scale, with its {CI90}: 0 as unlike as strangers, 1 "
        "the same. The model has no dyads whose members are less alike than strangers",
    },
    section="answer",
    answers=similarity_answers,
)
