"""Read a study: its study file, its table of sessions and its table of people.

A `study.toml`, tables (files or frames, see `tables`) and a `ModelSpec` come in. A `Study` and an `xarray.Dataset` over
(event, person) go out. Every fault of a file is collected in one `InputError` that names file, row, column and remedy.
A formula of a study is text in a closed language, and runs no code. This package imports `types`, `io`, `responses` and
the parameter names of `rules`.
"""
