"""From a model and data to a posterior.

In come a `ModelSpec` and a Dataset of events; out goes a fit, an `xarray.DataTree` whose parts are described in `fit`.
The methods are `nuts` (exact, by nutpie) and the approximations `laplace` and `quadrature` in the package `laplace`. It
may import from ops, types, io, progress, rules, responses, filtering, data, model and simulation.
"""
