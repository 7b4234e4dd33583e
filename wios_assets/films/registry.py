"""Bringing the index of films in step with the inbox folder."""

from __future__ import annotations

import time

from wios_assets.films.entry import index_lock, index_path
from wios_assets.films.inbox import discover
from wios_assets.films.index import FilmChanges, film_changes, read_index, write_index
from wios_assets.lake.paths import partition_keys
from wios_assets.lake.store import read_rows
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


def finished_films(settings: Settings) -> dict[str, str]:
    """Films whose results are whole: film → fingerprint of the content that they were made from."""
    lake = settings.lake
    whole = set(partition_keys(lake, "screen_time")) & set(partition_keys(lake, "minute_appearances"))
    films = sorted(whole & set(partition_keys(lake, FILM.name)))
    return {film: read_rows(lake, FILM, film)["fingerprint"][0].as_py() for film in films}
