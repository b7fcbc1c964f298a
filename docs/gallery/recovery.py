"""Are true parameters recovered?

Posterior means over true values, with their correlation and the coverage of 90% intervals.
"""

import pandas as pd

import iwm_bayes as iwm

people = pd.read_csv("runs/recovery/tables/recovery_people.csv")
fig = iwm.plot_recovery(people)
fig.savefig("recovery.pdf")
