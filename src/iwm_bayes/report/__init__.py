"""A run as one page: `report.html`, which needs nothing but itself."""

from iwm_bayes.report.page import Asked, write

__all__ = ["Asked", "write"]
