"""The filter and the likelihood in machine code: equations of one person at one event in, functions of arrays out.

    equations       what follows from a step: gradients, and what is computed once for a person (by PyTensor)
    source          scalar graphs as lines of Python
    kernel_source   these lines in the loops over people and events of `kernel_templates`
    machine_code    the module that Numba compiles, kept on the disk
    kernels         the compiled functions, called by their address
    scan_op         readouts and their gradient as an operation of PyTensor, for models of PyMC

`vector_math` and `special` are the functions that the source calls. This package imports PyTensor and Numba, and no
other package of the program.
"""
