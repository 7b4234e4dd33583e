"""Tracks of a film: tracklets divided where the face changes, and joined across gaps and the seams of segments."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets import tables

Vector = NDArray[np.float64]

TWO_PEOPLE = 0.745
"""Median distance between two faces of one sample on the development films; it was 0.70 to 0.77 in each of them."""

PAIRS_ASSUMED = 2
"""Weight of this median, as a number of pairs, beside a film's own pairs."""

FACES_COMPARED = 3
"""Most other faces of a sample that a face is compared with for the median."""


@dataclass(frozen=True)
class TrackOptions:
    """Limits for joining and for dividing tracklets.

    Distances are Euclidean between embeddings of dlib and SFace together (`vision.paired_embedder`); another engine's
    are brought to that scale by the faces that a film shows side by side. The limits were
    measured on the development films. Between the means of up to three chips before and after a point of one face's
    tracklet, 98 in 100 are below 0.56 where both have a clear chip, and below 0.66 where one is a single poor one;
    between two faces of one frame, 98 in 100 are above 0.62 where both have a clear chip.

    Attributes:
        short_gap_s: seconds without the face over which position may join two tracklets.
        long_gap_s: seconds without the face over which position and likeness together may join them.
        overlap: intersection over union of the boxes on either side of a short gap.
        reach: distance between the boxes' centres, in face heights, on either side of a long gap.
        agrees: distance between embeddings up to which a long gap is closed.
        window: chips before and after a point of a tracklet whose means are compared there.
        unlike: distance between the means beyond which they show two people, where each has a clear chip.
        unlike_after_jump: the same where the box jumps as well.
        unlike_unclear: the same where one has no clear chip but both have two: small and dark faces and profiles lie
            farther apart.
        unlike_single: the same where one is a single chip that is not clear.
        clear: quality from which on a chip is clear, 0 to 1.
    """

    short_gap_s: float = 0.75
    long_gap_s: float = 3.0
    overlap: float = 0.25
    reach: float = 2.0
    agrees: float = 0.5
    window: int = 3
    unlike: float = 0.62
    unlike_after_jump: float = 0.58
    unlike_unclear: float = 0.655
    unlike_single: float = 0.69
    clear: float = 0.1


class _Film:
    """The tables as arrays, faces by sample."""

    def __init__(self, faces: pd.DataFrame, embeddings: pd.DataFrame, samples: pd.DataFrame) -> None:
        shot_of = dict(zip(samples["sample"], samples["shot"], strict=True))
        ordered = faces.sort_values(["sample", "face"], kind="stable")
        self.face = ordered["face"].to_numpy(np.int64)
        self.sample = ordered["sample"].to_numpy(np.int64)
        self.time = ordered["time_s"].to_numpy(np.float64)
        self.tracklet = ordered["tracklet"].to_numpy(np.int64)
        self.box = ordered[["left", "top", "right", "bottom"]].to_numpy(np.float64)
        self.corners: list[list[float]] = self.box.tolist()
        self.shot = np.asarray([shot_of[sample] for sample in self.sample], dtype=np.int64)
        row_of = {face: row for row, face in enumerate(self.face.tolist())}
        self.vector: dict[int, Vector] = {}
        self.quality: dict[int, float] = {}
        for face, quality, vector in zip(
            embeddings["face"], embeddings["quality"], embeddings["embedding"], strict=True
        ):
            row = row_of.get(int(face))
            if row is not None:
                self.vector[row] = np.asarray(vector, dtype=np.float64)
                self.quality[row] = float(quality)

    def embedded(self, rows: Sequence[int]) -> list[int]:
        """Those of the rows that have an embedding."""
        return [row for row in rows if row in self.vector]

    def mean(self, embedded: Sequence[int]) -> Vector:
        """Mean of these rows' embeddings by quality."""
        weights = np.asarray([max(self.quality[row], 1e-3) for row in embedded])
        return np.average(np.asarray([self.vector[row] for row in embedded]), axis=0, weights=weights)


class _Piece:
    """Faces of one person in one shot, by time: rows of the film's arrays.

    `origins` are the tracklets that it comes from after they were divided.
    """

    def __init__(self, film: _Film, rows: list[int], origins: frozenset[int] = frozenset()) -> None:
        self.rows = rows
        self.origins = origins
        self.embedded = film.embedded(rows)
        self.vector = film.mean(self.embedded) if self.embedded else None
        self.start_s, self.last_s = float(film.time[rows[0]]), float(film.time[rows[-1]])


def link_tracks(
    faces: pd.DataFrame,
    embeddings: pd.DataFrame,
    shots: pd.DataFrame,
    frame_samples: pd.DataFrame,
    frame_height: float,
    options: TrackOptions,
) -> pd.DataFrame:
    """Tracks of a film.

    A tracklet is one face followed within one segment of the film, by position and size. Tracklets are divided at shot
    boundaries and where the embeddings before and after differ too much to be one person's; then tracklets of one shot
    that never share a sample are joined, the likeliest pair first: over short gaps by position unless their embeddings
    differ, over longer ones by position and embedding. Time grows with the tracklets × those near them in time.

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
    scale = _scale(film)
    film.vector = {row: vector / scale for row, vector in film.vector.items()}
    by_shot: dict[int, list[_Piece]] = {}
    for shot, piece in _divided_tracklets(film, options):
        by_shot.setdefault(shot, []).append(piece)
    begins, ends = _screen_times(shots, frame_samples)
    records = []
    for shot in sorted(by_shot):
        for piece in _joined(film, by_shot[shot], options):
            samples = film.sample[piece.rows]
            best_first = sorted(piece.embedded, key=lambda row: (-film.quality[row], row))
            heights = film.box[piece.rows, 3] - film.box[piece.rows, 1]
            records.append(
                {
                    "shot": shot,
                    "start_s": begins[samples[0]],
                    "end_s": ends[samples[-1]],
                    "samples": len(samples),
                    "faces": film.face[piece.rows].tolist(),
                    "embedded_faces": film.face[best_first].tolist(),
                    "best_face": int(film.face[best_first[0]]) if best_first else None,
                    "height_share": float(heights.max() / frame_height),
                    "disagreement": _disagreement(film, piece.embedded, options.window, scale),
                }
            )
    tracks = pd.DataFrame(records).sort_values(["start_s", "end_s"], kind="stable", ignore_index=True)
    tracks.insert(0, "track", np.arange(len(tracks), dtype=np.int64))
    tracks["best_face"] = tracks["best_face"].astype("Int64")
    tracks["disagreement"] = tracks["disagreement"].astype(np.float64)
    return tracks[columns]


def _scale(film: _Film) -> float:
    """Ratio of distances by this film's engine to those that the limits were measured with.

    Two faces of one sample are two people, so the film itself shows the distance between different people. A face is
    compared with the next few of its sample; each pair of tracklets counts once.
    """
    embedded = sorted(film.vector)
    seen: dict[tuple[int, int], list[float]] = {}
    for i, one in enumerate(embedded):
        for other in embedded[i + 1 : i + 1 + FACES_COMPARED]:
            if film.sample[one] == film.sample[other] and film.tracklet[one] != film.tracklet[other]:
                pair = int(film.tracklet[one]), int(film.tracklet[other])
                seen.setdefault(pair, []).append(_distance(film.vector[one], film.vector[other]))
    if not seen:
        return 1.0
    typical = float(np.median([np.mean(distances) for distances in seen.values()]))
    return (PAIRS_ASSUMED + len(seen) * typical / TWO_PEOPLE) / (PAIRS_ASSUMED + len(seen))


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
        # Where a sample's frame comes after its instant, the shot may start after it; no interval gets a negative
        # length.
        begins[number] = float(shot_start[of[i]] if first else times[i])
        ends[number] = max(float(shot_end[of[i]] if last else times[i + 1]), begins[number])
    return begins, ends


def _divided_tracklets(film: _Film, options: TrackOptions) -> Iterator[tuple[int, _Piece]]:
    """Tracklets as pieces with their shots: one shot, one face a sample, one person as far as the embeddings tell."""
    order = np.lexsort((film.face, film.sample, film.shot, film.tracklet))
    groups: dict[tuple[int, int], list[int]] = {}
    for row in order.tolist():
        groups.setdefault((int(film.tracklet[row]), int(film.shot[row])), []).append(row)
    for (tracklet, shot), rows in groups.items():
        for part in _one_face_a_sample(film, rows):
            for one_person in _divided(film, part, options):
                yield shot, _Piece(film, one_person, frozenset([tracklet]))


def _one_face_a_sample(film: _Film, rows: list[int]) -> list[list[int]]:
    parts, start = [], 0
    for i, (before, after) in enumerate(pairwise(rows), start=1):
        if film.sample[before] == film.sample[after]:
            parts.append(rows[start:i])
            start = i
    return [*parts, rows[start:]]


def _divided(film: _Film, rows: list[int], options: TrackOptions) -> list[list[int]]:
    """A tracklet divided where the face changes most, each part again, until none shows two people.

    The change at a point between two chips is the distance between the means of up to `window` chips before and after
    it (binary segmentation; Vostrikova, "Detecting disorder in multidimensional random processes", 1981). Faces
    without an embedding between the two chips go to the side of the larger jump of the box.
    """
    embedded = [i for i, row in enumerate(rows) if row in film.vector]
    best, best_excess = 0, 0.0
    for k in range(1, len(embedded)):
        before = [rows[i] for i in embedded[max(0, k - options.window) : k]]
        after = [rows[i] for i in embedded[k : k + options.window]]
        cut, is_jump = _largest_jump(film, rows, embedded[k - 1], embedded[k], options)
        limit = _limit(film, before, after, is_jump, options)
        excess = _distance(film.mean(before), film.mean(after)) - limit
        if excess > best_excess:
            best, best_excess = cut, excess
    if not best:
        return [rows]
    return [*_divided(film, rows[:best], options), *_divided(film, rows[best:], options)]


def _largest_jump(film: _Film, rows: list[int], first: int, last: int, options: TrackOptions) -> tuple[int, bool]:
    """Position in `rows` of the face after the largest change of position and size between two positions, and whether
    the boxes on either side of it hardly overlap."""
    shared = [_overlap(film.corners[rows[i - 1]], film.corners[rows[i]]) for i in range(first + 1, last + 1)]
    smallest = int(np.argmin(shared))
    return first + 1 + smallest, shared[smallest] < options.overlap


def _limit(film: _Film, before: Sequence[int], after: Sequence[int], is_jump: bool, options: TrackOptions) -> float:
    """Distance between two groups of chips beyond which they show two people."""
    if min(max(film.quality[row] for row in side) for side in (before, after)) >= options.clear:
        return options.unlike_after_jump if is_jump else options.unlike
    return options.unlike_unclear if min(len(before), len(after)) > 1 else options.unlike_single


def _disagreement(film: _Film, embedded: Sequence[int], window: int, scale: float) -> float | None:
    """Largest distance, in the engine's own scale, between the chips before and after any point of a track; None with
    fewer than two chips."""
    return max(
        (
            scale * _distance(film.mean(embedded[max(0, k - window) : k]), film.mean(embedded[k : k + window]))
            for k in range(1, len(embedded))
        ),
        default=None,
    )


def _joined(film: _Film, pieces: list[_Piece], options: TrackOptions) -> list[_Piece]:
    """Pieces of one shot joined two by two, the cheapest pair first, as long as any pair is allowed.

    Only pieces that follow each other within the long gap, or overlap in time, are compared.
    """
    alive = dict(enumerate(sorted(pieces, key=lambda piece: (film.sample[piece.rows[0]], piece.rows[0]))))
    near: dict[int, set[int]] = {number: set() for number in alive}
    costs: list[tuple[float, int, int]] = []

    def compare(one: int, other: int) -> None:
        near[one].add(other)
        near[other].add(one)
        cost = _cost(film, alive[one], alive[other], options)
        if cost is not None:
            heapq.heappush(costs, (cost, min(one, other), max(one, other)))

    open_numbers: list[int] = []
    for number, piece in alive.items():
        open_numbers = [n for n in open_numbers if piece.start_s - alive[n].last_s <= options.long_gap_s]
        for other in open_numbers:
            compare(other, number)
        open_numbers.append(number)
    following = len(alive)
    while costs:
        _, one, other = heapq.heappop(costs)
        if one not in alive or other not in alive:
            continue
        first, second = alive.pop(one), alive.pop(other)
        rows = sorted(first.rows + second.rows, key=lambda row: (film.sample[row], row))
        alive[following] = _Piece(film, rows, first.origins | second.origins)
        neighbours = {n for n in near.pop(one) | near.pop(other) if n in alive}
        near[following] = set()
        for neighbour in sorted(neighbours):
            compare(neighbour, following)
        following += 1
    return list(alive.values())


def _cost(film: _Film, one: _Piece, other: _Piece, options: TrackOptions) -> float | None:
    """What joining two pieces of a shot costs; None where it is not allowed."""
    gap = _gap(film, one, other)
    if gap is None or gap[0] > options.long_gap_s:
        return None
    seconds, before, after = gap
    distance = None if one.vector is None or other.vector is None else _distance(one.vector, other.vector)
    is_alike = distance is not None and distance <= options.agrees
    # Most pairs are two people, some time apart.
    if seconds > options.short_gap_s and not is_alike:
        return None
    shared = _overlap(film.corners[before], film.corners[after])
    by_position = seconds <= options.short_gap_s and shared >= options.overlap
    if distance is not None:
        # Parts of a tracklet that was divided come together again only if they are alike.
        were_divided = bool(one.origins & other.origins)
        limit = options.agrees if were_divided else _limit(film, one.embedded, other.embedded, False, options)
        by_position = by_position and distance <= limit
    by_likeness = is_alike and _centre_distance(film.box[before], film.box[after]) <= options.reach
    if not by_position and not by_likeness:
        return None
    return (options.unlike if distance is None else distance) + seconds / options.long_gap_s + (1.0 - shared) / 2


def _gap(film: _Film, one: _Piece, other: _Piece) -> tuple[float, int, int] | None:
    """Longest time without the face between two pieces that share no sample, with the rows on either side of the
    shortest; None where they share one."""
    if one.last_s < other.start_s or other.last_s < one.start_s:
        earlier, later = (one, other) if one.last_s < other.start_s else (other, one)
        return later.start_s - earlier.last_s, earlier.rows[-1], later.rows[0]
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


def _distance(one: Vector, other: Vector) -> float:
    return float(np.linalg.norm(one - other))


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """`boxes.iou` of two boxes alone, for which NumPy takes twenty times as long."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - shared
    return shared / union if union > 0 else 0.0


def _centre_distance(one: Vector, other: Vector) -> float:
    """Distance between two boxes' centres in heights of the larger."""
    centres = [np.asarray([box[0] + box[2], box[1] + box[3]]) / 2 for box in (one, other)]
    height = max(one[3] - one[1], other[3] - other[1], 1.0)
    return float(np.linalg.norm(centres[0] - centres[1]) / height)
