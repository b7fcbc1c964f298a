"""The checks of a fit that have a table, in the form of estimands: terminal, report and files treat both alike."""

from collections.abc import Mapping

from iwm_bayes.diagnostics.group_exchangeability import group_clustering
from iwm_bayes.diagnostics.predictive_checks import OUTSIDE_95, OUTSIDE_99, posterior_predictive_check
from iwm_bayes.estimands.estimand import Estimand, as_lines, line_table
from iwm_bayes.estimands.registry import ESTIMANDS

STATISTIC_MEANINGS: Mapping[str, str] = {
    "reversals": "share of changes of a response in the opposite direction to its previous change",
    "bimodality": "1/3 for normal responses around a person's mean, 5/9 for uniform responses, 1 for two values",
    "lag-1 autocorrelation": "correlation of a response with the previous response, both relative to the person's mean",
    "pi95_low": "lower end of the 95% predictive interval; its upper end is pi95_high",
    "p_joint": "share of replications whose largest discrepancy, of any statistic, is at least that of this statistic; "
    "the smallest value is the p value of the joint test",
}

GROUP_CLUSTERING = Estimand(
    "group_clustering",
    "Residual clustering in groups (predictive p)",
    lambda model, fit, _: as_lines(group_clustering(model, fit)),
    line_table,
    "Whether people of the same group, such as patients of one therapist, are more similar than the model predicts.",
    {"p": "near 0: people of a group are more similar than the model predicts; near 0.5: as similar as it predicts"},
    section="parameters",
)

PPC = Estimand(
    "ppc",
    "Posterior predictive checks",
    lambda model, fit, _: as_lines(posterior_predictive_check(model, fit)),
    line_table,
    "Features of the responses, with what replications from the fit show of each.",
    {
        OUTSIDE_95: "the observed value is outside the 95% predictive interval",
        OUTSIDE_99: "the observed value is outside the 99% predictive interval",
        "median": "median of the predictive distribution",
        **STATISTIC_MEANINGS,
    },
    section="file",
)

CHECKS: dict[str, Estimand] = {check.name: check for check in (GROUP_CLUSTERING, PPC)}


def registered() -> dict[str, Estimand]:
    """Return all estimands and checks by name, in the order in which they are shown."""
    return ESTIMANDS | CHECKS
