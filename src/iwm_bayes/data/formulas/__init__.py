"""Formulas of parameters, such as "arm + (1|therapist)": their language, covariates, and design matrices.

A study and its table of people come in; covariates and design matrices in the Dataset go out. `formulae` enters here,
by a closed list of names. It imports from the rest of data.
"""
