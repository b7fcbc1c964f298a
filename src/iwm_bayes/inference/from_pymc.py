"""Draws of an ordinary `pm.Model`, extended or not, as a fit of this program.

`model.pymc_model` is the model that a researcher samples with any tool of PyMC. `as_unconstrained` returns the fit that
estimands, predictive checks and convergence checks take. Terms that a researcher added inform people's parameters, and
so the estimands. Their own variables stay in the trace.
"""

from collections.abc import Iterator

import xarray as xr

from iwm_bayes.inference.answers import observed_answers
from iwm_bayes.inference.posterior import GROUP_VARIABLES, by_parameter
from iwm_bayes.model.inputs import coordinates
from iwm_bayes.types import InputError, ModelSpec

STATISTICS = {"reached_max_treedepth": "maxdepth_reached"}  # PyMC's names, and nutpie's, which this program reads


def needed_variables(model: ModelSpec, data: xr.Dataset) -> dict[str, tuple[str, ...]]:
    """Return the link-scale variables of the model for these data, with their dims in a `pm.Model`."""
    names = coordinates(model, data)
    n_partial = len(names["parameter_partial"])
    wanted = {
        "mu": (("parameter",), bool(names["parameter"])),
        "sigma": (("parameter_partial",), n_partial > 0),
        "theta": (("parameter_person", "person"), bool(names["parameter_person"])),
        "beta": (("coefficient",), "coefficient" in names),
        "sigma_u": (("group",), "group" in names),
        "u": (("group_level",), "group_level" in names),
        "correlation": (("parameter_partial", "parameter_other"), model.correlated and n_partial > 1),
    }
    return {name: dims for name, (dims, is_needed) in wanted.items() if is_needed}


def trace_problems(model: ModelSpec, data: xr.Dataset, trace: xr.DataTree) -> Iterator[str]:
    """Yield what a trace lacks, and where it is of other people or parameters."""
    if "posterior" not in trace:
        yield "the trace has no group `posterior`. Give what `pm.sample` or `nutpie.sample` returns"
        return
    posterior, needed = trace["posterior"].to_dataset(), needed_variables(model, data)
    missing = [name for name in needed if name not in posterior]
    if missing:
        yield f"the trace has no {', '.join(missing)}. Sample the model of `pymc_model`, without `var_names`"
    known = coordinates(model, data)
    for dim in dict.fromkeys(dim for name in needed if name not in missing for dim in needed[name]):
        labels, own = list(map(str, known[dim])), list(map(str, posterior[dim].values)) if dim in posterior else []
        if own != labels:
            other = next((label for label in own if label not in labels), None)
            what = f"such as {other}" if other is not None else f"{len(own)} in place of {len(labels)}"
            yield f"the trace has other labels of the dim {dim}, {what}. Give the model and the data of this trace"


def as_unconstrained(model: ModelSpec, data: xr.Dataset, trace: xr.DataTree) -> xr.DataTree:
    """Return the fit of a trace of the model that `pymc_model` builds.

    Parameters
    ----------
    model, data
        The model and the Dataset with which `pymc_model` was called.
    trace
        What `pm.sample` or `nutpie.sample` returned for this model, or for one that was extended.

    Returns
    -------
    xarray.DataTree
        The groups `unconstrained_posterior`, `constant_data` and `observed_data`, and `sample_stats` where the trace
        has it: a fit for `check_convergence`, `earned_security` and all other functions that take one.

    Raises
    ------
    InputError
        If the trace lacks variables, or is of other people, parameters or covariates; it lists every problem.

    Examples
    --------
    >>> fit = as_unconstrained(model, data, trace)
    >>> earned_security(model, fit, figure="therapist")
    """
    if problems := list(trace_problems(model, data, trace)):
        raise InputError(problems)
    posterior = trace["posterior"].to_dataset()
    names = [name for name in (*GROUP_VARIABLES, "theta") if name in needed_variables(model, data)]
    reported = by_parameter(posterior[names], coordinates(model, data))
    groups = {
        "unconstrained_posterior": reported.transpose("chain", "draw", ..., "person", missing_dims="ignore"),
        "constant_data": data,
        "observed_data": observed_answers(model, data),
    }
    if "sample_stats" in trace:
        statistics = trace["sample_stats"].to_dataset()
        groups["sample_stats"] = statistics.rename({a: b for a, b in STATISTICS.items() if a in statistics})
    return xr.DataTree.from_dict(groups)
