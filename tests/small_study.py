"""A study that is small enough to be fitted in seconds."""

STUDY = """
schema = 2
name   = "clinic"
data   = "sessions.csv"
model = "model.toml"
[columns]
person  = "person"
session = "session"
figure  = "figure"
outcome = { column = "outcome", missing = "unseen" }
[responses.availability_rating]
column = "rating"
commensurable = true
"""


MODEL = """
schema    = 2
claim     = "Every session counts the same."
reference = "none"
rule      = "rescorla_wagner"
responses = ["availability_rating"]
"""


TABLE = """person,session,figure,outcome,rating
ann,1,therapist,1,0.5
ann,2,therapist,0,0.6
ann,3,therapist,1,0.4
bob,1,therapist,1,0.3
bob,2,therapist,,0.4
bob,3,therapist,1,
"""
