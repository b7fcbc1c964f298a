"""The estimands of the program, in the order in which they are shown.

An estimand is an `Estimand` in a file of its own, and a line here. Terminal, report, tables, plots and documentation
take it from this table.
"""

import difflib

import xarray as xr

from iwm_bayes.data.study import StudySpec
from iwm_bayes.estimands.beliefs import BELIEFS
from iwm_bayes.estimands.counterfactual.leaving import LEAVING_SENSITIVITY
from iwm_bayes.estimands.counterfactual.symptom import SYMPTOM_EFFECTS
from iwm_bayes.estimands.dyads.actor_partner import ACTOR_PARTNER
from iwm_bayes.estimands.dyads.counterfactuals import COUNTERFACTUAL_DYADS
from iwm_bayes.estimands.dyads.countertransference import COUNTERTRANSFERENCE, DYAD_CORRELATIONS
from iwm_bayes.estimands.dyads.member_variation import DYAD_SIMILARITY, MEMBER_VARIATION
from iwm_bayes.estimands.dyads.reciprocity import RECIPROCITY
from iwm_bayes.estimands.estimand import Estimand, Shared
from iwm_bayes.estimands.group_summary import GROUP_SD, GROUP_SUMMARY
from iwm_bayes.estimands.learned_share import LEARNED_SHARE
from iwm_bayes.estimands.marginal_effects import MARGINAL_EFFECTS
from iwm_bayes.estimands.person_summary import PERSON_SUMMARY
from iwm_bayes.estimands.raters import EXPECTANCY_BIAS, RATERS
from iwm_bayes.estimands.reliability import RELIABILITY, WAVE_CHANGE
from iwm_bayes.estimands.security.answers import IN_GENERAL, security_answers
from iwm_bayes.estimands.security.estimands import ARMS, RATING_THRESHOLDS, SENSITIVITY, STYLES, TIME_TO_SECURITY
from iwm_bayes.types import ModelSpec

ESTIMANDS: dict[str, Estimand] = {
    estimand.name: estimand
    for estimand in (
        GROUP_SUMMARY,
        MARGINAL_EFFECTS,
        GROUP_SD,
        RELIABILITY,
        WAVE_CHANGE,
        RATERS,
        EXPECTANCY_BIAS,
        ACTOR_PARTNER,
        MEMBER_VARIATION,
        COUNTERTRANSFERENCE,
        DYAD_CORRELATIONS,
        RECIPROCITY,
        COUNTERFACTUAL_DYADS,
        DYAD_SIMILARITY,
        LEARNED_SHARE,
        TIME_TO_SECURITY,
        ARMS,
        SENSITIVITY,
        LEAVING_SENSITIVITY,
        SYMPTOM_EFFECTS,
        RATING_THRESHOLDS,
        STYLES,
        PERSON_SUMMARY,
        BELIEFS,
    )
}


def applies(estimand: Estimand, model: ModelSpec) -> bool:
    """Return whether an estimand can be computed for a fit of a model: of single people, or of dyads.

    What is about single people is computed for each member of a dyad: see `dyads.member_fit`.
    """
    return estimand.about in ("both", "dyads" if model.members else "people")


def shared_results(model: ModelSpec, fit: xr.DataTree) -> Shared:
    """Compute what several estimands are made from; a dyad has no beliefs, and so no security of its own."""
    return Shared({}) if model.members else Shared(security_answers(model, fit))


def parts() -> list[str]:
    """Return the names that a study's `estimands` may have."""
    return [*dict.fromkeys(one.part for one in ESTIMANDS.values() if one.part), IN_GENERAL]


def estimand_problems(study: StudySpec) -> list[str]:
    """Return a sentence for every name in a study's `estimands` that is none, with the nearest that is one."""
    problems, known = [], parts()
    for name in (name for name in study.estimands or () if name not in known):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f' Did you mean "{near[0]}"?' if near else ""
        remedy = f"Name some of {', '.join(known)}, or none: []"
        problems.append(f'{study.name}: estimands: there is no estimand "{name}".{hint} {remedy}')
    return problems
