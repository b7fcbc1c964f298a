"""Plots of dyads: what both members believe and do, what they do to each other, and what they become together."""
