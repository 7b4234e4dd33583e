"""Portraits of the cast that nfo files name."""

from __future__ import annotations

from pathlib import Path

from wios_assets.films.nfo import Nfo
from wios_assets.photos.folders import is_picture
from wios_assets.settings import Settings
from wios_assets.text import name_key


def portraits_of(settings: Settings, nfo: Nfo) -> dict[str, list[Path]]:
    """Portraits that nfo files name, by the key of the actor's name.

    Only files in the folders of films, photos and Jellyfin's people count; addresses are never fetched.
    """
    roots = [
        folder.resolve() for folder in (settings.films, settings.galleries, settings.inbox.people) if folder is not None
    ]
    portraits: dict[str, list[Path]] = {}
    for actor in nfo.actors:
        if actor.thumb is None or "://" in actor.thumb or "\0" in actor.thumb:
            continue
        file = (nfo.files[-1].parent / actor.thumb).resolve()
        if any(root in file.parents for root in roots) and file.is_file() and is_picture(file):
            portraits.setdefault(name_key(actor.name), []).append(file)
    return portraits
