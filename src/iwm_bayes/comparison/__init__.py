"""Comparison of fitted models by predictive accuracy (ELPD), model frequencies and failed predictive checks.

Fits of several models to the same data come in, and a `compare.Comparison` goes out. ELPD is estimated by
leave-one-out, leave-one-person-out and leave-future-out cross-validation. Model frequencies come from random-effects
model selection and from a mixture model. The package may import from diagnostics and everything below it.
"""
