"""What did one person experience, believe and answer?

Beliefs, outcomes with ruptures and repairs, and answers of one person.
"""

import iwm_bayes as iwm

fit = iwm.load_fit("runs/demo")
person = fit["constant_data"]["person"].values[4]
fig = iwm.plot_trajectory(fit, "therapist", person)
fig.savefig("trajectory.pdf")
