"""The checks of a fit that have a table, in the form of estimands: terminal, report and files treat both alike."""

from collections.abc import Mapping

from iwm_bayes.diagnostics.group_exchangeability import group_clustering
from iwm_bayes.diagnostics.power_scaling import CONFLICT, DEPENDS, PRIOR_DOMINATED, Answers, power_scaling
from iwm_bayes.diagnostics.predictive_checks import OUTSIDE_95, OUTSIDE_99, checks_of_study
from iwm_bayes.estimands.estimand import Estimand, Shared, as_lines, line_table
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
    about="both",
)

PPC = Estimand(
    "ppc",
    "Posterior predictive checks",
    lambda model, fit, _: as_lines(checks_of_study(model, fit)),
    line_table,
    "Features of the responses, with what replications from the fit show of each.",
    {
        OUTSIDE_95: "the observed value is outside the 95% predictive interval",
        OUTSIDE_99: "the observed value is outside the 99% predictive interval",
        "median": "median of the predictive distribution",
        **STATISTIC_MEANINGS,
    },
    section="file",
    about="both",
)


def answers_by_draw(shared: Shared) -> Answers:
    """Return the answers of all estimands that were computed before, at each draw."""
    found: Answers = {}
    for name, estimand in ESTIMANDS.items():
        if estimand.answers is not None and name in shared.datasets:
            found |= {(name, words): draws for words, draws in estimand.answers(shared.datasets[name]).items()}
    return found


POWER_SCALING = Estimand(
    "power_scaling",
    "Sensitivity of the answers to prior and likelihood (power-scaling)",
    lambda model, fit, shared: as_lines(power_scaling(model, fit, answers_by_draw(shared))),
    line_table,
    "How much each answer, and each group-level parameter, would change with a little more or less weight of the prior "
    "or of the data.",
    {
        "table": "the table that has the answer",
        "prior": "sensitivity to the prior of the group; 0.05 or more counts, if it is above chance",
        "likelihood": "sensitivity to the likelihood of all answers, judged in the same way",
        "prior_by_chance": "sensitivity that an unrelated quantity exceeds in 1 of 20 cases",
        "likelihood_by_chance": "the same for the likelihood; it is high in a study of many people",
        PRIOR_DOMINATED: "the prior counts, and the likelihood does not: the data say little about this answer",
        CONFLICT: "both count: the prior pulls the answer away from what the data say",
        DEPENDS: "the prior counts, and these draws do not show whether the likelihood does",
    },
    section="file",
    about="both",
)

CHECKS: dict[str, Estimand] = {check.name: check for check in (GROUP_CLUSTERING, PPC, POWER_SCALING)}


def registered() -> dict[str, Estimand]:
    """Return all estimands and checks by name, in the order in which they are shown."""
    return ESTIMANDS | CHECKS
