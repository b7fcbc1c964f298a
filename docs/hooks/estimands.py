"""The page that lists what is computed from a fit, from the registry of estimands and checks."""

from iwm_bayes.diagnostics.registry import registered
from iwm_bayes.estimands.estimand import Estimand
from iwm_bayes.estimands.registry import parts

OPENING = """# Estimands

An estimand is a quantity that answers a question of a study. `iwm fit` computes all of these from a fit, and the checks
of the fit. It writes each as a table of numbers. The terminal and the report show most of them.

A study may leave some out: `estimands` in the study file names those to compute, out of {parts}.
`estimands = []` leaves out all of them. The other estimands are always computed.

| estimand | meaning | file | in `estimands` as |
|---|---|---|---|
"""
CLOSING = """
The page on the [columns of the tables](tables.md) explains what each file contains. To add an estimand to the program,
write one file with an `Estimand` in it, and add one line to the registry:

::: iwm_bayes.estimands.estimand
    options:
      members: [Estimand, Shared]
"""


def line(estimand: Estimand) -> str:
    """Return the line of one estimand or check."""
    file = f"`tables/{estimand.name}.csv`" + (" (on request)" if estimand.on_request else "")
    return f"| {estimand.title} | {estimand.glossary} | {file} | {f'`{estimand.part}`' if estimand.part else ''} |\n"


def estimands_page() -> str:
    """Return the page."""
    names = ", ".join(f"`{name}`" for name in parts())
    return OPENING.format(parts=names) + "".join(line(one) for one in registered().values()) + CLOSING
