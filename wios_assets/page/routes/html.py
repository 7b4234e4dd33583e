"""The HTML pages. A film's key, which may contain `/`, comes last in a path."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import pandas as pd
from fastapi import APIRouter, Query
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from wios_assets.errors import WiosError
from wios_assets.exports.formats import FORMATS
from wios_assets.notation import format_clock, format_length, format_percent
from wios_assets.page.name_updates import NameUpdates
from wios_assets.page.proxies import link, route_path
from wios_assets.page.routes.common import (
    PageNumber,
    Router,
    chip_path,
    content_response,
    json_response,
    paged,
)
from wios_assets.page.routes.library import paging
from wios_assets.page.routes.media import STATIC
from wios_assets.page.state.catalog import Catalog
from wios_assets.page.state.film_map import page_data
from wios_assets.page.state.film_states import FilmStates
from wios_assets.page.state.outliers import film_outliers
from wios_assets.page.state.review_lists import ListName, Review, read_review_lists
from wios_assets.reviews.decisions import decision_sentence
from wios_assets.settings import Settings

_REVIEWS_PER_PAGE = 40
# Accuracy chart: size, margins and distance of tick labels in pixels of its SVG.
_CHART_WIDTH, _CHART_HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 68, 16, 16, 38
_MAX_TICKS = 6
_MIN_TICK_DISTANCE = 56


def template_environment(dagster: bool) -> Environment:
    """The templates. Every value is escaped; no template turns that off.

    Args:
        dagster: whether Dagster's page is served too, so that links to it lead somewhere.
    """
    environment = Environment(
        loader=PackageLoader("wios_assets.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clock": _clock,
        "part": _path_part,
        "percent": format_percent,
        "length_text": format_length,
        "size": _size,
    }
    environment.globals |= {
        "version": _static_version(),
        "dagster": dagster,
        "link": link,
        "chip": chip_path,
        "q": "",
    }
    return environment


def html_router(
    settings: Settings, catalog: Catalog, states: FilmStates, name_updates: NameUpdates, environment: Environment
) -> APIRouter:
    """Routes of the pages for viewers and reviewers."""
    router = Router(include_in_schema=False)

    def html(request: Request, template: str, **values: Any) -> Response:
        text = environment.get_template(template).render(path=route_path(request.scope), **values)
        return content_response(request, text.encode(), "text/html; charset=utf-8")

    @router.get("/film/{key:key}")
    def film_page(request: Request, key: str, t: Annotated[str, Query(max_length=40)] = "") -> Response:
        del t  # The page's script reads it.
        waiting = states.waiting(set(catalog.films()))
        if key in waiting:
            return html(request, "waiting.html", film=key, state=states.of(key, False))
        row = catalog.find(key)
        if row["film"] != key:
            return RedirectResponse(link(f"/film/{_path_part(row['film'])}"))
        return html(
            request,
            "film.html",
            film=row,
            map=catalog.map(row),
            playable=row["present"] and Path(row["path"]).is_file(),
            state=states.of(key, True),
            names=name_updates.state(key),
            cast={credit.actor for credit in catalog.cast(key)},
            outliers=film_outliers(catalog, key),
            exports=[(what, format) for what, formats in FORMATS.items() for format in formats],
        )

    @router.get("/data/{key:key}")
    def film_data(request: Request, key: str) -> Response:
        film = catalog.map(catalog.find(key))
        return json_response(request, page_data(film, catalog.cast(film.key)))

    @router.get("/review/{key:key}")
    def review_page(request: Request, key: str, show: ListName = "unnamed", page: PageNumber = 1) -> Response:
        row = catalog.find(key)
        lists = read_review_lists(catalog, row["film"])
        reviews: list[Review] = getattr(lists, show)
        shown, page, pages = paged(reviews, page, _REVIEWS_PER_PAGE)
        here = link(f"/review/{_path_part(row['film'])}")
        return html(
            request,
            "review.html",
            film=row,
            playable=row["present"] and Path(row["path"]).is_file(),
            size=_picture_size(catalog, row["film"]),
            show=show,
            reviews=shown,
            lists=lists,
            decision_sentence=decision_sentence,
            here=here,
            names=name_updates.state(row["film"]),
            people={person.actor: person for person in catalog.map(row).people},
            chart=accuracy_chart(lists.accuracy),
            pages=paging(here, "", page, pages, show=show if show != "unnamed" else ""),
        )

    return router


def accuracy_chart(accuracy: pd.DataFrame) -> dict[str, Any]:
    """Geometry of the chart of accuracy over the first 10, 20, 30 … intervals.

    Args:
        accuracy: see `reviews.accuracy.checked_top`.

    Returns:
        width and height in pixels; `lines`, each with name, path (None where nothing was checked) and points; `ticks`
        and `levels`, each with position and text; `rows`, those of `accuracy`; `checked`, the number of checked names.
    """
    rows = accuracy.to_dict("records")
    most = max((int(row["top"]) for row in rows), default=1)

    def x_of(count: float) -> float:
        return round(_LEFT + (_CHART_WIDTH - _LEFT - _RIGHT) * count / most, 1)

    def y_of(share: float) -> float:
        return round(_CHART_HEIGHT - _BOTTOM - (_CHART_HEIGHT - _TOP - _BOTTOM) * share, 1)

    lines = []
    for name in ("longest", "surest"):
        points = [(x_of(row["top"]), y_of(row[name])) for row in rows if not math.isnan(row[name])]
        path = "M" + "L".join(f"{x} {y}" for x, y in points) if points else None
        lines.append({"name": name, "path": path, "points": points})
    step = max(1, math.ceil(len(rows) / _MAX_TICKS))
    ticks = [*rows[step - 1 : -1 : step], *rows[-1:]]
    if len(ticks) > 1 and x_of(ticks[-1]["top"]) - x_of(ticks[-2]["top"]) < _MIN_TICK_DISTANCE:
        del ticks[-2]
    return {
        "width": _CHART_WIDTH,
        "height": _CHART_HEIGHT,
        "left": _LEFT,
        "right": _CHART_WIDTH - _RIGHT,
        "bottom": _CHART_HEIGHT - _BOTTOM,
        "lines": lines,
        "ticks": [{"at": x_of(row["top"]), "text": str(int(row["top"]))} for row in ticks],
        "levels": [{"at": y_of(level / 4), "text": format_percent(level / 4)} for level in range(5)],
        "rows": rows,
        "checked": int(rows[-1]["longest_checked"]) if rows else 0,
    }


def _clock(seconds: float) -> str:
    """`01:02:03`, as the command line and exports write it."""
    return format_clock(math.floor(max(0.0, seconds)))


def _size(count: int) -> str:
    """Bytes as `12 MB` or `3.4 GB`."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _picture_size(catalog: Catalog, film: str) -> tuple[int, int] | None:
    """Width and height of a film in pixels; None where they are not stored."""
    with suppress(WiosError):
        for row in catalog.film_rows("film", film, "SELECT width, height FROM film WHERE film = $film"):
            return (row["width"], row["height"]) if row["width"] and row["height"] else None
    return None


def _path_part(text: str) -> str:
    """Text as one part of a path."""
    return quote(text, safe="")


def _static_version() -> str:
    """Changes with every static file, so that browsers may keep them for long."""
    newest = max(file.stat().st_mtime_ns for file in STATIC.iterdir())
    return f"{newest:x}"
