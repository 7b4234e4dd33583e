"""Hardware decoding, with software decoding where the hardware cannot."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import av
from av.codec.hwaccel import HWAccel
from av.container import InputContainer

Decoder = Literal["software", "vaapi", "videotoolbox", "cuda"]
"""What decodes a film: FFmpeg on the CPU, or VAAPI (Linux), VideoToolbox (macOS), NVDEC (`cuda`)."""

_LOG = logging.getLogger(__name__)


def open_container(address: str, decoder: Decoder) -> InputContainer:
    """A container opened for reading; pictures decoded by hardware come back in the computer's memory.

    Where the device, FFmpeg's build or the codec does not allow hardware decoding, one line is logged, once a process,
    and the film is decoded in software.

    Raises:
        FFmpegError: the file cannot be opened in software either.
        ValueError: the same.
    """

    def opened(**more: Any) -> InputContainer:
        container: InputContainer = av.open(address, metadata_errors="replace", **more)
        return container

    return opened() if decoder == "software" else _opened_by_hardware(opened, decoder)


def _opened_by_hardware(opened: Callable[..., InputContainer], decoder: Decoder) -> InputContainer:
    try:
        container = opened(hwaccel=HWAccel(decoder, allow_software_fallback=True))
    except (av.error.FFmpegError, RuntimeError, ValueError, NotImplementedError) as error:
        container = opened()
        _say_once(f"decoder `{decoder}`: not usable ({' '.join(str(error).split())}); decoding in software")
        return container
    if not any(stream.codec_context and stream.codec_context.is_hwaccel for stream in container.streams.video):
        _say_once(f"decoder `{decoder}`: FFmpeg or the codec does not offer it; decoding in software")
    return container


@lru_cache(maxsize=16)
def _say_once(message: str) -> None:
    _LOG.warning(message)
