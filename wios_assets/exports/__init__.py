"""Exports: a film's results as files for people, players and other programs."""
