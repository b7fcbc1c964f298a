"""How much does a person’s value come from the group?

Each point is a person: their median over the share of it that comes from the group.
"""

import iwm_bayes as iwm

fit = iwm.load_fit("runs/demo")
fig = iwm.plot_shrinkage(fit)
fig.savefig("shrinkage.pdf")
