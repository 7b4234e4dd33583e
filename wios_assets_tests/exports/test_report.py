from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from wios_assets.exports.files import export_bytes
from wios_assets.lake.library import Library, open_library, publish
from wios_assets.settings import load_settings
from wios_assets_tests.sample_lake import APPEARANCES, MINUTES, SCREEN_TIME, fill, library_row, store

HOSTILE = "<script>alert('x')</script>\"&"
CHIP = b"\xff\xd8 a chip"
PHOTO = b"\xff\xd8 a photo"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    settings = load_settings(data=tmp_path / "data")
    fill(settings.lake, library_row("007", title="Dr. No", year=1962), library_row("bad", title=HOSTILE))
    store(settings.lake, "appearances", [{**row, "best_face": n} for n, row in enumerate(APPEARANCES)], "007")
    store(settings.lake, "face_embeddings", [{"face": 0, "chip": CHIP}, {"face": 5, "chip": b"another"}], "007")
    photo = {"photo": "/photos/Grace Hopper/1.jpg", "thumbnail": PHOTO}
    store(settings.lake, "gallery_photos", [photo, {"photo": "/other.jpg", "thumbnail": b"other"}], "007")
    hostile = {"actor": HOSTILE, "character": HOSTILE}
    store(settings.lake, "appearances", [{**APPEARANCES[0], **hostile}], "bad")
    store(settings.lake, "screen_time", [{**SCREEN_TIME[1], **hostile}], "bad")
    store(settings.lake, "minute_appearances", [{**MINUTES[0], **hostile}], "bad")
    publish(settings.lake, settings.library)
    return open_library(settings)


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def elements(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Elements()
    parser.feed(text)
    return parser.elements


def test_a_report_holds_everybody_every_minute_and_the_evidence(library: Library) -> None:
    text = export_bytes(library, "007", "report", "html").decode()
    for expected in (
        "Dr. No",
        "1962",
        "Grace Hopper",
        "The Admiral",
        "unknown:1",
        "Eileen Collins",
        "98.0 %",
        "00:01",
        "at 0.31 from",
        "perhaps Eileen Collins 70 %; Averil Mean 20 %",
    ):
        assert expected in text
    assert text.count("<path ") == 3
    assert 'd="M70.25 0h19.75v1h-19.75z"' in text
    sources = re.findall(r'src="data:image/jpeg;base64,([^"]*)"', text)
    assert [base64.b64decode(source) for source in sources] == [CHIP, PHOTO]


def test_a_report_needs_no_other_file_and_runs_no_script(library: Library) -> None:
    for film in ("007", "bad"):
        text = export_bytes(library, film, "report", "html").decode()
        for tag, attributes in elements(text):
            assert tag not in ("script", "link", "iframe", "object", "a")
            assert all((attributes.get(name) or "data:").startswith("data:") for name in ("src", "href"))
            assert not any(name.startswith("on") for name in attributes)


def test_a_film_in_which_nobody_is_seen_has_a_report(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data")
    fill(settings.lake, library_row("empty"))
    for table in ("appearances", "minute_appearances", "screen_time"):
        store(settings.lake, table, [], "empty")
    publish(settings.lake, settings.library)
    with open_library(settings) as library:
        assert "Nobody was seen." in export_bytes(library, "empty", "report", "html").decode()
