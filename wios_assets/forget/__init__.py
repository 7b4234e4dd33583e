"""Forgetting a film or a person: everything derived from them is removed, and what is kept is reported."""
