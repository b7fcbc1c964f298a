"""plotly."""
