"""Films on disk: the inbox folder, its index, sidecars, adding a film."""
