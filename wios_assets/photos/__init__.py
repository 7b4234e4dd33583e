"""Photos of actors: folders, providers, verdicts, faces in a photo."""
