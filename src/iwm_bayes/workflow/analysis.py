"""One analysis from data to answer: the fit, its checks, further fits on request, and everything that follows."""

import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.binding import wants
from iwm_bayes.data.raters import PATIENT, response_of
from iwm_bayes.diagnostics.advice import advice
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks, check_convergence
from iwm_bayes.diagnostics.permutation_test import PermutationTest, permutation_test
from iwm_bayes.diagnostics.results import Results, compute_results, result_tables
from iwm_bayes.estimands.group_summary import group_summary
from iwm_bayes.estimands.raters import GROUP as EXPECTANCY_BIAS
from iwm_bayes.estimands.registry import shared_results
from iwm_bayes.estimands.security.answers import SecurityAnswer, finite_medians
from iwm_bayes.inference.fit import Settings, fit
from iwm_bayes.types import InputError, ModelSpec, parameters, with_parameters
from iwm_bayes.workflow.fit_groups import standard_fit, standard_member_fit, with_attributes
from iwm_bayes.workflow.model import extended

EXPECTANCY_BIASES = (0.3, 0.5)  # compared with 0, where the data do not determine the expectancy bias
NO_PERMUTATION = "--permutation-test: exchanges outcomes of single people. In a dyad they are acts, which answer others"
PERMUTATION_TEST = "permutation_test"  # group of a fit: the result of the test, in its attributes


class Requests(NamedTuple):
    """What is computed only on request, because it takes further fits or shows single people."""

    permutation_test: bool = False
    expectancy_bias: bool = False
    person_summary: bool = False
    own_ids: bool = False  # of the table of people in the run folder; it has pseudonyms otherwise
    save_log_likelihood: bool = False  # the group `log_likelihood`, also where it is large


DEFAULT_REQUESTS = Requests()


class Analysis(NamedTuple):
    """A fit and everything that is derived from it."""

    model: ModelSpec
    fit: xr.DataTree  # with the groups of further fits that were requested
    convergence: ConvergenceChecks
    advice: list[str]  # what to try when the fit has not converged
    results: Results
    tables: Mapping[str, pd.DataFrame]  # of the results, by the name of their file
    method: str
    settings: dict[str, Any]
    seconds: float
    requests: Requests = DEFAULT_REQUESTS
    members: Mapping[str, "Analysis"] = MappingProxyType({})  # of dyads: the results of each member, by role

    @property
    def security(self) -> Mapping[str, SecurityAnswer]:
        """Return earned security by figure, and generalised where there is one; as far as the study wants it."""
        return self.results.security

    @property
    def permutation_test(self) -> PermutationTest | None:
        """Return the permutation test, if it was requested."""
        return permutation_test_of(self.fit)


def analyse(
    model: ModelSpec,
    data: xr.Dataset,
    method: str,
    settings: dict[str, Any],
    chain_store: Path | None = None,
    requests: Requests = DEFAULT_REQUESTS,
    before: xr.DataTree | None = None,
) -> Analysis:
    """Fit a model, check the fit, and derive everything that a run folder holds.

    Draws are kept in the folder `chain_store` while they are made. An interrupted run is continued from there. A fit
    that was made `before` is extended to the draws of `settings`.
    """
    if requests.permutation_test and model.members:
        raise InputError([NO_PERMUTATION])
    began = time.perf_counter()
    if before is None:
        sampled = fit(model, data, method, **settings, chain_store=chain_store)
    else:
        missing = settings["draws"] - before["unconstrained_posterior"].sizes["draw"]
        sampled = extended(model, data, before, Settings(**settings | {"draws": missing}))
    seconds = time.perf_counter() - began
    fitted = standard_fit(model, sampled, method, settings, requests.save_log_likelihood)
    shared = shared_results(model, fitted)
    medians = finite_medians(shared.security if wants(data, "earned_security") else {})
    convergence = check_convergence(fitted, medians)
    further = {} if convergence.partial else further_fits(model, data, method, settings, requests)
    whole = fitted.assign({name: xr.DataTree(group) for name, group in further.items()})
    results = compute_results(model, whole, requested_names(requests), shared)
    analysis = Analysis(
        model,
        with_attributes(whole, {"status": convergence.status}),
        convergence,
        advice(fitted, convergence),
        results,
        result_tables(results, convergence.status),
        method,
        settings,
        seconds,
        requests,
    )
    return analysis._replace(members={role: member_analysis(analysis, role) for role in model.members})


def requested_names(requests: Requests) -> frozenset[str]:
    """Return what is computed on request and was asked for."""
    return frozenset(name for name, asked in requests._asdict().items() if asked)


def member_analysis(analysis: Analysis, role: str) -> Analysis:
    """Return the ordinary results of one member of dyads, from its part of their fit.

    Where the fit of the dyads has not converged, that of a member has not either.
    """
    model, fitted = standard_member_fit(analysis.model, analysis.fit, role)
    data, shared = fitted["constant_data"].to_dataset(), shared_results(model, fitted)
    medians = finite_medians(shared.security if wants(data, "earned_security") else {})
    joint, own = analysis.convergence, check_convergence(fitted, medians)
    convergence = own._replace(partial=joint.partial) if joint.converged else joint
    results = compute_results(model, fitted, requested_names(analysis.requests), shared)
    return analysis._replace(
        model=model,
        fit=with_attributes(fitted, {"status": convergence.status}),
        convergence=convergence,
        advice=advice(fitted, convergence, of_dyads=True),
        results=results,
        tables=result_tables(results, convergence.status),
    )


def further_fits(
    model: ModelSpec, data: xr.Dataset, method: str, settings: dict[str, Any], requests: Requests
) -> dict[str, xr.Dataset]:
    """Make the fits that were requested in addition; return the groups in which the first fit keeps their results."""
    groups = {}
    if requests.expectancy_bias and leaves_expectancy_bias_open(model):
        groups[EXPECTANCY_BIAS] = expectancy_bias_fits(model, data, method, settings)
    if requests.permutation_test:
        test = permutation_test(model, data, settings.get("random_seed", 1))
        groups[PERMUTATION_TEST] = xr.Dataset(attrs=test._asdict())
    return groups


def permutation_test_of(fitted: xr.DataTree) -> PermutationTest | None:
    """Return the permutation test that a fit keeps; None if there is none."""
    if PERMUTATION_TEST not in fitted.children:
        return None
    kept = fitted[PERMUTATION_TEST].attrs
    numbers = {name: int(kept[name]) for name in ("n_as_good", "n_permutations", "n_exchanged", "n_people")}
    return PermutationTest(lost=float(kept["lost"]), way=kept["way"], **numbers)


def leaves_expectancy_bias_open(model: ModelSpec) -> bool:
    """Return whether the patient alone rates the outcome, so that the expectancy bias is fixed at 0."""
    rating = model.responses.get(response_of(PATIENT))
    return rating is not None and rating.parameters.lean.fixed == 0.0


def with_stated_lean(model: ModelSpec, lean: float) -> ModelSpec:
    """Return the model in which the patient's ratings of the outcome lean so far towards the expectation."""
    name = f"{response_of(PATIENT)}_lean"
    declared = parameters(model)
    return with_parameters(model, declared | {name: declared[name]._replace(fixed=lean)})


def expectancy_bias_fits(model: ModelSpec, data: xr.Dataset, method: str, settings: dict[str, Any]) -> xr.Dataset:
    """Estimate the group medians under stated expectancy biases.

    Returns
    -------
    xr.Dataset
        `median` (bias, parameter), natural scale, and `status` (bias) of each fit.
    """
    medians, statuses = [], []
    for bias in EXPECTANCY_BIASES:
        stated = with_stated_lean(model, bias)
        fitted = fit(stated, data, method, **settings)
        medians.append(group_summary(stated, fitted).set_index("parameter")["median"])
        statuses.append(check_convergence(fitted).status)
    coordinates = {"bias": list(EXPECTANCY_BIASES), "parameter": list(medians[0].index)}
    values = {"median": (("bias", "parameter"), np.array(medians)), "status": ("bias", statuses)}
    return xr.Dataset(values, coordinates)
