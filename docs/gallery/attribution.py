"""Which people follow which model?

Random-effects Bayesian model selection: frequencies of models, and everyone’s attribution.
"""

import iwm_bayes as iwm

fig = iwm.plot_attribution("runs/comparison")
fig.savefig("attribution.pdf")
