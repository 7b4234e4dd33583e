"""The API of reviews: what to look at, decisions, taking them back, and how right the names are."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wios_assets.errors import WiosError
from wios_assets.lake.library import Row
from wios_assets.page import models
from wios_assets.page.renaming import Renaming
from wios_assets.page.routes.films import REFUSALS, FilmKey, PageNumber, PageSize, chip_path, find_film, page_of
from wios_assets.page.routes.responses import json_answer
from wios_assets.page.state.film_map import number_or_none
from wios_assets.page.state.library_cache import Shelf
from wios_assets.page.state.review_lists import Review, Reviews, Show, cast_of, reviews_of
from wios_assets.reviews.decisions import AlreadyDecided, Decision, UnknownDecision, decide, said, undo
from wios_assets.reviews.person_lookup import person_meant

_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": models.Conflict, "description": "Decided, taken back or analysed anew by another meanwhile"}
}
ShowReviews = Annotated[
    Show, Query(description="unnamed: tracks without a name; named: names to be checked; decided: what was decided")
]


class _Json(APIRoute):
    """A route whose requests say that they bring JSON, which no form of another site can."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if request.method == "POST" and kind != "application/json":
                return JSONResponse({"reason": "send JSON, and say so: content-type: application/json"}, 415)
            return await handle(request)

        return checked


def review_router(shelf: Shelf, renaming: Renaming) -> APIRouter:
    """Routes over the decisions on films of `shelf`."""
    router = APIRouter(prefix="/api", tags=["WIOS"], responses=REFUSALS, route_class=_Json)

    @router.get("/films/{film:key}/reviews", response_model=models.ReviewList, summary="What to look at and decide")
    def reviews(
        request: Request, film: FilmKey, show: ShowReviews = "unnamed", page: PageNumber = 1, per_page: PageSize = 50
    ) -> Response:
        row = find_film(shelf, film)
        found = reviews_of(shelf, row)
        entries: list[Review] = getattr(found, show)
        shown, page, pages = page_of(entries, page, per_page)
        value = {"film": row["film"], "show": show, "total": len(entries), "page": page, "pages": pages}
        names = renaming.state(row["film"])
        return json_answer(
            request,
            {
                **value,
                "revision": found.token,
                "names": {"state": names.kind, "reason": names.reason},
                "reviews": [review_entry(row["film"], each) for each in shown],
            },
        )

    @router.post(
        "/films/{film:key}/reviews",
        response_model=models.DecisionMade,
        status_code=201,
        responses=_CONFLICT,
        summary="Decide who tracks show",
    )
    def make(film: FilmKey, new: models.NewDecision) -> Response:
        row = find_film(shelf, film)
        key = row["film"]
        decided = shelf.decided.on(key)
        seen = decided.seen(new.revision)
        if seen is None:
            return _conflict("the film was analysed anew since you looked; load the page again", None, decided.token(0))
        try:
            person = _person(shelf, row, new)
            made = decide(
                shelf.settings.data,
                shelf.settings.lake,
                key,
                list(dict.fromkeys(new.tracks)),
                new.verdict,
                person,
                everywhere=new.everywhere and new.verdict == "is",
                by=new.by,
                seen=seen,
                faces=shelf.decided.faces(key),
            )
        except AlreadyDecided as conflict:
            token = decided.token(conflict.decision.newest)
            return _conflict(f"{said(conflict.decision)}; decide again to overrule that", conflict.decision, token)
        except WiosError as error:
            raise HTTPException(400, str(error)) from None
        renaming.ask(key)
        now = shelf.decided.on(key)
        value = {"id": made[0].id, "said": said(made[0]), "person": person, "tracks": new.tracks}
        return JSONResponse({**value, "revision": now.token(made[0].revision)}, status_code=201)

    @router.post(
        "/films/{film:key}/reviews/{decision}/undo",
        response_model=models.DecisionMade,
        responses=_CONFLICT,
        summary="Take a decision back",
    )
    def take_back(
        film: FilmKey, decision: Annotated[str, Path(description="Id of the decision")], who: models.Reviewer
    ) -> Response:
        key = find_film(shelf, film)["film"]
        decided = shelf.decided.on(key)
        if all(each.id != decision for each in decided.made):
            raise HTTPException(404, f"the film {key!r} has no decision {decision!r}")
        try:
            taken = undo(shelf.settings.data, key, decision, who.by)
        except UnknownDecision as error:
            newest = next(each for each in decided.made if each.id == decision)
            return _conflict(str(error), newest, decided.token(newest.newest))
        renaming.ask(key)
        now = shelf.decided.on(key)
        tracks = [track for track, made in now.by_track.items() if any(each.id == decision for each in made)]
        value = {"id": decision, "said": said(taken[0]), "person": taken[0].person, "tracks": tracks}
        return JSONResponse({**value, "revision": now.token(now.on(tracks))})

    @router.get("/films/{film:key}/names", response_model=models.NamesState, summary="Whether names follow decisions")
    def names(request: Request, film: FilmKey) -> Response:
        state = renaming.state(find_film(shelf, film)["film"])
        return json_answer(request, {"state": state.kind, "reason": state.reason})

    @router.get(
        "/films/{film:key}/accuracy",
        response_model=models.Accuracy,
        summary="How right the names are, as far as people checked them",
    )
    def accuracy(request: Request, film: FilmKey) -> Response:
        row = find_film(shelf, film)
        return json_answer(request, {"film": row["film"], "top": accuracy_entries(reviews_of(shelf, row))})

    return router


def review_entry(film: str, each: Review) -> dict[str, Any]:
    """A review as the API lists it."""
    return {
        "tracks": list(each.tracks),
        "start_s": round(each.start_s, 3),
        "end_s": round(each.end_s, 3),
        "seconds": round(each.seconds, 3),
        "now": each.now,
        "person": each.person,
        "proposal": each.proposal,
        "nearest": each.nearest,
        "distance": _number(each.distance),
        "runner_up": each.runner_up,
        "probability": _number(each.probability),
        "reason": each.reason,
        "chips": [chip_path(film, face) for face in each.faces],
        "decisions": [decision_entry(decision) for decision in each.decisions],
        "revision": each.token,
    }


def decision_entry(decision: Decision) -> dict[str, Any]:
    """A decision as the API lists it."""
    shown = {"id", "verdict", "person", "everywhere", "decided_by", "decided_at", "undone_by", "undone_at"}
    return {**decision.model_dump(mode="json", include=shown), "said": said(decision)}


def accuracy_entries(reviews: Reviews) -> list[dict[str, Any]]:
    """The share that is right among the first so many names, as far as they were checked."""
    return [
        {
            "top": int(row["top"]),
            **{f"{order}_checked": int(row[f"{order}_checked"]) for order in ("longest", "surest")},
            **{order: number_or_none(float(row[order]), 4) for order in ("longest", "surest")},
        }
        for row in reviews.top.to_dict("records")
    ]


def _person(shelf: Shelf, film: Row, new: models.NewDecision) -> str | None:
    if new.verdict == "not_a_face":
        if new.person is not None:
            raise WiosError("person: what is not a face is nobody; leave it out")
        return None
    if new.person is None:
        raise WiosError("person: say who it is, or is not")
    known = [person.actor for person in shelf.map(film).people if person.kind == "cast"]
    return person_meant([*cast_of(shelf, film["film"]), *known], new.person, new=new.new)


def _conflict(reason: str, decision: Decision | None, token: str) -> Response:
    shown = decision_entry(decision) if decision is not None else None
    return JSONResponse({"reason": reason, "decision": shown, "revision": token}, status_code=409)


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(float(value), 4)
