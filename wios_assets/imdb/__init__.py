"""IMDB tables: format, matching a film with its title, casts. No services."""
