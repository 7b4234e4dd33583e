"""Who is on screen when in one film, in arrays: hundreds of films fit into memory."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from wios_assets.lake.library import Row
from wios_assets.timeline.likely_names import likely_names

NO_FACE = -1


@dataclass(frozen=True, slots=True)
class Person:
    """A person seen in a film.

    Attributes:
        number: index in `FilmMap.people`. actor: name, or unknown:<n>. kind: cast or unknown.
        seconds: seconds on screen. share: share of the film, 0 to 1. appearances: their number.
        face: the face that stands for the person; None where none is stored.
        probability: mean over the seconds on screen; None where the lake has none.
        perhaps: likeliest names of an unknown person with their probabilities, the likeliest first.
        numbers: the n by which the person is, or was, unknown:<n>; the present one first.
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
    perhaps: tuple[tuple[str, float], ...] = ()
    numbers: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """Key of the person across films: nconst, or the name where there is none."""
        return self.nconst or self.actor


@dataclass(frozen=True)
class Credit:
    """A member of a film's cast; `character` has all characters that the person plays."""

    actor: str
    character: str | None


@dataclass(frozen=True)
class FilmMap:
    """Appearances and minutes of a film in arrays, read from one state of the lake.

    Attributes:
        film: row of the film in the table `library`. etag: identifies this state.
        unreadable: stretches (start, end) in seconds whose pictures could not be read.
        model_hash: of the models behind the embeddings; None where nobody is seen.
        consistent: False while a run replaces appearances, minutes and screen time one after the other.
        people: cast by seconds on screen, then unknown people.
        start_s, end_s: float64 [appearances], by start. person: int32 [appearances], indices of `people`.
        appearance, face: int64 [appearances], the lake's numbers; `NO_FACE` where there is no face.
        probability, distance, runner_up_distance: float32 [appearances], NaN where the lake has none.
        runner_up: names, and None. photos: paths of the photos that matched best. reason: the evidence in a sentence.
        perhaps: of each appearance, the likeliest names of an unknown person with their probabilities.
        tracks: int64 [...], track_offsets: int32 [appearances + 1]: appearance i consists of the tracks
            tracks[track_offsets[i]:track_offsets[i + 1]].
        revision: token of the tracks and the decisions on them; see `FilmDecisions.token`.
        minutes: (minute, person, seconds, highest probability), by minute.
        changes_s: float64 [n], the instants at which a person enters or leaves.
        active_offsets: int32 [n + 1], active: int32 [...]: between change i and the next one, the appearances
            active[active_offsets[i]:active_offsets[i + 1]] are on screen.
    """

    film: Row
    etag: str
    consistent: bool
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
    perhaps: tuple[tuple[tuple[str, float], ...], ...]
    tracks: NDArray[np.int64]
    track_offsets: NDArray[np.int32]
    revision: str
    minutes: tuple[tuple[int, int, float, float], ...]
    changes_s: NDArray[np.float64]
    active_offsets: NDArray[np.int32]
    active: NDArray[np.int32]
    model_hash: str | None
    unreadable: tuple[tuple[float, float], ...] = ()

    @property
    def key(self) -> str:
        """The film's key."""
        return str(self.film["film"])

    @property
    def duration_s(self) -> float:
        return float(self.film["duration_s"])

    def appearances_at(self, seconds: float) -> list[int]:
        """Indices of the appearances at an instant: cast first, then by probability, highest first.

        An appearance includes its start and excludes its end; the last instant of the film belongs to the appearances
        that last until then.

        Args:
            seconds: seconds on the player's clock, inside the film.
        """
        instant = min(seconds, math.nextafter(self.duration_s, 0.0))
        change = int(np.searchsorted(self.changes_s, instant, side="right")) - 1
        if change < 0:
            return []
        active = self.active[self.active_offsets[change] : self.active_offsets[change + 1]].tolist()
        return sorted(active, key=self._rank)

    def appearances_of(self, person: int) -> list[int]:
        """Indices of a person's appearances, by start."""
        return np.flatnonzero(self.person == person).tolist()

    def tracks_of(self, index: int) -> list[int]:
        """Numbers of the tracks of an appearance."""
        tracks: list[int] = self.tracks[self.track_offsets[index] : self.track_offsets[index + 1]].tolist()
        return tracks

    def person_of_track(self, track: int) -> Person | None:
        """Who a track shows; None where it is in no appearance."""
        (places,) = np.nonzero(self.tracks == track)
        if not len(places):
            return None
        appearance = int(np.searchsorted(self.track_offsets, places[0], side="right")) - 1
        return self.people[int(self.person[appearance])]

    def _rank(self, index: int) -> tuple[bool, float, str]:
        person = self.people[self.person[index]]
        probability = float(self.probability[index])
        return person.kind != "cast", 1.0 if math.isnan(probability) else -probability, person.actor


def build_film_map(
    film: Row,
    appearances: Sequence[Row],
    minutes: Sequence[Row],
    screen_time: Sequence[Row],
    quality: dict[int, float],
    version: object,
    revision: str = "",
    unreadable: Sequence[tuple[float, float]] = (),
    portraits: Mapping[str, int] = MappingProxyType({}),
) -> FilmMap:
    """Put the rows of a film into arrays.

    Args:
        film: its row of the table `library`.
        appearances, minutes, screen_time: its rows of these tables.
        quality: how well a face stands for its person, 0 to 1, by face; see `portraits.portrait_quality`.
        version: identifies the state of the lake that the rows come from. revision, unreadable: see `FilmMap`.
        portraits: faces that people chose to stand for somebody, by actor.
    """
    rows = sorted(appearances, key=lambda row: (row["start_s"], row["end_s"], row["actor"]))
    people = _people(rows, screen_time, quality, portraits)
    number = {person.actor: person.number for person in people}
    start_s = np.array([row["start_s"] for row in rows], dtype=np.float64)
    end_s = np.array([row["end_s"] for row in rows], dtype=np.float64)
    changes_s, active_offsets, active = _changes(start_s, end_s)
    # Photos, names and reasons repeat; each is kept once.
    interned: dict[Any, Any] = {}
    expected = {row["actor"]: row["appearances"] for row in screen_time}
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["actor"]] = counts.get(row["actor"], 0) + 1
    return FilmMap(
        film=film,
        etag=hashlib.blake2b(repr((sorted(film.items()), version)).encode(), digest_size=12).hexdigest(),
        consistent=expected == counts and {row["actor"] for row in minutes} <= set(counts),
        people=people,
        start_s=start_s,
        end_s=end_s,
        person=np.array([number[row["actor"]] for row in rows], dtype=np.int32),
        appearance=np.array([row["appearance"] for row in rows], dtype=np.int64),
        face=np.array([NO_FACE if row["best_face"] is None else row["best_face"] for row in rows], dtype=np.int64),
        probability=_float_column(rows, "probability"),
        distance=_float_column(rows, "distance"),
        runner_up=tuple(interned.setdefault(row["runner_up"], row["runner_up"]) for row in rows),
        runner_up_distance=_float_column(rows, "runner_up_distance"),
        photos=tuple(_interned(interned, row["photos"] or ()) for row in rows),
        reason=tuple(interned.setdefault(row["reason"], row["reason"]) for row in rows),
        perhaps=tuple(interned.setdefault(pairs, pairs) for pairs in (_pairs(row["perhaps"]) for row in rows)),
        tracks=np.array([track for row in rows for track in row["tracks"] or ()], dtype=np.int64),
        track_offsets=np.cumsum([0, *(len(row["tracks"] or ()) for row in rows)], dtype=np.int32),
        revision=revision,
        minutes=tuple(
            (row["minute"], number[row["actor"]], row["seconds"], row["highest_probability"])
            for row in minutes
            if row["actor"] in number
        ),
        changes_s=changes_s,
        active_offsets=active_offsets,
        active=active,
        model_hash=rows[0]["model_hash"] if rows else None,
        unreadable=tuple(unreadable),
    )


def page_data(film: FilmMap, cast: Sequence[Credit] = ()) -> dict[str, Any]:
    """A film's map in the compact form that the script of the film's page reads.

    Args:
        cast: the film's cast, in order of billing.

    Returns:
        `duration` in seconds; `people`, each with name, kind, character, seconds and share on screen, best face,
        `billing` (place in the cast, from 0; null for others), and the appearances in columns: `start` in
        milliseconds, each the difference to the one before; `length` in milliseconds; `sure`, the probability in
        thousandths, -1 where there is none. `unseen` holds name and character of the cast who are not in the film.
        An unknown person has the likeliest names with thousandths in `perhaps`; `numbers` holds the n of `unknown:<n>`
        that are or were the person's. `revision` is sent back with decisions. `minutes` holds, for each minute, pairs
        of index in `people` and seconds in one flat list. `unreadable` holds the start and end, in seconds, of each
        stretch that could not be read.
    """
    minutes: dict[int, list[float]] = {}
    for minute, person, seconds, _ in film.minutes:
        minutes.setdefault(minute, []).extend((person, round(seconds, 1)))
    billing = {credit.actor: place for place, credit in enumerate(cast)}
    seen = {person.actor for person in film.people}
    return {
        "film": film.key,
        "title": film.film["title"] or film.key,
        "duration": round(film.duration_s, 3),
        "whole": film.consistent,
        "revision": film.revision,
        "people": [
            {
                "name": person.actor,
                "kind": person.kind,
                "character": person.character,
                "seconds": round(person.seconds, 1),
                "share": round(person.share, 4),
                "face": person.face,
                "billing": billing.get(person.actor),
                "page": f"/actor/{quote(person.key, safe='')}" if person.kind == "cast" else None,
                **({"numbers": person.numbers} if person.numbers else {}),
                **({"perhaps": [[a, round(p * 1000)] for a, p in person.perhaps]} if person.kind == "unknown" else {}),
                **_appearance_columns(film, person.number),
            }
            for person in film.people
        ],
        "unseen": [(credit.actor, credit.character) for credit in cast if credit.actor not in seen],
        "minutes": minutes,
        "unreadable": [[round(start, 3), round(end, 3)] for start, end in film.unreadable],
    }


def number_or_none(value: float | None, decimals: int) -> float | None:
    """A rounded number; None for None and for NaN, which JSON lacks."""
    return None if value is None or math.isnan(value) else round(float(value), decimals)


def _people(
    rows: Sequence[Row], screen_time: Sequence[Row], quality: Mapping[int, float], portraits: Mapping[str, int]
) -> tuple[Person, ...]:
    best: dict[str, tuple[float, int]] = {}
    own: dict[str, list[Row]] = {}
    for row in rows:
        own.setdefault(row["actor"], []).append(row)
        if row["best_face"] is not None:
            score = quality.get(row["best_face"], 0.0) * (row["probability"] or 0.5)
            best[row["actor"]] = max(best.get(row["actor"], (-1.0, 0)), (score, row["best_face"]))
    known = {row["actor"]: row for row in screen_time}
    totals = [known.get(actor) or _estimated_screen_time(actor, rows) for actor in own]
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
            face=portraits.get(row["actor"], best[row["actor"]][1] if row["actor"] in best else None),
            probability=row["mean_probability"],
            perhaps=_pairs(likely_names(own[row["actor"]])) if row["kind"] == "unknown" else (),
            numbers=tuple(dict.fromkeys(number for each in own[row["actor"]] for number in each["numbers"] or ())),
        )
        for number, row in enumerate(totals)
    )


def _estimated_screen_time(actor: str, rows: Sequence[Row]) -> Row:
    """Stands in for a row of screen time that a run has not written yet."""
    own = [row for row in rows if row["actor"] == actor]
    seconds = sum(row["end_s"] - row["start_s"] for row in own)
    return {**own[0], "seconds": seconds, "share": 0.0, "appearances": len(own), "mean_probability": None}


def _changes(
    start_s: NDArray[np.float64], end_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int32]]:
    changes_s = np.unique(np.concatenate([start_s, end_s]))
    first, last = np.searchsorted(changes_s, start_s), np.searchsorted(changes_s, end_s)
    active: list[list[int]] = [[] for _ in changes_s]
    for index, (begin, end) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        for change in range(begin, end):
            active[change].append(index)
    offsets = np.zeros(len(changes_s) + 1, dtype=np.int32)
    np.cumsum([len(indices) for indices in active], out=offsets[1:])
    return changes_s, offsets, np.array([index for indices in active for index in indices], dtype=np.int32)


def _float_column(rows: Sequence[Row], column: str) -> NDArray[np.float32]:
    return np.array([math.nan if row[column] is None else row[column] for row in rows], dtype=np.float32)


def _interned(known: dict[Any, Any], photos: Sequence[str]) -> tuple[str, ...]:
    names = tuple(known.setdefault(photo, photo) for photo in photos)
    stored: tuple[str, ...] = known.setdefault(names, names)
    return stored


def _pairs(candidates: Sequence[Row] | None) -> tuple[tuple[str, float], ...]:
    return tuple((each["actor"], each["probability"]) for each in candidates or ())


def _appearance_columns(film: FilmMap, person: int) -> dict[str, list[int]]:
    indices = np.array(film.appearances_of(person), dtype=np.int64)
    start = np.rint(film.start_s[indices] * 1000).astype(np.int64)
    end = np.rint(film.end_s[indices] * 1000).astype(np.int64)
    probability = film.probability[indices].astype(np.float64)
    # Rounding makes no certainty of a probability below 1.
    rounded = np.where(probability < 1, np.minimum(np.rint(probability * 1000), 999), 1000)
    thousandths = np.where(np.isnan(probability), -1, rounded)
    return {
        "start": np.diff(start, prepend=0).tolist(),
        "length": (end - start).tolist(),
        "sure": thousandths.astype(np.int64).tolist(),
    }
