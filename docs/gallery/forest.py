"""How much do people differ in their learning rates?

People are in the order of their pseudonyms. Crosses are the true values of simulated people.
"""

from importlib.resources import files

import pandas as pd

import iwm_bayes as iwm

fit = iwm.load_fit("runs/demo")
truth = pd.read_csv(files("iwm_bayes") / "example" / "truth.csv")
true_values = {name: values.to_numpy() for name, values in truth.items()}
fig = iwm.plot_forest(fit, ["availability_rate", "worth_rate"], true_values)
fig.savefig("forest.pdf")
