"""Small test films, made with PyAV: any times, pixel formats, shapes, tracks and damage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.codec.context import Flags
from numpy.typing import NDArray

BITS = 10
CLOCK = Fraction(1, 90_000)

Picture = NDArray[np.uint8]


def numbered_picture(number: int, width: int = 160, height: int = 120, seed: int = 0) -> Picture:
    """A picture that says its number, below 1024, in a row of black and white fields; RGB uint8 [height, width, 3].

    `seed` chooses what stands behind: pictures of one seed look alike but for the number.
    """
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 216, (6, 8, 3), dtype=np.uint8)
    rows, columns = np.arange(height) * 6 // height, np.arange(width) * 8 // width
    picture = coarse[rows][:, columns].copy()
    for bit in range(BITS):
        left, right = width * bit // BITS, width * (bit + 1) // BITS
        picture[: height // 8, left:right] = 255 if number >> bit & 1 else 0
    return picture


def read_number(picture: NDArray[Any]) -> int:
    """The number that a `numbered_picture` says."""
    height, width = picture.shape[:2]
    row = picture[height // 16].mean(axis=1)
    return sum(int(row[width * (2 * bit + 1) // (2 * BITS)] > 127) << bit for bit in range(BITS))


def write_film(
    path: Path,
    pictures: Iterable[Picture],
    times_s: Sequence[float] | None = None,
    *,
    rate: float = 25.0,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    keyframe_every: int = 25,
    b_frames: int = 2,
    aspect: Fraction | None = None,
    rotation: int = 0,
    audio_s: float | None = None,
    end_s: float | None = None,
    bit_rate: int | None = None,
    codec_options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Write a film.

    Args:
        path: file to write; its ending chooses the container.
        pictures: RGB uint8 [height, width, 3], all of one size.
        times_s: when each comes on screen, seconds in the container's time; evenly by `rate` where not given.
        rate: frames per second.
        codec: encoder.
        pixel_format: pixel format as stored.
        keyframe_every: most pictures from one keyframe to the next.
        b_frames: most B-frames in a row.
        aspect: width of a pixel over its height.
        rotation: degrees, counter-clockwise, by which a player must turn the picture.
        audio_s: length of a silent audio track that starts at 0; none where not given.
        end_s: when the last picture leaves the screen.
        bit_rate: bits per second; the encoder's own choice where not given.
        codec_options: more options of the encoder.
        container_options: options of the container's writer.
    """
    # AVI and MPEG-2 count frames.
    clock = Fraction(1, round(rate)) if path.suffix == ".avi" or codec.startswith("mpeg") else CLOCK
    with av.open(str(path), "w", options=container_options or {}) as container:
        audio = container.add_stream("aac", rate=48_000, layout="mono") if audio_s is not None else None
        frames = list(pictures)
        times = [i / rate for i in range(len(frames))] if times_s is None else list(times_s)
        ends = [*times[1:], end_s if end_s is not None else times[-1] + 1 / rate]
        stream = container.add_stream(codec, rate=Fraction(rate).limit_denominator(1001))
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = clock
        stream.codec_context.gop_size = keyframe_every
        stream.codec_context.max_b_frames = b_frames
        stream.codec_context.flags |= Flags.frame_duration
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        if codec == "libx264":
            stream.options = {"preset": "veryfast", "crf": "16", **(codec_options or {})}
        if codec == "libx265":
            stream.options = {"preset": "ultrafast", "x265-params": "log-level=none"}
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        for picture, time_s, until_s in zip(frames, times, ends, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(time_s / clock), clock
            frame.duration = round((until_s - time_s) / clock)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
        if audio is not None and audio_s is not None:
            for packet in _silence(audio, audio_s):
                container.mux(packet)
    return path


def write_sound(path: Path, seconds: float) -> Path:
    """Write a file with a silent audio track and no pictures."""
    with av.open(str(path), "w") as container:
        audio = container.add_stream("aac", rate=48_000, layout="mono")
        for packet in _silence(audio, seconds):
            container.mux(packet)
    return path


def break_bytes(path: Path, start: float, end: float) -> Path:
    """Overwrite the bytes from the share `start` of a file to the share `end` with noise, in place."""
    content = bytearray(path.read_bytes())
    first, last = round(len(content) * start), round(len(content) * end)
    noise = np.random.default_rng(7).integers(0, 256, last - first, dtype=np.uint8)
    content[first:last] = noise.tobytes()
    path.write_bytes(content)
    return path


def cut_off(path: Path, share: float) -> Path:
    """Shorten a file to a share of its bytes, in place."""
    content = path.read_bytes()
    path.write_bytes(content[: round(len(content) * share)])
    return path


def _silence(audio: av.AudioStream, seconds: float) -> Iterable[av.Packet[av.AudioStream]]:
    for start in range(0, int(seconds * 48_000), 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        yield from audio.encode(frame)
    yield from audio.encode()
