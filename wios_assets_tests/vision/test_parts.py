"""A film in several files is one video with one clock: a DVD's title, and parts of any format."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from wios_assets.errors import WiosError
from wios_assets.vision.parts import parts_text, read_parts, streams_of
from wios_assets.vision.sampling import MarkedPicture, read_pictures, read_samples, sample_count
from wios_assets.vision.video import Video, fingerprint, open_video, probe
from wios_assets_tests.video_files import numbered_picture, read_number, write_film

PACK_BYTES = 2048


@pytest.fixture(scope="module")
def title(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A program stream as one file, and the list of the two files that it was cut into as DVDs are."""
    folder = tmp_path_factory.mktemp("it's a dvd")
    whole = folder / "whole.vob"
    with av.open(str(whole), "w", format="vob") as container:
        stream = container.add_stream("mpeg2video", rate=25, options={"g": "12"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(100):
            pixels = np.random.default_rng(number).integers(0, 255, (240, 320, 3), dtype=np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        container.mux(stream.encode())
    content = whole.read_bytes()
    middle = len(content) // 2 // PACK_BYTES * PACK_BYTES
    parts = [folder / "VTS_01_1.VOB", folder / "VTS_01_2.VOB"]
    parts[0].write_bytes(content[:middle])
    parts[1].write_bytes(content[middle:])
    joined = folder / "film=x.parts"
    joined.write_text(parts_text(parts), encoding="utf-8")
    return whole, joined


def times(path: Path) -> list[float]:
    with open_video(path) as (container, stream):
        return [float(picture.time or 0.0) for picture in container.decode(stream)]


@pytest.mark.slow
def test_parts_play_as_the_file_that_they_were_cut_from(title: tuple[Path, Path]) -> None:
    whole, joined = title
    assert times(joined) == times(whole)
    assert probe(joined).duration_s == probe(whole).duration_s
    assert probe(joined).size_bytes == whole.stat().st_size


def test_the_content_of_parts_is_their_content_in_order(title: tuple[Path, Path]) -> None:
    _, joined = title
    parts = read_parts(joined)
    other = joined.with_name("film=y.parts")
    other.write_text(parts_text(parts[::-1]), encoding="utf-8")
    assert fingerprint(joined) != fingerprint(other)


@pytest.mark.parametrize("content", ["", "a.mkv\n", "# The files of one film, in order.\n"])
def test_a_list_that_names_no_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "film=x.parts"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(WiosError, match="run the film again"):
        read_parts(path)


def test_a_path_that_cannot_be_joined_is_refused() -> None:
    with pytest.raises(WiosError, match="rename it"):
        parts_text([Path("a|b.vob")])


def numbers(video: Video, from_s: float, before: int) -> list[tuple[float, int]]:
    """Time on the film's clock and number of each picture from an instant on."""
    return [
        (round(picture.time_s, 3), read_number(picture.frame.to_ndarray(format="rgb24")))
        for picture in read_pictures(video, from_s, before)
        if picture.frame is not None
    ]


@pytest.fixture(scope="module", params=["mp4 mp4", "ts ts", "avi avi", "mkv mp4", "mp4 ts"])
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Video:
    """A film in two parts of 50 pictures each; the second one's clock starts at 1.5 s, where the format has one."""
    folder = tmp_path_factory.mktemp("parts")
    paths = []
    for index, suffix in enumerate(request.param.split()):
        pictures = [numbered_picture(50 * index + number, seed=index) for number in range(50)]
        times = None if suffix == "avi" else [number / 25 + 1.5 * index for number in range(50)]
        path = folder / f"Heat (1995)-cd{index + 1}.{suffix}"
        paths.append(write_film(path, pictures, times, b_frames=0 if suffix == "avi" else 2))
    listed = folder / "film=x.parts"
    listed.write_text(parts_text(paths), encoding="utf-8")
    return probe(listed)


@pytest.mark.slow
def test_parts_have_one_clock_without_a_gap(film: Video) -> None:
    assert film.duration_s == pytest.approx(4.0, abs=0.002)
    assert [round(piece.from_s, 2) for piece in film.pieces] == [0.0, 2.0]
    whole = numbers(film, 0.0, 1)
    assert [number for _, number in whole] == list(range(100))
    assert [time for time, _ in whole] == pytest.approx([number / 25 for number in range(100)], abs=0.002)


@pytest.mark.slow
@pytest.mark.parametrize("from_s", [0.5, 1.95, 2.0, 2.03, 2.5, 3.95])
def test_pictures_ahead_of_an_instant_come_from_the_part_before(film: Video, from_s: float) -> None:
    whole = numbers(film, 0.0, 1)
    on_screen = sum(time <= from_s + 0.001 for time, _ in whole) - 1
    assert numbers(film, from_s, 3) == whole[max(0, on_screen - 3) :]


@pytest.mark.slow
def test_samples_are_the_same_wherever_the_film_is_cut_into_segments(film: Video) -> None:
    rate = 3.0
    count = sample_count(film.duration_s, rate)

    def samples(first: int) -> list[tuple[int, float | None]]:
        pictures = read_pictures(film, first / rate - 0.5, 1, 1, rate)
        marked = (MarkedPicture(picture, False, None) for picture in pictures)
        return [
            (sample.number, sample.picture.time_s if sample.picture else None)
            for sample in read_samples(marked, first, count, rate)
        ]

    whole = samples(0)
    assert len(whole) == count == 12
    for first in (3, 6, 7, 11):
        assert samples(first) == whole[first:]


@pytest.mark.slow
def test_a_part_that_is_turned_otherwise_is_refused(tmp_path: Path) -> None:
    pictures = [numbered_picture(number) for number in range(5)]
    paths = [write_film(tmp_path / f"cd{turn}.mp4", pictures, rotation=turn) for turn in (0, 90)]
    listed = tmp_path / "film=x.parts"
    listed.write_text(parts_text(paths), encoding="utf-8")
    with pytest.raises(WiosError, match=r"cd90.mp4: its pictures are turned by 90°, those of .*cd0.mp4 by 0°"):
        probe(listed)


def test_a_part_that_is_gone_is_named(tmp_path: Path) -> None:
    listed = tmp_path / "film=x.parts"
    listed.write_text(parts_text([tmp_path / "cd1.avi", tmp_path / "cd2.avi"]), encoding="utf-8")
    with pytest.raises(WiosError, match=r"cd1.avi: there is no such file"):
        probe(listed)


def test_the_files_of_one_dvd_title_are_one_stream() -> None:
    one, two = Path("Disc 1/VIDEO_TS"), Path("Disc 2/VIDEO_TS")
    files = [one / "VTS_01_1.VOB", one / "VTS_01_2.VOB", two / "VTS_03_1.VOB", Path("a-cd3.avi"), Path("a-cd4.avi")]
    assert streams_of(files) == [tuple(files[:2]), (files[2],), (files[3],), (files[4],)]


@pytest.mark.slow
def test_two_discs_are_two_parts_of_one_stream_each(title: tuple[Path, Path], tmp_path: Path) -> None:
    whole, joined = title
    files = []
    for disc in ("Disc 1", "Disc 2"):
        for file in read_parts(joined):
            files.append(tmp_path / disc / file.name)
            files[-1].parent.mkdir(exist_ok=True)
            files[-1].write_bytes(file.read_bytes())
    listed = tmp_path / "film=x.parts"
    listed.write_text(parts_text(files), encoding="utf-8")
    film = probe(listed)
    assert len(film.pieces) == 2
    assert film.duration_s == pytest.approx(2 * probe(whole).duration_s, abs=0.05)
