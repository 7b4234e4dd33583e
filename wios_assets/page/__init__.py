"""The page for those who watch: films, who is on screen in each, and the API behind it."""
