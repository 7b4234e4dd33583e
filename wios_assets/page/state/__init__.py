"""What the page keeps in memory: films, their maps, decisions on them, requests."""
