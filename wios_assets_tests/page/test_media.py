from __future__ import annotations

import io
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from wios_assets.errors import WiosError
from wios_assets.lake.library import publish
from wios_assets.page.media import POSTER_WIDTH, PREVIEW_WIDTH, Previews, _frame_at, write_preview
from wios_assets.settings import load_settings
from wios_assets.vision.parts import parts_text
from wios_assets.vision.video import probe
from wios_assets_tests.page.served import serving
from wios_assets_tests.sample_lake import fill, library_row
from wios_assets_tests.video_files import numbered_picture, read_number, write_film

pytestmark = pytest.mark.slow


def numbers(path: Path) -> dict[float, int]:
    """Number that each picture of a film says, by its time on the player's clock."""
    with av.open(str(path)) as container:
        start = (container.start_time or 0) / av.time_base
        return {
            round(frame.time - start, 2): read_number(frame.to_ndarray(format="rgb24"))
            for frame in container.decode(video=0)
        }


def test_a_preview_shows_the_same_frame_at_the_same_time(tmp_path: Path) -> None:
    pictures = [numbered_picture(number, 320, 240) for number in range(50)]
    # Times begin at a second and a half, with a gap in the middle.
    times = [1.5 + n / 25 + (2.0 if n >= 30 else 0.0) for n in range(50)]
    film = write_film(tmp_path / "film.mkv", pictures, times, codec="libx265", audio_s=4.0)
    out = tmp_path / "preview.mp4"
    reported: list[float] = []
    write_preview(film, out, reported.append)
    assert probe(out).codec == "h264"
    assert reported == sorted(reported)
    original, made = numbers(film), numbers(out)
    assert len(made) == 50
    for seconds, number in made.items():
        assert min(abs(other - seconds) for other, shown in original.items() if shown == number) < 0.03
    with av.open(str(out)) as container:
        assert container.streams.audio[0].codec_context.name == "aac"


def test_a_preview_and_a_poster_of_a_film_in_parts_go_by_its_one_clock(tmp_path: Path) -> None:
    parts = []
    for part in (0, 1):
        pictures = [numbered_picture(50 * part + number, 320, 240) for number in range(50)]
        parts.append(write_film(tmp_path / f"film-cd{part + 1}.mkv", pictures, audio_s=2.0))
    film = tmp_path / "film=x.parts"
    film.write_text(parts_text(parts), encoding="utf-8")
    out = tmp_path / "preview.mp4"
    write_preview(film, out, lambda seconds: None)
    assert numbers(out) == {round(number / 25, 2): number for number in range(100)}
    poster = _frame_at(film, 3.0, POSTER_WIDTH)
    assert read_number(np.asarray(Image.open(io.BytesIO(poster)))) == 75


def test_the_preview_of_a_rotated_film_is_small_and_upright(tmp_path: Path) -> None:
    pictures = [numbered_picture(n, 1280, 720) for n in range(5)]
    film = write_film(tmp_path / "film.mp4", pictures, rotation=90, aspect=Fraction(1))
    write_preview(film, tmp_path / "preview.mp4", lambda seconds: None)
    seen = probe(tmp_path / "preview.mp4")
    assert (seen.width, seen.height) == (PREVIEW_WIDTH, 1138)


def test_an_unreadable_video_fails_with_a_reason_and_leaves_no_file(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"no film" * 1000)
    previews = Previews(tmp_path / "cache")
    for _ in range(3000):
        state = previews.request(film, 10.0)
        if state.state == "failed":
            break
        time.sleep(0.02)
    assert state.reason is not None
    assert "not a video" in state.reason
    assert list((tmp_path / "cache" / "previews").iterdir()) == []
    assert previews.request(tmp_path / "gone.mp4", 10.0).state == "failed"
    with pytest.raises(WiosError):
        write_preview(film, tmp_path / "out.mp4", lambda seconds: None)


def test_a_preview_is_requested_made_once_and_sent_in_ranges(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.avi", [numbered_picture(n) for n in range(50)], codec="mpeg4", b_frames=0)
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    fill(settings.lake, library_row("heat", path=str(film), duration_s=2.0), library_row("gone"))
    publish(settings.lake, settings.library)
    with serving(settings) as page:
        assert page.get("/preview/heat").status_code == 404
        states = []
        for _ in range(3000):
            states.append(page.post("/preview/heat").json())
            if states[-1]["state"] == "ready":
                break
            time.sleep(0.05)
        assert states[-1] == {"state": "ready", "share": 1.0, "reason": None}
        part = page.get("/preview/heat", range="bytes=0-99")
        assert (part.status_code, len(part.content)) == (206, 100)
        assert page.post("/preview/gone").json()["state"] == "failed"
        assert page.post("/preview/heat", sec_fetch_site="cross-site").status_code == 403
    (made,) = (tmp_path / "cache" / "previews").iterdir()
    assert made.suffix == ".mp4"
