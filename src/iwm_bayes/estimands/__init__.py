"""estimands."""
