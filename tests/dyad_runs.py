"""Runs of dyads without a sampler: therapists with several patients, and a posterior around their true parameters."""

import numpy as np
import pandas as pd
import xarray as xr
from runs import Known

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.inference.posterior import by_parameter
from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.priors import LINKS, figure_names, free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.dyads import simulate_dyads
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.types import Member

CHAINS, DRAWS, THERAPISTS, PATIENTS, EXCHANGES = 4, 250, 4, 4, 24
SEED = 11  # of the true values
PULL = 1.5  # of the median therapist; it rises with how readily a patient bids


def therapy():
    """A model of patients and their therapists."""
    patient = Member(load_model("seeker"), "care")
    return dyad_model({"patient": patient, "therapist": Member(load_model("carer"), "openness", bids="bid")}, False)


def true_values(model, generator):
    """Values of all parameters of every dyad, natural scale."""
    count = THERAPISTS * PATIENTS
    values = draw_people(model, ["the other person"], count, generator)
    therapist = np.repeat(np.arange(THERAPISTS), PATIENTS)
    values["patient_bid_bias"] = generator.normal(0.3, 1.0, count)
    values["patient_availability_start"] = np.full(count, 0.3)
    values["therapist_pull"] = PULL + 0.4 * therapist / THERAPISTS + 0.5 * values["patient_bid_bias"]
    values["therapist_care_containment"] = np.full(count, 0.2)
    for role in model.members:
        values[f"{role}_availability_rate"] = np.full(count, 0.2)
    return values, [f"t{number}" for number in therapist]


def known_dyads() -> Known:
    """Sixteen dyads of four therapists."""
    generator, model = np.random.default_rng(SEED), therapy()
    values, therapist = true_values(model, generator)
    data = simulate_dyads(model, EXCHANGES, values, 12)
    frame = pd.DataFrame({"therapist": therapist})
    data = join_covariates(data, frame, model, {"therapist_pull": "(1|therapist)"})
    free = free_parameters(model, figure_names(data))
    partial = [one for one in free if one.parameter.pooling == "partial"]
    theta = {one.label: LINKS[one.parameter.support][0](values[one.name]) for one in free}

    def around(truth, width):
        truth = np.asarray(truth)
        return truth + width * generator.normal(size=(CHAINS, DRAWS, *truth.shape))

    labels, group = data["group_level"].values, ["therapist_pull: 1|therapist"]
    names = [one.label for one in partial]
    dims = ("chain", "draw")
    posterior = xr.Dataset(
        {
            "mu": ((*dims, "parameter"), around([theta[one.label].mean() for one in free], 0.05)),
            "sigma": ((*dims, "parameter_partial"), np.abs(around(np.full(len(names), 0.5), 0.03))),
            "theta": ((*dims, "parameter_person", "person"), around(np.stack([theta[name] for name in names]), 0.15)),
            "u": ((*dims, "group_level"), around(np.zeros(len(labels)), 0.3)),
            "sigma_u": ((*dims, "group"), np.abs(around([0.3], 0.02))),
        },
        {"parameter": [one.label for one in free], "parameter_partial": names, "parameter_person": names}
        | {"person": data["person"].values, "group_level": labels, "group": group},
    )
    posterior = by_parameter(posterior, {"parameter": [one.label for one in free], "parameter_person": names})
    energy = {"energy": generator.normal(size=(CHAINS, DRAWS)), "diverging": np.zeros((CHAINS, DRAWS), dtype=bool)}
    stats = xr.Dataset({name: (dims, values) for name, values in energy.items()})
    parts = {"unconstrained_posterior": posterior, "sample_stats": stats, "constant_data": data}
    return Known(model, data, xr.DataTree.from_dict(parts))
