from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from wios_assets.errors import WiosError
from wios_assets.vision.sampling import read_pictures
from wios_assets.vision.video import fingerprint, probe, to_display
from wios_assets_tests.video_files import cut_off, numbered_picture, write_film, write_sound


def refusal(path: Path) -> str:
    with pytest.raises(WiosError) as caught:
        probe(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def pictures(count: int, width: int = 160, height: int = 120) -> list[np.ndarray]:
    return [numbered_picture(i, width, height) for i in range(count)]


def first_shown(path: Path) -> np.ndarray:
    video = probe(path)
    frame = next(read_pictures(video, 0.0, 0)).frame
    assert frame is not None
    return to_display(frame, video.width, video.height, video.rotation)


def test_a_film_tells_its_length_rate_size_and_codec(tmp_path: Path) -> None:
    video = probe(write_film(tmp_path / "a.mp4", pictures(50), rate=25.0))
    assert video.duration_s == pytest.approx(2.0)
    assert video.frame_rate == pytest.approx(25.0)
    assert (video.width, video.height, video.rotation) == (160, 120, 0)
    assert (video.codec, video.start_s, video.first_picture_s) == ("h264", 0.0, 0.0)
    assert video.size_bytes == (tmp_path / "a.mp4").stat().st_size


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_the_length_is_counted_from_the_containers_start(tmp_path: Path, ending: str) -> None:
    film = write_film(tmp_path / f"late.{ending}", pictures(50), [5 + i / 25 for i in range(50)])
    video = probe(film)
    assert video.start_s == pytest.approx(5.0, abs=0.1)
    assert video.duration_s == pytest.approx(2.0, abs=0.01)
    assert video.first_picture_s == pytest.approx(0.0, abs=1e-3)


def test_the_first_picture_may_come_after_the_sound(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", pictures(25), [0.844 + i / 25 for i in range(25)], audio_s=3.0)
    assert probe(film).first_picture_s == pytest.approx(0.844)


def test_wide_pixels_make_a_wide_display(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", pictures(5), aspect=Fraction(4, 3))
    video = probe(film)
    assert (video.width, video.height) == (213, 120)
    assert first_shown(film).shape == (120, 213, 3)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_film_is_shown_upright(tmp_path: Path, rotation: int) -> None:
    upright = numbered_picture(5, 160, 120, seed=3)
    stored = np.ascontiguousarray(np.rot90(upright, -rotation // 90))
    film = write_film(tmp_path / "a.mp4", [stored] * 5, rotation=rotation)
    video = probe(film)
    assert (video.width, video.height, video.rotation) == (160, 120, rotation)
    assert np.abs(first_shown(film).astype(int) - upright).mean() < 6


@pytest.mark.parametrize(
    ("codec", "pixel_format", "ending", "size"),
    [
        ("libx264", "yuv420p10le", "mp4", (160, 120)),
        ("libx265", "yuv420p10le", "mp4", (160, 120)),
        ("libx264", "gray", "mkv", (160, 120)),
        ("libx264", "yuv444p", "mp4", (161, 121)),
        ("ffv1", "yuv420p", "mkv", (159, 119)),
        ("mpeg4", "yuv420p", "avi", (160, 120)),
    ],
)
def test_every_pixel_format_and_size_is_shown_as_rgb(
    tmp_path: Path, codec: str, pixel_format: str, ending: str, size: tuple[int, int]
) -> None:
    made = pictures(5, *size)
    b_frames = 0 if ending == "avi" else 2
    film = write_film(tmp_path / f"a.{ending}", made, codec=codec, pixel_format=pixel_format, b_frames=b_frames)
    shown = first_shown(film)
    assert shown.shape == (size[1], size[0], 3)
    assert shown.dtype == np.uint8
    assert shown.flags.c_contiguous
    expected = made[0].astype(float)
    if pixel_format == "gray":
        expected = np.repeat((expected @ [0.299, 0.587, 0.114])[..., None], 3, axis=2)
    assert np.abs(shown - expected).mean() < 8


def test_a_file_keeps_its_fingerprint_when_renamed_and_loses_it_when_changed(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", pictures(25))
    before = fingerprint(film)
    renamed = film.rename(tmp_path / 'o\'brien "b" – 007.mp4')
    assert fingerprint(renamed) == before
    content = bytearray(renamed.read_bytes())
    content[len(content) // 2] ^= 1
    renamed.write_bytes(content)
    assert fingerprint(renamed) != before


def test_a_large_file_is_known_by_its_spread_chunks_and_size(tmp_path: Path) -> None:
    large, longer = tmp_path / "large", tmp_path / "longer"
    for path, size in ((large, 1 << 30), (longer, (1 << 30) + 1)):
        with path.open("wb") as file:
            file.truncate(size)
    first = fingerprint(large)
    assert fingerprint(longer) != first
    with large.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")
    assert fingerprint(large) != first


@pytest.mark.parametrize(
    "name", ["a'b.mp4", 'a"b.mp4', "a\nb.mp4", "concat:a|b.mp4", "100%d.mp4", "007.mp4", "ö 映画.mp4"]
)
def test_any_name_is_opened(tmp_path: Path, name: str) -> None:
    film = write_film(tmp_path / "a.mp4", pictures(5)).rename(tmp_path / name)
    assert probe(film).codec == "h264"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    film = tmp_path / "empty.mp4"
    film.touch()
    assert "is empty (0 bytes); copy it again" in refusal(film)


def test_text_called_a_film_is_refused(tmp_path: Path) -> None:
    film = tmp_path / "text.mp4"
    film.write_text("Dear diary, today I saw a film.\n" * 50)
    assert "not a video" in refusal(film)


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    assert "no video track, only audio" in refusal(write_sound(tmp_path / "song.m4a", 1.0))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert "there is no such file" in refusal(tmp_path / "none.mp4")
    assert "is a folder" in refusal(tmp_path)


def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", pictures(5))
    film.chmod(0)
    # Root may read everything, so it becomes nobody for a moment.
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        assert "no permission" in refusal(film)
    finally:
        os.seteuid(user)


def test_a_file_cut_off_before_its_index_is_refused(tmp_path: Path) -> None:
    film = cut_off(write_film(tmp_path / "a.mp4", pictures(50)), 0.5)
    assert "cut off" in refusal(film)


@pytest.mark.parametrize(("ending", "options"), [("mp4", {"movflags": "faststart"}), ("mkv", {})])
def test_a_film_cut_off_in_the_middle_is_refused_with_the_position(
    tmp_path: Path, ending: str, options: dict[str, str]
) -> None:
    made = (numbered_picture(i, seed=i) for i in range(300))
    film = write_film(tmp_path / f"a.{ending}", made, rate=5.0, keyframe_every=10, container_options=options)
    assert probe(film).duration_s == pytest.approx(60.0, abs=0.1)
    message = refusal(cut_off(film, 0.5))
    assert "breaks off at 00:00:" in message
    assert "of 00:01:00" in message
    assert "copy it again" in message


@pytest.mark.devset
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("text_renamed.mp4", "cannot be read as a video from its first byte on"),
        ("truncated.mp4", "cannot be read as a video from its first byte on"),
        ("zero_byte.mp4", "is empty (0 bytes); copy it again"),
    ],
)
def test_the_broken_development_files_are_refused(devset: Path, name: str, message: str) -> None:
    assert message in refusal(devset / "bad" / name)


@pytest.mark.devset
def test_the_first_picture_of_the_short_hamilton_clip_comes_late(devset: Path) -> None:
    video = probe(devset / "clips" / "hamilton.mp4")
    assert video.first_picture_s == pytest.approx(0.844, abs=1e-4)
    assert video.start_s == pytest.approx(0.008, abs=1e-4)
