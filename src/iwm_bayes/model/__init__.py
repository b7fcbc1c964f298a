"""The PyMC model of a study: priors, hierarchy and likelihood.

A model file and a Dataset come in. `load_model` gives a `ModelSpec`, and `person_step` the equations of one person at
one event, from which the fast engine makes machine code. `build` gives the `pm.Model` of the plain engine, and
`pymc_model` an ordinary one that researchers extend. This package imports `ops`, `types`, `rules`, `responses`,
`filtering` and `data`.
"""
