"""A film's sidecar for players: `<film>.wios.json` says who is on screen when, with a small picture of each person.

`sidecar_schema` gives the document as JSON Schema. Within a version fields may be added, but not removed or changed in
meaning. A player reads it without anything else: the people's pictures are inside as JPEG. The portrait sheet,
`<film>.wios.bgra`, holds the same pictures as raw pixels, for players that decode none themselves, as mpv's scripts.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageOps
from pydantic import Field

from wios_assets.errors import WiosError
from wios_assets.exports.captions import captions
from wios_assets.exports.documents import CoveredFilm, ExportModel, LikelyName, Person, Seconds, Share, Stretch
from wios_assets.exports.scenes import scenes_of
from wios_assets.lake.library import Library, Row
from wios_assets.lake.questions import unreadable
from wios_assets.reviews.current_timeline import rows_with_decisions
from wios_assets.reviews.decisions import read_decisions
from wios_assets.reviews.film_decisions import chosen_faces, match_decisions

SidecarFormat = Literal["json", "bgra", "vtt"]
PORTRAIT_SIDE = 112
"""Width and height of a portrait in pixels."""
MOST_PORTRAITS = 100
SHEET_MAGIC = b"WIOS portraits 1 "
SHEET_HEADER_BYTES = 64
_JPEG_QUALITY = 82
_FILM = "SELECT film, title, year, tconst, duration_s, path, size_bytes FROM film WHERE film = $film"
_APPEARANCES = "SELECT * FROM appearances WHERE film = $film ORDER BY start_s, end_s, actor"
_CHIPS = """
    WITH own AS (SELECT unnest($actors::VARCHAR[]) AS actor, unnest($faces::BIGINT[]) AS best_face)
    SELECT actor, arg_max(chip, quality) AS chip FROM own JOIN face_embeddings ON face = best_face
    WHERE film = $film AND chip IS NOT NULL GROUP BY actor
"""


class VideoFile(ExportModel):
    """The video file that the sidecar belongs to; a player finds a sidecar in another folder by both."""

    name: str = Field(description="Name of the file, without its folder")
    bytes: int | None = Field(description="Size in bytes, if known")


class PortraitSheet(ExportModel):
    """Layout of `<film>.wios.bgra`: portraits of one size, one after the other, from byte `first_byte` on."""

    token: str = Field(description="Also in the sheet, from byte 17 on; a sheet with another token is of another state")
    first_byte: int = Field(description="Where the first portrait begins")
    width: int = Field(description="Width of a portrait in pixels")
    height: int = Field(description="Height of a portrait in pixels")
    stride: int = Field(description="Bytes of a row; a pixel has four, in the order blue, green, red, alpha")


class SidecarPerson(Person):
    """A person of a film, with a picture and the scenes to jump to."""

    seconds: Seconds = Field(description="Seconds on screen, over all appearances")
    scenes: list[Stretch] = Field(
        description="Stretches to jump to: appearances with pauses of at most ten seconds between them, by start"
    )
    portrait: int | None = Field(description="Number of the portrait in the sheet, from 0; null where there is none")
    picture: str | None = Field(description="The portrait as JPEG, in base64; null where there is none")


class SidecarAppearance(ExportModel):
    """An interval in which a person is on screen; the end is not part of it."""

    person: int = Field(description="Index in `people`")
    start_s: Seconds = Field(description="First instant, seconds on the player's clock")
    end_s: Seconds = Field(description="End, seconds on the player's clock")
    probability: Share | None = Field(
        description="Probability that the name is right, or that an unknown person is nobody of the cast, 0 to 1"
    )
    perhaps: list[LikelyName] = Field(
        description="Likeliest names of an unknown person, the likeliest first; they count in no figure"
    )


class SidecarDocument(ExportModel):
    """Who is on screen in a film, for players."""

    document: Literal["wios/sidecar"] = Field(default="wios/sidecar", description="Which document this is")
    version: Literal[1] = Field(default=1, description="Version of the document's schema")
    file: VideoFile
    film: CoveredFilm
    portraits: PortraitSheet | None = Field(
        description="Layout of the portrait sheet; null where there are no pictures"
    )
    people: list[SidecarPerson] = Field(description="Cast first, the longest on screen first")
    appearances: list[SidecarAppearance] = Field(description="By start")


def sidecar_contents(library: Library, film: str) -> dict[SidecarFormat, bytes]:
    """Contents of a film's files for players, by format; they belong together.

    Args:
        film: the film's key; it need not be in the table `library` yet.

    Raises:
        WiosError: the lake does not hold the film or its appearances.
    """
    row = library.film_rows("film", film, _FILM)[0]
    decisions = match_decisions(library.lake, film, read_decisions(library.data, film))
    current = rows_with_decisions(library, film, row["duration_s"], decisions)
    rows = current.appearances if current is not None else library.film_rows("appearances", film, _APPEARANCES)
    spans = unreadable(library, film)
    portraits = _portraits(library, film, rows, chosen_faces(library, film, decisions))
    sheet = _sheet(list(portraits.values()))
    document = sidecar_document(row, rows, spans, portraits)
    return {
        "json": document.model_dump_json().encode() + b"\n",
        "bgra": sheet,
        "vtt": captions(row, rows, spans).encode(),
    }


def sidecar_document(
    film: Row,
    rows: list[Row],
    unreadable: Iterable[tuple[float, float]] = (),
    portraits: Mapping[str, Image.Image] | None = None,
) -> SidecarDocument:
    """The sidecar of a film.

    Args:
        film: the film's row of the table `film`.
        rows: its rows of `appearances`, by start.
        unreadable: stretches (start, end) in seconds that could not be read.
        portraits: pictures by actor, in the order of the sheet.
    """
    portraits = portraits or {}
    own: dict[str, list[Row]] = {}
    for row in rows:
        own.setdefault(row["actor"], []).append(row)
    order = _people_in_order(rows)
    numbers = {actor: number for number, actor in enumerate(order)}
    stretches = [{"start_s": start, "end_s": end} for start, end in unreadable]
    # A link in the inbox leads to the file that the player opens.
    path = Path(film["path"]).resolve()
    return SidecarDocument(
        file=VideoFile(name=path.name, bytes=film["size_bytes"]),
        film=CoveredFilm.model_validate({**film, "key": film["film"], "unreadable": stretches}),
        portraits=_layout(list(portraits.values())) if portraits else None,
        people=[_person(own[actor], actor, portraits) for actor in order],
        appearances=[
            SidecarAppearance.model_validate(
                {**row, "person": numbers[row["actor"]], "perhaps": row["perhaps"] or [] if _unknown(row) else []}
            )
            for row in rows
        ],
    )


def _unknown(row: Row) -> bool:
    return bool(row["kind"] == "unknown")


def _people_in_order(rows: list[Row]) -> list[str]:
    """Actors of appearances: the cast first, the longest on screen first."""
    seconds: dict[tuple[bool, str], float] = {}
    for row in rows:
        key = (_unknown(row), row["actor"])
        seconds[key] = seconds.get(key, 0.0) + row["end_s"] - row["start_s"]
    return [actor for unknown, actor in sorted(seconds, key=lambda key: (key[0], -seconds[key], key[1]))]


def _person(rows: list[Row], actor: str, portraits: Mapping[str, Image.Image]) -> SidecarPerson:
    numbers = {name: number for number, name in enumerate(portraits)}
    scenes = scenes_of((row["start_s"], row["end_s"]) for row in rows)
    return SidecarPerson.model_validate(
        {
            **rows[0],
            "seconds": sum(row["end_s"] - row["start_s"] for row in rows),
            "scenes": [{"start_s": start, "end_s": end} for start, end in scenes],
            "portrait": numbers.get(actor),
            "picture": _jpeg(portraits[actor]) if actor in portraits else None,
        }
    )


def _portraits(library: Library, film: str, rows: list[Row], chosen: Mapping[str, int]) -> dict[str, Image.Image]:
    """The chip of each person's chosen face, else of the best one, by actor; empty where the lake has none.

    Args:
        rows: rows of `appearances`. chosen: faces that people chose to stand for somebody.
    """
    pairs = {(row["actor"], chosen.get(row["actor"], row["best_face"])) for row in rows}
    seen = sorted(pair for pair in pairs if pair[1] is not None)
    faces = {"actors": [actor for actor, _ in seen], "faces": [face for _, face in seen]}
    try:
        chips = {row["actor"]: row["chip"] for row in library.film_rows("face_embeddings", film, _CHIPS, faces)}
    except WiosError:
        return {}
    side = (PORTRAIT_SIDE, PORTRAIT_SIDE)
    pictures: dict[str, Image.Image] = {}
    for actor in _people_in_order(rows):
        if actor in chips and len(pictures) < MOST_PORTRAITS:
            with Image.open(io.BytesIO(chips[actor])) as chip:
                pictures[actor] = ImageOps.fit(chip.convert("RGB"), side, Image.Resampling.LANCZOS)
    return pictures


def _jpeg(picture: Image.Image) -> str:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return base64.b64encode(out.getvalue()).decode()


def _bgra(pictures: Sequence[Image.Image]) -> bytes:
    return b"".join(
        np.dstack((np.asarray(picture)[..., ::-1], np.full(picture.size[::-1], 255, np.uint8))).tobytes()
        for picture in pictures
    )


def _token(pixels: bytes) -> str:
    return hashlib.sha256(pixels).hexdigest()[:16]


def _layout(pictures: Sequence[Image.Image]) -> PortraitSheet:
    return PortraitSheet(
        token=_token(_bgra(pictures)),
        first_byte=SHEET_HEADER_BYTES,
        width=PORTRAIT_SIDE,
        height=PORTRAIT_SIDE,
        stride=4 * PORTRAIT_SIDE,
    )


def _sheet(pictures: Sequence[Image.Image]) -> bytes:
    """The portrait sheet: a header of 64 bytes with its token, then the portraits as BGRA."""
    pixels = _bgra(pictures)
    return (SHEET_MAGIC + _token(pixels).encode()).ljust(SHEET_HEADER_BYTES, b" ") + pixels


def sidecar_schema() -> dict[str, Any]:
    """JSON Schema of the sidecar."""
    return SidecarDocument.model_json_schema(mode="serialization")
