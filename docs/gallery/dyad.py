"""What do the two members of a dyad believe and do?

Three dyads of a simulated study. A full marker is an act, an empty one is none.
"""

import iwm_bayes as iwm

fit = iwm.load_fit("runs/therapies")
fig = iwm.plot_dyad(fit, dyads=3)
fig.savefig("dyad.pdf")
