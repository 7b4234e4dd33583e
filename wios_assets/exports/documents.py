"""Exports in JSON: people with their instances, minutes with their people, or screen time.

The models document the format; `json_schema` gives them as JSON Schema. A document names its schema and version.
Within a version fields may be added, but not removed or changed in meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from wios_assets.lake.library import Row

Seconds = Annotated[float, PlainSerializer(lambda value: round(value, 3))]
Share = Annotated[float, PlainSerializer(lambda value: round(value, 4))]
Kind = Literal["cast", "unknown"]


class ExportModel(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_serialization_defaults_required=True)


class Stretch(ExportModel):
    """A stretch of film; its end is not part of it."""

    start_s: Seconds = Field(description="First instant, seconds on the player's clock")
    end_s: Seconds = Field(description="End, seconds on the player's clock")


class FilmHeader(ExportModel):
    key: str = Field(description="The film's key")
    title: str | None = Field(description="Title")
    year: int | None = Field(description="Year of release, if known")
    tconst: str | None = Field(description="IMDB's key of the title, if matched")
    duration_s: Seconds = Field(description="Length in seconds")


class CoveredFilm(FilmHeader):
    """The film, and which parts of it could not be read."""

    unreadable: list[Stretch] = Field(
        description="Where the video is damaged, so that nobody seen does not mean nobody there"
    )


class Person(ExportModel):
    """A person of a film."""

    actor: str = Field(description="Name, as in IMDB or in the sidecar's cast, or unknown:<n>")
    kind: Kind = Field(description="cast, or unknown for a person outside the cast")
    nconst: str | None = Field(description="IMDB's key of the person, if known")
    character: str | None = Field(description="Character played, if known")


class LikelyName(ExportModel):
    actor: str = Field(description="Cast member")
    probability: Share = Field(description="Probability that it is that cast member, 0 to 1")


class Instance(Stretch):
    """An interval in which the person is on screen; the end is not part of it."""

    probability: Share | None = Field(description="Probability that the name is right, 0 to 1; null for unknown people")
    distance: Share | None = Field(description="Distance to the person's gallery; null for unknown people")
    runner_up: str | None = Field(description="Second nearest cast member")
    runner_up_distance: Share | None = Field(description="Distance to the second nearest cast member's gallery")
    photos: list[str] | None = Field(description="Photos that matched best")
    reason: str | None = Field(description="Reason for the name, in a sentence")
    perhaps: list[LikelyName] | None = Field(
        description="Likeliest names of an unknown person, the likeliest first; they count in no figure"
    )
    numbers: list[int] | None = Field(description="Numbers n by which the person is, or was, unknown:<n>")


class PersonOnScreen(Person):
    seconds: Seconds = Field(description="Seconds on screen, over all instances")
    instances: list[Instance] = Field(description="By start")


class PersonInMinute(Person):
    seconds: Seconds = Field(description="Seconds on screen within the minute, at most 60")
    share: Share = Field(description="Share of the minute, 0 to 1")
    highest_probability: Share | None = Field(description="Highest probability among the appearances")
    mean_probability: Share | None = Field(description="Mean probability, weighted by seconds")


class Minute(ExportModel):
    minute: int = Field(description="Minute of the film, from 0")
    start_s: Seconds = Field(description="Start of the minute in seconds")
    people: list[PersonInMinute] = Field(description="Cast first, the longest on screen first")


class PersonsTime(Person):
    rank: int = Field(description="Rank by seconds on screen, from 1")
    seconds: Seconds = Field(description="Seconds on screen")
    share: Share = Field(description="Share of the film, 0 to 1")
    appearances: int = Field(description="Number of appearances")
    longest_s: Seconds | None = Field(description="Longest appearance in seconds")
    mean_probability: Share | None = Field(description="Mean probability, weighted by seconds")


class Document(ExportModel):
    document: str = Field(description="Which document this is")
    version: Literal[1] = Field(default=1, description="Version of the document's schema")
    film: CoveredFilm


class AppearancesDocument(Document):
    """Who is on screen in a film: people, by their first instance."""

    document: Literal["wios/appearances"] = "wios/appearances"
    people: list[PersonOnScreen]


class MinutesDocument(Document):
    """Who is in which minute of a film; minutes with nobody are left out."""

    document: Literal["wios/minutes"] = "wios/minutes"
    minutes: list[Minute]


class ScreenTimeDocument(Document):
    """How long each person is on screen in a film, the longest first."""

    document: Literal["wios/screen-time"] = "wios/screen-time"
    people: list[PersonsTime]


_DOCUMENTS: dict[str, type[Document]] = {
    "appearances": AppearancesDocument,
    "minutes": MinutesDocument,
    "screen-time": ScreenTimeDocument,
}


def json_schema(what: str) -> dict[str, Any]:
    """JSON Schema of the document of the export `what`."""
    return _DOCUMENTS[what].model_json_schema(mode="serialization")


def json_document(what: str, film: Row, rows: list[Row], unreadable: Sequence[tuple[float, float]] = ()) -> str:
    """A film's rows as a JSON document.

    Args:
        what: appearances, minutes or screen-time.
        film: the film's row of the table `library`.
        rows: rows of the table that `what` exports, in the order of wios_assets/lake/questions.py.
        unreadable: stretches (start, end) in seconds that could not be read.
    """
    stretches = [{"start_s": start, "end_s": end} for start, end in unreadable]
    header = CoveredFilm.model_validate({**film, "key": film["film"], "unreadable": stretches})
    document: Document
    if what == "appearances":
        document = AppearancesDocument(film=header, people=_people(rows))
    elif what == "minutes":
        document = MinutesDocument(film=header, minutes=_minutes(rows))
    else:
        document = ScreenTimeDocument(film=header, people=[PersonsTime.model_validate(row) for row in rows])
    return document.model_dump_json(indent=1) + "\n"


def _people(rows: list[Row]) -> list[PersonOnScreen]:
    return [
        PersonOnScreen.model_validate(
            {
                **own[0],
                "seconds": sum(row["end_s"] - row["start_s"] for row in own),
                "instances": [Instance.model_validate(row) for row in own],
            }
        )
        for own in _grouped(rows, "actor")
    ]


def _minutes(rows: list[Row]) -> list[Minute]:
    return [
        Minute(
            minute=own[0]["minute"],
            start_s=own[0]["minute"] * 60.0,
            people=[PersonInMinute.model_validate(row) for row in own],
        )
        for own in _grouped(rows, "minute")
    ]


def _grouped(rows: list[Row], column: str) -> Iterable[list[Row]]:
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups.values()
