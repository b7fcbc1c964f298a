"""Plots in Python, one function each: a fit, a comparison or a table goes in, and a Matplotlib figure comes out.

Each joins two functions: one in the room of its subject, which returns the numbers of the plot (`..._data`), and one in
`viz`, which draws them (`..._plot`). The package may import from everything but report, explorer and cli.
"""
