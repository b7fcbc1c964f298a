"""Do the arms of a study differ in a parameter?

Left: posterior and prior of the difference. Right: everyone in the two arms.
"""

import iwm_bayes as iwm

fit = iwm.load_fit("runs/demo")
contrast = "availability_rate: arm repair-focused - care as usual"
fig = iwm.plot_group_difference(fit, contrast)
fig.savefig("group_difference.pdf")
