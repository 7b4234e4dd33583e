"""Recordings that were joined are one film with one clock, whatever the clock of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data

from wios_assets.page.media import write_preview
from wios_assets.vision import pieces
from wios_assets.vision.dlib_engine import DlibEngine
from wios_assets.vision.footage import analyse_segment
from wios_assets.vision.options import FootageOptions
from wios_assets.vision.parts import parts_text
from wios_assets.vision.records import SampleRecord
from wios_assets.vision.sampling import MarkedPicture, read_pictures, read_samples, sample_count
from wios_assets.vision.segments import plan_segments
from wios_assets.vision.video import Video, probe, to_display
from wios_assets_tests.video_files import numbered_picture, read_number, write_film

pytestmark = pytest.mark.slow

RATE = 25
SAMPLES_PER_SECOND = 4.0
COUNTS = (60, 75)

M2TS = {"mpegts_m2ts_mode": "1"}


def recording(path: Path, number: int, start_s: float = 0.0, height: int = 120, **options: Any) -> Path:
    """The film's first or second recording: 60 pictures that say 0 to 59, or 75 that say 60 to 134."""
    first, count = sum(COUNTS[:number]), COUNTS[number]
    noise = np.random.default_rng(number).integers(-20, 20, (count, height, 160, 1))
    pictures = [
        np.clip(numbered_picture(first + i, 160, height) + noise[i], 0, 255).astype(np.uint8) for i in range(count)
    ]
    return write_film(path, pictures, [start_s + i / RATE for i in range(count)], keyframe_every=12, **options)


def dvd(path: Path, number: int) -> Path:
    """A recording as a DVD holds it. MPEG-2 needs room, or several pictures share one time."""
    first, count = sum(COUNTS[:number]), COUNTS[number]
    rng = np.random.default_rng(number)
    pictures = [
        np.clip(numbered_picture(first + i, 320, 240) + rng.integers(-60, 60, (240, 320, 1)), 0, 255).astype(np.uint8)
        for i in range(count)
    ]
    return write_film(path, pictures, codec="mpeg2video", keyframe_every=12, bit_rate=6_000_000)


def joined(folder: Path, kind: str) -> Path:
    a, b = folder / "a.ts", folder / "b.ts"
    if kind == "program streams":
        first, second = dvd(folder / "a.vob", 0), dvd(folder / "b.vob", 1)
    elif kind == "a DVD's files" or kind.startswith("parts"):
        if kind == "a DVD's files":
            first, second = dvd(folder / "VTS_01_1.VOB", 0), dvd(folder / "VTS_01_2.VOB", 1)
        elif kind == "parts of two kinds":
            first, second = recording(a, 0), recording(folder / "cd2.mkv", 1)
        else:
            ending = kind.rpartition(" ")[2]
            first, second = (recording(folder / f"cd{i + 1}{ending}", i) for i in (0, 1))
        path = folder / "film=x.parts"
        path.write_text(parts_text([first, second]), encoding="utf-8")
        return path
    elif kind == "packets with a time ahead":
        first, second = (recording(path, i, container_options=M2TS) for i, path in enumerate((a, b)))
    elif kind == "a clock that begins earlier":
        first, second = recording(a, 0, 7200.0), recording(b, 1)
    elif kind == "a clock that jumps ahead":
        first, second = recording(a, 0), recording(b, 1, 3600.0)
    elif kind == "another track of another size":
        first, second = recording(a, 0), recording(b, 1, height=144, container_options={"mpegts_start_pid": "300"})
    else:
        assert kind == "transport streams"
        first, second = recording(a, 0), recording(b, 1)
    path = folder / f"it's joined{first.suffix}"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    return path


KINDS = [
    "transport streams",
    "packets with a time ahead",
    "a clock that begins earlier",
    "a clock that jumps ahead",
    "another track of another size",
    "program streams",
    "a DVD's files",
    "parts in .mp4",
    "parts in .mkv",
    "parts in .avi",
    "parts in .ts",
    "parts of two kinds",
]


def numbers(video: Video, from_s: float = 0.0, before: int = 0) -> list[tuple[float, int]]:
    """Time and number of each picture that is read."""
    shown = []
    for picture in read_pictures(video, from_s, before):
        assert picture.frame is not None
        number = read_number(to_display(picture.frame, video.width, video.height, video.rotation))
        shown.append((round(picture.time_s, 3), number))
    return shown


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_of_joined_recordings_is_read_on_one_clock(tmp_path: Path, kind: str) -> None:
    video = probe(joined(tmp_path, kind))
    assert len(video.pieces) == 2
    assert video.duration_s == pytest.approx(sum(COUNTS) / RATE, abs=0.001)
    every = [(round(i / RATE, 3), i) for i in range(sum(COUNTS))]
    assert numbers(video) == every
    for from_s in (0.5, 2.3, 2.39, 2.4, 2.41, 2.5, 4.0):
        current = max(i for i, (time_s, _) in enumerate(every) if time_s <= from_s + 1e-6)
        assert numbers(video, from_s, 3) == every[max(0, current - 3) :]


@pytest.mark.parametrize("kind", KINDS)
def test_segments_meet_at_a_joint_as_anywhere(tmp_path: Path, kind: str) -> None:
    video = probe(joined(tmp_path, kind))
    samples = []
    for segment in plan_segments(video.duration_s, SAMPLES_PER_SECOND, 1.0, 2):
        pictures = read_pictures(video, segment.first_sample / SAMPLES_PER_SECOND, 1, 1, SAMPLES_PER_SECOND)
        marked = (MarkedPicture(picture, False, None) for picture in pictures)
        for sample in read_samples(marked, segment.first_sample, segment.end_sample, SAMPLES_PER_SECOND):
            assert sample.picture is not None
            assert sample.picture.frame is not None
            shown = to_display(sample.picture.frame, video.width, video.height, video.rotation)
            samples.append((sample.time_s, read_number(shown)))
    count = sample_count(sum(COUNTS) / RATE, SAMPLES_PER_SECOND)
    assert samples == [(k / SAMPLES_PER_SECOND, int(k * RATE / SAMPLES_PER_SECOND)) for k in range(count)]


@pytest.mark.parametrize("kind", ["transport streams", "a DVD's files", "parts in .mkv"])
def test_the_preview_of_joined_recordings_has_the_films_clock(tmp_path: Path, kind: str) -> None:
    path = joined(tmp_path, kind)
    out = tmp_path / "preview.mp4"
    write_preview(path, out, lambda seconds: None)
    assert numbers(probe(out)) == [(round(i / RATE, 3), i) for i in range(sum(COUNTS))]


def test_faces_after_a_joint_are_found_at_their_times(tmp_path: Path) -> None:
    wall = np.full((240, 400, 3), 120, dtype=np.uint8)
    face = wall.copy()
    astronaut = np.asarray(skimage.data.astronaut())[20:240, 110:330]
    face[20:220, 100:300] = cv2.resize(astronaut, (200, 200), interpolation=cv2.INTER_AREA)
    first = write_film(tmp_path / "a.ts", [wall] * 75)
    second = write_film(tmp_path / "b.ts", [face] * 50)
    path = tmp_path / "joined.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    video, options, engine = probe(path), FootageOptions(smallest_face=1 / 3), DlibEngine()
    faces = []
    for segment in plan_segments(video.duration_s, 4.0, 3.0, 2):
        for record in analyse_segment(video, segment, engine, options):
            if isinstance(record, SampleRecord):
                faces += [record.time_s for _ in record.faces]
    assert faces == [k / 4.0 for k in range(12, 20)]


def test_a_recording_has_one_clock(tmp_path: Path) -> None:
    for path in (recording(tmp_path / "a.ts", 0), dvd(tmp_path / "a.vob", 0), recording(tmp_path / "a.mkv", 0)):
        (piece,) = probe(path).pieces
        assert piece.from_s == 0.0
        assert piece.until_s == pytest.approx(COUNTS[0] / RATE, abs=0.001)


def test_a_joint_of_a_large_file_is_found_without_reading_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (dvd(tmp_path / f"{i}.vob", i).read_bytes() for i in (0, 1))
    path = tmp_path / "joined.vob"
    path.write_bytes(first * 3 + second)
    monkeypatch.setattr(pieces, "SMALL_FILE_BYTES", 512 * 1024)
    monkeypatch.setattr(pieces, "READ_WHOLE_BYTES", 128 * 1024)
    assert len(path.read_bytes()) > 4 * 1024 * 1024
    video = probe(path)
    assert [round(piece.from_s, 3) for piece in video.pieces] == [0.0, 2.4, 4.8, 7.2]
    assert video.duration_s == pytest.approx((3 * COUNTS[0] + COUNTS[1]) / RATE, abs=0.001)
