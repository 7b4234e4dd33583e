"""What a film's page needs to draw its lanes and say who is on screen, in as few bytes as may be."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import numpy as np

from wios_assets.page.state.film_map import FilmMap


def page_data(film: FilmMap) -> dict[str, Any]:
    """A film's map for the page's script.

    Returns:
        `duration` in seconds; `people`, each with its name, kind, character, seconds and share on screen, its best
        face, and its appearances in columns: `start` in milliseconds, each the difference to the one before; `length`
        in milliseconds; `sure`, the probability in thousandths, -1 where there is none; `faces`, -1 where there is
        none. An unknown person has the numbers of all tracks in `tracks`; `revision` is sent back with decisions.
        `minutes` holds, for each minute, [place in people, seconds] pairs in one flat list.
    """
    minutes: dict[int, list[float]] = {}
    for minute, person, seconds, _ in film.minutes:
        minutes.setdefault(minute, []).extend((person, round(seconds, 1)))
    return {
        "film": film.film["film"],
        "title": film.film["title"] or film.film["film"],
        "duration": round(film.duration_s, 3),
        "whole": film.whole,
        "revision": film.revision,
        "people": [
            {
                "name": person.actor,
                "kind": person.kind,
                "character": person.character,
                "seconds": round(person.seconds, 1),
                "share": round(person.share, 4),
                "face": person.face,
                "page": f"/actor/{quote(person.key, safe='')}" if person.kind == "cast" else None,
                **({"tracks": _tracks(film, person.number)} if person.kind == "unknown" else {}),
                **_columns(film, person.number),
            }
            for person in film.people
        ],
        "minutes": minutes,
    }


def _tracks(film: FilmMap, person: int) -> list[int]:
    return [track for place in film.of(person) for track in film.tracks_of(place)]


def _columns(film: FilmMap, person: int) -> dict[str, list[int]]:
    places = np.array(film.of(person), dtype=np.int64)
    start = np.rint(film.start_s[places] * 1000).astype(np.int64)
    end = np.rint(film.end_s[places] * 1000).astype(np.int64)
    sure = film.probability[places].astype(np.float64)
    return {
        "start": np.diff(start, prepend=0).tolist(),
        "length": (end - start).tolist(),
        "sure": np.where(np.isnan(sure), -1, np.rint(np.nan_to_num(sure) * 1000)).astype(np.int64).tolist(),
        "faces": film.face[places].tolist(),
    }
