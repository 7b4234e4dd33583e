"""What the API answers with; these models are its documentation under /api/openapi.json."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from wios_assets.exports.documents import Kind, Seconds, Share


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
    chip: str | None = Field(description="Path of the appearance's best face chip, a JPEG")


class Who(BaseModel):
    """Who is on screen at an instant: cast first, the surest first."""

    film: str = Field(description="The film's key")
    time_s: Seconds = Field(description="The instant asked about, seconds on the player's clock")
    people: list[OnScreen]


class ReviewEntry(BaseModel):
    track: int = Field(description="Number of the track")
    start_s: Seconds = Field(description="First instant, seconds on the player's clock")
    end_s: Seconds = Field(description="End, seconds on the player's clock")
    decision: Literal["weak", "unknown"] = Field(description="weak, or unknown for a person who is not in the cast")
    person: str | None = Field(description="unknown:<n> where the decision is unknown")
    nearest: str | None = Field(description="Cast member with the smallest distance")
    distance: Share | None = Field(description="Distance to that cast member's gallery")
    runner_up: str | None = Field(description="Next cast member")
    reason: str | None = Field(description="Why the track has no name, in a sentence")
    chip: str | None = Field(description="Path of the track's best face chip, a JPEG")


class ReviewList(BaseModel):
    """Tracks without a name, the most useful to look at first."""

    film: str = Field(description="The film's key")
    total: int = Field(description="Number of such tracks")
    page: int = Field(description="This page, from 1")
    pages: int = Field(description="Number of pages, at least 1")
    tracks: list[ReviewEntry]


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
