"""Filtering: the beliefs of people along a sequence of events, given the parameters of a model.

A data set (xarray) comes in and becomes arrays of events and responses. A learning rule filters them, either over
arrays or in a PyTensor graph. The values that responses depend on ("readouts") go out, at every event. This package
imports `ops`, `types`, `rules` and `responses` only. `engine` turns the equations
of one event into machine code.
"""
