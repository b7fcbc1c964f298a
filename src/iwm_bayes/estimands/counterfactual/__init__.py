"""Counterfactuals: what a study would have found, had people been in another arm, or had those who left changed less.

Comes in: a model and a fit. Goes out: direct and indirect effects of arms on a symptom, and answers on earned security
over a grid of shifts of the beliefs of those who left. Imports `estimands.security` and what `estimands` may import.
"""
