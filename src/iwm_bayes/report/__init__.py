"""What a run means, on one page and in words: tables with titles and legends, sentences, plots, `report.html`.

Imports `workflow`, `viz` and everything below them; only `cli` and the documentation import it.
"""
