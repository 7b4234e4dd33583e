"""Draws and encodes the demo's film, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from wios_assets.demo.edit_list import FRAME_RATE, HEIGHT, WIDTH, EditList, Role, Take, pose
from wios_assets.demo.portraits import Image, Portrait, backdrop
from wios_assets.errors import Unavailable

CODECS = ("libx264", "mpeg4")
THREADS = 2
"""Fixed, since x264 writes other bytes with another number of threads."""
RIM = 48
"""Pixels by which a backdrop is larger than the frame on every side, so that it can move."""


def frames(edit_list: EditList, portraits: dict[str, Portrait]) -> Iterator[Image]:
    """The film's frames in order, RGB uint8 [360, 640, 3]."""
    for take in edit_list.takes:
        behind = _behind(take)
        layers = [(role, *_layer(role, portraits[role.person])) for role in take.roles]
        for number in range(take.frames):
            share = number / max(take.frames - 1, 1)
            shift = np.array([[1, 0, -RIM - (share - 0.5) * take.drift], [0, 1, -RIM]], np.float32)
            canvas = cv2.warpAffine(behind, shift, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
            for role, portrait, cutout in layers:
                at = pose(role, take, number)
                turn = portrait.placed(at.x, at.y, at.height, at.tilt)
                drawn = cv2.warpAffine(portrait.picture, turn, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
                cover = cv2.warpAffine(cutout, turn, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
                weight = cover[..., None].astype(np.uint16)
                mixed = drawn * weight + canvas * (255 - weight) + 127
                canvas = (mixed // 255).astype(np.uint8)
            yield np.asarray(canvas, dtype=np.uint8)


def encode(path: Path, pictures: Iterator[Image]) -> None:
    """Write an MP4 of H.264 (MPEG-4 where that encoder is missing), 25 frames a second, the same bytes every time.

    Raises:
        WiosError: PyAV has neither encoder.
        OSError: the file cannot be written.
    """
    codec = next((name for name in CODECS if name in av.codecs_available), None)
    if codec is None:
        raise Unavailable(f"PyAV {av.__version__} has no encoder of {', '.join(CODECS)}; reinstall av from PyPI")
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact", "movflags": "+faststart"}) as container:
        stream = container.add_stream(codec, rate=FRAME_RATE)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.thread_count = THREADS
        if codec == "libx264":
            stream.options = {"preset": "veryfast", "crf": "20"}
        else:
            stream.bit_rate = 2_500_000
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def _behind(take: Take) -> Image:
    """A take's backdrop, RGB uint8, `RIM` pixels larger than the frame on every side."""
    width, height = WIDTH + 2 * RIM, HEIGHT + 2 * RIM
    if not isinstance(take.backdrop, str):
        share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
        first, last = (np.array(colour, np.float32) for colour in take.backdrop)
        gradient = np.round(first + (last - first) * share).astype(np.uint8)
        return np.ascontiguousarray(np.broadcast_to(gradient, (height, width, 3)))
    picture = backdrop(take.backdrop)
    scale = max(width / picture.shape[1], height / picture.shape[0])
    size = (max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale)))
    large = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(large[top : top + height, left : left + width])


def _layer(role: Role, portrait: Portrait) -> tuple[Portrait, NDArray[np.uint8]]:
    """The portrait as the role shows it, and its cutout, uint8 [height, width], 255 where it covers."""
    source = portrait.mirror() if role.mirrored else portrait
    lit = Portrait(role.light.on(source.picture), source.face)
    height, width = lit.picture.shape[:2]
    if role.cutout == "whole":
        return lit, np.full((height, width), 255, np.uint8)
    left, top, right, bottom = lit.face
    across = (bottom - top) * 1.15
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    reach = np.hypot((x - (left + right) / 2) / across, (y - (top + bottom) / 2) / (across * 1.15))
    return lit, np.round(np.clip((1.0 - reach) / 0.08, 0, 1) * 255).astype(np.uint8)
