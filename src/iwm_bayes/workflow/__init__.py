"""Whole jobs: read a study with its model, analyse it, write and read the folders of runs and comparisons.

Imports everything except `report`, `explorer` and `cli`.
"""
