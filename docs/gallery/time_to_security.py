"""How many sessions does it take until people are earned secure?

Two arms of a simulated study. The dotted line is the share under uninformative care.
"""

import iwm_bayes as iwm

fit = iwm.load_fit("runs/demo")
fig = iwm.plot_time_to_security(fit, "therapist")
fig.savefig("time_to_security.pdf")
