"""Reads JPEG XL, which neither Pillow nor the FFmpeg in PyAV's wheels decodes, with libjxl from `imagecodecs`.

The forms of a file are those of ISO/IEC 18181-2 and the size header that of ISO/IEC 18181-1 (both also described in
https://github.com/libjxl/libjxl/blob/main/doc/format_overview.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CODESTREAM = b"\xff\x0a"
CONTAINER = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_LENGTHS = (9, 13, 18, 30)


def is_jpeg_xl(head: bytes) -> bool:
    """Whether a file that begins so, with 12 bytes at least, is a JPEG XL picture."""
    return head.startswith((CODESTREAM, CONTAINER))


def picture_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels from a picture's header, so that nothing is decoded for it.

    Raises:
        ValueError: the file has no codestream.
    """
    bits = _Bits(_codestream_head(content))
    is_small = bits.take(1)
    height = (bits.take(5) + 1) * 8 if is_small else bits.length()
    ratio = bits.take(3)
    if ratio:
        over, under = _RATIOS[ratio - 1]
        return height * over // under, height
    return (bits.take(5) + 1) * 8 if is_small else bits.length(), height


def decode(content: bytes) -> NDArray[np.uint8]:
    """The first picture of a file, upright: uint8 [height, width], or [height, width, 2, 3 or 4] with alpha last.

    Raises:
        ValueError, RuntimeError: the file is damaged or cut off.
    """
    # Most galleries have no such picture, and the package has dozens of libraries.
    from imagecodecs import jpegxl_decode

    pixels = jpegxl_decode(content, index=0)
    if pixels.dtype == np.uint16:
        pixels = pixels >> 8
    elif pixels.dtype.kind == "f":
        pixels = np.rint(np.nan_to_num(pixels.astype(np.float32)).clip(0.0, 1.0) * 255.0)
    pixels = pixels.astype(np.uint8)
    return pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels


def _codestream_head(content: bytes) -> bytes:
    """The first bytes of the codestream behind its signature."""
    if content.startswith(CODESTREAM):
        return content[2:18]
    position = 0
    while position + 8 <= len(content):
        length = int.from_bytes(content[position : position + 4])
        kind = content[position + 4 : position + 8]
        header = 8
        if length == 1:
            length, header = int.from_bytes(content[position + 8 : position + 16]), 16
        if kind in (b"jxlc", b"jxlp"):
            # A part of a codestream has its number in front.
            start = position + header + (4 if kind == b"jxlp" else 0)
            if content[start : start + 2] == CODESTREAM:
                return content[start + 2 : start + 18]
        if length < header:
            break
        position += length
    raise ValueError("no codestream")


class _Bits:
    """Reads numbers bit by bit, the lowest bit of each byte first."""

    def __init__(self, content: bytes) -> None:
        self.value, self.left = int.from_bytes(content, "little"), len(content) * 8

    def take(self, count: int) -> int:
        if count > self.left:
            raise ValueError("cut off in its header")
        taken = self.value & ((1 << count) - 1)
        self.value >>= count
        self.left -= count
        return taken

    def length(self) -> int:
        return self.take(_LENGTHS[self.take(2)]) + 1
