"""Frames as a plain script takes them from a film."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
from numpy.typing import NDArray

EVERY_S = 0.25
UPSAMPLE = 1


def frames(film: str, every_s: float) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Time in seconds on the player's clock and RGB picture of a frame every `every_s`."""
    with av.open(film) as container:
        start_s = (container.start_time or 0) / av.time_base
        due_s = 0.0
        for frame in container.decode(video=0):
            time_s = frame.time - start_s
            if time_s >= due_s - 1e-6:
                yield time_s, np.ascontiguousarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
                while due_s <= time_s + 1e-6:
                    due_s += every_s
