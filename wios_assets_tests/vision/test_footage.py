from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from wios_assets.tables import FACE_EMBEDDINGS, FACES, FRAME_SAMPLES
from wios_assets.vision import footage, sampling, video
from wios_assets.vision.dlib_engine import DlibEngine
from wios_assets.vision.engine import Faces, Image
from wios_assets.vision.footage import analyse_segment, largest_change
from wios_assets.vision.options import FootageOptions, LinkOptions, ShotOptions
from wios_assets.vision.records import Cut, EmbeddingRecord, Record, SampleRecord, record_tables
from wios_assets.vision.segments import Segment, plan_segments
from wios_assets.vision.video import Video, probe
from wios_assets_tests.video_files import Picture, break_bytes, write_film

pytestmark = pytest.mark.slow

RATE, WIDTH, HEIGHT = 25.0, 400, 240
OPTIONS = FootageOptions(
    samples_per_second=4.0,
    smallest_face=1 / 3,
    duplicate_change=3.0,
    chips_per_tracklet=2,
    chip_spacing_s=0.5,
    chip_jpeg_quality=90,
    decoder_threads=1,
    shots=ShotOptions(),
    links=LinkOptions(largest_shift=0.7, largest_growth=1.6, longest_gap_s=0.6, longest_s=30.0),
)


class Counting(DlibEngine):
    """The real engine; counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.searches = 0
        self.expected: list[int] = []

    def detect(
        self,
        frames: Sequence[Image],
        smallest_face: float | None = None,
        expected: NDArray[np.float32] | None = None,
    ) -> list[Faces]:
        self.searches += len(frames)
        self.expected.append(0 if expected is None else len(expected))
        return super().detect(frames, smallest_face, expected)


@pytest.fixture(scope="module")
def engine() -> Counting:
    return Counting()


def wall(seed: int) -> Picture:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 190, (4, 6, 3), dtype=np.uint8)
    return cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


ASTRONAUT = cv2.resize(np.asarray(skimage.data.astronaut())[20:240, 110:330], (200, 200), interpolation=cv2.INTER_AREA)


def with_astronaut(background: Picture, left: float, top: int = 30) -> Picture:
    """Eileen Collins, some 95 px of face, in front of a background; `left` may be between pixels."""
    shift = np.array([[1, 0, left], [0, 1, top]], dtype=np.float32)
    return cv2.warpAffine(
        ASTRONAUT, shift, (WIDTH, HEIGHT), dst=background.copy(), borderMode=cv2.BORDER_TRANSPARENT
    ).astype(np.uint8)


def analyse(
    video: Video, engine: Counting, options: FootageOptions = OPTIONS, longest_s: float = 1e6, cores: int = 1
) -> list[Record]:
    segments = plan_segments(video.duration_s, options.samples_per_second, longest_s, cores)
    return [record for segment in segments for record in analyse_segment(video, segment, engine, options)]


def samples_of(records: list[Record]) -> list[SampleRecord]:
    return [record for record in records if isinstance(record, SampleRecord)]


def cuts_of(records: list[Record]) -> list[float]:
    return [record.time_s for record in records if isinstance(record, Cut)]


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Video:
    """Ten seconds: she moves (3 s), nobody (2 s), a still of her (3 s), she moves elsewhere (2 s)."""
    pictures = [with_astronaut(wall(1), 10 + 1.5 * i) for i in range(75)]
    pictures += [wall(2)] * 50
    pictures += [with_astronaut(wall(3), 100)] * 75
    pictures += [with_astronaut(wall(4), 180 - i) for i in range(50)]
    return probe(write_film(tmp_path_factory.mktemp("films") / "varied.mp4", pictures, rate=RATE))


@pytest.fixture(scope="module")
def records(varied: Video, engine: Counting) -> list[Record]:
    return analyse(varied, engine)


def test_every_sample_is_accounted_for(records: list[Record]) -> None:
    samples = samples_of(records)
    assert [s.sample for s in samples] == list(range(40))
    assert [s.time_s for s in samples] == [k / 4 for k in range(40)]
    assert {s.outcome for s in samples} == {"analysed", "duplicate"}
    assert all((s.duplicate_of is not None) == (s.outcome == "duplicate") for s in samples)
    assert all(s.frame_s is not None and 0 <= s.time_s - s.frame_s < 1 / RATE + 1e-6 for s in samples)


def test_a_segment_decodes_no_picture_twice(varied: Video, engine: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    decoded: list[float] = []
    opening, decoding = video.open_video, sampling._decode

    def open_video(path: Path, *given: Any) -> Any:
        opened.append(path)
        return opening(path, *given)

    def decode(*given: Any) -> Iterator[sampling.Picture]:
        for picture in decoding(*given):
            decoded.append(picture.time_s)
            yield picture

    monkeypatch.setattr(sampling, "open_video", open_video)
    monkeypatch.setattr(sampling, "_decode", decode)
    assert samples_of(analyse(varied, engine))
    assert opened == [varied.path]
    assert decoded == sorted(set(decoded))
    assert len(decoded) > 40


def test_the_cuts_are_found(records: list[Record]) -> None:
    assert cuts_of(records) == pytest.approx([3.0, 5.0, 8.0], abs=0.09)


def test_she_is_found_wherever_she_is_and_only_there(records: list[Record]) -> None:
    for sample in samples_of(records):
        assert len(sample.faces) == (0 if 3.0 <= sample.time_s < 5.0 else 1), sample.time_s


def test_boxes_follow_her_in_display_pixels(records: list[Record]) -> None:
    for sample in samples_of(records):
        if sample.time_s < 3.0:
            middle = (sample.faces[0].left + sample.faces[0].right) / 2
            assert middle == pytest.approx(10 + 1.5 * sample.time_s * RATE + 98, abs=12)


def test_a_cut_ends_a_tracklet_and_nothing_else_does(records: list[Record]) -> None:
    tracklets = defaultdict(list)
    for sample in samples_of(records):
        for face in sample.faces:
            tracklets[face.tracklet].append(sample.time_s)
    assert sorted((min(times), max(times)) for times in tracklets.values()) == [(0.0, 2.75), (5.0, 7.75), (8.0, 9.75)]


def test_a_still_is_searched_once_and_its_face_inherited(varied: Video, engine: Counting) -> None:
    before = engine.searches
    samples = samples_of(analyse(varied, engine))
    still = [s for s in samples if 5.0 <= s.time_s < 8.0]
    assert [s.outcome for s in still] == ["analysed"] + ["duplicate"] * 11
    assert {s.duplicate_of for s in still[1:]} == {still[0].sample}
    assert {(f.left, f.top) for s in still for f in s.faces} == {(still[0].faces[0].left, still[0].faces[0].top)}
    assert all(s.faces[0].score is None and s.faces[0].landmarks == [] for s in still[1:])
    assert engine.searches - before == sum(s.outcome == "analysed" for s in samples)


def test_no_duplicate_refers_across_a_cut(records: list[Record]) -> None:
    cuts = cuts_of(records)
    for sample in samples_of(records):
        if sample.duplicate_of is not None:
            first = sample.duplicate_of / 4
            assert not any(first < cut <= sample.time_s for cut in cuts)


def test_equal_pictures_on_either_side_of_a_cut_are_both_analysed(tmp_path: Path, engine: Counting) -> None:
    pictures = [wall(1)] * 25 + [wall(2)] * 25 + [wall(1)] * 25
    samples = samples_of(analyse(probe(write_film(tmp_path / "a.mp4", pictures)), engine))
    assert [s.sample for s in samples if s.outcome == "analysed"] == [0, 4, 8]


def test_a_slowly_moving_face_is_no_duplicate(tmp_path: Path, engine: Counting) -> None:
    pictures = [with_astronaut(wall(1), 40 + 0.2 * i) for i in range(250)]
    samples = samples_of(analyse(probe(write_film(tmp_path / "a.mp4", pictures)), engine))
    for sample in samples:
        middle = (sample.faces[0].left + sample.faces[0].right) / 2
        assert middle == pytest.approx(40 + 0.2 * sample.time_s * RATE + 98, abs=14)
    assert sum(s.outcome == "analysed" for s in samples) > 10


def test_ids_are_unique_and_a_tracklet_is_called_by_its_first_face(records: list[Record]) -> None:
    faces = [face for sample in samples_of(records) for face in sample.faces]
    assert len({face.face for face in faces}) == len(faces)
    first: dict[int, int] = {}
    for face in faces:
        first.setdefault(face.tracklet, face.face)
    assert all(tracklet == number for tracklet, number in first.items())


def test_each_tracklet_has_its_best_chips_embedded(records: list[Record], engine: Counting) -> None:
    faces = {face.face: face for sample in samples_of(records) for face in sample.faces}
    chips = defaultdict(list)
    for index, record in enumerate(records):
        if isinstance(record, EmbeddingRecord):
            chips[record.tracklet].append(record)
            assert faces[record.face].tracklet == record.tracklet
            assert faces[record.face].score is not None
            assert 0 < record.quality <= 1
            assert record.embedding.shape == (engine.embedding_length,)
            assert PIL.Image.open(BytesIO(record.chip)).size == (150, 150)
            earlier = {face.face for r in records[:index] if isinstance(r, SampleRecord) for face in r.faces}
            assert record.face in earlier
    assert set(chips) == {face.tracklet for face in faces.values()}
    assert all(1 <= len(some) <= OPTIONS.chips_per_tracklet for some in chips.values())
    vectors = [record.embedding for some in chips.values() for record in some]
    assert max(float(np.linalg.norm(a - b)) for a in vectors for b in vectors) < 0.5


def test_segments_of_any_length_give_the_same_samples_cuts_and_faces(
    varied: Video, engine: Counting, records: list[Record]
) -> None:
    expected = [(s.sample, s.time_s, s.frame_s, len(s.faces)) for s in samples_of(records)]
    for longest_s, cores in ((4.0, 1), (2.3, 1), (1.1, 2), (0.25, 1)):
        by_segment = analyse(varied, engine, longest_s=longest_s, cores=cores)
        assert [(s.sample, s.time_s, s.frame_s, len(s.faces)) for s in samples_of(by_segment)] == expected
        assert sorted(cuts_of(by_segment)) == cuts_of(records)
        numbers = [face.face for s in samples_of(by_segment) for face in s.faces]
        assert len(set(numbers)) == len(numbers)


def test_a_broken_stretch_is_unreadable_not_empty(tmp_path: Path, engine: Counting) -> None:
    rng = np.random.default_rng(0)
    noisy = [
        (with_astronaut(wall(1), 80 + 20 * np.sin(i / 10)) + rng.integers(0, 12, (HEIGHT, WIDTH, 3))).astype(np.uint8)
        for i in range(300)
    ]
    path = break_bytes(write_film(tmp_path / "a.mp4", noisy, keyframe_every=25), 0.4, 0.55)
    samples = samples_of(analyse(probe(path), engine))
    assert len(samples) == 48
    unreadable = [s for s in samples if s.outcome == "unreadable"]
    assert 4 <= len(unreadable) <= 20
    assert all(s.frame_s is None and not s.faces and s.duplicate_of is None for s in unreadable)
    assert all(len(s.faces) == 1 for s in samples if s.outcome != "unreadable")
    assert len({face.tracklet for s in samples for face in s.faces}) == 2


@pytest.mark.parametrize("shape", ["turned", "narrow", "grey", "ten bits"])
def test_boxes_are_in_display_pixels_whatever_the_stored_shape(tmp_path: Path, engine: Counting, shape: str) -> None:
    picture = with_astronaut(wall(1), 120)
    usual = samples_of(analyse(probe(write_film(tmp_path / "usual.mp4", [picture] * 25)), engine))[0].faces[0]
    if shape == "turned":
        film = write_film(tmp_path / "a.mp4", [np.ascontiguousarray(np.rot90(picture, -1))] * 25, rotation=90)
    elif shape == "narrow":
        half = cv2.resize(picture, (WIDTH // 2, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.uint8)
        film = write_film(tmp_path / "a.mp4", [half] * 25, aspect=Fraction(2))
    else:
        pixel_format = {"grey": "gray", "ten bits": "yuv420p10le"}[shape]
        film = write_film(tmp_path / "a.mp4", [picture] * 25, pixel_format=pixel_format)
    video = probe(film)
    assert (video.width, video.height) == (WIDTH, HEIGHT)
    face = samples_of(analyse(video, engine))[0].faces[0]
    for edge in ("left", "top", "right", "bottom"):
        assert getattr(face, edge) == pytest.approx(getattr(usual, edge), abs=12)


def test_before_the_first_picture_there_is_nobody(tmp_path: Path, engine: Counting) -> None:
    pictures = [with_astronaut(wall(1), 80)] * 25
    film = write_film(tmp_path / "a.mp4", pictures, [1.0 + i / 25 for i in range(25)], audio_s=2.0)
    samples = samples_of(analyse(probe(film), engine))
    assert [(s.outcome, s.frame_s, s.faces) for s in samples[:3]] == [("analysed", None, ())] * 3
    assert [len(s.faces) for s in samples[4:8]] == [1] * 4


def test_a_face_is_found_from_the_sample_on_in_which_it_comes(tmp_path: Path, engine: Counting) -> None:
    background = wall(1)
    pictures = [background] * 35 + [with_astronaut(background, 80 + 0.6 * i) for i in range(65)]
    samples = samples_of(analyse(probe(write_film(tmp_path / "a.mp4", pictures)), engine))
    came = [s.time_s for s in samples if s.faces]
    assert came == [1.5 + k / 4 for k in range(10)]


def test_faces_are_expected_where_the_sample_before_had_them_within_a_shot(varied: Video, engine: Counting) -> None:
    engine.expected.clear()
    samples = [s for s in samples_of(analyse(varied, engine)) if s.outcome == "analysed"]
    starts = {0.0, 3.0, 5.0, 8.0}
    with_faces = [0, *(len(s.faces) for s in samples)]
    wanted = [0 if s.time_s in starts else before for s, before in zip(samples, with_faces, strict=False)]
    assert engine.expected == wanted


def test_a_tall_film_is_scaled_while_it_is_converted_and_its_boxes_are_its_own_pixels(
    tmp_path: Path, engine: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = probe(write_film(tmp_path / "a.mp4", [with_astronaut(wall(1), 120)] * 25))
    usual = samples_of(analyse(film, engine))[0].faces[0]
    monkeypatch.setattr(footage, "LARGEST_HEIGHT", 180)
    scaled = samples_of(analyse(film, engine))[0].faces[0]
    for edge in ("left", "top", "right", "bottom"):
        assert getattr(scaled, edge) == pytest.approx(getattr(usual, edge), abs=12)
    assert scaled.landmarks == pytest.approx(usual.landmarks, abs=6)


@pytest.mark.parametrize(("settled", "chips"), [(1.0, 2), (0.0, 6)])
def test_further_chips_are_embedded_only_where_two_far_apart_in_time_differ(
    tmp_path: Path, engine: Counting, monkeypatch: pytest.MonkeyPatch, settled: float, chips: int
) -> None:
    film = probe(write_film(tmp_path / "a.mp4", [with_astronaut(wall(1), 40 + i) for i in range(100)]))
    monkeypatch.setattr(footage, "SETTLED", settled)
    records = analyse(film, engine, replace(OPTIONS, chips_per_tracklet=6))
    embedded = [record.face for record in records if isinstance(record, EmbeddingRecord)]
    assert len(embedded) == len(set(embedded)) == chips
    samples = sorted(face // footage.FACES_A_SAMPLE for face in embedded)
    assert samples[-1] - samples[0] >= 6


def test_records_become_tables_of_the_lake(records: list[Record], engine: Counting) -> None:
    tables = record_tables(records, engine)
    for table in (FRAME_SAMPLES, FACES, FACE_EMBEDDINGS):
        names = [column.name for column in table.columns]
        assert tables[table.name].schema.names == names
        assert tables[table.name].schema.types == [column.arrow_type for column in table.columns]
    assert tables["frame_samples"].num_rows == 40
    assert sum(tables["frame_samples"]["faces"].to_pylist()) == tables["faces"].num_rows
    assert set(tables["face_embeddings"]["model_hash"].to_pylist()) == {engine.model_hash}
    assert tables["cuts"]["cut_s"].to_pylist() == cuts_of(records)
    empty = record_tables([], engine)
    assert {name: table.schema for name, table in empty.items()} == {n: t.schema for n, t in tables.items()}


def test_progress_rises_to_the_segments_length(varied: Video, engine: Counting) -> None:
    times_s: list[float] = []
    segment = Segment(1, 8, 24, False)
    list(analyse_segment(varied, segment, engine, OPTIONS, times_s.append))
    assert times_s == sorted(times_s)
    assert times_s[-1] == pytest.approx(4.0)


def test_what_is_found_comes_out_as_the_film_goes_by(varied: Video, engine: Counting) -> None:
    done = 0.0

    def note(seconds: float) -> None:
        nonlocal done
        done = seconds

    records = analyse_segment(varied, Segment(0, 0, 40, True), engine, OPTIONS, note)
    waiting = [round(done * 4) - r.sample for r in records if isinstance(r, SampleRecord)]
    assert max(waiting) <= 1


def test_a_long_tracklet_is_closed_before_the_shot_ends(tmp_path: Path, engine: Counting) -> None:
    pictures = [with_astronaut(wall(1), 60 + 0.5 * i) for i in range(150)]
    options = replace(OPTIONS, links=replace(OPTIONS.links, longest_s=2.0))
    samples = samples_of(analyse(probe(write_film(tmp_path / "a.mp4", pictures)), engine, options))
    assert len({face.tracklet for s in samples for face in s.faces}) == 3


pictures = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, (90, 160, 3), dtype=np.uint8)
)


@given(pictures, st.integers(0, 82), st.integers(0, 152))
def test_a_change_as_large_as_the_smallest_face_is_seen(picture: NDArray[np.uint8], top: int, left: int) -> None:
    other = picture.copy()
    other[top : top + 8, left : left + 8] ^= 0x40
    assert largest_change(picture, picture) == 0.0
    assert largest_change(picture, other) > 10.0
