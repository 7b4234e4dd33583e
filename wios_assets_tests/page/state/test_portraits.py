from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wios_assets.demo.portraits import GRACE, portraits
from wios_assets.lake.library import open_library, publish
from wios_assets.page.state.portraits import cropped_to_face, portrait_quality, visibility
from wios_assets.settings import load_settings
from wios_assets_tests.sample_lake import APPEARANCES, fill, library_row, store


def jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def grace(brightness: float = 1.0) -> Image.Image:
    portrait = portraits()[GRACE]
    return Image.fromarray((portrait.picture * brightness).astype(np.uint8))


def test_a_portrait_is_the_square_around_the_face() -> None:
    photo, (left, top, right, bottom) = grace(), portraits()[GRACE].face
    wide = Image.new("RGB", (3 * photo.width, photo.height))
    wide.paste(photo, (2 * photo.width, 0))
    box = (2 * photo.width + left, top, 2 * photo.width + right, bottom)
    small = wide.resize((wide.width // 2, wide.height // 2))
    portrait = np.asarray(cropped_to_face(small, box, wide.width, wide.height), dtype=float)
    assert portrait.shape[0] == portrait.shape[1]
    side = min((bottom - top) * 1.7, photo.height)
    assert portrait.shape[0] == pytest.approx(side / 2, abs=2)
    across = (left + right - side) / 2
    expected = photo.crop((round(across), 0, round(across + side), round(side))).resize(portrait.shape[1::-1])
    assert np.abs(portrait.mean(axis=(0, 1)) - np.asarray(expected, dtype=float).mean(axis=(0, 1))).max() < 12


def test_dark_and_flat_faces_are_hard_to_see() -> None:
    bright, dark = visibility(jpeg(grace())), visibility(jpeg(grace(0.15)))
    flat = visibility(jpeg(Image.new("RGB", (150, 150), (120, 120, 120))))
    assert bright > 0.8
    cut = grace()
    cut.paste((0, 0, 0), (cut.width * 2 // 3, 0, cut.width, cut.height))
    assert visibility(jpeg(cut)) < 0.6 * bright
    assert dark < 0.4
    assert flat < 0.1
    assert visibility(b"no picture") == 0.0


def test_the_face_that_is_seen_stands_for_a_person_rather_than_a_dark_one(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data")
    fill(settings.lake, library_row("heat"))
    rows = [{**APPEARANCES[0], "best_face": face, "perhaps": None, "decisions": 0} for face in (7, 8)]
    chips = {7: (0.9, jpeg(grace(0.1))), 8: (0.6, jpeg(grace()))}
    store(
        settings.lake, "face_embeddings", [{"face": f, "quality": q, "chip": c} for f, (q, c) in chips.items()], "heat"
    )
    publish(settings.lake, settings.library)
    with open_library(settings) as library:
        quality = portrait_quality(library, "heat", rows)
    assert quality[8] > quality[7]
