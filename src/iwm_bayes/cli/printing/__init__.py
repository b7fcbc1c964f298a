"""What commands print, as lines of text: headings, status, the result, short tables, and the long tables of --verbose.

Modules make lines that fit the width of the terminal, or print through `console`. They import `report`, `workflow` and
everything below; only the commands in `cli` import them.
"""
