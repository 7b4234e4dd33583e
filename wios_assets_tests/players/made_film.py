"""A short film with a sidecar, as a run writes it, for tests of what runs in a player. Who is on screen is made up."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from wios_assets.exports.player_files import write_player_files
from wios_assets.lake.library import publish
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.cli.command_line import make_video
from wios_assets_tests.sample_lake import EILEEN, GRACE, PERHAPS, damage, fill, library_row, store

KEY = "Made (2026)"
LENGTH_S = 40.0
ODD_NAME = 'Conan O\'Brien {\\b1} <b>"x"</b> [B] --> y'
RED, BLUE = (220, 30, 30), (30, 30, 220)


@dataclass(frozen=True)
class MadeFilm:
    """The film: its settings, its video, and where its sidecar lies."""

    settings: Settings
    video: Path
    sidecar: Path


def made_film(folder: Path, where: str, token: str | None = None) -> MadeFilm:
    """A film of 40 seconds: Grace from 1 to 12 and 35 to 39, Eileen from 10 to 20, nobody, an odd name, a stranger.

    Args:
        where: value of the setting `players.files`.
        token: the page's token.
    """
    settings = load_settings(data=folder / "data", players={"files": where}, page_token=token)
    video = make_video(folder / "films" / f"{KEY}.mkv", seconds=LENGTH_S)
    size = video.stat().st_size
    fill(settings.lake, library_row(KEY, title="Made", year=2026, path=str(video), duration_s=LENGTH_S))
    film = {"path": str(video), "title": "Made", "year": 2026, "duration_s": LENGTH_S, "size_bytes": size}
    store(settings.lake, "film", [film], KEY)
    store(settings.lake, "appearances", APPEARANCES, KEY)
    chips = [{"face": face, "quality": 0.5, "chip": _jpeg(colour)} for face, colour in ((1, RED), (2, BLUE))]
    store(settings.lake, "face_embeddings", chips, KEY)
    damage(settings.lake, KEY, 30.0, 34.0, LENGTH_S)
    publish(settings.lake, settings.library)
    files = write_player_files(settings, KEY).files
    return MadeFilm(settings, video, next(file for file in files if file.suffix == ".json"))


def _jpeg(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (150, 150), colour).save(out, "JPEG")
    return out.getvalue()


def _row(number: int, start: float, end: float, **values: Any) -> dict[str, Any]:
    return {"appearance": number, "start_s": start, "end_s": end, "probability": 0.98, **values}


APPEARANCES = [
    _row(0, 1, 12, **GRACE, best_face=1),
    _row(1, 10, 20, **EILEEN, best_face=2),
    _row(2, 24, 26, actor=ODD_NAME, kind="cast"),
    _row(3, 27, 29, actor="unknown:1", kind="unknown", perhaps=PERHAPS),
    _row(4, 35, 39, **GRACE, best_face=1),
]
