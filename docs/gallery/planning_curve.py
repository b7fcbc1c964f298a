"""How large must a study be?

The probability of a decisive study, by its number of sessions. A table of `iwm plan`.
"""

import pandas as pd

import iwm_bayes as iwm

assurance = pd.read_csv("runs/plan/tables/assurance.csv")
fig = iwm.plot_planning_curve(assurance, target=0.8)
fig.savefig("planning_curve.pdf")
