"""The plain engine: likelihoods and samplers made of public functions of PyTensor, PyMC, nutpie and NumPyro alone.

In come a `ModelSpec` and a Dataset of events; out go a likelihood by person or by event, and samplers of the graph of
`model.build`. It is the reference for the fast engine, which has the same density, gradient and coordinates, and the
door to samplers on JAX. It may import what `inference` may.
"""
