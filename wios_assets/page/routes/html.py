"""The pages in HTML, and the files that they show."""

from __future__ import annotations

import mimetypes
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, HTTPException, Query
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from wios_assets.exports import FORMATS
from wios_assets.page.accuracy import accuracy_chart
from wios_assets.page.media import Pictures
from wios_assets.page.page_data import page_data
from wios_assets.page.previews import Previews
from wios_assets.page.renaming import Renaming
from wios_assets.page.routes.films import PageNumber, Words, chip_path, film_entries, film_entry, find_film, page_of
from wios_assets.page.routes.responses import answer, json_answer, picture_answer
from wios_assets.page.state import actors
from wios_assets.page.state.film_map import FilmMap, Person
from wios_assets.page.state.film_states import FilmStates
from wios_assets.page.state.library_cache import Shelf
from wios_assets.page.state.review_lists import Review, Show, cast_of, reviews_of
from wios_assets.reviews.decisions import said
from wios_assets.settings import Settings, address
from wios_assets.timeline.clock import format_clock

FILMS_A_PAGE = 24
ACTORS_A_PAGE = 60
FILMS_OF_AN_ACTOR = 10
# Films in which a picture of an actor is looked for.
FILMS_WITH_A_PORTRAIT = 8
REVIEWS_A_PAGE = 40
STATIC = Path(__file__).parent.parent / "static"
NO_PICTURE = STATIC / "no-picture.svg"
PhotoPath = Annotated[str, Query(max_length=4096, description="The photo's path, as answers name it")]
# What browsers play; the type by the file's ending, since some systems know none for Matroska.
_MEDIA_TYPES = {".mkv": "video/x-matroska", ".m4v": "video/mp4", ".mp4": "video/mp4", ".webm": "video/webm"}


def templates(settings: Settings) -> Environment:
    """The templates; every value is escaped unless a template says otherwise, and none does."""
    environment = Environment(
        loader=PackageLoader("wios_assets.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clock": _clock, "part": _part, "percent": _percent}
    environment.globals |= {
        "version": _static_version(),
        "dagster": address(settings.ui_host, settings.ui_port),
        "chip": chip_path,
        "q": "",
    }
    return environment


def page_router(
    settings: Settings,
    shelf: Shelf,
    states: FilmStates,
    pictures: Pictures,
    previews: Previews,
    renaming: Renaming,
    environment: Environment,
) -> APIRouter:
    """Routes of the pages. A film's key, which may hold `/`, comes last in a path."""
    router = APIRouter(include_in_schema=False)

    def html(request: Request, template: str, **values: Any) -> Response:
        text = environment.get_template(template).render(path=request.url.path, **values)
        return answer(request, text.encode(), "text/html; charset=utf-8")

    @router.get("/")
    def films(request: Request, q: Words = "", page: PageNumber = 1) -> Response:
        entries = film_entries(shelf, states, q)
        shown, page, pages = page_of(entries, page, FILMS_A_PAGE)
        cards = [{**film_entry(hit, states), "hits": hit.people} for hit in shown]
        return html(
            request,
            "films.html",
            films=cards,
            total=len(entries),
            pages=_pages("/", q, page, pages),
            q=q,
            inbox=str(settings.films),
        )

    @router.get("/film/{key:key}")
    def film(request: Request, key: str, t: Annotated[str, Query(max_length=40)] = "") -> Response:
        del t
        waiting = states.waiting(set(shelf.films()))
        if key in waiting:
            return html(request, "waiting.html", film=key, state=states.of(key, False))
        row = find_film(shelf, key)
        if row["film"] != key:
            return RedirectResponse(f"/film/{quote(row['film'], safe='')}")
        found = shelf.map(row)
        return html(
            request,
            "film.html",
            film=row,
            map=found,
            playable=row["present"] and Path(row["path"]).is_file(),
            state=states.of(key, True),
            names=renaming.state(key),
            cast=cast_of(shelf, key),
            exports=[(what, format) for what, formats in FORMATS.items() for format in formats],
        )

    @router.get("/review/{key:key}")
    def review(request: Request, key: str, show: Show = "unnamed", page: PageNumber = 1) -> Response:
        row = find_film(shelf, key)
        found = reviews_of(shelf, row)
        entries: list[Review] = getattr(found, show)
        shown, page, pages = page_of(entries, page, REVIEWS_A_PAGE)
        here = f"/review/{quote(row['film'], safe='')}"
        return html(
            request,
            "review.html",
            film=row,
            show=show,
            reviews=shown,
            found=found,
            said=said,
            here=here,
            names=renaming.state(row["film"]),
            people={person.actor: person for person in shelf.map(row).people},
            chart=accuracy_chart(found.top),
            pages=_pages(here, "", page, pages, show=show if show != "unnamed" else ""),
        )

    @router.get("/data/{key:key}")
    def data(request: Request, key: str) -> Response:
        found = shelf.map(find_film(shelf, key))
        return json_answer(request, page_data(found), found.etag)

    @router.get("/video/{key:key}")
    def video(key: str) -> Response:
        row = find_film(shelf, key)
        path = Path(row["path"])
        if not path.is_file():
            raise HTTPException(404, f"{path}: the video file is gone; put it back")
        kind = _MEDIA_TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or ""
        if not kind.startswith(("video/", "audio/")):
            kind = "application/octet-stream"
        return FileResponse(path, media_type=kind, headers={"cache-control": "private, no-cache"})

    @router.get("/preview/{key:key}")
    def preview(key: str) -> Response:
        row = find_film(shelf, key)
        made = previews.file(Path(row["path"]))
        if made is None:
            raise HTTPException(404, f"there is no preview of the film {row['film']!r} yet")
        return FileResponse(made, media_type="video/mp4", headers={"cache-control": "private, no-cache"})

    @router.post("/preview/{key:key}")
    def ask_preview(request: Request, key: str) -> Response:
        row = find_film(shelf, key)
        return json_answer(request, asdict(previews.ask(Path(row["path"]), row["duration_s"])))

    @router.get("/poster/{key:key}")
    def poster(request: Request, key: str) -> Response:
        found = shelf.map(find_film(shelf, key))
        made = pictures.poster(found) or _leading_chip(pictures, found)
        return picture_answer(request, made) if made is not None else FileResponse(NO_PICTURE)

    @router.get("/chip/{face:int}/{key:key}")
    def chip(request: Request, face: int, key: str) -> Response:
        row = find_film(shelf, key)
        made = pictures.chip(row["film"], face) if face < 2**63 else None
        if made is None:
            raise HTTPException(404, f"the film {row['film']!r} has no chip of a face {face}")
        return picture_answer(request, made)

    @router.get("/photo/{key:key}")
    def photo(request: Request, key: str, of: PhotoPath) -> Response:
        row = find_film(shelf, key)
        made = pictures.photo(row["film"], of)
        if made is None:
            raise HTTPException(404, f"no photo {of!r} stands in the gallery of the film {row['film']!r}")
        return picture_answer(request, made)

    @router.get("/actors")
    def actors_(request: Request, q: Words = "", page: PageNumber = 1) -> Response:
        found = actors.all_actors(shelf, q)
        shown, page, pages = page_of(found, page, ACTORS_A_PAGE)
        return html(
            request, "actors.html", actors=shown, total=len(found), pages=_pages("/actors", q, page, pages), q=q
        )

    @router.get("/actor/{key:key}")
    def actor(request: Request, key: str, page: PageNumber = 1) -> Response:
        found = actors.sheet(shelf, key)
        if found is None:
            raise HTTPException(404, f"nobody called {key!r} is seen in any film")
        shown, page, pages = page_of(found.films, page, FILMS_OF_AN_ACTOR)
        turning = _pages(f"/actor/{quote(key, safe='')}", "", page, pages)
        return html(request, "actor.html", sheet=found, films=shown, pages=turning, appearances=_appearances)

    @router.get("/portrait/{key:key}")
    def portrait(request: Request, key: str) -> Response:
        film = None
        for film, person in islice(actors.seen_in(shelf, key), FILMS_WITH_A_PORTRAIT):
            made = pictures.portrait(film.film["film"], person.actor)
            if made is None and person.face is not None:
                made = pictures.chip(film.film["film"], person.face)
            if made is not None:
                return picture_answer(request, made)
        if film is None:
            raise HTTPException(404, f"nobody called {key!r} is seen in any film")
        return FileResponse(NO_PICTURE)

    @router.get("/api")
    def api(request: Request) -> Response:
        paths = request.app.openapi()["paths"]
        routes = [(path, method, asked) for path, methods in paths.items() for method, asked in methods.items()]
        return html(request, "api.html", routes=routes)

    @router.get("/favicon.ico")
    def favicon() -> Response:
        return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml")

    return router


def _appearances(film: FilmMap, person: Person) -> list[dict[str, Any]]:
    return [
        {
            "start_s": float(film.start_s[place]),
            "end_s": float(film.end_s[place]),
            "face": int(film.face[place]),
            "probability": float(film.probability[place]),
        }
        for place in film.of(person.number)
    ]


def _leading_chip(pictures: Pictures, film: FilmMap) -> bytes | None:
    faces = [person.face for person in film.people if person.face is not None]
    return pictures.chip(film.film["film"], faces[0]) if faces else None


def _pages(path: str, words: str, page: int, pages: int, **more: str) -> dict[str, Any]:
    def link(number: int) -> str | None:
        asked = {name: value for name, value in (*more.items(), ("q", words), ("page", number)) if value not in ("", 1)}
        return (f"{path}?{urlencode(asked)}" if asked else path) if 1 <= number <= pages else None

    return {"page": page, "pages": pages, "before": link(page - 1), "after": link(page + 1)}


def _clock(seconds: float) -> str:
    """`1:02:03`, or `2:03` below an hour."""
    return format_clock(max(0.0, seconds)).removeprefix("00:").lstrip("0").rjust(4, "0")


def _part(text: str) -> str:
    """Text as a part of a path."""
    return quote(text, safe="")


def _percent(share: float | None) -> str:
    if share is None or share != share:
        return "–"
    if 0.995 <= share < 1:
        return ">99%"
    return f"{share:.0%}" if share >= 0.01 or share == 0 else "<1%"


def _static_version() -> str:
    """Changes whenever a static file does, so that a browser may keep them for long."""
    newest = max(file.stat().st_mtime_ns for file in STATIC.iterdir())
    return f"{newest:x}"
