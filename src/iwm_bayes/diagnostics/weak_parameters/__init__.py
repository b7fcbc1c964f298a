"""Parameters that the data of a study hardly determine, by feature of a model; `identifiability` asks for all of them.

A model and data come in; one sentence for each parameter that is weakly identified goes out, before any sampling.
"""
