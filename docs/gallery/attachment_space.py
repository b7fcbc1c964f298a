"""Where does each person begin, and where do they arrive?

A marker is the first session and an arrowhead the last. Its filling says who is earned secure.
"""

import iwm_bayes as iwm

fit = iwm.load_fit("runs/demo")
fig = iwm.plot_attachment_space(fit, "therapist")
fig.savefig("attachment_space.pdf")
