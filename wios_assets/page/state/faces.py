"""The faces in a frame of a film, with the people whom they show."""

from __future__ import annotations

from typing import Any

from wios_assets.page.state.catalog import Catalog
from wios_assets.page.state.film_map import FilmMap

NEARBY_S = 0.6
"""A face is looked for within this many seconds of the instant."""
_FACES = """
    WITH tracked AS (
        SELECT track, unnest(faces) AS face FROM face_tracks
        WHERE film = $film AND start_s <= $t + $near AND end_s >= $t - $near
    )
    SELECT track, arg_min(faces, abs(time_s - $t)) AS face
    FROM faces JOIN tracked USING (face)
    WHERE film = $film AND abs(time_s - $t) <= $near GROUP BY track ORDER BY track
"""
_SIZE = "SELECT width, height FROM film WHERE film = $film"


def faces_at(catalog: Catalog, film: FilmMap, seconds: float) -> list[dict[str, Any]]:
    """The faces nearest to an instant, one for each track on screen; those of nobody are left out.

    Returns:
        actor and kind of each, and left, top, right and bottom as shares of the frame, 0 to 1.

    Raises:
        WiosError: the film's faces are not in the lake.
    """
    (size,) = catalog.film_rows("film", film.key, _SIZE) or [{}]
    if not size.get("width") or not size.get("height"):
        return []
    faces = []
    for row in catalog.film_rows("faces", film.key, _FACES, {"t": seconds, "near": NEARBY_S}):
        person = film.person_of_track(row["track"])
        if person is not None:
            across = {edge: round(row["face"][edge] / size["width"], 4) for edge in ("left", "right")}
            down = {edge: round(row["face"][edge] / size["height"], 4) for edge in ("top", "bottom")}
            faces.append({"actor": person.actor, "kind": person.kind, **across, **down})
    return faces
