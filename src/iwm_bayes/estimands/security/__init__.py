"""Earned security: which people become secure, after how many sessions and corrective experiences.

Comes in: a model, a fit, and a criterion. Goes out: beliefs along observed, counterfactual and future sessions,
judgements of people in every draw, and shares by session and by arm, for these people and for new ones. Also the
projection, and the thresholds on the scale of each rating. Imports `estimands.group_summary` and what `estimands` may
import.
"""
