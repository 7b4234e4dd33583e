"""Bringing the index of films in step with the inbox folder."""

from __future__ import annotations

import time

from wios_assets.films.entry import index_lock, index_path
from wios_assets.films.inbox import discover
from wios_assets.films.index import FilmChanges, film_changes, read_index, write_index
from wios_assets.lake.store import finished_films, has_rows_of, read_rows
from wios_assets.settings import Settings
from wios_assets.tables import FILM
from wios_assets.vision.video import fingerprint


def look_at_inbox(settings: Settings, settle_seconds: float) -> FilmChanges:
    """What happened in the inbox since the last look; the index is written."""
    settings.films.mkdir(parents=True, exist_ok=True)
    with index_lock(settings):
        path = index_path(settings)
        changes = film_changes(read_index(path), discover(settings.films), time.time(), settle_seconds, fingerprint)
        write_index(path, changes.index)
    return changes


def finished_content(settings: Settings) -> dict[str, str]:
    """Fingerprint of the content that each finished film's results were made from, by film."""
    lake = settings.lake
    films = [film for film in finished_films(lake) if has_rows_of(lake, FILM, film)]
    return {film: read_rows(lake, FILM, film)["fingerprint"][0].as_py() for film in films}
