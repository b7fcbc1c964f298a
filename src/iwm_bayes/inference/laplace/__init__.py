"""Empirical Bayes by Laplace's method and by quadrature, in NumPy.

In comes a `Problem`, a linear Gaussian population with the log likelihood of its people; out go the group's mode with
its covariance, everyone's posterior means and covariances, and draws under the names that every fit has. May import
what inference may, and nothing of nutpie.
"""
