"""The one pass over a segment of a film: samples, cuts, faces, tracklets and embeddings from one decoding."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wios_assets.vision.clothing import clothing_colours
from wios_assets.vision.cut_detection import mark_cuts
from wios_assets.vision.engine import FaceEngine, Image
from wios_assets.vision.options import FootageOptions
from wios_assets.vision.pursuit import Look, SeenFace, follow_between, follow_on, search
from wios_assets.vision.records import Cut, EmbeddingRecord, FaceRecord, Record, SampleRecord
from wios_assets.vision.sampling import MarkedPicture, Sample, read_pictures, read_samples
from wios_assets.vision.segments import Segment
from wios_assets.vision.tracklets import Tracker
from wios_assets.vision.video import Video, to_display

FACES_A_SAMPLE = 1000
"""Ids of faces are sample × this + index: the same however the film is cut into segments."""

EMBEDDING_BATCH = 16


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
    where a shot starts with such, its cut is late by the few of them that stand there. Cuts, sample times and pictures
    do not depend on how the film is cut into segments; tracklets end where the segment ends.

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
    # One more picture stands ahead, from which the first one within the lead differs.
    pictures = read_pictures(video, start_s - options.shots.lead_s, 1, options.decoder_threads, rate)
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
class _Chip:
    face: int
    tracklet: int
    quality: float
    chip: Image
    clothing: Image | None


class _Pass:
    """The pass's state: the samples since the last detection, the open tracklets and their best chips."""

    def __init__(self, video: Video, engine: FaceEngine, options: FootageOptions) -> None:
        self._video = video
        self._engine = engine
        self._options = options
        self._tracker = Tracker(options.links)
        self._anchor: Look | None = None
        self._waiting: list[Look] = []
        self._fresh: Look | None = None
        self._fresh_small: NDArray[np.uint8] | None = None
        self._best: dict[int, dict[int, _Chip]] = defaultdict(dict)
        self._to_embed: list[_Chip] = []
        self._mixed: set[int] = set()

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
        assert sample.picture is not None
        look = Look(sample.number, sample.time_s, sample.picture.time_s)
        if sample.is_mixed:
            self._mixed.add(sample.number)
        if self._fresh is not None and self._is_duplicate(sample):
            look.same_as = self._fresh
        else:
            look.image = to_display(frame, self._video.width, self._video.height, self._video.rotation)
            self._fresh, self._fresh_small = look, sample.small
        self._waiting.append(look)
        if self._anchor is None or len(self._waiting) >= self._options.detect_every:
            yield from self._settle()

    def finish(self) -> Iterator[Record]:
        """What is left at the segment's end."""
        yield from self._close_shot()
        yield from self._embed(0)

    def _is_duplicate(self, sample: Sample) -> bool:
        """Whether the sample shows what the last one that was no duplicate shows."""
        assert self._fresh is not None
        assert sample.picture is not None
        if sample.picture.time_s == self._fresh.frame_s:
            return True
        if sample.small is None or self._fresh_small is None or sample.small.shape != self._fresh_small.shape:
            return False
        return largest_change(sample.small, self._fresh_small) <= self._options.duplicate_change

    def _close_shot(self) -> Iterator[Record]:
        yield from self._settle(is_rest=True)
        self._anchor = self._fresh = None
        self._choose(self._tracker.end_all())
        yield from self._embed(EMBEDDING_BATCH)

    def _settle(self, is_rest: bool = False) -> Iterator[Record]:
        """Find or follow the faces of every waiting sample, and let them go.

        The rest of a shot is not searched when it is short: a face that comes then is gone again at once.
        """
        fresh = [look for look in self._waiting if look.image is not None]
        if self._anchor is not None and is_rest and 2 * len(fresh) <= self._options.detect_every:
            follow_on(self._engine, self._anchor, fresh)
        elif fresh:
            newest = fresh[-1]
            search(self._engine, newest, self._options.smallest_face * self._video.height, FACES_A_SAMPLE)
            if self._anchor is not None:
                shift, growth = self._options.agreeing_shift, self._options.links.largest_growth
                follow_between(self._engine, self._anchor, newest, fresh[:-1], shift, growth)
            self._anchor = newest
        for look in self._waiting:
            look.image = None
            if look.same_as is not None:
                look.faces = [SeenFace(face.box) for face in look.same_as.faces]
            yield self._record(look)
        self._waiting = []
        yield from self._embed(EMBEDDING_BATCH)

    def _record(self, look: Look) -> SampleRecord:
        numbers = [look.number * FACES_A_SAMPLE + i for i in range(len(look.faces))]
        tracklets, ended = self._tracker.add(look.time_s, numbers, look.boxes)
        self._choose(ended)
        for number, tracklet, face in zip(numbers, tracklets, look.faces, strict=True):
            # Where two shots show through each other, a chip is nobody's.
            if face.chip is not None and look.number not in self._mixed:
                self._offer(_Chip(number, tracklet, face.quality, face.chip, face.clothing), look.number)
        self._mixed.discard(look.number)
        return SampleRecord(
            sample=look.number,
            time_s=look.time_s,
            frame_s=look.frame_s,
            outcome="analysed" if look.same_as is None else "duplicate",
            duplicate_of=None if look.same_as is None else look.same_as.number,
            faces=tuple(
                _face_record(look, number, tracklet, face)
                for number, tracklet, face in zip(numbers, tracklets, look.faces, strict=True)
            ),
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
            colours = None if chip.clothing is None else clothing_colours(chip.clothing).tobytes()
            yield EmbeddingRecord(chip.face, chip.tracklet, chip.quality, vector, self._jpeg(chip.chip), colours)

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


def _face_record(look: Look, number: int, tracklet: int, face: SeenFace) -> FaceRecord:
    left, top, right, bottom = (float(edge) for edge in face.box)
    return FaceRecord(
        face=number,
        sample=look.number,
        time_s=look.time_s,
        tracklet=tracklet,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        score=face.score,
        landmarks=[] if face.landmarks is None else [float(x) for x in face.landmarks.ravel()],
        sharpness=face.sharpness,
        frontality=face.frontality,
    )
