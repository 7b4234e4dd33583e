"""Who of a film's cast is on screen how long, in which scenes and tenths of the film, and together with whom.

The rows of one film in the tables over all films. Only the cast counts: unknown people are numbered film by film.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wios_assets.refined_tables import ACTOR_SCREEN_TIME, CHARACTER_PRESENCE, FILM_PAIRS
from wios_assets.timeline.scenes import LONGEST_PAUSE_S

TENTHS = 10


@dataclass(frozen=True)
class Intervals:
    """Stretches of one film, each of somebody or of some pair.

    Attributes:
        key: int64 [n], number of the person or pair, from 0.
        start_s, end_s: float64 [n], seconds on the player's clock.
    """

    key: NDArray[np.int64]
    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]

    def joined(self, pause_s: float) -> Intervals:
        """The stretches by key and start, those of a key joined that are at most `pause_s` seconds apart."""
        if not len(self.key):
            return self
        order = np.lexsort((self.end_s, self.start_s, self.key))
        key, start, end = self.key[order], self.start_s[order], self.end_s[order]
        # Each key has a part of its own on one line of time, so that one maximum runs over all.
        offset = key * (end.max() - start.min() + pause_s + 1.0)
        reached = np.maximum.accumulate(end + offset)
        first = np.flatnonzero(np.concatenate([[True], start[1:] + offset[1:] > reached[:-1] + pause_s]))
        return Intervals(key[first], start[first], np.maximum.reduceat(end, first))

    def seconds(self, keys: int) -> NDArray[np.float64]:
        """Length of each key's stretches together, float64 [keys], in seconds."""
        return np.bincount(self.key, self.end_s - self.start_s, keys).astype(np.float64)

    def count(self, keys: int) -> NDArray[np.int64]:
        """Number of each key's stretches, int64 [keys]."""
        return np.bincount(self.key, minlength=keys)


@dataclass(frozen=True)
class OnScreen:
    """The cast members of a film that are on screen.

    Attributes:
        actors: their names, by code points.
        spans: when each is on screen, without overlaps; the key is the index in `actors`.
    """

    actors: list[str]
    spans: Intervals

    @classmethod
    def of(cls, appearances: pa.Table) -> OnScreen:
        """From rows of `appearances`: actor, kind, start_s, end_s."""
        cast = appearances.filter(pc.equal(appearances["kind"], "cast"))
        names = cast["actor"].combine_chunks().dictionary_encode()
        actors = sorted(names.dictionary.to_pylist())
        number = {actor: index for index, actor in enumerate(actors)}
        keys = np.array([number[actor] for actor in names.dictionary.to_pylist()], np.int64)
        index = names.indices.to_numpy()
        spans = Intervals(keys[index], cast["start_s"].to_numpy(), cast["end_s"].to_numpy())
        return cls(actors, spans.joined(0.0))


def actor_screen_time(film: dict[str, Any], screen_time: pa.Table, on_screen: OnScreen) -> pa.Table:
    """Rows of `refined/actor_screen_time` of one film.

    Args:
        film: the film's row of the table `film`, with its key `film`.
        screen_time: rows of `screen_time` of this film.
        on_screen: its people.
    """
    counts = on_screen.spans.joined(LONGEST_PAUSE_S).count(len(on_screen.actors))
    scenes = dict(zip(on_screen.actors, counts.tolist(), strict=True))
    cast = [row for row in screen_time.to_pylist() if row["kind"] == "cast"]
    cast.sort(key=lambda row: (row["rank"], row["actor"]))
    own = {name: film[name] for name in ("film", "title", "year")}
    rows = [
        {**row, **own, "rank": rank, "scenes": scenes.get(row["actor"], 0)} for rank, row in enumerate(cast, start=1)
    ]
    return pa.Table.from_pylist(rows, schema=ACTOR_SCREEN_TIME.schema)


def character_presence(film: dict[str, Any], screen_time: pa.Table, on_screen: OnScreen) -> pa.Table:
    """Rows of `refined/character_presence` of one film; none where its length is not known. Arguments as above."""
    tenth_s = (film["duration_s"] or 0.0) / TENTHS
    people = len(on_screen.actors)
    if tenth_s <= 0 or not people:
        return CHARACTER_PRESENCE.schema.empty_table()
    spans = on_screen.spans
    first, last = (
        np.minimum(np.floor(times / tenth_s).astype(np.int64), TENTHS - 1) for times in (spans.start_s, spans.end_s)
    )
    index, step = _repeated(last - first + 1)
    tenth = first[index] + step
    seconds = np.minimum(spans.end_s[index], (tenth + 1) * tenth_s) - np.maximum(spans.start_s[index], tenth * tenth_s)
    totals = np.bincount(tenth * people + spans.key[index], np.maximum(seconds, 0.0), TENTHS * people)
    present = np.flatnonzero(totals > 0)
    described = _described(screen_time)
    actors = [on_screen.actors[key] for key in (present % people).tolist()]
    columns = {
        "film": [film["film"]] * len(present),
        "tenth": present // people,
        "actor": actors,
        "nconst": [described.get(actor, {}).get("nconst") for actor in actors],
        "character": [described.get(actor, {}).get("character") for actor in actors],
        "seconds": totals[present],
        "share": np.minimum(1.0, totals[present] / tenth_s),
    }
    return pa.table(columns, schema=CHARACTER_PRESENCE.schema)


def film_pairs(film: dict[str, Any], screen_time: pa.Table, on_screen: OnScreen) -> pa.Table:
    """Rows of `refined/film_pairs` of one film. Arguments as above."""
    people = len(on_screen.actors)
    together = _overlaps(on_screen.spans, people)
    pairs, key = np.unique(together.key, return_inverse=True)
    together = Intervals(key.astype(np.int64), together.start_s, together.end_s)
    first_s = np.full(len(pairs), np.inf)
    np.minimum.at(first_s, together.key, together.start_s)
    described = _described(screen_time)
    actors, others = ([on_screen.actors[key] for key in keys.tolist()] for keys in np.divmod(pairs, max(people, 1)))
    columns = {
        "film": [film["film"]] * len(pairs),
        "year": [film["year"]] * len(pairs),
        "actor": actors,
        "nconst": [described.get(actor, {}).get("nconst") for actor in actors],
        "other": others,
        "other_nconst": [described.get(other, {}).get("nconst") for other in others],
        "seconds": together.seconds(len(pairs)),
        "scenes": together.joined(LONGEST_PAUSE_S).count(len(pairs)),
        "first_s": first_s,
    }
    return pa.table(columns, schema=FILM_PAIRS.schema)


def _described(screen_time: pa.Table) -> dict[str, dict[str, Any]]:
    return {row["actor"]: row for row in screen_time.to_pylist() if row["kind"] == "cast"}


def _overlaps(spans: Intervals, people: int) -> Intervals:
    """Stretches that two people's spans share; the key is `people` × the lesser of their keys + the greater."""
    order = np.argsort(spans.start_s, kind="stable")
    key, start, end = spans.key[order], spans.start_s[order], spans.end_s[order]
    # A span meets those that start after it, until it ends: each meeting is found once.
    later = np.searchsorted(start, end, side="left")
    index, step = _repeated(np.maximum(later - np.arange(len(start)) - 1, 0))
    other = index + 1 + step
    meets = key[index] != key[other]
    index, other = index[meets], other[meets]
    least, greatest = np.minimum(key[index], key[other]), np.maximum(key[index], key[other])
    return Intervals(least * people + greatest, start[other], np.minimum(end[index], end[other]))


def _repeated(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each index as often as its count says, and the number of each repetition from 0: int64 [sum of counts] each."""
    index = np.repeat(np.arange(len(counts)), counts)
    step = np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
    return index, step
