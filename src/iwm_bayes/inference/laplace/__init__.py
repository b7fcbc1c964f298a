"""Empirical Bayes by Laplace's method and by quadrature, in NumPy.

In comes a `Problem`: a linear Gaussian population and the log likelihood of its people. Out go the mode and covariance
of the group, everyone's posterior mean and covariance, and draws by the variables that every fit has. It may import
what the package inference may, and from its modules `base` and `posterior`.
"""
