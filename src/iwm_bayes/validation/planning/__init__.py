"""Sample-size planning by assurance: how large a study must be for a decisive answer.

Each module asks one question of simulated studies of different sizes; `assurance` has what they share. Conditions of
studies come in, and shares of decisive studies go out.
"""
