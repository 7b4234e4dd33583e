"""The one pass over a segment of a film: samples, cuts, faces, tracklets and embeddings from one decoding."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.chips import judge_chip
from wios_assets.vision.engine import FaceEngine, Faces, Image
from wios_assets.vision.records import Cut, EmbeddingRecord, FaceRecord, Record, SampleRecord
from wios_assets.vision.sampling import MarkedPicture, Sample, read_pictures, read_samples
from wios_assets.vision.segments import Segment
from wios_assets.vision.shots import ShotOptions, mark_cuts
from wios_assets.vision.tracklets import LinkOptions, Tracker, match_boxes
from wios_assets.vision.video import Video, to_display

FACES_A_SAMPLE = 1000
"""Ids of faces are sample × this + index: the same however the film is cut into segments."""

EMBEDDING_BATCH = 16


@dataclass(frozen=True)
class FootageOptions:
    """How a film is looked at.

    Attributes:
        samples_per_second: samples for each second of film.
        smallest_face: height of the smallest face that must be found, as a share of the frame height.
        detect_every: samples from one detection to the next while nothing changes; between two that agree, faces are
            followed, and where two disagree, those between are looked at too.
        agreeing_shift: how far a face may move between two detections that agree, as a multiple of its size.
        duplicate_change: largest change of any part of the picture, in grey levels (0 to 255), at which a sample
            is a near-duplicate.
        chips_per_tracklet: most chips of a tracklet that are turned into embeddings.
        chip_spacing_s: least time between two chips of a tracklet, on average, in seconds.
        chip_jpeg_quality: JPEG quality of stored chips, 1 to 100.
        decoder_threads: threads that decode one segment.
        shots: what counts as a cut.
        links: when two faces are the same.
    """

    samples_per_second: float
    smallest_face: float
    detect_every: int
    agreeing_shift: float
    duplicate_change: float
    chips_per_tracklet: int
    chip_spacing_s: float
    chip_jpeg_quality: int
    decoder_threads: int
    shots: ShotOptions
    links: LinkOptions


def analyse_segment(
    video: Video,
    segment: Segment,
    engine: FaceEngine,
    options: FootageOptions,
    progress: Callable[[float], None] | None = None,
) -> Iterator[Record]:
    """Everything that later steps need of a segment, as a stream: a `SampleRecord` for each sample in order of time,
    an `EmbeddingRecord` for each chip chosen (after its sample, when its tracklet has ended), a `Cut` for each shot
    that starts inside the segment.

    The segment is decoded once. Pictures that no sample shows and no other picture is decoded from are left undecoded;
    where a shot starts with such, its cut is late by the few of them that stand there. Cuts, sample times and pictures do not depend on how the film is cut into segments;
    tracklets end where the segment ends.

    Args:
        video: the probed film.
        segment: the samples to look at.
        engine: finds the faces.
        options: how to look.
        progress: called now and then with the seconds of the segment that are done.

    Raises:
        WiosError: the file cannot be opened any more.
    """
    rate = options.samples_per_second
    from_s = segment.first_sample / rate if segment.first_sample else -math.inf
    to_s = math.inf if segment.is_last else segment.end_sample / rate
    cuts: list[Cut] = []

    def noting_cuts(pictures: Iterable[MarkedPicture]) -> Iterator[MarkedPicture]:
        for marked in pictures:
            if marked.starts_shot and from_s <= marked.picture.time_s < to_s:
                cuts.append(Cut(marked.picture.time_s))
            yield marked

    start_s = segment.first_sample / rate
    pictures = read_pictures(video, start_s, options.shots.pictures_before, options.decoder_threads, rate)
    marked = noting_cuts(mark_cuts(pictures, options.shots))
    look = _Look(video, engine, options)
    try:
        for sample in read_samples(marked, segment.first_sample, segment.end_sample, rate):
            yield from look.take(sample)
            if progress is not None:
                progress((sample.number + 1 - segment.first_sample) / rate)
            while cuts:
                yield cuts.pop(0)
        for late in marked:
            if late.picture.time_s >= to_s:
                break
        yield from look.finish()
        yield from cuts
    finally:
        pictures.close()


@dataclass
class _Face:
    """A face of a sample, found or followed."""

    box: NDArray[np.float32]
    score: float | None = None
    landmarks: NDArray[np.float32] | None = None
    sharpness: float | None = None
    frontality: float | None = None
    quality: float = 0.0
    chip: Image | None = None

    def followed(self) -> _Face:
        return _Face(self.box)


@dataclass
class _Waiting:
    """A sample whose faces are not settled yet."""

    sample: Sample
    image: Image | None
    same_as: _Waiting | None
    faces: list[_Face] = field(default_factory=list)

    @property
    def boxes(self) -> NDArray[np.float32]:
        return np.array([f.box for f in self.faces], dtype=np.float32).reshape(-1, 4)


@dataclass(frozen=True)
class _Chip:
    face: int
    tracklet: int
    quality: float
    chip: Image


class _Look:
    """The pass's state: the samples since the last detection, the open tracklets and their best chips."""

    def __init__(self, video: Video, engine: FaceEngine, options: FootageOptions) -> None:
        self._video = video
        self._engine = engine
        self._options = options
        self._tracker = Tracker(options.links)
        self._anchor: _Waiting | None = None
        self._waiting: list[_Waiting] = []
        self._fresh: _Waiting | None = None
        self._best: dict[int, dict[int, _Chip]] = defaultdict(dict)
        self._to_embed: list[_Chip] = []

    def take(self, sample: Sample) -> Iterator[Record]:
        """Look at the next sample; what is settled by then."""
        frame = sample.picture.frame if sample.picture is not None else None
        if frame is None:
            yield from self._close_shot()
            outcome = "analysed" if sample.picture is None else "unreadable"
            yield SampleRecord(sample.number, sample.time_s, None, outcome, None, ())  # type: ignore[arg-type]
            return
        if sample.starts_shot:
            yield from self._close_shot()
        if self._fresh is not None and self._is_duplicate(sample, self._fresh.sample):
            self._waiting.append(_Waiting(sample, None, self._fresh))
        else:
            image = to_display(frame, self._video.width, self._video.height, self._video.rotation)
            self._fresh = _Waiting(sample, image, None)
            self._waiting.append(self._fresh)
        if self._anchor is None or len(self._waiting) >= self._options.detect_every:
            yield from self._settle()

    def finish(self) -> Iterator[Record]:
        """What is left at the segment's end."""
        yield from self._close_shot()
        yield from self._embed(0)

    def _is_duplicate(self, sample: Sample, reference: Sample) -> bool:
        if sample.picture is reference.picture:
            return True
        assert sample.small is not None
        assert reference.small is not None
        return largest_change(sample.small, reference.small) <= self._options.duplicate_change

    def _close_shot(self) -> Iterator[Record]:
        yield from self._settle()
        self._anchor = self._fresh = None
        self._choose(self._tracker.end_all())
        yield from self._embed(EMBEDDING_BATCH)

    def _settle(self) -> Iterator[Record]:
        """Find or follow the faces of every waiting sample, and let them go."""
        fresh = [w for w in self._waiting if w.image is not None]
        if fresh:
            self._detect(fresh[-1])
            if self._anchor is not None:
                self._fill(self._anchor, fresh[-1], fresh[:-1])
            self._anchor = fresh[-1]
        for waiting in self._waiting:
            waiting.image = None
            if waiting.same_as is not None:
                waiting.faces = [face.followed() for face in waiting.same_as.faces]
            yield self._record(waiting)
        self._waiting = []
        yield from self._embed(EMBEDDING_BATCH)

    def _fill(self, before: _Waiting, after: _Waiting, between: list[_Waiting]) -> None:
        """Faces of the samples between two detections: followed where both agree, else looked for halfway."""
        if not between:
            return
        shift = self._options.agreeing_shift
        pairs = match_boxes(before.boxes, after.boxes, shift, self._options.links.largest_growth)
        if len(pairs) == len(before.faces) == len(after.faces):
            first, last = before.sample.time_s, after.sample.time_s
            for waiting in between:
                part = np.float32((waiting.sample.time_s - first) / (last - first))
                waiting.faces = [
                    _Face(before.faces[i].box + part * (after.faces[j].box - before.faces[i].box)) for i, j in pairs
                ]
            return
        middle = len(between) // 2
        self._detect(between[middle])
        self._fill(before, between[middle], between[:middle])
        self._fill(between[middle], after, between[middle + 1 :])

    def _detect(self, waiting: _Waiting) -> None:
        assert waiting.image is not None
        smallest = self._options.smallest_face * self._video.height
        faces = self._engine.detect([waiting.image], smallest)[0]
        faces = faces.select(np.arange(min(len(faces), FACES_A_SAMPLE)))
        chips = self._engine.chips(waiting.image, faces)
        waiting.faces = [_judged(faces, i, chip) for i, chip in enumerate(chips)]

    def _record(self, waiting: _Waiting) -> SampleRecord:
        sample = waiting.sample
        numbers = [sample.number * FACES_A_SAMPLE + i for i in range(len(waiting.faces))]
        tracklets, ended = self._tracker.add(sample.time_s, numbers, waiting.boxes)
        self._choose(ended)
        records = []
        for number, tracklet, face in zip(numbers, tracklets, waiting.faces, strict=True):
            if face.chip is not None:
                self._offer(_Chip(number, tracklet, face.quality, face.chip), sample.number)
            left, top, right, bottom = (float(edge) for edge in face.box)
            landmarks = [] if face.landmarks is None else [float(x) for x in face.landmarks.ravel()]
            records.append(
                FaceRecord(
                    face=number,
                    sample=sample.number,
                    time_s=sample.time_s,
                    tracklet=tracklet,
                    left=left,
                    top=top,
                    right=right,
                    bottom=bottom,
                    score=face.score,
                    landmarks=landmarks,
                    sharpness=face.sharpness,
                    frontality=face.frontality,
                )
            )
        assert sample.picture is not None
        return SampleRecord(
            sample=sample.number,
            time_s=sample.time_s,
            frame_s=sample.picture.time_s,
            outcome="analysed" if waiting.same_as is None else "duplicate",
            duplicate_of=waiting.same_as.sample.number if waiting.same_as is not None else None,
            faces=tuple(records),
        )

    def _offer(self, chip: _Chip, sample: int) -> None:
        """Keep the best chip of each stretch of its tracklet, so that the chosen ones are spread over time."""
        first = chip.tracklet // FACES_A_SAMPLE
        seconds = (sample - first) / self._options.samples_per_second
        best = self._best[chip.tracklet]
        place = int(seconds / self._options.chip_spacing_s)
        if place not in best or best[place].quality < chip.quality:
            best[place] = chip

    def _choose(self, ended: list[int]) -> None:
        for tracklet in ended:
            best = sorted(self._best.pop(tracklet, {}).values(), key=lambda c: -c.quality)
            self._to_embed.extend(best[: self._options.chips_per_tracklet])

    def _embed(self, at_least: int) -> Iterator[EmbeddingRecord]:
        if not self._to_embed or len(self._to_embed) < at_least:
            return
        chosen, self._to_embed = self._to_embed, []
        vectors = self._engine.embed(np.stack([c.chip for c in chosen]))
        for chip, vector in zip(chosen, vectors, strict=True):
            yield EmbeddingRecord(chip.face, chip.tracklet, chip.quality, vector, self._jpeg(chip.chip))

    def _jpeg(self, chip: Image) -> bytes:
        quality = [cv2.IMWRITE_JPEG_QUALITY, self._options.chip_jpeg_quality]
        return cv2.imencode(".jpg", cv2.cvtColor(chip, cv2.COLOR_RGB2BGR), quality)[1].tobytes()


def largest_change(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Largest mean grey difference of any 8 × 8 block of two small pictures (uint8 [h, w, 3], BGR), 0 to 255.

    A block is about as large as the smallest face that matters, so a face that moves alone is seen.
    """
    grey = [cv2.cvtColor(p, cv2.COLOR_BGR2GRAY) for p in (one, other)]
    change = cv2.boxFilter(cv2.absdiff(*grey), cv2.CV_32F, (8, 8))
    return float(change.max())


def _judged(faces: Faces, i: int, chip: Image) -> _Face:
    score = float(faces.scores[i])
    worth = judge_chip(chip, faces.boxes[i], faces.landmarks[i], score)
    return _Face(faces.boxes[i], score, faces.landmarks[i], worth.sharpness, worth.frontality, worth.quality, chip)
