"""Videos, previews and pictures. A film's key, which may contain `/`, comes last in a path."""

from __future__ import annotations

import mimetypes
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from wios_assets.errors import NotFound
from wios_assets.page.media import FRAME_WIDTH, SMALL_FRAME_WIDTH, Pictures, Previews
from wios_assets.page.routes.common import Router, json_response, picture_response
from wios_assets.page.state.actors import films_with
from wios_assets.page.state.catalog import Catalog
from wios_assets.page.state.faces import faces_at
from wios_assets.page.state.film_map import FilmMap
from wios_assets.page.state.outliers import actor_outliers, film_outliers

STATIC = Path(__file__).parent.parent / "static"
_NO_PICTURE = STATIC / "no-picture.svg"
# Films in which a picture of an actor is looked for.
_PORTRAIT_FILMS = 8
_MAX_FACE = 2**63
# Media types of videos by extension, since some systems have none for Matroska.
_MEDIA_TYPES = {".mkv": "video/x-matroska", ".m4v": "video/mp4", ".mp4": "video/mp4", ".webm": "video/webm"}
_NO_CACHE = {"cache-control": "private, no-cache"}
Seconds = Annotated[float, Query(ge=0, le=1e7, description="Instant on the player's clock")]
PhotoPath = Annotated[str, Query(max_length=4096, description="Path of the photo, as answers give it")]


def media_router(catalog: Catalog, pictures: Pictures, previews: Previews) -> APIRouter:
    """Routes of the files that the pages show."""
    router = Router(include_in_schema=False)

    @router.get("/video/{key:key}")
    def video(key: str) -> Response:
        path = Path(catalog.find(key)["path"])
        if not path.is_file():
            raise NotFound(f"{path}: the video file is gone; put it back")
        media_type = _MEDIA_TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or ""
        if not media_type.startswith(("video/", "audio/")):
            media_type = "application/octet-stream"
        return FileResponse(path, media_type=media_type, headers=_NO_CACHE)

    @router.get("/preview/{key:key}")
    def preview(key: str) -> Response:
        film = catalog.find(key)
        file = previews.file(Path(film["path"]))
        if file is None:
            raise NotFound(f"there is no preview of the film {film['film']!r} yet")
        return FileResponse(file, media_type="video/mp4", headers=_NO_CACHE)

    @router.post("/preview/{key:key}")
    def request_preview(request: Request, key: str) -> Response:
        film = catalog.find(key)
        return json_response(request, asdict(previews.request(Path(film["path"]), film["duration_s"])))

    @router.get("/poster/{key:key}")
    def poster(request: Request, key: str) -> Response:
        film = catalog.map(catalog.find(key))
        jpeg = pictures.poster(film) or _leading_chip(pictures, film)
        return picture_response(request, jpeg) if jpeg is not None else FileResponse(_NO_PICTURE)

    @router.get("/artwork/{key:key}")
    def artwork(request: Request, key: str) -> Response:
        film = catalog.find(key)
        jpeg = pictures.artwork(film)
        return picture_response(request, jpeg) if jpeg is not None else poster(request, key)

    @router.get("/outliers/{kind:str}/{key:key}")
    def outliers(kind: str, key: str) -> Response:
        picture = None
        if kind == "film":
            picture = film_outliers(catalog, catalog.find(key)["film"]).picture
        elif kind == "actor":
            picture = actor_outliers(catalog, key).picture
        if picture is None:
            raise NotFound(f"there is no plot of {kind} {key!r}; `wios refine` makes those of outliers")
        return FileResponse(picture, media_type="image/png", headers=_NO_CACHE)

    @router.get("/chip/{face:int}/{key:key}")
    def chip(request: Request, face: int, key: str) -> Response:
        film = catalog.find(key)["film"]
        jpeg = pictures.chip(film, face) if face < _MAX_FACE else None
        if jpeg is None:
            raise NotFound(f"the film {film!r} has no chip of a face {face}")
        return picture_response(request, jpeg)

    @router.get("/frame/{key:key}")
    def frame(request: Request, key: str, t: Seconds, small: bool = False) -> Response:
        """The frame at an instant; a small one is the film's poster where the video cannot be read."""
        film = catalog.find(key)
        width = SMALL_FRAME_WIDTH if small else FRAME_WIDTH
        jpeg = pictures.frame(Path(film["path"]), min(t, film["duration_s"]), width)
        if jpeg is None and small:
            return poster(request, key)
        if jpeg is None:
            raise NotFound(f"{film['path']}: no frame can be read at {t:.1f} s")
        return picture_response(request, jpeg)

    @router.get("/faces/{key:key}")
    def faces(request: Request, key: str, t: Seconds) -> Response:
        film = catalog.map(catalog.find(key))
        return json_response(request, {"time_s": t, "faces": faces_at(catalog, film, t)})

    @router.get("/photo/{key:key}")
    def photo(request: Request, key: str, of: PhotoPath) -> Response:
        film = catalog.find(key)["film"]
        jpeg = pictures.photo(film, of)
        if jpeg is None:
            raise NotFound(f"no photo {of!r} is in the gallery of the film {film!r}")
        return picture_response(request, jpeg)

    @router.get("/portrait/{key:key}")
    def portrait(request: Request, key: str) -> Response:
        film = None
        for film, person in islice(films_with(catalog, key), _PORTRAIT_FILMS):
            jpeg = pictures.portrait(film.key, person.actor)
            if jpeg is None and person.face is not None:
                jpeg = pictures.chip(film.key, person.face)
            if jpeg is not None:
                return picture_response(request, jpeg)
        if film is None:
            raise NotFound(f"nobody called {key!r} is seen in any film")
        return FileResponse(_NO_PICTURE)

    @router.get("/favicon.ico")
    def favicon() -> Response:
        return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml")

    return router


def _leading_chip(pictures: Pictures, film: FilmMap) -> bytes | None:
    faces = [person.face for person in film.people if person.face is not None]
    return pictures.chip(film.key, faces[0]) if faces else None
