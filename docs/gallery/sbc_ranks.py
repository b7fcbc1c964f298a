"""Are the posteriors calibrated?

Lines within the grey band: ranks of true values are uniform. A table of `iwm validate sbc`.
"""

import pandas as pd

import iwm_bayes as iwm

ranks = pd.read_csv("runs/sbc/tables/ranks.csv")
fig = iwm.plot_sbc_ranks(ranks.iloc[:, :8])
fig.savefig("sbc_ranks.pdf")
