"""Fits of dyads without a sampler: those whose draws are from the prior, and those of known values."""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.dyads.coupling import coupled
from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.inference.answers import log_likelihood, observed_answers
from iwm_bayes.inference.log_prior import log_prior
from iwm_bayes.inference.natural_scale import on_natural_scale
from iwm_bayes.inference.predicted_answers import predicted_answers
from iwm_bayes.inference.prior import prior_draws
from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.priors import LINKS, figure_names, free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.dyads import simulate_dyads
from iwm_bayes.types import Member, parameters

FORMULAS = {"therapist_pull": "(1|clinician)", "therapist_care_bias": "arm + (1|clinician)", "patient_bid_bias": "arm"}


def therapy(correlated=False):
    """A model of patients and their therapists."""
    patient = Member(load_model("seeker"), "care")
    return dyad_model(
        {"patient": patient, "therapist": Member(load_model("carer"), "openness", bids="bid")}, correlated
    )


def couple(correlated=False, exchange="same"):
    """A model of partners."""
    members = {role: Member(load_model("partner"), "support", exchange) for role in ("wife", "husband")}
    return dyad_model(members, correlated)


def with_clinicians(model, data):
    """Data of therapies with three clinicians, two arms, and formulas on parameters of both members."""
    count = data.sizes["person"]
    frame = pd.DataFrame({"clinician": [f"c{index % 3}" for index in range(count)], "arm": ["a", "b"] * (count // 2)})
    return join_covariates(data, frame, model, FORMULAS)


def prior_fit(model, data, draws=40, seed=5):
    """A fit with the groups of an ordinary one, whose draws are from the prior."""
    unconstrained = prior_draws(model, data, draws, seed)
    sampled = xr.DataTree.from_dict({"unconstrained_posterior": unconstrained, "constant_data": data})
    groups = {
        "posterior": on_natural_scale(model, data, unconstrained),
        "unconstrained_posterior": unconstrained,
        "prior": on_natural_scale(model, data, prior_draws(model, data, 20, seed + 1)),
        "posterior_predictive": predicted_answers(model, data, unconstrained, draws, seed),
        "observed_data": observed_answers(model, data),
        "log_likelihood": log_likelihood(model, sampled).reset_coords(drop=True),
        "log_prior": log_prior(model, data, unconstrained),
        "constant_data": data,
    }
    return xr.DataTree.from_dict(groups)


def simulated_fit(model, exchanges=12, dyads=6, seed=3):
    """A fit of simulated dyads."""
    return prior_fit(model, simulate_dyads(model, exchanges, dyads, seed))


def values_of(model, **by_role):
    """Values of all parameters by name; those that are not given are at the middle of their prior."""
    middle = {one.name: LINKS[one.parameter.support][1](one.prior_mean) for one in free_parameters(model, ["x"])}
    given = {f"{role}_{name}": value for role, own in by_role.items() for name, value in own.items()}
    fixed = {name: one.fixed for name, one in parameters(model).items() if one.fixed is not None}
    return {name: float(value) for name, value in (middle | fixed | given).items()}


def known_fit(model, data, values):
    """A fit of two draws, in which every dyad has these values."""
    free = free_parameters(model, figure_names(data))
    declared = parameters(model)
    theta = [float(LINKS[declared[one.name].support][0](np.float64(values[one.name]))) for one in free]
    shape = (1, 2, len(free), data.sizes["person"])
    labels = [one.label for one in free]
    sigma = [1e-12 if one.parameter.pooling == "partial" else np.nan for one in free]
    posterior = xr.Dataset(
        {
            "mu": (("chain", "draw", "parameter"), np.broadcast_to(theta, shape[:3])),
            "sigma": (("chain", "draw", "parameter"), np.broadcast_to(sigma, shape[:3])),
            "theta": (("chain", "draw", "parameter", "person"), np.broadcast_to(np.array(theta)[:, None], shape)),
        },
        {"parameter": labels, "person": data["person"], "chain": [0], "draw": [0, 1]},
    )
    return xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": data})


def ended_early(model, data, dyad, exchanges):
    """The same data, in which one dyad has only so many exchanges."""
    changed = data.copy(deep=True)
    for name in ("since_any", "since_figure"):
        changed[name][exchanges:, dyad] = 0.0
    changed["present"][exchanges:, dyad] = False
    for name in model.responses:
        changed[f"answer_{name}"][exchanges:, dyad] = np.nan
    return coupled(model, changed)
