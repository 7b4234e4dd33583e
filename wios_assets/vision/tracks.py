"""Which faces are the same face followed through a shot: tracklets split, joined across gaps and seams."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets import tables
from wios_assets.vision.boxes import iou


@dataclass(frozen=True)
class TrackOptions:
    """When two tracklets are one track, and when one is two.

    Attributes:
        short_gap_s: seconds without the face over which place alone may join two tracklets.
        long_gap_s: seconds without the face over which place and embedding together may join them.
        overlap: intersection over union of the boxes on either side of a short gap.
        reach: distance between the boxes' centres, in face heights, on either side of a long gap.
        differs: distance between embeddings beyond which a short gap is not closed.
        agrees: distance between embeddings up to which a long gap is closed.
        splits: distance between what comes before and after a jump of the box beyond which a tracklet is two.
    """

    short_gap_s: float = 0.75
    long_gap_s: float = 3.0
    overlap: float = 0.25
    reach: float = 2.0
    differs: float = 0.65
    agrees: float = 0.5
    splits: float = 0.65


@dataclass
class _Piece:
    """Faces of one person in one shot, by time: rows of the faces' arrays."""

    shot: int
    rows: list[int]
    embedded: list[int] = field(default_factory=list)
    vector: NDArray[np.float64] | None = None


class _Film:
    """The tables as arrays."""

    def __init__(self, faces: pd.DataFrame, embeddings: pd.DataFrame, samples: pd.DataFrame) -> None:
        samples = samples.sort_values("sample", kind="stable")
        shot_of = dict(zip(samples["sample"], samples["shot"], strict=True))
        ordered = faces.sort_values(["sample", "face"], kind="stable")
        self.face = ordered["face"].to_numpy(np.int64)
        self.sample = ordered["sample"].to_numpy(np.int64)
        self.time = ordered["time_s"].to_numpy(np.float64)
        self.tracklet = ordered["tracklet"].to_numpy(np.int64)
        self.box = ordered[["left", "top", "right", "bottom"]].to_numpy(np.float64)
        self.shot = np.asarray([shot_of[sample] for sample in self.sample], dtype=np.int64)
        row_of = {face: row for row, face in enumerate(self.face.tolist())}
        self.vector: dict[int, NDArray[np.float64]] = {}
        self.quality: dict[int, float] = {}
        for face, quality, vector in zip(
            embeddings["face"], embeddings["quality"], embeddings["embedding"], strict=True
        ):
            row = row_of.get(int(face))
            if row is not None:
                self.vector[row] = np.asarray(vector, dtype=np.float64)
                self.quality[row] = float(quality)


def link_tracks(
    faces: pd.DataFrame,
    embeddings: pd.DataFrame,
    shots: pd.DataFrame,
    frame_samples: pd.DataFrame,
    frame_height: float,
    options: TrackOptions,
) -> pd.DataFrame:
    """Tracks of a film.

    A tracklet is one face followed within one segment of the film. Tracklets are cut at shot boundaries, and where
    the box jumps while the embedding changes; then tracklets of one shot that never share a sample are joined, the
    likeliest first, over short gaps by place and over longer ones by place and embedding.

    Args:
        faces: rows of `tables.FACES`.
        embeddings: rows of `tables.FACE_EMBEDDINGS`; `chip` is not needed.
        shots: rows of `tables.SHOTS`.
        frame_samples: rows of `tables.FRAME_SAMPLES`, every sample of the film.
        frame_height: height of the film's picture in pixels.
        options: limits.

    Returns:
        Data frame with the columns of `tables.FACE_TRACKS` without `film`, by start. A track starts with its first
        sample, or with the shot where that is the shot's first sample, and ends where the next sample or shot begins.
    """
    columns = [column.name for column in tables.FACE_TRACKS.columns]
    if not len(faces):
        return pd.DataFrame(columns=columns)
    film = _Film(faces, embeddings, frame_samples)
    by_shot: dict[int, list[_Piece]] = {}
    for piece in _pieces(film, options):
        by_shot.setdefault(piece.shot, []).append(piece)
    begins, ends = _screen_times(shots, frame_samples)
    rows = []
    for shot in sorted(by_shot):
        for piece in _joined(film, by_shot[shot], options):
            samples = film.sample[piece.rows]
            best_first = sorted(piece.embedded, key=lambda row: (-film.quality[row], row))
            heights = film.box[piece.rows, 3] - film.box[piece.rows, 1]
            rows.append(
                {
                    "shot": shot,
                    "start_s": begins[samples[0]],
                    "end_s": ends[samples[-1]],
                    "samples": len(samples),
                    "faces": film.face[piece.rows].tolist(),
                    "embedded_faces": film.face[best_first].tolist(),
                    "best_face": int(film.face[best_first[0]]) if best_first else None,
                    "height_share": float(heights.max() / frame_height),
                }
            )
    tracks = pd.DataFrame(rows).sort_values(["start_s", "end_s"], kind="stable", ignore_index=True)
    tracks.insert(0, "track", np.arange(len(tracks), dtype=np.int64))
    tracks["best_face"] = tracks["best_face"].astype("Int64")
    return tracks[columns]


def _screen_times(shots: pd.DataFrame, frame_samples: pd.DataFrame) -> tuple[dict[int, float], dict[int, float]]:
    """First and last instant, in seconds, for which each sample stands."""
    shot_start = dict(zip(shots["shot"], shots["start_s"], strict=True))
    shot_end = dict(zip(shots["shot"], shots["end_s"], strict=True))
    samples = frame_samples.sort_values("sample", kind="stable")
    numbers, times, of = (samples[name].tolist() for name in ("sample", "time_s", "shot"))
    begins, ends = {}, {}
    for i, number in enumerate(numbers):
        first = i == 0 or of[i - 1] != of[i]
        last = i + 1 == len(numbers) or of[i + 1] != of[i]
        # Where a sample's frame comes after its instant, the shot may start after it; no interval is turned round.
        begins[number] = float(shot_start[of[i]] if first else times[i])
        ends[number] = max(float(shot_end[of[i]] if last else times[i + 1]), begins[number])
    return begins, ends


def _pieces(film: _Film, options: TrackOptions) -> Iterator[_Piece]:
    """Tracklets as pieces: one shot, one face a sample, one person as far as the embeddings tell."""
    order = np.lexsort((film.face, film.sample, film.shot, film.tracklet))
    groups: dict[tuple[int, int], list[int]] = {}
    for row in order.tolist():
        groups.setdefault((int(film.tracklet[row]), int(film.shot[row])), []).append(row)
    for (_, shot), rows in groups.items():
        for part in _split(film, rows, options):
            yield _piece(film, shot, part)


def _piece(film: _Film, shot: int, rows: list[int]) -> _Piece:
    embedded = [row for row in rows if row in film.vector]
    return _Piece(shot, rows, embedded, _mean(film, embedded))


def _mean(film: _Film, rows: list[int]) -> NDArray[np.float64] | None:
    if not rows:
        return None
    weights = np.asarray([max(film.quality[row], 1e-3) for row in rows])
    return np.average(np.asarray([film.vector[row] for row in rows]), axis=0, weights=weights)


def _split(film: _Film, rows: list[int], options: TrackOptions) -> list[list[int]]:
    """A tracklet cut wherever its box jumps and the faces before and after the jump are unlike."""
    cuts = [
        place
        for place, (before, after) in enumerate(pairwise(rows), start=1)
        if film.sample[before] == film.sample[after] or iou(film.box[before], film.box[after]) < options.overlap
    ]
    parts, start = [], 0
    for place in cuts:
        left, right = (
            _mean(film, [row for row in part if row in film.vector]) for part in (rows[start:place], rows[place:])
        )
        same_sample = film.sample[rows[place - 1]] == film.sample[rows[place]]
        unlike = left is not None and right is not None and float(np.linalg.norm(left - right)) > options.splits
        if same_sample or unlike:
            parts.append(rows[start:place])
            start = place
    return [*parts, rows[start:]]


def _joined(film: _Film, pieces: list[_Piece], options: TrackOptions) -> list[_Piece]:
    """Pieces of one shot joined two by two, the cheapest pair first, as long as any pair is allowed."""
    pieces = sorted(pieces, key=lambda piece: (film.sample[piece.rows[0]], piece.rows[0]))
    costs = {
        (a, b): cost
        for a in range(len(pieces))
        for b in range(a + 1, len(pieces))
        if (cost := _cost(film, pieces[a], pieces[b], options)) is not None
    }
    alive = dict(enumerate(pieces))
    while costs:
        a, b = min(costs, key=lambda pair: (costs[pair], pair))
        rows = sorted(alive[a].rows + alive[b].rows, key=lambda row: (film.sample[row], row))
        alive[a] = _piece(film, alive[a].shot, rows)
        del alive[b]
        costs = {pair: cost for pair, cost in costs.items() if not {a, b} & set(pair)}
        for other in alive:
            if other != a and (cost := _cost(film, alive[a], alive[other], options)) is not None:
                costs[min(a, other), max(a, other)] = cost
    return list(alive.values())


def _cost(film: _Film, one: _Piece, other: _Piece, options: TrackOptions) -> float | None:
    """What joining two pieces of a shot costs; None where it is not allowed."""
    apart = max(film.time[one.rows[0]], film.time[other.rows[0]]) - min(
        film.time[one.rows[-1]], film.time[other.rows[-1]]
    )
    if apart > options.long_gap_s:
        return None
    gap = _gap(film, one, other)
    if gap is None or gap[0] > options.long_gap_s:
        return None
    seconds, before, after = gap
    far = None if one.vector is None or other.vector is None else float(np.linalg.norm(one.vector - other.vector))
    shared = float(iou(film.box[before], film.box[after]))
    away = _reach(film.box[before], film.box[after])
    by_place = seconds <= options.short_gap_s and shared >= options.overlap and (far is None or far <= options.differs)
    by_face = far is not None and far <= options.agrees and away <= options.reach
    if not by_place and not by_face:
        return None
    return (options.differs if far is None else far) + seconds / options.long_gap_s + (1.0 - shared) / 2


def _gap(film: _Film, one: _Piece, other: _Piece) -> tuple[float, int, int] | None:
    """Longest time without the face between two pieces that share no sample, with the rows on either side of the
    shortest; None where they share one."""
    first, second = film.sample[one.rows], film.sample[other.rows]
    if np.intersect1d(first, second, assume_unique=True).size:
        return None
    rows = np.asarray(one.rows + other.rows)
    owner = np.repeat([0, 1], [len(first), len(second)])
    order = np.argsort(film.sample[rows], kind="stable")
    rows, owner = rows[order], owner[order]
    turns = np.flatnonzero(owner[1:] != owner[:-1])
    waits = film.time[rows[turns + 1]] - film.time[rows[turns]]
    nearest = int(turns[np.argmin(waits)])
    return float(waits.max()), int(rows[nearest]), int(rows[nearest + 1])


def _reach(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Distance between two boxes' centres in heights of the larger."""
    centres = [np.asarray([box[0] + box[2], box[1] + box[3]]) / 2 for box in (one, other)]
    height = max(one[3] - one[1], other[3] - other[1], 1.0)
    return float(np.linalg.norm(centres[0] - centres[1]) / height)
