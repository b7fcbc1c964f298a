"""Estimands of dyads: each member by itself, what each one's beliefs do to both, and what both become together."""
