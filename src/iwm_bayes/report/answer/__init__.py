"""The parts of a key result: the answer of a study in words and numbers, and the checks that say whether to trust it.

Comes in: answers on earned security, a fit, tables of checks. Goes out: sentences, facts and chips, from which
`report.key_result` puts together what page and terminal show.
"""
