"""A virtual display for a player, Xvfb, and what stands on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

WIDTH, HEIGHT = 1280, 720
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Display:
    """A display: its name for `DISPLAY`, and the file that Xvfb keeps its pixels in."""

    name: str
    framebuffer: Path

    def pixel(self, x: int, y: int) -> tuple[int, int, int]:
        """A pixel as red, green, blue. The file is an XWD image of 32 bits a pixel, its header in 25 words or more."""
        content = self.framebuffer.read_bytes()
        header = np.frombuffer(content[:100], ">u4")
        header_bytes, row_bytes, colours = int(header[0]), int(header[12]), int(header[19])
        start = header_bytes + 12 * colours + y * row_bytes + 4 * x
        blue, green, red = content[start : start + 3]
        return red, green, blue


@contextmanager
def virtual_display(folder: Path, *programs: str) -> Iterator[Display]:
    """A display while a test needs it; the test is skipped where Xvfb or one of `programs` is not installed."""
    for program in ("Xvfb", *programs):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    reader, writer = os.pipe()
    screen = f"{WIDTH}x{HEIGHT}x24"
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", screen, "-fbdir", str(folder), "-nolisten", "tcp"]
    xvfb = subprocess.Popen(
        [*command, "+extension", "GLX"], pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as number:
            name = number.readline().strip()
        assert name, "Xvfb did not start"
        yield Display(f":{name}", folder / "Xvfb_screen0")
    finally:
        xvfb.terminate()
        xvfb.wait()


def wait_for(holds: Callable[[], object], instead: Callable[[], object] = lambda: "it did not happen") -> None:
    """Wait until something holds; `instead` says what is there when it does not."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, instead()
        time.sleep(0.05)
