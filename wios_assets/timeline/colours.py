"""Colours and sizes that all pictures of a film share."""

INK, QUIET, RULE, PAPER = "#1c2430", "#6b7684", "#e3e7ec", "#ffffff"
NAMED, UNNAMED, WRONG = "#1f6fb2", "#a3abb5", "#c8502d"
FEWEST_LANES = 4
"""Lanes that a picture has room for at least."""
