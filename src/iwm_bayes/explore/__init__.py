"""A local page to play with theories: sliders for care and for parameters, and at once what becomes of people."""

from iwm_bayes.explore.app import address, server

__all__ = ["address", "server"]
