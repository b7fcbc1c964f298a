"""Plots of data, fits, comparisons, validation studies and predictions.

Datasets and tables come in, and Matplotlib figures go out. `plotly` has the interactive plots of the explorer. The
package may import from validation, comparison, diagnostics, estimands and everything below them.
"""
