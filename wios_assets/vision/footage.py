"""One pass over a segment of a film: samples, cuts, faces, tracklets and embeddings from one decoding."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from wios_assets.vision.chip_selection import SETTLED, Candidate, ChipSelection, crop_face, first_two
from wios_assets.vision.chips import ChipQuality, judge_face
from wios_assets.vision.cut_detection import mark_cuts
from wios_assets.vision.engine import FaceEngine, Faces, Image
from wios_assets.vision.options import FootageOptions
from wios_assets.vision.records import Cut, EmbeddingRecord, FaceRecord, Outcome, Record, SampleRecord
from wios_assets.vision.sampling import MarkedPicture, Sample, read_pictures, read_samples
from wios_assets.vision.segments import Segment
from wios_assets.vision.tracklets import Tracker
from wios_assets.vision.video import Video, to_display

FACES_A_SAMPLE = 1000
"""Ids of faces are sample × this + index: the same however the film is cut into segments."""

EMBEDDING_BATCH = 16

LARGEST_HEIGHT = 1080
"""Height in pixels to which taller pictures are scaled while they are converted; boxes stay in the film's pixels."""


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
    where a shot starts with such pictures, its cut is late by those few. Cuts, sample times and pictures do not depend
    on how the film is cut into segments; tracklets end where the segment ends.

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
    # One picture more is read ahead, for the first one within the lead to be compared with.
    lead_s, threads = options.shots.lead_s, options.decoder_threads
    pictures = read_pictures(video, start_s - lead_s, 1, threads, rate, options.decoder)
    marked = noting_cuts(mark_cuts(pictures, options.shots, rate))
    settling = _Pass(video, engine, options)
    try:
        for sample in read_samples(marked, segment.first_sample, segment.end_sample, rate):
            yield from settling.take(sample)
            if progress is not None:
                progress((sample.number + 1 - segment.first_sample) / rate)
            while cuts:
                yield cuts.pop(0)
        for late in marked:
            if late.picture.time_s >= to_s:
                break
        yield from settling.finish()
        yield from cuts
    finally:
        pictures.close()


@dataclass(frozen=True)
class _Look:
    """A sample that was searched: its number, its picture's time (seconds) and the boxes of its faces, [n, 4]."""

    number: int
    frame_s: float
    small: NDArray[np.uint8] | None
    boxes: NDArray[np.float32]


class _Pass:
    """State of the pass: the last sample searched, the open tracklets and their best faces."""

    def __init__(self, video: Video, engine: FaceEngine, options: FootageOptions) -> None:
        self._video = video
        self._engine = engine
        self._options = options
        self._scale = min(1.0, LARGEST_HEIGHT / video.height)
        self._tracker = Tracker(options.links)
        self._selection = ChipSelection(options.chips_per_tracklet, options.chip_spacing_s)
        self._last: _Look | None = None
        self._to_embed: list[Candidate] = []
        self._rest: dict[int, list[Candidate]] = {}

    def take(self, sample: Sample) -> Iterator[Record]:
        """The record of the next sample, and the embeddings of tracklets that have ended."""
        picture = sample.picture
        if picture is None or picture.frame is None:
            yield from self._close_shot()
            outcome: Outcome = "analysed" if picture is None else "unreadable"
            yield SampleRecord(sample.number, sample.time_s, None, outcome, None, ())
            return
        if sample.starts_shot:
            yield from self._close_shot()
        if self._last is not None and self._is_duplicate(self._last, sample):
            yield self._inherited(sample, self._last)
        else:
            yield self._searched(sample, picture.frame)
        yield from self._embed(EMBEDDING_BATCH)

    def finish(self) -> Iterator[Record]:
        """The embeddings that are left at the segment's end."""
        yield from self._close_shot()
        yield from self._embed(0)

    def _is_duplicate(self, last: _Look, sample: Sample) -> bool:
        """Whether the sample repeats the picture of the last sample that was searched."""
        assert sample.picture is not None
        if sample.picture.time_s == last.frame_s:
            return True
        if sample.small is None or last.small is None or sample.small.shape != last.small.shape:
            return False
        return largest_change(sample.small, last.small) <= self._options.duplicate_change

    def _close_shot(self) -> Iterator[Record]:
        self._last = None
        self._choose(self._tracker.end_all())
        yield from self._embed(EMBEDDING_BATCH)

    def _inherited(self, sample: Sample, last: _Look) -> SampleRecord:
        """Record of a near-duplicate: it has the boxes of the sample that it repeats, and nothing else."""
        ids, tracklets = self._linked(sample, last.boxes)
        faces = [
            FaceRecord(number, sample.number, sample.time_s, tracklet, *box, None, [], None, None)
            for number, tracklet, box in zip(ids, tracklets, _edges(last.boxes), strict=True)
        ]
        return self._record(sample, faces, last.number)

    def _searched(self, sample: Sample, frame: VideoFrame) -> SampleRecord:
        assert sample.picture is not None
        video, scale = self._video, self._scale
        image = to_display(frame, round(video.width * scale), round(video.height * scale), video.rotation)
        smallest = self._options.smallest_face * image.shape[0]
        expected = None if self._last is None else (self._last.boxes * scale).astype(np.float32)
        detected = self._engine.detect([image], smallest, expected)[0]
        detected = detected.select(np.arange(min(len(detected), FACES_A_SAMPLE)))
        boxes = (detected.boxes / scale).astype(np.float32)
        self._last = _Look(sample.number, sample.picture.time_s, sample.small, boxes)
        ids, tracklets = self._linked(sample, boxes)
        faces = []
        for index, (number, tracklet, box) in enumerate(zip(ids, tracklets, _edges(boxes), strict=True)):
            face = detected.select([index])
            quality = judge_face(image, face.boxes[0], face.landmarks[0], float(face.scores[0]))
            # In a dissolve a chip mixes two shots, so it shows nobody.
            if not sample.is_mixed:
                self._offer(sample.number, number, tracklet, image, face, quality)
            landmarks = [float(x) for x in (face.landmarks[0] / scale).ravel()]
            faces.append(
                FaceRecord(
                    number,
                    sample.number,
                    sample.time_s,
                    tracklet,
                    *box,
                    float(face.scores[0]),
                    landmarks,
                    quality.sharpness,
                    quality.frontality,
                )
            )
        return self._record(sample, faces, None)

    def _linked(self, sample: Sample, boxes: NDArray[np.float32]) -> tuple[list[int], list[int]]:
        """Ids of a sample's faces and their tracklets."""
        ids = [sample.number * FACES_A_SAMPLE + index for index in range(len(boxes))]
        tracklets, ended = self._tracker.add(sample.time_s, ids, boxes)
        self._choose(ended)
        return ids, tracklets

    def _record(self, sample: Sample, faces: list[FaceRecord], duplicate_of: int | None) -> SampleRecord:
        assert sample.picture is not None
        outcome: Outcome = "analysed" if duplicate_of is None else "duplicate"
        return SampleRecord(sample.number, sample.time_s, sample.picture.time_s, outcome, duplicate_of, tuple(faces))

    def _offer(self, sample: int, number: int, tracklet: int, image: Image, face: Faces, quality: ChipQuality) -> None:
        seconds = (sample - tracklet // FACES_A_SAMPLE) / self._options.samples_per_second
        if self._selection.wants(tracklet, quality.quality, seconds):
            crop, cropped = crop_face(image, face)
            self._selection.offer(Candidate(number, tracklet, quality.quality, crop, cropped), seconds)

    def _choose(self, ended: list[int]) -> None:
        for tracklet in ended:
            first, rest = first_two(self._selection.take(tracklet))
            self._to_embed.extend(first)
            if rest:
                self._rest[tracklet] = rest

    def _embed(self, at_least: int) -> Iterator[EmbeddingRecord]:
        while self._to_embed and len(self._to_embed) >= at_least:
            chosen, self._to_embed = self._to_embed, []
            chips = np.concatenate([self._engine.chips(candidate.crop, candidate.faces) for candidate in chosen])
            vectors = self._engine.embed(chips)
            for candidate, chip, vector in zip(chosen, chips, vectors, strict=True):
                yield EmbeddingRecord(candidate.face, candidate.tracklet, candidate.quality, vector, self._jpeg(chip))
            self._to_embed.extend(self._unsettled(chosen, vectors))

    def _unsettled(self, embedded: list[Candidate], vectors: NDArray[np.float32]) -> Iterator[Candidate]:
        """The other chips of tracklets whose first two chips differ too much."""
        of: dict[int, list[NDArray[np.float32]]] = {}
        for candidate, vector in zip(embedded, vectors, strict=True):
            of.setdefault(candidate.tracklet, []).append(vector)
        for tracklet, pair in of.items():
            rest = self._rest.pop(tracklet, [])
            if rest and float(np.linalg.norm(pair[0] - pair[1])) > SETTLED:
                yield from rest

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


def _edges(boxes: NDArray[np.float32]) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each box, [n, 4]."""
    return [(left, top, right, bottom) for left, top, right, bottom in boxes.tolist()]
