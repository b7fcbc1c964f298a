"""Which model generated a study, given the one that is selected?

Each column sums to 1. A table of `iwm validate confusion`.
"""

import pandas as pd

import iwm_bayes as iwm

shares = pd.read_csv("runs/confusion/tables/inversion.csv")
fig = iwm.plot_inversion(shares)
fig.savefig("inversion.pdf")
