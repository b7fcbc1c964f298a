"""large_scale."""
