"""Interactive plots of the explorer, as Plotly specifications: plain dicts.

The same Datasets as in `viz` come in. This package may import what `viz` may import, but not Matplotlib, because the
explorer starts without it.
"""
