"""What does a belief of one member do to the acts of both?

Actor effect: on this member's own act. Partner effect: on the next act of the other, who learns in between.
"""

import iwm_bayes as iwm

fit = iwm.load_fit("runs/therapies")
fig = iwm.plot_actor_partner(fit)
fig.savefig("actor_partner.pdf")
