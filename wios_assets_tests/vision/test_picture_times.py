"""The pictures decide how long a film is and when each is on screen, whatever else the file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.stream import VideoStream

from wios_assets.vision.sampling import Picture, read_pictures
from wios_assets.vision.video import Video, probe

pytestmark = pytest.mark.slow

RATE = 25
PICTURES = 60


def write_film(
    path: Path,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    sound_s: float = 0.0,
    cover: str | None = None,
    cover_is_default: bool = False,
) -> Path:
    """A film whose picture n has brightness 16 + 3n; perhaps with sound, perhaps with a cover of some codec as its
    first track."""
    with av.open(str(path), "w") as container:
        still: VideoStream | None = None
        if cover is not None:
            added = container.add_stream(cover, rate=RATE)
            assert isinstance(added, VideoStream)
            still = added
            still.width, still.height, still.pix_fmt = 96, 144, "yuvj420p" if cover == "mjpeg" else "rgb24"
            if cover_is_default:
                still.disposition = Disposition.default
        video = container.add_stream(codec, rate=RATE, options=options or {})
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt, video.bit_rate = 160, 120, "yuv420p", 4_000_000
        sound = container.add_stream("mp3", rate=48000) if sound_s else None
        if still is not None:
            picture = av.VideoFrame.from_ndarray(np.full((144, 96, 3), 90, np.uint8), format="rgb24")
            container.mux(still.encode(picture.reformat(format=still.pix_fmt)))
            container.mux(still.encode())
        for number in range(PICTURES):
            planes = np.full((180, 160), 128, np.uint8)
            planes[:120] = 16 + 3 * number
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if sound is not None:
            silence = av.AudioFrame.from_ndarray(
                np.zeros((1, round(48000 * sound_s)), np.int16), format="s16", layout="mono"
            )
            silence.sample_rate = 48000
            container.mux(sound.encode(silence))
            container.mux(sound.encode())
    return path


def numbers(video: Video) -> list[int]:
    """Which picture is read at each time, by its brightness."""
    return [number_of(picture) for picture in read_pictures(video, 0.0, 0) if picture.frame is not None]


def number_of(picture: Picture) -> int:
    """Which picture it is, by its brightness."""
    assert picture.frame is not None
    return round((float(picture.frame.to_ndarray(format="yuv420p")[:120].mean()) - 16) / 3)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_sound_that_goes_on_makes_a_film_no_longer(tmp_path: Path, suffix: str) -> None:
    video = probe(write_film(tmp_path / f"film{suffix}", sound_s=12.0))
    assert video.duration_s == pytest.approx(PICTURES / RATE, abs=0.01)


@pytest.mark.parametrize("last_s", [600.0, 36_000.0])
def test_a_subtitle_long_after_the_pictures_makes_a_film_no_longer(tmp_path: Path, last_s: float) -> None:
    plain = write_film(tmp_path / "plain.mkv", options={"bf": "2"})
    lines = tmp_path / "lines.srt"
    hours, minutes = divmod(int(last_s) // 60, 60)
    lines.write_text(
        "1\n00:00:00,500 --> 00:00:01,000\nHello\n\n"
        f"2\n{hours:02d}:{minutes:02d}:00,000 --> {hours:02d}:{minutes:02d}:01,000\nsubtitles by nobody\n",
        encoding="utf-8",
    )
    path = tmp_path / "film.mkv"
    with av.open(str(plain)) as pictures, av.open(str(lines)) as texts, av.open(str(path), "w") as container:
        video_copy = container.add_stream_from_template(pictures.streams.video[0])
        text_copy = container.add_stream_from_template(texts.streams.subtitles[0])
        packets: list[tuple[av.Packet[Any], Any]] = [(packet, video_copy) for packet in pictures.demux(video=0)]
        packets += [(packet, text_copy) for packet in texts.demux(subtitles=0)]
        for packet, copy in packets:
            if packet.size:
                packet.stream = copy
                container.mux(packet)
    with av.open(str(path)) as container:
        assert (container.duration or 0) / av.time_base > last_s
    video = probe(path)
    assert video.duration_s == pytest.approx(PICTURES / RATE, abs=0.01)
    assert list(read_pictures(video, 0.0, 0))[-1].time_s == pytest.approx((PICTURES - 1) / RATE, abs=0.001)


@pytest.mark.parametrize(("suffix", "codec"), [("mkv", "mjpeg"), ("mp4", "mjpeg"), ("mp4", "png")])
@pytest.mark.parametrize("is_default", [False, True], ids=["unmarked", "marked as default"])
def test_a_cover_that_is_the_first_track_is_not_the_film(
    tmp_path: Path, suffix: str, codec: str, is_default: bool
) -> None:
    path = write_film(tmp_path / f"film.{suffix}", cover=codec, cover_is_default=is_default)
    with av.open(str(path)) as container:
        first = container.streams.video[0]
        assert first.codec_context.name == codec
        assert not is_default or first.disposition & Disposition.default
    video = probe(path)
    assert (video.codec, video.width) == ("h264", 160)
    assert numbers(video) == list(range(PICTURES))


@pytest.mark.parametrize(
    ("codec", "options"),
    [("libx264", {"bf": "3"}), ("libx264", {"bf": "0"}), ("mpeg4", {"bf": "2", "qmin": "1", "qmax": "2"})],
    ids=["H.264 with B-frames", "H.264 without", "MPEG-4 with B-frames"],
)
def test_every_picture_of_an_avi_is_read_in_order_at_its_time(
    tmp_path: Path, codec: str, options: dict[str, str]
) -> None:
    video = probe(write_film(tmp_path / "film.avi", codec, options))
    assert numbers(video) == list(range(PICTURES))
    times = [picture.time_s for picture in read_pictures(video, 0.0, 0)]
    assert times == pytest.approx([number / RATE for number in range(PICTURES)], abs=1e-6)
    assert video.duration_s == pytest.approx(PICTURES / RATE, abs=0.01)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    ("codec", "options"), [("libx264", {"bf": "3"}), ("mpeg4", {"bf": "2", "qmin": "1", "qmax": "2"})]
)
def test_the_pictures_of_an_avi_have_their_times_after_a_seek(
    tmp_path: Path, codec: str, options: dict[str, str], threads: int
) -> None:
    video = probe(write_film(tmp_path / "film.avi", codec, {**options, "g": "12"}))
    whole = [picture.time_s for picture in read_pictures(video, 0.0, 0)]
    for number in (13, 27, PICTURES - 3):
        pictures = list(read_pictures(video, number / RATE, 2, threads))
        assert [picture.time_s for picture in pictures] == pytest.approx(whole[number - 2 :], abs=1e-6)
        assert [number_of(picture) for picture in pictures] == list(range(number - 2, PICTURES))
