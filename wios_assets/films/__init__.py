"""Films on disk: the inbox folder, the index of what is in it, sidecars, adding a film."""
