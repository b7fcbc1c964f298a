"""What was observed?

People, outcomes and answers by session, before any model.
"""

import iwm_bayes as iwm

fit = iwm.load_fit("runs/demo")
fig = iwm.plot_data(fit)
fig.savefig("data.pdf")
