"""Decisions of people about faces, and everything derived from them."""
