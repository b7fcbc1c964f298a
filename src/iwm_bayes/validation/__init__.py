"""Validation on simulated data: calibration, recovery, sample-size planning, and predictions from priors.

Model files and the size of a study come in; tables of ranks, recovery, confusion, assurance or predictions go out.
`sweep` runs the many simulated studies, and `executors` spreads them over processes or a cluster. The package may
import from comparison and everything below it.
"""
