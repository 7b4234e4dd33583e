"""Brings a data folder of an earlier version up to this one: lake, settings file, run history; and goes back."""
