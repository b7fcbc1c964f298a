"""The hierarchy in machine code: one C function for all models, from a point of the sampler to density and gradient.

`density` is the whole; `group`, `people` and `people_gradient` are its parts, on the vectors of `lanes`. `mixture`
joins the same parts of several models. `table` and `model_table` say what the functions know of a model and its data;
`sampler` hands them to nutpie by address. The functions call a model's likelihood by the address of its kernel. They
are compiled once on a machine. This package imports Numba and nutpie, but neither PyTensor nor PyMC.
"""
