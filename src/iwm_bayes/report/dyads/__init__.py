"""The report of dyads: whether both members are secure, what each does to the other, and what a change would do."""
