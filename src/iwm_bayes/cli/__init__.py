"""The command `iwm`: one module per command. It reads options, calls `workflow`, and prints; nothing imports it."""
