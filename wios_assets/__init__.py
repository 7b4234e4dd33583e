"""WIOS – Who Is On Screen: a film goes in, a map of who is on screen comes out."""
