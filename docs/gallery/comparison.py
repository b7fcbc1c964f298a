"""Which model predicts best?

From the folder that `iwm compare` writes, or from `iwm.compare(...)`.
"""

import iwm_bayes as iwm

fig = iwm.plot_comparison("runs/comparison")
fig.savefig("comparison.pdf")
