"""A study file to start from: look at a researcher's table, and guess which column is what.

A `Table` and a `ModelSpec` come in. Guesses go out as a `StudyGuess`, and from there as the text of a study file and as
a summary for the terminal. A guess rests on a column's name, in several languages, and on its values. Imports `data`
and `types`.
"""
