"""A run as one page: `report.html`, which needs nothing but itself."""

from iwm_bayes.report.page import write
from iwm_bayes.report.run import Asked

__all__ = ["Asked", "write"]
