"""Is the model that generated a study selected?

Each row sums to 1. A table of `iwm validate confusion`.
"""

import pandas as pd

import iwm_bayes as iwm

shares = pd.read_csv("runs/confusion/tables/confusion.csv")
fig = iwm.plot_confusion(shares)
fig.savefig("confusion.pdf")
