"""A mixture of models in one fit: each person follows one of them.

`parts` has the equations, and says which parameters belong to which model. `engine` samples the mixture in machine
code, `graph` builds it for PyMC, and `fit` takes fitted models to the posterior. Imports as in `comparison`.
"""
