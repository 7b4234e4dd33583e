"""Who is on screen when in one film, held so compactly that hundreds of films fit into memory."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wios_assets.lake.library import Row

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Person:
    """Someone seen in a film.

    Attributes:
        number: place in `FilmMap.people`. actor: name, or unknown:<n>. kind: cast or unknown.
        seconds: seconds on screen. share: share of the film, 0 to 1. appearances: how many.
        face: the face with the best chip; None where none is stored.
        probability: mean over the seconds on screen; None where the lake has none.
    """

    number: int
    actor: str
    kind: str
    nconst: str | None
    character: str | None
    seconds: float
    share: float
    appearances: int
    face: int | None
    probability: float | None

    @property
    def key(self) -> str:
        """What the person is called across films: IMDB's key, or the name where there is none."""
        return self.nconst or self.actor


@dataclass(frozen=True)
class FilmMap:
    """A film's appearances and minutes in arrays, one state of the lake.

    Attributes:
        film: the film's row of the table `library`. etag: tells this state from another.
        model_hash: of the models behind the embeddings; None where nobody is seen.
        whole: False where appearances, minutes and screen time do not belong together, for a run is rewriting them.
        people: cast by seconds on screen, then unknown people.
        start_s, end_s: float64 [appearances], by start. person: int32 [appearances], places in `people`.
        appearance, face: int64 [appearances], the lake's numbers; `NOBODY` where there is no face.
        probability, distance, runner_up_distance: float32 [appearances], NaN where the lake has none.
        runner_up: names, and None. photos: paths of the photos that matched best. reason: why each has its name.
        tracks: int64 [...], track_offsets: int32 [appearances + 1]: appearance i is made of the tracks
            tracks[track_offsets[i]:track_offsets[i + 1]].
        revision: state of the tracks and of people's decisions on them; see `DecidedTracks`.
        minutes: (minute, person, seconds, highest probability) in the order of the lake's question.
        turns: float64 [n], the instants at which somebody comes or goes.
        offsets: int32 [n + 1], holders: int32 [...]: the appearances that hold from turn i on are
            holders[offsets[i]:offsets[i + 1]].
    """

    film: Row
    etag: str
    whole: bool
    people: tuple[Person, ...]
    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    person: NDArray[np.int32]
    appearance: NDArray[np.int64]
    face: NDArray[np.int64]
    probability: NDArray[np.float32]
    distance: NDArray[np.float32]
    runner_up: tuple[str | None, ...]
    runner_up_distance: NDArray[np.float32]
    photos: tuple[tuple[str, ...], ...]
    reason: tuple[str | None, ...]
    tracks: NDArray[np.int64]
    track_offsets: NDArray[np.int32]
    revision: str
    minutes: tuple[tuple[int, int, float, float | None], ...]
    turns: NDArray[np.float64]
    offsets: NDArray[np.int32]
    holders: NDArray[np.int32]
    model_hash: str | None

    @property
    def duration_s(self) -> float:
        return float(self.film["duration_s"])

    def at(self, seconds: float) -> list[int]:
        """Places of the appearances that hold the instant: cast first, the surest first.

        An appearance holds its start and not its end; the last instant of the film belongs to what lasts until then.

        Args:
            seconds: seconds on the player's clock, inside the film.
        """
        instant = min(seconds, math.nextafter(self.duration_s, 0.0))
        turn = int(np.searchsorted(self.turns, instant, side="right")) - 1
        if turn < 0:
            return []
        holding = self.holders[self.offsets[turn] : self.offsets[turn + 1]].tolist()
        return sorted(holding, key=self._rank)

    def tracks_of(self, place: int) -> list[int]:
        """Numbers of the tracks that an appearance is made of."""
        return self.tracks[self.track_offsets[place] : self.track_offsets[place + 1]].tolist()

    def of(self, person: int) -> list[int]:
        """Places of a person's appearances, by start."""
        return np.flatnonzero(self.person == person).tolist()

    def _rank(self, place: int) -> tuple[bool, float, str]:
        who = self.people[self.person[place]]
        sure = float(self.probability[place])
        return who.kind != "cast", -sure if sure == sure else 1.0, who.actor


def film_map(
    film: Row,
    appearances: Sequence[Row],
    minutes: Sequence[Row],
    screen_time: Sequence[Row],
    quality: dict[int, float],
    state: object,
    revision: str = "",
) -> FilmMap:
    """Put a film's rows into arrays.

    Args:
        film: its row of the table `library`.
        appearances, minutes, screen_time: its rows of these tables.
        quality: chip quality by face, 0 to 1, of the appearances' best faces.
        state: what tells this state of the lake from another. revision: see `FilmMap`.
    """
    rows = sorted(appearances, key=lambda row: (row["start_s"], row["end_s"], row["actor"]))
    people = _people(rows, screen_time, quality)
    number = {person.actor: person.number for person in people}
    start_s = np.array([row["start_s"] for row in rows], dtype=np.float64)
    end_s = np.array([row["end_s"] for row in rows], dtype=np.float64)
    turns, offsets, holders = _turns(start_s, end_s)
    interned: dict[Any, Any] = {}
    counts = {row["actor"]: row["appearances"] for row in screen_time}
    seen: dict[str, int] = {}
    for row in rows:
        seen[row["actor"]] = seen.get(row["actor"], 0) + 1
    return FilmMap(
        film=film,
        etag=hashlib.blake2b(repr((sorted(film.items()), state)).encode(), digest_size=12).hexdigest(),
        whole=counts == seen and {row["actor"] for row in minutes} <= set(seen),
        people=people,
        start_s=start_s,
        end_s=end_s,
        person=np.array([number[row["actor"]] for row in rows], dtype=np.int32),
        appearance=np.array([row["appearance"] for row in rows], dtype=np.int64),
        face=np.array([NOBODY if row["best_face"] is None else row["best_face"] for row in rows], dtype=np.int64),
        probability=_singles(rows, "probability"),
        distance=_singles(rows, "distance"),
        runner_up=tuple(interned.setdefault(row["runner_up"], row["runner_up"]) for row in rows),
        runner_up_distance=_singles(rows, "runner_up_distance"),
        photos=tuple(_interned(interned, row["photos"] or ()) for row in rows),
        reason=tuple(interned.setdefault(row["reason"], row["reason"]) for row in rows),
        tracks=np.array([track for row in rows for track in row["tracks"] or ()], dtype=np.int64),
        track_offsets=np.cumsum([0, *(len(row["tracks"] or ()) for row in rows)], dtype=np.int32),
        revision=revision,
        minutes=tuple(
            (row["minute"], number[row["actor"]], row["seconds"], row["highest_probability"])
            for row in minutes
            if row["actor"] in number
        ),
        turns=turns,
        offsets=offsets,
        holders=holders,
        model_hash=rows[0]["model_hash"] if rows else None,
    )


def number_or_none(value: float, decimals: int) -> float | None:
    """A rounded number; None for NaN, which JSON lacks."""
    return None if math.isnan(value) else round(float(value), decimals)


def _people(rows: Sequence[Row], screen_time: Sequence[Row], quality: dict[int, float]) -> tuple[Person, ...]:
    best: dict[str, tuple[float, int]] = {}
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row["actor"], row)
        if row["best_face"] is not None:
            worth = quality.get(row["best_face"], 0.0) * (row["probability"] or 0.5)
            best[row["actor"]] = max(best.get(row["actor"], (-1.0, 0)), (worth, row["best_face"]))
    known = {row["actor"]: row for row in screen_time}
    totals = [known.get(actor) or _total(actor, rows) for actor in first]
    totals.sort(key=lambda row: (row["kind"] != "cast", -row["seconds"], row["actor"]))
    return tuple(
        Person(
            number=number,
            actor=row["actor"],
            kind=row["kind"],
            nconst=row["nconst"],
            character=row["character"],
            seconds=row["seconds"],
            share=row["share"],
            appearances=row["appearances"],
            face=best[row["actor"]][1] if row["actor"] in best else None,
            probability=row["mean_probability"],
        )
        for number, row in enumerate(totals)
    )


def _total(actor: str, rows: Sequence[Row]) -> Row:
    """A stand-in for a row of screen time that is not written yet."""
    own = [row for row in rows if row["actor"] == actor]
    seconds = sum(row["end_s"] - row["start_s"] for row in own)
    return {**own[0], "seconds": seconds, "share": 0.0, "appearances": len(own), "mean_probability": None}


def _turns(
    start_s: NDArray[np.float64], end_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int32]]:
    turns = np.unique(np.concatenate([start_s, end_s]))
    begins, ends = np.searchsorted(turns, start_s), np.searchsorted(turns, end_s)
    holding: list[list[int]] = [[] for _ in turns]
    for place, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        for turn in range(begin, end):
            holding[turn].append(place)
    offsets = np.zeros(len(turns) + 1, dtype=np.int32)
    np.cumsum([len(places) for places in holding], out=offsets[1:])
    holders = np.array([place for places in holding for place in places], dtype=np.int32)
    return turns, offsets, holders


def _singles(rows: Sequence[Row], column: str) -> NDArray[np.float32]:
    return np.array([math.nan if row[column] is None else row[column] for row in rows], dtype=np.float32)


def _interned(known: dict[Any, Any], photos: Sequence[str]) -> tuple[str, ...]:
    names = tuple(known.setdefault(photo, photo) for photo in photos)
    stored: tuple[str, ...] = known.setdefault(names, names)
    return stored
