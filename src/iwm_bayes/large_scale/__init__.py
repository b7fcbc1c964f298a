"""Fits by `laplace` and `quadrature` of studies that are too large for the memory.

In comes a study whose data are Parquet files; out go the group's posterior, and Parquet files of everyone's parameters.
People are processed in chunks, by any map of `validation.sweep`. May import from every room up to validation.
"""
