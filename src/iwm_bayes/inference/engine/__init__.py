"""The hierarchy in machine code: one C function for all models, from a point of the sampler to density and gradient.

`density` is the whole; `group`, `people` and `people_gradient` are its parts, on the vectors of `lanes`. `table` and
`model_table` say what it knows of a model and its data. It calls a model's likelihood by the address of its kernel. It
is compiled once on a machine, and imports Numba, but neither PyTensor nor PyMC.
"""
