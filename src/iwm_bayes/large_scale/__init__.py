"""Fits by `laplace` and `quadrature` of studies that are too large for the memory.

In comes a study whose data are Parquet files; out go the posterior of the group, and Parquet files of person-level
parameters. People are processed in chunks, by any map of `validation.sweep`. It may import from all packages up to
validation.
"""
