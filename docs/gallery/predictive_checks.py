"""Which features of the answers does the model miss?

Distances from the prediction: ±1 is the end of the 95% predictive interval.
"""

import iwm_bayes as iwm

fit = iwm.load_fit("runs/demo")
fig = iwm.plot_predictive_checks(fit)
fig.savefig("predictive_checks.pdf")
