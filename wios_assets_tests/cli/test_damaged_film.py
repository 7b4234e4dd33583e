"""Damaged films go the whole way: every sound picture is used, and what could not be read is said to be so."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.page.served import serving
from wios_assets_tests.video_files import Picture, break_bytes, write_film

pytestmark = pytest.mark.slow

RATE = 20
SECONDS = 6


def pictures(seed: int) -> list[Picture]:
    """The astronaut in front of a noisy wall, drifting to the right."""
    rng = np.random.default_rng(seed)
    astronaut = np.asarray(skimage.data.astronaut())[20:240, 110:330]
    face = cv2.resize(astronaut, (200, 200), interpolation=cv2.INTER_AREA)
    made = []
    for number in range(RATE * SECONDS):
        picture = np.full((240, 400, 3), 120, dtype=np.uint8)
        picture[20:220, 60 + number : 260 + number] = face
        made.append(np.clip(picture + rng.integers(-12, 12, (240, 400, 1)), 0, 255).astype(np.uint8))
    return made


def flip_bits(path: Path, count: int) -> None:
    """Change single bits in the middle of a file."""
    content, rng = bytearray(path.read_bytes()), np.random.default_rng(3)
    for offset in rng.integers(len(content) // 4, len(content) * 3 // 4, count):
        content[offset] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)


def test_sound_pictures_of_damaged_films_are_used_and_the_rest_is_called_unreadable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wios = Wios(tmp_path / "data", monkeypatch, capsys)
    photos = tmp_path / "gallery" / "Eileen Collins"
    photos.mkdir(parents=True)
    photo = cv2.cvtColor(np.asarray(skimage.data.astronaut()), cv2.COLOR_RGB2BGR)
    assert cv2.imwrite(str(photos / "1.png"), photo)
    for name, seed in (("bits", 1), ("hole", 2)):
        film = write_film(tmp_path / f"{name}.ts", pictures(seed), rate=RATE, keyframe_every=40)
        if name == "bits":
            flip_bits(film, 4)
        else:
            break_bytes(film, 0.35, 0.65)
        added = wios("film", "add", film, "--gallery", photos.parent, "--cast", "Eileen Collins")
        assert added.code == 0, added.err
    ran = wios("run", "bits", "hole")
    assert ran.code == 0, ran.err

    # A few wrong bits hide nobody.
    assert "of the film" not in ran.err.partition("hole")[0]
    for instant in range(SECONDS):
        assert "Eileen Collins" in wios("who", "bits", instant).out
    # A hole is no absence.
    assert "hole: " in ran.err
    assert "is not readable, so nobody is seen there" in ran.err
    assert "Eileen Collins" in wios("who", "hole", "0.5").out
    assert "Eileen Collins" in wios("who", "hole", "5.5").out
    assert "not readable here: the video is damaged" in wios("who", "hole", "3").out
    assert "(not readable)" in wios("minutes", "hole").out
    out = tmp_path / "hole.json"
    assert wios("export", "hole", "--what", "appearances", "--format", "json", "-o", out).code == 0
    (stretch,) = json.loads(out.read_text(encoding="utf-8"))["film"]["unreadable"]
    assert 1.5 < stretch["start_s"] < 3.0 < stretch["end_s"] < 5.0
    with serving(wios.settings) as page:
        answer = page.json("/api/films/hole/who?t=3")
        assert (answer["readable"], answer["people"]) == (False, [])
