"""Two fields become one picture before anything is looked for in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from wios_assets.vision.dlib_engine import DlibEngine
from wios_assets.vision.footage import analyse_segment
from wios_assets.vision.options import FootageOptions
from wios_assets.vision.records import SampleRecord
from wios_assets.vision.sampling import read_pictures
from wios_assets.vision.segments import plan_segments
from wios_assets.vision.video import Video, probe, to_display
from wios_assets_tests.video_files import Picture, write_film

pytestmark = pytest.mark.slow

COUNT = 50
FIELD_SHIFT = 10
"""Pixels by which the face moves from one field to the next."""


def at_field(number: int) -> Picture:
    """The astronaut swinging from side to side in front of a wall, at the time of a field."""
    astronaut = np.asarray(skimage.data.astronaut())[20:240, 110:330]
    picture = np.full((240, 480, 3), 120, dtype=np.uint8)
    left = abs((number * FIELD_SHIFT) % 520 - 260) + 10
    picture[20:220, left : left + 200] = cv2.resize(astronaut, (200, 200), interpolation=cv2.INTER_AREA)
    return picture


def interlaced(path: Path) -> Video:
    """The bottom field of each picture is of an even time, the top field of the odd time after it."""
    pictures = []
    for number in range(COUNT):
        picture = at_field(2 * number + 1)
        picture[1::2] = at_field(2 * number)[1::2]
        pictures.append(picture)
    return probe(write_film(path, pictures, codec_options={"x264-params": "bff=1"}))


def shown(video: Video, from_s: float = 0.0) -> dict[float, np.ndarray]:
    made = {}
    for picture in read_pictures(video, from_s, 1, only_needed_for=4.0):
        assert picture.frame is not None
        made[round(picture.time_s, 3)] = to_display(picture.frame, video.width, video.height, video.rotation)
    return made


def samples_with_a_face(video: Video, engine: DlibEngine) -> int:
    (segment,) = plan_segments(video.duration_s, 4.0, 60.0, 1)
    records = analyse_segment(video, segment, engine, FootageOptions(smallest_face=1 / 3))
    return sum(bool(record.faces) for record in records if isinstance(record, SampleRecord))


def test_pictures_of_an_interlaced_film_have_no_combs(tmp_path: Path) -> None:
    video = interlaced(tmp_path / "a.mp4")
    assert video.is_interlaced
    pictures, combs = shown(video), shown(replace(video, is_interlaced=False))
    assert list(pictures) == [round(number / 25, 3) for number in range(COUNT)]
    for time_s in set(pictures) & set(combs):
        expected = at_field(2 * round(time_s * 25)).astype(int)
        # At its turning points the face hardly moves.
        if np.abs(combs[time_s] - expected).mean() > 4:
            assert np.abs(pictures[time_s] - expected).mean() < 0.6 * np.abs(combs[time_s] - expected).mean()


def test_reading_from_the_middle_gives_the_same_pictures(tmp_path: Path) -> None:
    video = interlaced(tmp_path / "a.mkv")
    whole, part = shown(video), shown(video, 1.0)
    # The first picture has no neighbour to be compared with.
    for time_s in list(part)[1:]:
        assert np.array_equal(part[time_s], whole[time_s])


def test_faces_are_found_between_the_combs(tmp_path: Path) -> None:
    video, engine = interlaced(tmp_path / "a.mp4"), DlibEngine()
    assert samples_with_a_face(video, engine) == 8
    assert samples_with_a_face(replace(video, is_interlaced=False), engine) < 8


def test_a_film_of_whole_pictures_is_left_as_it_is(tmp_path: Path) -> None:
    assert not probe(write_film(tmp_path / "a.mp4", [at_field(2 * number) for number in range(COUNT)])).is_interlaced
