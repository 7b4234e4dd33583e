"""Forgetting a film or a person: everything that was made of them goes, and what is left is said."""
