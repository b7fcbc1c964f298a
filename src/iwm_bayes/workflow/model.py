"""A model bound to a study, and its fit.

Model(model, study) ----> .spec, .data    the model as this study uses it, and the study as this model reads it
                          .pymc           an ordinary `pm.Model`
                          .fit()          an ArviZ `DataTree`
"""

import json
from collections.abc import Hashable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.data.binding import wants
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.diagnostics.identifiability import identifiability
from iwm_bayes.diagnostics.rating_timing import timing_warnings
from iwm_bayes.estimands.security.answers import finite_medians, security_answers
from iwm_bayes.inference.answers import observed_answers
from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.fit import chosen_method
from iwm_bayes.inference.fit import fit as sample
from iwm_bayes.inference.from_pymc import as_unconstrained
from iwm_bayes.inference.natural_scale import on_natural_scale
from iwm_bayes.inference.nuts import extend_fit
from iwm_bayes.inference.predicted_answers import predicted_answers
from iwm_bayes.inference.prior import prior_draws
from iwm_bayes.model.specification.model_record import model_record, without_folder
from iwm_bayes.model.specification.prior_arguments import with_priors
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.workflow.fit_file import remembered
from iwm_bayes.workflow.fit_groups import FROM_PYMC, SAMPLED, distinct_seeds, named, standard_fit, with_attributes
from iwm_bayes.workflow.load import data_for, describe_data
from iwm_bayes.workflow.study import Study


class Model:
    """A model bound to a study.

    Parameters
    ----------
    model
        A built-in model by name, the path of a model file, or a `ModelSpec`. None for the models that a study names:
        its first, or, in a study of dyads, those of its members.
    study
        A `Study`, or a Dataset (event, person) as `simulate` returns it.
    trend
        Whether time, too, moves beliefs: towards a plateau. As `trend = true` in a model file.
    belief_noise
        Whether beliefs also move by themselves between events. As `belief_noise = true` in a model file.
    priors
        What is assumed about parameters, by name, in place of the model file: {"prior_90": (low, high), ...} as in a
        model file, a pair for `prior_90`, or a number for a parameter that is fixed.

    Attributes
    ----------
    spec : ModelSpec
        The model with the responses that the study maps, their timing and scales.
    data : xarray.Dataset
        The study as this model reads it: see `data.dataset`.
    warnings : list of str
        What these data cannot identify.

    Raises
    ------
    InputError
        Lists every problem of the model, the table and the priors.

    Examples
    --------
    >>> fit = Model("kalman", study, priors={"availability_start": (0.2, 0.6)}).fit(random_seed=1)
    """

    def __init__(
        self,
        model: str | Path | ModelSpec | None,
        study: Study | xr.Dataset,
        *,
        trend: bool = False,
        belief_noise: bool = False,
        priors: Mapping[str, Any] | None = None,
    ) -> None:
        spec, self.data = data_for(model, study, ["trend"] * trend + ["belief_noise"] * belief_noise)
        self.spec: ModelSpec = with_priors(spec, priors or {})
        self.study = study if isinstance(study, Study) else None

    @property
    def warnings(self) -> list[str]:
        """What these data cannot identify."""
        return [*identifiability(self.spec, self.data), *timing_warnings(self.spec, self.data)]

    @cached_property
    def pymc(self) -> Any:
        """The model as an ordinary `pm.Model`, to which terms can be added: see `model.pymc_model`."""
        from iwm_bayes.model.pymc_model import pymc_model

        return pymc_model(self.spec, self.data)

    def fit(self, **settings: Any) -> xr.DataTree:
        """Fit the model; `settings` are those of the function `fit`."""
        return fit(self, **settings)

    def prior_predictive(self, draws: int = 500, random_seed: int = 1) -> xr.DataTree:
        """Simulate parameters and answers from the prior; see the function `prior_predictive`."""
        return prior_predictive(self, draws, random_seed)

    def __repr__(self) -> str:
        lines = [f"Model {self.spec.name}: {self.spec.claim}", f"Data: {describe_data(self.data)}"]
        return "\n".join([*lines, *(f"Warning: {warning}" for warning in self.warnings)])


def fit(
    model: Model,
    *,
    draws: int = 750,
    tune: int | None = None,
    chains: int | None = None,
    random_seed: int = 1,
    target_accept: float | None = None,
    max_treedepth: int | None = None,
    method: str = "nuts",
    backend: str | None = None,
    progressbar: bool = True,
    extend: xr.DataTree | None = None,
    save_log_likelihood: bool = False,
) -> xr.DataTree:
    """Fit a model to its study.

    Parameters
    ----------
    model
        A `Model`.
    draws, tune, chains, random_seed, target_accept, max_treedepth, progressbar
        As in `pm.sample`; by default 500 draws of tuning, 4 chains, 0.9 and 10, or the settings of the fit to extend.
        An approximation yields `chains` x `draws` draws as a single chain.
    method
        "nuts"; or "laplace" or "quadrature", which are approximations.
    backend
        What samples for "nuts": "nutpie", the default, or "nutpie-jax" or "numpyro" with the extra `iwm-bayes[jax]`.
    extend
        A fit of this model by nuts, to which `draws` more draws are added in each chain. New chains are tuned anew.
    save_log_likelihood
        Whether the group `log_likelihood` is kept where it takes more than 60 MB, and `log_likelihood_person` computed.

    Returns
    -------
    xarray.DataTree
        The fit, with the groups that `workflow.fit_groups` lists. Its attribute `status` says whether it has converged.

    Raises
    ------
    InputError
        If there is no such method, if it cannot fit the model, or if the fit to extend is not one of this model.
    """
    stated: dict[str, Any] = {"tune": tune, "chains": chains, "target_accept": target_accept}
    stated |= {"max_treedepth": max_treedepth, "backend": backend}
    given = {name: value for name, value in stated.items() if value is not None}
    before = Settings() if extend is None else settings_of(extend)
    check_counts(draws, chains, random_seed)
    settings = before._replace(draws=draws, random_seed=random_seed, progressbar=progressbar, **given)
    if extend is not None and method != "nuts":
        raise InputError([f"method={method!r}: only a fit by nuts can be extended. Leave `method` out"])
    if extend is None:
        sampled = sample(model.spec, model.data, method, **settings._asdict())
    else:
        sampled = extended(model.spec, model.data, extend, settings)
        settings = settings._replace(draws=sampled["unconstrained_posterior"].sizes["draw"])
    fitted = standard_fit(model.spec, sampled, method, settings._asdict(), save_log_likelihood)
    return remembered(with_attributes(fitted, {"status": status_of(model.spec, fitted)}), model.spec)


def status_of(spec: ModelSpec, fitted: xr.DataTree) -> str:
    """Return the status of a fit, with the answers that are derived from it, as `iwm fit` reports it."""
    wanted = wants(fitted["constant_data"].to_dataset(), "earned_security")
    approximate = "approximate" in fitted["unconstrained_posterior"].attrs
    answers = security_answers(spec, fitted) if wanted and not approximate else {}
    return check_convergence(fitted, finite_medians(answers)).status


def check_counts(draws: int, chains: int | None, random_seed: int) -> None:
    """Raise InputError for counts with which nothing can be sampled or checked."""
    problems = ["draws: give one or more in each chain"] * (draws < 1)
    problems += ["chains: give two or more, because R-hat compares chains"] * (chains is not None and chains < 2)
    problems += ["random_seed: give 0 or a positive number"] * (random_seed < 0)
    if problems:
        raise InputError(problems)


def settings_of(fitted: xr.DataTree) -> Settings:
    """Return the settings with which a fit was made."""
    kept = json.loads(str(fitted.attrs.get("settings", "{}")))
    return Settings(**{name: value for name, value in kept.items() if name in Settings._fields})


def extended(spec: ModelSpec, data: xr.Dataset, fitted: xr.DataTree, settings: Settings) -> xr.DataTree:
    """Return the sampled groups of a fit with `settings.draws` more draws in each chain.

    InputError where it is not a fit of this model to these data by nuts.
    """
    chains = fitted["unconstrained_posterior"].sizes["chain"]
    problems = []
    if fitted.attrs.get("inference_method") != "nuts" or FROM_PYMC in fitted.attrs:
        problems.append("only a fit that `fit` made by nuts can be extended. Sample again with more draws")
    if "thinned" in fitted.attrs:
        problems.append(f"the fit to extend is thinned: {fitted.attrs['thinned']}. Fit again with more draws")
    if not fitted["constant_data"].to_dataset().drop_attrs().equals(data.drop_attrs()):
        problems.append("the fit to extend is one of other data. Give the fit of this model")
    if without_folder(str(fitted.attrs.get("model", ""))) != without_folder(model_record(spec)):
        problems.append("the fit to extend is one of another model, or of other priors. Give the fit of this model")
    if chains != settings.chains and not problems:
        problems.append(f"the fit to extend has {chains} chains. Give chains={chains}")
    if problems:
        raise InputError(problems)
    before = fitted["unconstrained_posterior"].sizes["draw"]
    seed = int(np.random.SeedSequence([settings.random_seed, before]).generate_state(1)[0])  # else the same draws again
    sampled = xr.DataTree.from_dict({name: fitted[name].to_dataset() for name in SAMPLED})
    compiled = chosen_method("nuts", settings.backend).compile(spec, data)
    return extend_fit(compiled, sampled, settings._replace(random_seed=seed))


def from_pymc(model: Model, trace: xr.DataTree, *, save_log_likelihood: bool = False) -> xr.DataTree:
    """Return draws of `model.pymc`, extended or not, as a fit with the groups of every other fit.

    Parameters
    ----------
    model
        The `Model` whose `pymc` was sampled.
    trace
        What `pm.sample` or `nutpie.sample` returned.
    save_log_likelihood
        Whether the group `log_likelihood` is kept where it takes more than 60 MB.

    Returns
    -------
    xarray.DataTree
        The fit. Variables that a researcher added stay in the trace.

    Raises
    ------
    InputError
        If the trace is not one of this model.

    Examples
    --------
    >>> with model.pymc:
    ...     trace = pm.sample(nuts_sampler="nutpie")
    >>> fit = from_pymc(model, trace)
    """
    sampled = as_unconstrained(model.spec, model.data, trace)
    draws = sampled["unconstrained_posterior"].sizes
    settings = {"draws": draws["draw"], "chains": draws["chain"]}
    fitted = standard_fit(model.spec, sampled, "nuts", settings, save_log_likelihood)
    attributes: dict[Hashable, Any] = {"status": status_of(model.spec, fitted), FROM_PYMC: 1}
    return remembered(with_attributes(fitted, attributes), model.spec)


def prior_predictive(model: Model, draws: int = 500, random_seed: int = 1) -> xr.DataTree:
    """Simulate parameters and answers from the prior of a model.

    Returns
    -------
    xarray.DataTree
        The groups `prior` (natural scale), `prior_predictive` and `observed_data`, for
        `az.plot_ppc_dist(..., group="prior_predictive")`.
    """
    prior_seed, answer_seed = distinct_seeds(random_seed, 2)
    prior = prior_draws(model.spec, model.data, draws, prior_seed)
    answers = predicted_answers(model.spec, model.data, prior, draws, answer_seed)
    return xr.DataTree.from_dict(
        {
            "prior": on_natural_scale(model.spec, model.data, prior),
            "prior_predictive": named("prior_predictive", answers),
            "observed_data": named("observed_data", observed_answers(model.spec, model.data)),
        }
    )
