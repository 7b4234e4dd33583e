"""Runs of the asset graph: starting, following and ending them."""
