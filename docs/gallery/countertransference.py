"""How far does what a therapist does follow from the patient's style?

Each letter is one therapist with several patients. A pull above 0 is acted out as more care after many bids.
"""

import iwm_bayes as iwm

fit = iwm.load_fit("runs/therapies")
fig = iwm.plot_countertransference(fit)
fig.savefig("countertransference.pdf")
