"""What the API answers with; these models are its documentation under /api/openapi.json."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from wios_assets.exports.documents import Kind, Seconds, Share
from wios_assets.page.state.review_lists import Show
from wios_assets.reviews.decisions import Verdict

ReviewersName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]


class Reason(BaseModel):
    """Why a request was not answered."""

    reason: str = Field(description="One line that names the thing, the place and the remedy")


class FilmEntry(BaseModel):
    key: str = Field(description="The film's key")
    title: str | None = Field(description="Title")
    year: int | None = Field(description="Year of release, if known")
    tconst: str | None = Field(description="IMDB's key of the title, if matched")
    duration_s: Seconds | None = Field(description="Length in seconds; null until the film is ready")
    present: bool = Field(description="False once the video file is gone")
    state: Literal["queued", "running", "ready", "failed"] = Field(description="How far the film is")
    progress: Share | None = Field(description="Share of the video analysed while a run is at it, 0 to 1")
    reason: str | None = Field(description="Why the newest run failed, if it did")
    people: int = Field(description="Cast members seen")
    unknown_people: int = Field(description="People seen that are not in the cast")
    appearances: int = Field(description="Number of appearances")
    found: list[str] = Field(description="Cast members that the search found in the film")


class FilmList(BaseModel):
    """One page of the films that a search found, by title."""

    total: int = Field(description="Films found")
    page: int = Field(description="This page, from 1")
    pages: int = Field(description="Number of pages, at least 1")
    films: list[FilmEntry]


class OnScreen(BaseModel):
    """Someone on screen at the instant."""

    actor: str = Field(description="Name, as IMDB or the cast given by hand has it, or unknown:<n>")
    kind: Kind = Field(description="cast, or unknown for a person that is not in the cast")
    nconst: str | None = Field(description="IMDB's key of the person, if known")
    character: str | None = Field(description="Character played, if known")
    probability: Share | None = Field(description="Probability that the name is right, 0 to 1")
    start_s: Seconds = Field(description="Start of the appearance, seconds on the player's clock")
    end_s: Seconds = Field(description="End of the appearance; not part of it")
    distance: Share | None = Field(description="Distance to the person's gallery; null for unknown people")
    runner_up: str | None = Field(description="Next cast member")
    runner_up_distance: Share | None = Field(description="Distance to the next cast member's gallery")
    photos: list[str] = Field(description="Photos that matched best")
    reason: str | None = Field(description="Why it has that name, in a sentence")
    chip: str | None = Field(description="Path of the appearance's best face chip, a JPEG")


class Who(BaseModel):
    """Who is on screen at an instant: cast first, the surest first."""

    film: str = Field(description="The film's key")
    time_s: Seconds = Field(description="The instant asked about, seconds on the player's clock")
    people: list[OnScreen]


class DecisionEntry(BaseModel):
    id: str = Field(description="What is undone together")
    verdict: Verdict = Field(description="is: shows the person; is_not: does not; not_a_face: shows no face")
    person: str | None = Field(description="Who it is, or is not")
    everywhere: bool = Field(description="Whether like tracks without a name are the person, too")
    decided_by: str | None = Field(description="Who decided")
    decided_at: str = Field(description="When, in UTC")
    undone_by: str | None = Field(description="Who took it back")
    undone_at: str | None = Field(description="When it was taken back; null while it holds")
    said: str = Field(description="All of that in a sentence")


class ReviewEntry(BaseModel):
    """Tracks that one decision settles: a weak one, all of an unknown person's, or those of a named interval."""

    tracks: list[int] = Field(description="Numbers of the tracks")
    start_s: Seconds = Field(description="First instant of the longest, seconds on the player's clock")
    end_s: Seconds = Field(description="Its end")
    seconds: Seconds = Field(description="How long all of them last")
    now: Literal["weak", "unknown", "named"] = Field(description="weak, unknown for nobody of the cast, or named")
    person: str | None = Field(description="The name, or unknown:<n>")
    proposal: str | None = Field(description="Who it may be: the name, else the nearest who was not refused")
    nearest: str | None = Field(description="Cast member with the smallest distance")
    distance: float | None = Field(description="Distance to that cast member's gallery")
    runner_up: str | None = Field(description="Next cast member")
    probability: Share | None = Field(description="Probability of the name, or of the likeliest one")
    reason: str | None = Field(description="Why it has that name or none, in a sentence")
    chips: list[str] = Field(description="Paths of the best face chips, JPEGs")
    decisions: list[DecisionEntry] = Field(description="What people decided on them, the oldest first")
    revision: str = Field(description="State that a decision on them is to be sent with")


class NamesState(BaseModel):
    state: Literal["done", "waiting", "running", "failed"] = Field(description="Whether names follow the decisions")
    reason: str | None = Field(description="Why they do not, if that failed")


class ReviewList(BaseModel):
    """One page of what to look at."""

    film: str = Field(description="The film's key")
    show: Show = Field(description="Which list this is")
    total: int = Field(description="Entries of the list")
    page: int = Field(description="This page, from 1")
    pages: int = Field(description="Number of pages, at least 1")
    revision: str = Field(description="State of all decisions on the film")
    names: NamesState = Field(description="Working the names out anew after decisions")
    reviews: list[ReviewEntry]


class Reviewer(BaseModel):
    by: ReviewersName | None = Field(default=None, description="Who decides")


class NewDecision(Reviewer):
    """What a person decides about tracks."""

    tracks: list[Annotated[int, Field(ge=0, lt=2**63)]] = Field(
        min_length=1, max_length=20_000, description="Numbers of the tracks"
    )
    verdict: Verdict = Field(description="is: shows the person; is_not: does not; not_a_face: shows no face")
    person: str | None = Field(default=None, max_length=200, description="Who it is, or is not")
    new: bool = Field(default=False, description="Whether the person may be nobody of the cast")
    everywhere: bool = Field(default=False, description="Whether like tracks without a name are the person, too")
    revision: str = Field(max_length=80, description="The `revision` that came with the tracks: what you have seen")


class DecisionMade(BaseModel):
    id: str = Field(description="What is undone together")
    said: str = Field(description="The decision in a sentence")
    person: str | None = Field(description="The person as the cast has the name")
    tracks: list[int] = Field(description="Numbers of the tracks")
    revision: str = Field(description="State of these tracks now")


class Conflict(Reason):
    """Somebody decided since you looked; send `revision` to decide all the same."""

    decision: DecisionEntry | None = Field(description="What was decided; null where the film was analysed anew")
    revision: str = Field(description="State of the tracks now")


class TopEntry(BaseModel):
    top: int = Field(description="So many intervals, the first in their order")
    longest_checked: int = Field(description="How many of the longest were checked")
    longest: Share | None = Field(description="Share of these that is right")
    surest_checked: int = Field(description="How many of the most probable were checked")
    surest: Share | None = Field(description="Share of these that is right")


class Accuracy(BaseModel):
    """How right the named intervals are, as far as people checked them."""

    film: str = Field(description="The film's key")
    top: list[TopEntry] = Field(description="For 10, 20, 30 … and all intervals")


class ActorFilm(BaseModel):
    key: str = Field(description="The film's key")
    title: str | None = Field(description="Title")
    year: int | None = Field(description="Year of release, if known")
    character: str | None = Field(description="Character played, if known")
    seconds: Seconds = Field(description="Seconds on screen")
    share: Share = Field(description="Share of the film, 0 to 1")
    appearances: int = Field(description="Number of appearances")


class Companion(BaseModel):
    actor: str = Field(description="Name of someone who was on screen at the same time")
    key: str = Field(description="IMDB's key of that person, or the name")
    seconds: Seconds = Field(description="Seconds on screen together, over all films")


class ActorEntry(BaseModel):
    key: str = Field(description="IMDB's key of the person, or the name where there is none")
    actor: str = Field(description="Name")
    nconst: str | None = Field(description="IMDB's key of the person, if known")
    seconds: Seconds = Field(description="Seconds on screen, over all films")
    films: int = Field(description="Number of films")


class ActorList(BaseModel):
    """Cast members seen in any film, the longest on screen first."""

    total: int = Field(description="Actors found")
    page: int = Field(description="This page, from 1")
    pages: int = Field(description="Number of pages, at least 1")
    actors: list[ActorEntry]


class ActorSheet(ActorEntry):
    """A cast member: films, and with whom on screen."""

    in_films: list[ActorFilm] = Field(description="By seconds on screen")
    companions: list[Companion] = Field(description="The longest together first, 20 at most")


class ColumnEntry(BaseModel):
    name: str = Field(description="Name of the column")
    type: str = Field(description="Arrow type")
    meaning: str = Field(description="What a value means, with its unit")


class TableEntry(BaseModel):
    """A table of the lake."""

    table: str = Field(description="Name of the table")
    row: str = Field(description="What one row is")
    columns: list[ColumnEntry]
