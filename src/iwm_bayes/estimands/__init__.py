"""Estimands: quantities that answer a study's questions, computed from a fit in every draw.

Comes in: a model, a fit, and the study's data in it. Goes out: datasets with dims (chain, draw, ...), and tables of
numbers. They summarise the group and its people, and give average marginal effects, beliefs and trajectories.
`security` has the time to earned security. May import `inference`, `simulation` and the packages below them.
"""
