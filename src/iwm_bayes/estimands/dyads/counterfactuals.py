"""Counterfactual dyads: what would become of the same dyads with full containment, or if one of them were secure.

    full containment     containment is 1: no carer acts on a pull
    ROLE secure          initial beliefs of this member are at .7 where they are lower, and its pull is 0

The value of .7 is a choice: one tenth above the threshold of security. All else stays: how everybody learns, acts and
rates, and the other member. So "patient secure" has the same carers with secure patients. Dyads run from their first
exchange in closed loop under the posterior, for as many exchanges as the study has, and from the same random seed as
the dyads as they are. So members have the same random numbers, except where a rating has a beta distribution: how many
numbers such an answer takes depends on its parameters. What the data cannot tell is assumed: that a parameter could be
changed without the others.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.dyads.closed_loop import N_DRAWS, Played, from_start, gap_of, run
from iwm_bayes.estimands.dyads.countertransference import PULL, pulls
from iwm_bayes.estimands.dyads.reciprocity import horizon_of, secure_by_who
from iwm_bayes.estimands.estimand import CI90, Estimand
from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION, Criterion
from iwm_bayes.estimands.security.tables import interval_columns
from iwm_bayes.model.priors import figure_names
from iwm_bayes.ops import Array
from iwm_bayes.simulation.draws import draws_as_people, posterior_batches, thin_draws
from iwm_bayes.types import ModelSpec

SECURE_START = 0.7  # the least initial belief of a member who is secure: a choice and not a finding
STARTS = ("availability_start", "worth_start")  # parameters of initial beliefs, where a rule has them
SECURE = "secure at the end"
AS_THEY_ARE, CONTAINED = "as they are", "full containment"

type Values = Mapping[str, Array]  # natural scale, (place,) by parameter of the model of dyads


def with_containment(model: ModelSpec, values: Values) -> dict[str, Array]:
    """Return dyads in which nobody acts on a pull."""
    return {**values, **{name: np.ones_like(values[name]) for _, name in pulls(model)}}


def with_secure_member(values: Values, role: str) -> dict[str, Array]:
    """Return dyads in which one member begins secure and has no pull."""
    starts = {f"{role}_{name}" for name in STARTS} & set(values)
    secure = {name: np.maximum(values[name], SECURE_START) for name in starts}
    pull = f"{role}_{PULL}"
    return {**values, **secure, **({pull: np.zeros_like(values[pull])} if pull in values else {})}


def arms(model: ModelSpec, values: Values) -> Iterator[tuple[str, Values]]:
    """Yield the dyads as they are, then every counterfactual that the model has, by name."""
    yield AS_THEY_ARE, values
    if list(pulls(model)):
        yield CONTAINED, with_containment(model, values)
    for role in model.members:
        if any(f"{role}_{name}" in values for name in STARTS):
            yield f"{role} secure", with_secure_member(values, role)


def quantities(played: Mapping[str, Played], dyads: int, criterion: Criterion) -> dict[str, np.ndarray]:
    """Return in words what became of the dyads, averaged over them in every draw, (sample,) each."""
    secure = secure_by_who(played, criterion)
    found = {f"{who} {SECURE}": own[-1] for who, own in secure.items()}
    found |= {f"belief of the {role} at the end": path.availability[-1] for role, path in played.items()}
    found |= {f"mean act of the {role}": path.act.mean(axis=0) for role, path in played.items()}
    return {name: own.reshape(-1, dyads).mean(axis=1) for name, own in found.items()}


def counterfactual_dyads(
    model: ModelSpec,
    fit: xr.DataTree,
    criterion: Criterion = DEFAULT_CRITERION,
    draws: int = N_DRAWS,
    seed: int = 1,
) -> xr.Dataset | None:
    """Compute what would become of the dyads of a study, in closed loop.

    Parameters
    ----------
    model, fit
        A model of dyads, and its fit by any method.
    criterion
        What counts as secure; it is stored in the attributes.
    draws
        About how many draws are used.
    seed
        Of everything that members do, the same in every arm.

    Returns
    -------
    xr.Dataset or None
        - value (arm, quantity, chain, draw): shares of dyads, mean beliefs and mean acts, 0 to 1
        - difference (counterfactual, quantity, chain, draw): from the dyads as they are

        None where a model has no counterfactual.
    """
    data, posterior = fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
    people, horizon, gap = data.sizes["person"], horizon_of(fit), gap_of(data)
    batches: list[dict[str, dict[str, np.ndarray]]] = []
    for number, batch in enumerate(posterior_batches(posterior, draws, people)):
        values = draws_as_people(model, batch, figure_names(data), people)
        batches.append({})
        for arm, own in arms(model, values):
            rng = np.random.default_rng([seed, number])  # the same in every arm
            played = run(model, from_start(model, dict(own), gap, people), horizon, rng)
            batches[-1][arm] = quantities(played, people, criterion)
    names = list(batches[0])
    if len(names) == 1:
        return None
    words = list(batches[0][AS_THEY_ARE])
    value = np.array([[np.concatenate([one[arm][name] for one in batches]) for name in words] for arm in names])
    sample = thin_draws(posterior, draws).stack(sample=("chain", "draw"))["sample"]
    found = xr.Dataset({"value": (("arm", "quantity", "sample"), value)}, {"arm": names, "quantity": words})
    found = found.assign_coords(sample.coords).unstack("sample").transpose(..., "chain", "draw")
    changed = found["value"].isel(arm=slice(1, None)).rename(arm="counterfactual")
    difference = changed - found["value"].sel(arm=AS_THEY_ARE, drop=True)
    return found.assign(difference=difference).assign_attrs(criterion._asdict() | {"horizon": horizon})


def counterfactual_table(found: xr.Dataset) -> pd.DataFrame:
    """Make one line per counterfactual and quantity."""
    lines = []
    for arm in map(str, found["counterfactual"].values):
        for quantity in map(str, found["quantity"].values):
            values = found["value"].sel(quantity=quantity)
            draws = found["difference"].sel(counterfactual=arm, quantity=quantity).values
            line: dict[str, object] = {"counterfactual": arm, "quantity": quantity}
            line |= {"by_exchange": found.attrs["horizon"]}
            line |= {"as_they_are": float(values.sel(arm=AS_THEY_ARE).median())}
            line |= {"changed": float(values.sel(arm=arm).median())} | interval_columns("difference", draws)
            lines.append(line | {"p_above_0": float((draws > 0).mean() + (draws == 0).mean() / 2)})
    return pd.DataFrame(lines)


def counterfactual_answers(found: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return every difference in the share of dyads that are secure, by draw."""
    quantities = [name for name in map(str, found["quantity"].values) if name.endswith(SECURE)]
    return {
        f"{arm}: difference in {quantity}": found["difference"].sel(counterfactual=arm, quantity=quantity, drop=True)
        for arm in map(str, found["counterfactual"].values)
        for quantity in quantities
    }


COUNTERFACTUAL_DYADS = Estimand(
    "counterfactual_dyads",
    "Counterfactual dyads: full containment, and secure members",
    lambda model, fit, _: counterfactual_dyads(model, fit),
    counterfactual_table,
    "What would become of the same dyads if no pull were acted out, or if one of the two had been secure from the "
    "first exchange on, by simulation of both members under the fit.",
    {
        CONTAINED: "the same dyads with a containment of 1",
        "NAME secure": f"the same dyads, had this member begun with beliefs of {SECURE_START} or more, and no pull",
        SECURE: "share of dyads in which this is so at the last exchange",
        "belief at the end": "this member's belief that the other will respond, after the last exchange, mean of the "
        "dyads (0–1)",
        "mean act": "mean of the acts that reach the other (0–1), over exchanges and dyads",
        "as_they_are": "posterior median of the quantity in the simulation without a change; changed: with it",
        "difference": f"changed minus as they are in every draw, from the same random seed, and its {CI90}. Each "
        "number is a median of its own, so they need not subtract",
        "p_above_0": "posterior probability that the difference is positive",
    },
    section="answer",
    answers=counterfactual_answers,
    about="dyads",
)
