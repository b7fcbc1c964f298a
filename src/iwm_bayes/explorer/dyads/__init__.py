"""The page of a dyad: two members with a model each, whose acts are each other's outcomes."""
