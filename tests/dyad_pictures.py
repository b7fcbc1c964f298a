"""Small made-up Datasets of dyads, one for each plot: the same on every machine."""

import numpy as np
import xarray as xr

from iwm_bayes.viz.dyads.actor_partner import actor_partner_plot
from iwm_bayes.viz.dyads.countertransference import countertransference_plot
from iwm_bayes.viz.dyads.members import dyad_plot
from iwm_bayes.viz.dyads.reciprocity import reciprocity_plot

ROLES, EXCHANGES = ["patient", "$therapist"], 16


def waves(*shape, phase=0.0):
    """Return numbers from -1 to 1 that look like noise and are the same everywhere."""
    return np.sin(1.7 * np.arange(np.prod(shape)) ** 1.3 + phase).reshape(shape)


def dyads(count, beliefs):
    """Return beliefs of both members and their acts; the first rates, and does not at the first exchanges."""
    exchange = np.arange(EXCHANGES + 1)
    rise = 1 - np.exp(-exchange / 6)
    middle = np.empty((len(ROLES), len(beliefs), EXCHANGES + 1, count))
    for role, belief, dyad in np.ndindex(len(ROLES), len(beliefs), count):
        end = (0.8, 0.55)[role] - 0.1 * dyad - 0.1 * belief
        start = (0.3, 0.65)[role]
        middle[role, belief, :, dyad] = start + (end - start) * rise + 0.03 * waves(EXCHANGES + 1, phase=dyad)
    acts = np.stack(
        [0.5 + 0.5 * waves(EXCHANGES + 1, count), (waves(EXCHANGES + 1, count, phase=1.0) > -0.2).astype(float)]
    )
    acts[:, 0] = np.nan
    acts[0, 1:4] = np.nan
    dims = ("role", "belief", "exchange", "dyad")
    return xr.Dataset(
        {"low": (dims, middle - 0.1), "middle": (dims, middle), "high": (dims, middle + 0.1)}
        | {"act": (("role", "exchange", "dyad"), acts)},
        {"role": ROLES, "belief": beliefs, "exchange": exchange, "dyad": [f"dyad {n + 1}" for n in range(count)]},
    )


def reciprocity():
    """Return shares of dyads who are secure."""
    exchange = np.arange(1, 31)
    patient, therapist = 1 - np.exp(-exchange / 9), 0.55 + 0.3 * (1 - np.exp(-exchange / 12))
    median = np.stack([patient, therapist, patient * therapist])
    spread = 0.1 * median * (1 - median) * 4
    dims = ("who", "exchange")
    return xr.Dataset(
        {"low": (dims, median - spread), "median": (dims, median), "high": (dims, median + spread)},
        {"who": [*ROLES, "both"], "exchange": exchange},
    )


def effects():
    """Return effects of both members; one of them is negative."""
    median = np.array([[0.9, 0.12], [0.55, -0.08]])
    dims = ("role", "effect")
    width = {"ci90_low": -0.1, "ci50_low": -0.04, "median": 0.0, "ci50_high": 0.04, "ci90_high": 0.1}
    return xr.Dataset(
        {name: (dims, median + added) for name, added in width.items()}
        | {"of_dyad": ((*dims, "person"), median[..., None] + 0.12 * waves(2, 2, 30))}
        | {
            "belief": (dims, [["expected"] * 2] * 2),
            "act": (dims, [["bid", "care"], ["care", "bid"]]),
            "whose_act": (dims, [ROLES, ROLES[::-1]]),
        },
        {"role": ROLES, "effect": ["actor", "partner"]},
    )


def followed(carers):
    """Return dyads of so many carers whose pull follows the bids of the other."""
    count = 24
    style = 1.5 * waves(count)
    median = 0.6 * style + 0.7 * waves(count, phase=2.0)
    return xr.Dataset(
        {"style": ("person", style), "median": ("person", median)}
        | {"ci90_low": ("person", median - 0.8), "ci90_high": ("person", median + 0.8)}
        | {"carer": ("person", [f"carer {index % carers}" for index in range(count)])},
        attrs={"parameter": "acted-out pull of the therapist", "style": "bid bias of the patient", "signed": 1}
        | {"role": "$therapist", "r": 0.41, "r_low": -0.05, "r_high": 0.72},
    )


PLOTS = {
    "dyads": lambda: dyad_plot(dyads(3, ["availability"])),
    "dyads_both_beliefs": lambda: dyad_plot(dyads(4, ["availability", "worth"])),
    "dyads_narrow": lambda: dyad_plot(dyads(2, ["availability"]), columns=1),
    "reciprocity": lambda: reciprocity_plot(reciprocity()),
    "actor_partner": lambda: actor_partner_plot(effects()),
    "countertransference": lambda: countertransference_plot(followed(6)),
    "countertransference_one_each": lambda: countertransference_plot(followed(24)),
}
