"""One module per section of the report: each turns a run into text, tables and plots."""
