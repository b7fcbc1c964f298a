"""Diagnostics: whether a fit may be used, and what data and model cannot show.

Comes in: a model, its data, and a fit. Goes out: convergence checks with suggestions, and warnings about
identifiability and the timing of ratings. Predictive checks, residual clustering and the outcome-permutation test
compare a model with the data. May import `estimands`, `inference`, `simulation` and the packages below them.
"""
