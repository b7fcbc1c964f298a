"""From a model and data to a posterior.

In comes a `ModelSpec` and a Dataset of the data room; out goes a fit, an `xarray.DataTree` whose parts are described in
`fit`. The methods are `nuts` (exact, by nutpie) and the approximations `laplace` and `quadrature` in the package
`laplace`. May import from ops, types, io, progress, rules, responses, filtering, data, model and simulation.
"""
