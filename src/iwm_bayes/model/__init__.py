"""The PyMC model of a study: priors, hierarchy and likelihood.

A model file and a Dataset come in. `load_model` gives a `ModelSpec`, `build` gives the sampler's `pm.Model`,
`pymc_model` an ordinary one that researchers extend, and `compile` gives likelihoods as compiled functions. This
package imports `ops`, `types`, `rules`, `responses`, `filtering` and `data`.
"""
