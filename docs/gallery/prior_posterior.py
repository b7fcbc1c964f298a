"""What did the data add to the prior?

Each parameter has its own scale, from its lowest to its highest end.
"""

import iwm_bayes as iwm

fit = iwm.load_fit("runs/demo")
fig = iwm.plot_prior_posterior(fit)
fig.savefig("prior_posterior.pdf")
