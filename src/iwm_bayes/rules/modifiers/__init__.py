"""Modifiers: a rule with one or more further parameters that change how its beliefs move, one file per modifier.

A rule comes in and a rule goes out; its learning and its beliefs take the same events. This package imports `ops` and
`types` only.
"""
