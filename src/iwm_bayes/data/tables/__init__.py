"""Open tables as researchers have them: text in any dialect, typed files, and frames in memory.

A path, or a frame of pandas, polars or Arrow, comes in. A `data.table.Table` goes out, whose columns are text, numbers,
dates or yes and no. What a cell means is decided later, in `data.table` and `data.numbers`. What was guessed, such as
an encoding, is a doubt of the table. A table with one row per person is recognised in `wide`. This package imports
`types`, `io`, `data.table` and `data.study`.
"""
