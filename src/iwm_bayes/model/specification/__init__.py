"""From a model file, or its parts in Python, to a `ModelSpec`, and from a `ModelSpec` to text.

A name or a path comes in; a checked `ModelSpec` goes out. `parts` finds built-in rules and responses and those in a
Python file of one's own; `prior_arguments` has priors in Python; `model_record` is the text that a fit carries. It
imports from rules, responses and data.
"""
