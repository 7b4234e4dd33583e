"""The API of reviews: what to review, making and undoing decisions, and the accuracy of the names."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wios_assets.errors import BadInput, Conflict, NotFound
from wios_assets.lake.library import Row
from wios_assets.page import models
from wios_assets.page.name_updates import NameUpdates
from wios_assets.page.proxies import link
from wios_assets.page.routes.common import (
    REFUSALS,
    FilmKey,
    PageNumber,
    PageSize,
    Router,
    SearchQuery,
    chip_path,
    json_response,
    paged,
)
from wios_assets.page.state.catalog import Catalog
from wios_assets.page.state.film_map import number_or_none
from wios_assets.page.state.people import suggest, suggest_of_imdb
from wios_assets.page.state.person_tracks import count_followers, tracks_of
from wios_assets.page.state.review_lists import ListName, Review, ReviewLists, read_review_lists
from wios_assets.reviews.decisions import AlreadyDecided, Decision, UnknownDecision, decide, decision_sentence, undo
from wios_assets.reviews.person_lookup import person_meant

_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": models.Conflict, "description": "Decided, undone or analysed again since the tracks were listed"}
}
ShowList = Annotated[
    ListName, Query(description="unnamed: tracks without a name; named: names to check; decided: decisions")
]


class ReviewConflict(Conflict):
    """The tracks changed since the reviewer saw them; `document` is the answer's content beside the reason."""

    def __init__(self, reason: str, token: str, decision: Decision | None = None) -> None:
        super().__init__(reason)
        entry = decision_entry(decision) if decision is not None else None
        self.document = {"decision": entry, "revision": token}


class _JsonRoute(APIRoute):
    """A route that accepts only requests declared as JSON, which a form of another site cannot send."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if request.method == "POST" and media_type != "application/json":
                return JSONResponse({"reason": "send JSON with the header content-type: application/json"}, 415)
            return await handle(request)

        return checked


def reviews_router(catalog: Catalog, name_updates: NameUpdates) -> APIRouter:
    """Routes over the decisions on films of `catalog`; `name_updates` works them into the names."""
    router = Router(prefix="/api", tags=["WIOS"], responses=REFUSALS, route_class=_JsonRoute)

    @router.get("/films/{film:key}/reviews", response_model=models.ReviewList, summary="What to look at and decide")
    def list_reviews(
        request: Request, film: FilmKey, show: ShowList = "unnamed", page: PageNumber = 1, per_page: PageSize = 50
    ) -> Response:
        key = catalog.find(film)["film"]
        lists = read_review_lists(catalog, key)
        reviews: list[Review] = getattr(lists, show)
        shown, page, pages = paged(reviews, page, per_page)
        names = name_updates.state(key)
        return json_response(
            request,
            {
                "film": key,
                "show": show,
                "total": len(reviews),
                "page": page,
                "pages": pages,
                "revision": lists.token,
                "names": {"state": names.kind, "reason": names.reason},
                "reviews": [review_entry(key, review) for review in shown],
            },
        )

    @router.post(
        "/films/{film:key}/reviews",
        response_model=models.DecisionMade,
        status_code=201,
        responses=_CONFLICT,
        summary="Decide who tracks show",
    )
    def make_decision(film: FilmKey, new: models.NewDecision) -> Response:
        row = catalog.find(film)
        key = row["film"]
        before = catalog.decisions.of(key)
        seen = before.seen_revision(new.revision)
        if seen is None:
            raise ReviewConflict("the film was analysed again since you looked; reload the page", before.token(0))
        person = _person(catalog, row, new)
        tracks = _tracks(catalog, row, new)
        try:
            decision, *_ = decide(
                catalog.settings.data,
                catalog.settings.lake,
                key,
                tracks,
                new.verdict,
                person,
                everywhere=new.everywhere and new.verdict == "is",
                portrait=new.portrait and new.verdict == "is",
                by=new.by,
                seen=seen,
                faces=catalog.decisions.faces(key),
            )
        except AlreadyDecided as error:
            reason = f"{decision_sentence(error.decision)}; decide again to overrule that"
            raise ReviewConflict(reason, before.token(error.decision.newest), error.decision) from None
        name_updates.ask(key)
        token = catalog.decisions.of(key).token(decision.revision)
        value = {
            "id": decision.id,
            "sentence": decision_sentence(decision),
            "person": person,
            "tracks": tracks,
            "revision": token,
        }
        return JSONResponse(value, status_code=201)

    @router.post(
        "/films/{film:key}/reviews/{decision}/undo",
        response_model=models.DecisionMade,
        responses=_CONFLICT,
        summary="Undo a decision",
    )
    def undo_decision(
        film: FilmKey, decision: Annotated[str, Path(description="Id of the decision")], who: models.Reviewer
    ) -> Response:
        key = catalog.find(film)["film"]
        before = catalog.decisions.of(key)
        known = next((each for each in before.all if each.id == decision), None)
        if known is None:
            raise NotFound(f"the film {key!r} has no decision {decision!r}")
        try:
            undone, *_ = undo(catalog.settings.data, key, decision, who.by)
        except UnknownDecision as error:
            raise ReviewConflict(str(error), before.token(known.newest), known) from None
        name_updates.ask(key)
        after = catalog.decisions.of(key)
        tracks = after.tracks_of(decision)
        value = {"id": decision, "sentence": decision_sentence(undone), "person": undone.person, "tracks": tracks}
        return JSONResponse({**value, "revision": after.token_on(tracks)})

    @router.get("/films/{film:key}/names", response_model=models.NamesState, summary="Whether names follow decisions")
    def names_state(
        request: Request,
        film: FilmKey,
        decision: Annotated[
            str | None, Query(max_length=64, description="Id of a decision, to count what followed")
        ] = None,
    ) -> Response:
        key = catalog.find(film)["film"]
        state = name_updates.state(key)
        followed = count_followers(catalog, key, decision) if decision is not None else None
        return json_response(request, {"state": state.kind, "reason": state.reason, "followed": followed})

    @router.get("/films/{film:key}/tracks", response_model=models.PersonTracks, summary="The tracks of a person")
    def person_tracks(
        request: Request,
        film: FilmKey,
        person: Annotated[str, Query(max_length=200, description="Name, or unknown:<n>")],
    ) -> Response:
        key = catalog.find(film)["film"]
        decisions = catalog.decisions.of(key)
        tracks = [
            {
                "track": row["track"],
                "start_s": round(row["start_s"], 3),
                "end_s": round(row["end_s"], 3),
                "probability": number_or_none(row["probability"], 4),
                "chip": chip_path(key, row["best_face"]) if row["best_face"] is not None else None,
                "decided": any(each.undone_at is None for each in decisions.by_track.get(row["track"], ())),
            }
            for row in tracks_of(catalog, key, person)
        ]
        if not tracks:
            raise NotFound(f"the film {key!r} shows nobody called {person!r}; reload the page")
        value = {"person": person, "tracks": tracks, "revision": decisions.token(decisions.revision)}
        return json_response(request, value)

    @router.get("/films/{film:key}/people", response_model=models.SuggestionList, summary="People who may be meant")
    def people(
        request: Request,
        film: FilmKey,
        q: SearchQuery = "",
        imdb: Annotated[bool, Query(description="Search IMDB's names, and only these")] = False,
    ) -> Response:
        row = catalog.find(film)
        suggestions = suggest_of_imdb(catalog, q) if imdb else suggest(catalog, row, q)
        entries = [
            {
                "name": each.name,
                "source": each.source,
                "detail": each.detail,
                "picture": chip_path(row["film"], each.face)
                if each.face is not None
                else link(f"/portrait/{quote(each.key, safe='')}")
                if each.key is not None
                else None,
            }
            for each in suggestions
        ]
        return json_response(request, {"people": entries})

    @router.get(
        "/films/{film:key}/accuracy",
        response_model=models.Accuracy,
        summary="Accuracy of the names, as far as people checked them",
    )
    def accuracy(request: Request, film: FilmKey) -> Response:
        key = catalog.find(film)["film"]
        return json_response(request, {"film": key, "top": accuracy_entries(read_review_lists(catalog, key))})

    return router


def review_entry(film: str, review: Review) -> dict[str, Any]:
    """A review as the API lists it."""
    return {
        "tracks": list(review.tracks),
        "start_s": round(review.start_s, 3),
        "end_s": round(review.end_s, 3),
        "seconds": round(review.seconds, 3),
        "now": review.outcome,
        "person": review.person,
        "proposal": review.proposal,
        "perhaps": [{**each, "probability": round(each["probability"], 4)} for each in review.perhaps],
        "nearest": review.nearest,
        "distance": number_or_none(review.distance, 4),
        "runner_up": review.runner_up,
        "probability": number_or_none(review.probability, 4),
        "reason": review.reason,
        "chips": [chip_path(film, face) for face in review.faces],
        "decisions": [decision_entry(decision) for decision in review.decisions],
        "revision": review.token,
    }


def decision_entry(decision: Decision) -> dict[str, Any]:
    """A decision as the API lists it."""
    shown = {"id", "verdict", "person", "everywhere", "decided_by", "decided_at", "undone_by", "undone_at"}
    return {**decision.model_dump(mode="json", include=shown), "sentence": decision_sentence(decision)}


def accuracy_entries(lists: ReviewLists) -> list[dict[str, Any]]:
    """The share of correct names among the first 10, 20, 30 … intervals, of those that were checked."""
    return [
        {
            "top": int(row["top"]),
            **{f"{order}_checked": int(row[f"{order}_checked"]) for order in ("longest", "surest")},
            **{order: number_or_none(float(row[order]), 4) for order in ("longest", "surest")},
        }
        for row in lists.accuracy.to_dict("records")
    ]


def _person(catalog: Catalog, film: Row, new: models.NewDecision) -> str | None:
    """The person of a new decision, by the name that the film has.

    Raises:
        BadInput: the verdict needs a person and none is given, or the other way round, or nobody has the name.
    """
    if new.verdict in ("not_a_face", "hidden"):
        if new.person is not None:
            raise BadInput(f"person: `{new.verdict}` names nobody; leave the person out")
        return None
    if new.person is None:
        raise BadInput("person: name the person that it is, or is not")
    # An unknown person of the film is who it is, where two of them are one; nobody can be refused by a number.
    kinds = ("cast", "unknown") if new.verdict == "is" else ("cast",)
    seen = [person.actor for person in catalog.map(film).people if person.kind in kinds]
    cast = [credit.actor for credit in catalog.cast(film["film"])]
    return person_meant([*cast, *seen], new.person, new=new.new)


def _tracks(catalog: Catalog, film: Row, new: models.NewDecision) -> list[int]:
    """The tracks of a new decision that have a face with an embedding; those that are given by number, unchecked.

    Raises:
        BadInput: none are meant. NotFound: a person is not in the film.
    """
    tracks = list(new.tracks)
    for person in new.people:
        own = [row["track"] for row in tracks_of(catalog, film["film"], person) if row["best_face"] is not None]
        if not own:
            raise NotFound(f"the film {film['film']!r} shows nobody called {person!r}; reload the page")
        tracks += own
    if not tracks:
        raise BadInput("tracks: name at least one track, or one of `people`")
    return list(dict.fromkeys(tracks))
