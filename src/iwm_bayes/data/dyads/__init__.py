"""Data of dyads: tables with both sides, and the coupling of what one does with what the other experiences."""
