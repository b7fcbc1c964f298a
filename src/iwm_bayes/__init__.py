"""Hierarchical Bayesian models of the internal working model: how people come to trust.

The verbs, in the order in which data flow: `Study` (or `load_study`), `Model`, `fit`, `check_convergence`,
`earned_security`, `project`, `compare`, and the plots. Each is imported at its first use, because the sampler takes
seconds to import.
"""

from importlib import import_module
from typing import Any

VERBS = {
    "Column": "workflow.study",
    "Criterion": "estimands.security.criterion",
    "Dyad": "workflow.dyad_columns",
    "DyadMember": "workflow.dyad_columns",
    "InputError": "types",
    "Model": "workflow.model",
    "Outcome": "workflow.study",
    "Phase": "simulation.simulate",
    "Study": "workflow.study",
    "Wave": "workflow.study",
    "check_convergence": "diagnostics.convergence_checks",
    "compare": "workflow.verbs",
    "constant_care": "simulation.care",
    "describe_security": "report.text",
    "earned_security": "workflow.verbs",
    "fit": "workflow.model",
    "from_pymc": "workflow.model",
    "intermittent": "simulation.care",
    "load_fit": "workflow.fit_file",
    "load_model": "model.specification.model_file",
    "load_study": "workflow.study",
    "member_fit": "workflow.verbs",
    "plot_actor_partner": "workflow.plots.dyads",
    "plot_attachment_space": "workflow.plots.security",
    "plot_attribution": "workflow.plots.models",
    "plot_comparison": "workflow.plots.models",
    "plot_confusion": "workflow.plots.simulated_studies",
    "plot_countertransference": "workflow.plots.dyads",
    "plot_data": "workflow.plots.answers",
    "plot_dyad": "workflow.plots.dyads",
    "plot_forest": "workflow.plots.parameters",
    "plot_group_difference": "workflow.plots.parameters",
    "plot_individual_fits": "workflow.plots.answers",
    "plot_inversion": "workflow.plots.simulated_studies",
    "plot_learning_curves": "workflow.plots.answers",
    "plot_planning_curve": "workflow.plots.simulated_studies",
    "plot_predictive_checks": "workflow.plots.answers",
    "plot_prior_posterior": "workflow.plots.parameters",
    "plot_reciprocity": "workflow.plots.dyads",
    "plot_recovery": "workflow.plots.simulated_studies",
    "plot_sbc_ranks": "workflow.plots.simulated_studies",
    "plot_shrinkage": "workflow.plots.parameters",
    "plot_time_to_security": "workflow.plots.security",
    "plot_trajectory": "workflow.plots.security",
    "posterior_predictive": "workflow.verbs",
    "prior_predictive": "workflow.model",
    "project": "workflow.verbs",
    "reversal": "simulation.care",
    "rupture_and_repair": "simulation.care",
    "save_fit": "workflow.fit_file",
    "simulate": "workflow.verbs",
    "tables": "workflow.verbs",
    "to_table": "data.dataset",
}
__all__ = list(VERBS)  # see `__getattr__`


def __getattr__(name: str) -> Any:
    if name not in VERBS:
        raise AttributeError(f"module 'iwm_bayes' has no attribute {name!r}; it has {', '.join(VERBS)}")
    return getattr(import_module(f"iwm_bayes.{VERBS[name]}"), name)


def __dir__() -> list[str]:
    return list(VERBS)
