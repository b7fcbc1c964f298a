"""Does the model describe single people?

The first twelve people in the order of their pseudonyms.
"""

import iwm_bayes as iwm

fit = iwm.load_fit("runs/demo")
fig = iwm.plot_individual_fits(fit, "therapist", people=12)
fig.savefig("individual_fits.pdf")
