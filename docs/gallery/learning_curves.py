"""Does the model describe how answers change by session?

Dots are observed means. Bands are 50% and 90% of the answers that the model predicts.
"""

import iwm_bayes as iwm

fit = iwm.load_fit("runs/demo")
fig = iwm.plot_learning_curves(fit, "therapist")
fig.savefig("learning_curves.pdf")
