"""What the API takes and answers; these models are its documentation under /api/openapi.json."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from wios_assets.exports.documents import LikelyName, Person, Seconds, Share
from wios_assets.films.sidecar import TCONST
from wios_assets.page.state.review_lists import ListName
from wios_assets.reviews.decisions import VERDICTS, Verdict

ReviewersName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]


class Reason(BaseModel):
    """Why a request was refused."""

    reason: str = Field(description="One line that names the thing, the place and the remedy")


class Paged(BaseModel):
    """One page of a longer list."""

    total: int = Field(description="Entries on all pages")
    page: int = Field(description="This page, from 1")
    pages: int = Field(description="Number of pages, at least 1")


class FilmEntry(BaseModel):
    key: str = Field(description="The film's key")
    series: str | None = Field(description="Series of an episode, with its year if known")
    season: int | None = Field(description="Season of an episode, 0 for specials; null for absolute numbers")
    title: str | None = Field(description="Title")
    year: int | None = Field(description="Year of release, if known")
    tconst: str | None = Field(description="IMDB's key of the title, if matched")
    duration_s: Seconds | None = Field(description="Length in seconds; null until the film is ready")
    present: bool = Field(description="False once the video file is gone")
    state: Literal["queued", "running", "ready", "failed"] = Field(description="State of the film")
    progress: Share | None = Field(description="Share of the video analysed, during a run, 0 to 1")
    reason: str | None = Field(description="Why the newest run failed, if it did")
    run: str | None = Field(description="Id of the newest run in Dagster")
    stale: bool = Field(description="Whether an older engine, other settings or older inputs made results of the film")
    stale_tables: list[str] = Field(description="Tables with such results; `wios run --stale` renews them")
    people: int = Field(description="Cast members seen")
    unknown_people: int = Field(description="People seen that are not in the cast")
    appearances: int = Field(description="Number of appearances")
    unknown_share: Share | None = Field(description="Unknown people's share of all time on screen, 0 to 1")
    added_at: str | None = Field(description="When the file came to its place, ISO 8601, UTC; null where it is gone")
    found: list[str] = Field(description="Cast members in the film that match the search")


class FilmList(Paged):
    """One page of the films that match a search, by title."""

    films: list[FilmEntry]


class PersonInSeries(BaseModel):
    rank: int = Field(description="Place by seconds on screen, from 1")
    actor: str = Field(description="Name")
    nconst: str | None = Field(description="IMDB's key of the person, if known")
    character: str | None = Field(description="Characters played, if known")
    seconds: Seconds = Field(description="Seconds on screen, over all episodes")
    share: Share = Field(description="Share of the length of all episodes, 0 to 1")
    appearances: int = Field(description="Number of appearances")
    films: int = Field(description="Episodes that the person is in")


class SeriesScreenTime(BaseModel):
    """Screen time over the analysed episodes of a season or series; people outside the cast are left out."""

    episodes: list[str] = Field(description="Keys of the episodes, in order")
    people: list[PersonInSeries] = Field(description="Cast members, the longest on screen first")


class OnScreen(Person):
    """A person on screen at the instant."""

    probability: Share | None = Field(description="Probability that the name is right, 0 to 1")
    start_s: Seconds = Field(description="Start of the appearance, seconds on the player's clock")
    end_s: Seconds = Field(description="End of the appearance; not part of it")
    distance: Share | None = Field(description="Distance to the person's gallery; null for unknown people")
    runner_up: str | None = Field(description="Cast member with the second smallest distance")
    runner_up_distance: Share | None = Field(description="Distance to that cast member's gallery")
    photos: list[str] = Field(description="Photos that matched best")
    reason: str | None = Field(description="Evidence for the name, in a sentence")
    perhaps: list[LikelyName] = Field(description="Likeliest names of an unknown person, the likeliest first")
    numbers: list[int] = Field(description="Numbers n by which the person is, or was, unknown:<n>; the present first")
    chip: str | None = Field(description="Path of the appearance's best face chip, a JPEG")


class Who(BaseModel):
    """Who is on screen at an instant: cast first, by probability."""

    film: str = Field(description="The film's key")
    time_s: Seconds = Field(description="The instant asked about, seconds on the player's clock")
    readable: bool = Field(description="False where the video is damaged, so that nobody seen is not nobody there")
    people: list[OnScreen]


class DecisionEntry(BaseModel):
    id: str = Field(description="Id of the decision; undoing takes it")
    verdict: Verdict = Field(description=VERDICTS)
    person: str | None = Field(description="The person that it is, or is not")
    everywhere: bool = Field(description="Whether similar unnamed tracks are the person as well")
    decided_by: str | None = Field(description="Who decided")
    decided_at: str = Field(description="When, in UTC")
    undone_by: str | None = Field(description="Who undid it")
    undone_at: str | None = Field(description="When it was undone; null while it is active")
    sentence: str = Field(description="The decision in a sentence")


class ReviewEntry(BaseModel):
    """Tracks decided on together: a weak one, all of an unknown person's, or those of a named interval."""

    tracks: list[int] = Field(description="Numbers of the tracks")
    start_s: Seconds = Field(description="Start of the longest track, seconds on the player's clock")
    end_s: Seconds = Field(description="Its end")
    seconds: Seconds = Field(description="Total length of the tracks")
    now: Literal["weak", "unknown", "named"] = Field(description="Outcome: weak, unknown (nobody of the cast) or named")
    person: str | None = Field(description="The name, or unknown:<n>")
    proposal: str | None = Field(description="The name, else the likeliest or nearest cast member not refused")
    perhaps: list[LikelyName] = Field(description="Likeliest names that nobody refused, the likeliest first")
    nearest: str | None = Field(description="Cast member with the smallest distance")
    distance: float | None = Field(description="Distance to that cast member's gallery")
    runner_up: str | None = Field(description="Cast member with the second smallest distance")
    probability: Share | None = Field(description="Probability of the name, or of the most probable one")
    reason: str | None = Field(description="Evidence for the outcome, in a sentence")
    chips: list[str] = Field(description="Paths of the best face chips, JPEGs")
    decisions: list[DecisionEntry] = Field(description="Decisions on the tracks, oldest first")
    revision: str = Field(description="To be sent with a decision on the tracks")


class NamesState(BaseModel):
    state: Literal["done", "waiting", "running", "failed"] = Field(description="Whether names include all decisions")
    reason: str | None = Field(description="Why the names could not be updated, if that failed")
    followed: int | None = Field(
        default=None, description="Tracks that a run named because of the decision asked about; null for none asked"
    )


class ReviewList(Paged):
    """One page of a review list."""

    film: str = Field(description="The film's key")
    show: ListName = Field(description="Which list this is")
    revision: str = Field(description="State of all decisions on the film")
    names: NamesState = Field(description="Updating the names after decisions")
    reviews: list[ReviewEntry]


class Reviewer(BaseModel):
    by: ReviewersName | None = Field(default=None, description="Who decides")


class NewDecision(Reviewer):
    """A decision on tracks, or on all tracks of people of the film."""

    tracks: list[Annotated[int, Field(ge=0, lt=2**63)]] = Field(
        default=[], max_length=20_000, description="Numbers of the tracks"
    )
    people: list[Annotated[str, Field(max_length=200)]] = Field(
        default=[], max_length=1000, description="People, or unknown:<n>, all of whose tracks are meant"
    )
    verdict: Verdict = Field(description=VERDICTS)
    person: str | None = Field(
        default=None,
        max_length=200,
        description="The person that it is, or is not; unknown:<n> makes it one with that unknown person of the film",
    )
    new: bool = Field(default=False, description="Whether the person may be outside the cast")
    everywhere: bool = Field(default=False, description="Whether similar unnamed tracks are the person as well")
    portrait: bool = Field(default=False, description="Whether the tracks' best face stands for the person")
    revision: str = Field(max_length=80, description="The `revision` that was listed with the tracks")


class DecisionMade(BaseModel):
    id: str = Field(description="Id of the decision; undoing takes it")
    sentence: str = Field(description="The decision in a sentence")
    person: str | None = Field(description="The person, by the name that the cast has")
    tracks: list[int] = Field(description="Numbers of the tracks")
    revision: str = Field(description="Present state of these tracks")


class SuggestionEntry(BaseModel):
    name: str = Field(description="Name, or unknown:<n> for an unknown person of the film")
    source: Literal["cast", "film", "unknown", "elsewhere", "imdb"] = Field(
        description="cast; film: named in it, not of the cast; unknown: of it; elsewhere: in other films; imdb"
    )
    detail: str | None = Field(description="Character, number of films, or profession and year of birth")
    picture: str | None = Field(description="Path of a picture of the person, a JPEG")


class SuggestionList(BaseModel):
    """People who may be meant by what somebody types."""

    people: list[SuggestionEntry]


class TrackEntry(BaseModel):
    track: int = Field(description="Number of the track")
    start_s: Seconds = Field(description="Start, seconds on the player's clock")
    end_s: Seconds = Field(description="Its end")
    probability: Share | None = Field(description="Probability of the name")
    chip: str | None = Field(description="Path of its best face chip, a JPEG")
    decided: bool = Field(description="Whether somebody decided on it")


class PersonTracks(BaseModel):
    """The tracks of a person of a film, by start."""

    person: str = Field(description="Name, or unknown:<n>")
    tracks: list[TrackEntry]
    revision: str = Field(description="To be sent with a decision on them")


class Conflict(Reason):
    """Somebody decided since the tracks were listed; send `revision` to decide anyway."""

    decision: DecisionEntry | None = Field(description="That decision; null where the film was analysed again")
    revision: str = Field(description="Present state of the tracks")


class TopEntry(BaseModel):
    top: int = Field(description="Number of intervals, the first in the order")
    longest_checked: int = Field(description="Checked ones among the longest intervals")
    longest: Share | None = Field(description="Share of these that is correct")
    surest_checked: int = Field(description="Checked ones among the most probable intervals")
    surest: Share | None = Field(description="Share of these that is correct")


class Accuracy(BaseModel):
    """Accuracy of the named intervals, as far as people checked them."""

    film: str = Field(description="The film's key")
    top: list[TopEntry] = Field(description="For 10, 20, 30 … and all intervals")


class SceneEntry(BaseModel):
    """A scene that answers a question over all films."""

    film: str = Field(description="The film's key")
    title: str | None = Field(description="Title")
    year: int | None = Field(description="Year of release, if known")
    start_s: Seconds = Field(description="Start, seconds on the player's clock")
    end_s: Seconds = Field(description="End; not part of it")
    seconds: Seconds = Field(description="Length")
    together_s: Seconds = Field(description="Seconds in which all people asked for are in the picture at once")
    on_screen_s: list[Seconds] = Field(description="Seconds in the picture of each of them, in the order asked")
    probability: Share | None = Field(description="Probability of the least sure of their names, 0 to 1")
    link: str = Field(description="Path of the film's page at the start of the scene")


class SceneList(Paged):
    """One page of the scenes that answer a question."""

    people: list[str] = Field(description="Names of the people who are in the scenes")
    without: list[str] = Field(description="Names of the people who are not")
    films: int = Field(description="Films that they are in")
    seconds: Seconds = Field(description="Their length in all")
    scenes: list[SceneEntry]


class ActorFilm(BaseModel):
    key: str = Field(description="The film's key")
    title: str | None = Field(description="Title")
    year: int | None = Field(description="Year of release, if known")
    character: str | None = Field(description="Character played, if known")
    seconds: Seconds = Field(description="Seconds on screen")
    share: Share = Field(description="Share of the film, 0 to 1")
    appearances: int = Field(description="Number of appearances")


class Companion(BaseModel):
    actor: str = Field(description="Name of a person on screen at the same time")
    key: str = Field(description="IMDB's key of that person, or the name")
    seconds: Seconds = Field(description="Seconds on screen together, over all films")


class SeenActorEntry(BaseModel):
    key: str = Field(description="IMDB's key of the person, or the name where there is none")
    actor: str = Field(description="Name")
    seconds: Seconds = Field(description="Seconds on screen, over all films")
    films: int = Field(description="Number of films")


class ActorEntry(SeenActorEntry):
    nconst: str | None = Field(description="IMDB's key of the person, if known")


class ActorList(Paged):
    """Cast members seen in any film, by seconds on screen."""

    actors: list[ActorEntry]


class ActorSheet(ActorEntry):
    """A cast member: films, and people on screen at the same time."""

    in_films: list[ActorFilm] = Field(description="By seconds on screen")
    companions: list[Companion] = Field(description="By seconds together, 20 at most")


class ToReviewEntry(BaseModel):
    film: str = Field(description="The film's key")
    title: str = Field(description="Title")
    weak: int = Field(description="Tracks too weak to be named or called unknown")
    unknown: int = Field(description="People that are not in the cast")


class RecentRunEntry(BaseModel):
    run: str = Field(description="Id of the run in Dagster")
    film: str = Field(description="The film's key")
    kind: Literal["queued", "running", "failed", "done"] = Field(description="State of the run")
    asked_s: float = Field(description="When it was asked for, seconds since the epoch")
    seconds: Seconds | None = Field(description="Seconds from start to end, or until now; null before the start")


class OverviewDocument(BaseModel):
    """Figures over the whole library."""

    films: int = Field(description="Films that are ready")
    hours: float = Field(description="Their length in hours")
    states: dict[str, int] = Field(description="Number of films by state, and of stale ones")
    named_share: Share | None = Field(description="Cast members' share of all time on screen, 0 to 1")
    unknown_share: Share | None = Field(description="Unknown people's share of it")
    most_seen: list[SeenActorEntry] = Field(description="Cast members, by seconds on screen")
    to_review: list[ToReviewEntry] = Field(description="Films with tracks that have no name, the most first")
    reviews: int = Field(description="Number of such films")
    runs: list[RecentRunEntry] = Field(description="Newest runs of films, the newest first")
    speed: float | None = Field(description="Hours of film analysed in an hour, over these runs")
    lake_bytes: int = Field(description="Size of the lake")
    free_bytes: int = Field(description="Free space on its disk")
    disk_bytes: int = Field(description="Size of its disk")


class PhotoEntry(BaseModel):
    photo: str = Field(description="Path of the photo")
    verdict: str = Field(description="used, or why not; waiting for one that was not judged yet")
    reason: str = Field(description="The verdict in a sentence")


class CastPhotosEntry(BaseModel):
    actor: str = Field(description="Name")
    nconst: str | None = Field(description="IMDB's key of the person, if known")
    character: str | None = Field(description="Character played, if known")
    photos: list[PhotoEntry] = Field(description="Photos that were found")
    usable: int = Field(description="Photos that naming uses")


class CastPhotosDocument(BaseModel):
    """The cast of a film in order of billing, with its photos."""

    film: str = Field(description="The film's key")
    cast: list[CastPhotosEntry]


class ColumnEntry(BaseModel):
    name: str = Field(description="Name of the column")
    type: str = Field(description="Arrow type")
    meaning: str = Field(description="What a value means, with its unit")


class TableEntry(BaseModel):
    """A table of the lake."""

    table: str = Field(description="Name of the table")
    row: str = Field(description="What one row is")
    columns: list[ColumnEntry]


class NewFilm(BaseModel):
    """A film to add: `file` and `size` of one to be sent, or `path` of one in the inbox."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    file: str | None = Field(default=None, min_length=1, max_length=500, description="Name of the file to be sent")
    size: int | None = Field(default=None, description="Its length in bytes")
    path: str | None = Field(default=None, min_length=1, max_length=1000, description="Path inside the inbox folder")
    name: str | None = Field(default=None, min_length=1, max_length=200, description="Key of the film")
    title: str | None = Field(default=None, min_length=1, max_length=300, description="Title")
    tconst: str | None = Field(default=None, pattern=TCONST, description="IMDB's key of the title")
    cast: list[Annotated[str, Field(min_length=1, max_length=200)]] | None = Field(
        default=None, min_length=1, max_length=500, description="Actors' names, nconsts or names of gallery folders"
    )
    gallery: str | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="Folder of photos, with a folder per actor, inside the galleries folder or the inbox",
    )


class RequestEntry(BaseModel):
    """A request to add a film, and its state."""

    id: str = Field(description="The request's id")
    asked_at: str = Field(description="Time of the request, ISO 8601, UTC")
    file: str = Field(description="Name of the file, or its path in the inbox")
    state: str = Field(description="uploading, waiting, frames, faces, names, ready or failed")
    share: float | None = Field(description="Share of the present step that is done, 0 to 1, where known")
    left_s: float | None = Field(description="Estimated seconds until the step is done, where known")
    reason: str | None = Field(description="Why it failed, or what it waits for")
    film: str | None = Field(description="The film's key, once it is in the inbox")
    page: str = Field(description="Path of the request's page, or of the film's page once it is ready")
    upload: str | None = Field(description="Path to PUT the film's bytes to; null once that has begun")


class RequestList(Paged):
    """One page of requests, newest first."""

    requests: list[RequestEntry]
