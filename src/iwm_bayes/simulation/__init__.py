"""Simulate people: populations, care schedules, and sessions in closed or open loop.

A `ModelSpec` and phases of care come in, or a model and the events of a data set. Simulated sessions go out, in the
form of a study's Dataset. This package imports `ops`, `types`, `filtering`, `data.dataset` and `model.priors`.
"""
