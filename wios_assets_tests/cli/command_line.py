"""Runs `wios` for tests, in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from wios_assets.cli import main
from wios_assets.settings import Settings, load_settings


@dataclass(frozen=True)
class Answer:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


class Wios:
    """The command line over a data folder of its own."""

    def __init__(self, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        for name in [name for name in os.environ if name.startswith("WIOS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("WIOS_DATA", str(data))
        monkeypatch.setenv("WIOS_CACHE", str(data / "cache"))
        monkeypatch.setenv("WIOS_CONFIG", str(data / "no settings file"))
        self.capsys = capsys

    @property
    def settings(self) -> Settings:
        return load_settings()

    def __call__(self, *arguments: object) -> Answer:
        """Run in this process."""
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = self.capsys.readouterr()
        code = ended.value.code
        return Answer(code if isinstance(code, int) else 0 if code is None else 1, captured.out, captured.err)

    def process(self, *arguments: object, **environment: str) -> Answer:
        """Run in a process of its own, as a user does."""
        done = subprocess.run(
            [sys.executable, "-m", "wios_assets", *map(str, arguments)],
            capture_output=True,
            env=os.environ | environment,
            timeout=120,
            check=False,
        )
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def make_video(path: Path, seed: int = 0, seconds: float = 1.0) -> Path:
    """A short video of noise, other for each seed: MPEG-4, 64 × 48, 10 frames a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed)
    with av.open(str(path), "w", format="matroska" if path.suffix == ".mkv" else "mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(round(seconds * 10)):
            frame = av.VideoFrame.from_ndarray(noise.integers(0, 255, (48, 64, 3), dtype=np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
