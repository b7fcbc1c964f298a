"""When is one member of a dyad secure, and when are both?

Both members are simulated in closed loop: what one does is what the other experiences.
"""

import iwm_bayes as iwm

fit = iwm.load_fit("runs/therapies")
fig = iwm.plot_reciprocity(fit)
fig.savefig("reciprocity.pdf")
