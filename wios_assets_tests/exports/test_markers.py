from __future__ import annotations

import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import av
import pytest
from hypothesis import given
from pydantic import BaseModel, ConfigDict

from wios_assets.errors import WiosError
from wios_assets.exports.files import export_bytes, export_film
from wios_assets.exports.formats import FORMATS, default_file
from wios_assets.exports.markers import SHORTEST_CHAPTER_S, chapters, edl, matroska_chapters, nfo, stash_scene
from wios_assets.exports.scenes import scenes_of
from wios_assets.lake.library import open_library, publish
from wios_assets.settings import load_settings
from wios_assets_tests.cli.command_line import make_video
from wios_assets_tests.exports.rows import NAMES, ROWS, row, stranger
from wios_assets_tests.sample_lake import APPEARANCES, EILEEN, GRACE, fill, library_row, store

FILM = library_row("007", title="Dr. No", year=1962, tconst="tt0055928")
FILM_ROW = {"path": "/films/007.mkv", "title": "Dr. No", "duration_s": 90.0, "size_bytes": 7}
NAMELESS = {"year": None, "tconst": None}
ROWS_OF_FILM = [{"character": None, **each} for each in APPEARANCES]


@pytest.mark.parametrize(
    ("rate", "timecode", "frames"),
    [
        (25.0, "00:01:10:06", 494),
        # 70.25 s are 1684.3 pictures, counted 24 a second.
        (24000 / 1001, "00:01:10:04", 474),
        (50.0, "00:01:10:12", 988),
    ],
)
def test_markers_stand_at_their_frame_and_last_their_frames(rate: float, timecode: str, frames: int) -> None:
    text = edl(FILM, ROWS_OF_FILM, rate)
    assert text.startswith("TITLE: Dr. No\nFCM: NON-DROP FRAME\n")
    pattern = r"(\d{3})  001      V     C        (\S+) \S+ \S+ \S+  \n \|C:(\w+) \|M:([^|]*) \|D:(\d+)\n"
    events = re.findall(pattern, text)
    assert [name for _, _, _, name, _ in events] == ["Grace Hopper (The Admiral)", "unknown:1", "Eileen Collins"]
    assert events[2] == ("003", timecode, "ResolveColorBlue", "Eileen Collins", str(frames))
    assert events[1][2] == "ResolveColorSand"


def test_a_name_cannot_break_a_marker() -> None:
    text = edl(library_row("k", title="a\nb"), [row(0, 1, "x |D:9\ny")], 25.0)
    assert "TITLE: a b\n" in text
    assert " |C:ResolveColorBlue |M:x /D:9 y |D:25\n" in text


def test_a_sidecar_lists_the_cast_seen_with_roles() -> None:
    stranger = {"actor": "unknown:1", "kind": "unknown", "rank": 3, "character": None}
    rows = [{**EILEEN, "rank": 2}, {**GRACE, "rank": 1}, stranger]
    movie = ElementTree.fromstring(nfo(FILM, rows))
    assert (movie.findtext("title"), movie.findtext("year")) == ("Dr. No", "1962")
    assert movie.findtext("uniqueid[@type='imdb']") == "tt0055928"
    assert [(a.findtext("name"), a.findtext("role"), a.findtext("order")) for a in movie.findall("actor")] == [
        ("Grace Hopper", "The Admiral", "0"),
        ("Eileen Collins", None, "1"),
    ]


@given(name=NAMES, title=NAMES)
def test_any_name_makes_a_sidecar_that_can_be_read(name: str, title: str) -> None:
    movie = ElementTree.fromstring(
        nfo(library_row("k", title=title, **NAMELESS), [{"actor": name, "kind": "cast", "rank": 1, "character": name}])
    )
    assert len(movie.findall("actor/name")) == 1


def test_an_nfo_that_somebody_else_wrote_is_never_replaced(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data")
    fill(settings.lake, FILM)
    publish(settings.lake, settings.library)
    foreign, own = tmp_path / "007.nfo", default_file(settings.exports, "007", "screen-time", "nfo")
    foreign.write_text("<movie><title>Mine</title></movie>")
    with open_library(settings) as library:
        with pytest.raises(WiosError, match=r"007\.nfo: is there already and was not written by WIOS"):
            export_film(library, "007", "screen-time", "nfo", foreign)
        for _ in range(2):
            export_film(library, "007", "screen-time", "nfo", own)
    assert foreign.read_text() == "<movie><title>Mine</title></movie>"
    assert own.read_bytes().startswith(b"<?xml")


def test_a_person_is_in_one_scene_over_short_pauses() -> None:
    assert scenes_of([(31, 32), (0, 5), (14, 20), (2, 3)]) == [(0, 20), (31, 32)]
    assert scenes_of([(0, 5), (15.5, 20)]) == [(0, 5), (15.5, 20)]


def test_chapters_end_where_other_people_come_and_leave_no_gap() -> None:
    dialogue = [row(10 + 4 * k, 14 + 4 * k, ("A", "B")[k % 2]) for k in range(20)]
    rows = [
        *dialogue,
        row(90, 130, "C"),
        stranger(130, 200),
        row(200, 205, "A"),
        row(205, 240, "A"),
        row(205, 240, "C"),
    ]
    assert chapters(rows, 250.0) == [
        (0.0, 90, ["A", "B"]),
        (90, 130, ["C"]),
        (130, 200, []),
        (200, 250.0, ["A", "C"]),
    ]
    assert chapters([], 90.0) == [(0.0, 90.0, [])]


@given(rows=ROWS)
def test_chapters_cover_the_film_and_are_long_enough(rows: list[dict[str, Any]]) -> None:
    made = chapters([{**each, "start_s": each["start_s"] * 20, "end_s": each["end_s"] * 20} for each in rows], 480.0)
    assert made[0][0] == 0
    assert made[-1][1] == 480.0
    assert all(before[1] == after[0] for before, after in pairwise(made))
    assert all(end - start >= SHORTEST_CHAPTER_S for start, end, _ in made[:-1])


def test_mkvmerge_takes_the_chapters_and_ffmpeg_reads_them_back(tmp_path: Path) -> None:
    if shutil.which("mkvmerge") is None:
        pytest.skip("mkvmerge is not installed")
    odd = 'O\'Neil & <Sons> --> "quoted"'
    rows = [row(0, 40, odd), row(40, 80, "七人の侍\nsecond line"), row(80, 90, odd)]
    file, film, out = tmp_path / "chapters.xml", make_video(tmp_path / "film.mkv"), tmp_path / "out.mkv"
    file.write_bytes(matroska_chapters(FILM, rows))
    done = subprocess.run(
        ["mkvmerge", "-o", out, "--chapters", file, film], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, "Warning" in done.stdout) == (0, False), done.stdout
    with av.open(str(out)) as container:
        read = [
            (float(each["start"] * base), float(each["end"] * base), each["metadata"]["title"])
            for each in container.chapters()
            if (base := each["time_base"])
        ]
    assert read == [(0, 40, odd), (40, 80, "七人の侍 second line"), (80, 90, odd)]


@given(name=NAMES)
def test_any_name_makes_chapters_that_can_be_read(name: str) -> None:
    root = ElementTree.fromstring(matroska_chapters(FILM, [row(0, 90, name)]))
    assert [each.tag for each in root.iter()] == [
        *("Chapters", "EditionEntry", "ChapterAtom", "ChapterTimeStart", "ChapterTimeEnd"),
        *("ChapterDisplay", "ChapterString", "ChapterLanguage"),
    ]


class StashMarker(BaseModel):
    """The fields of stashapp/stash, pkg/models/jsonschema/scene.go, that an import needs."""

    model_config = ConfigDict(strict=True, extra="forbid")

    title: str
    seconds: str
    end_seconds: str
    primary_tag: str
    tags: list[str]


class StashScene(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    title: str
    performers: list[str]
    tags: list[str]
    markers: list[StashMarker]
    files: list[str]


def test_stash_gets_a_marker_a_scene_tagged_with_the_name() -> None:
    rows = [row(0, 4, 'A "B"'), row(6, 9.25, 'A "B"'), stranger(0, 90), row(40, 41, "C"), row(50, 60, 'A "B"')]
    scene = StashScene.model_validate_json(stash_scene({**FILM, "path": "/films/007.mkv"}, rows))
    assert (scene.title, scene.performers, scene.files) == ("Dr. No", ['A "B"', "C"], ["/films/007.mkv"])
    assert [(float(m.seconds), float(m.end_seconds), m.title, m.tags) for m in scene.markers] == [
        (0.0, 9.25, 'A "B"', ['A "B"']),
        (40.0, 41.0, "C", ["C"]),
        (50.0, 60.0, 'A "B"', ['A "B"']),
    ]


def test_each_format_is_for_what_it_can_hold(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data")
    fill(settings.lake, FILM)
    publish(settings.lake, settings.library)
    with open_library(settings) as library:
        assert export_bytes(library, "007", "appearances", "metadata.vtt").startswith(b"WEBVTT")
        assert b"<movie>" in export_bytes(library, "007", "screen-time", "nfo")
        with pytest.raises(WiosError, match="minutes cannot be exported as vtt: choose csv, json, parquet"):
            export_bytes(library, "007", "minutes", "vtt")
        with pytest.raises(WiosError, match="frame rate is not known"):
            export_bytes(library, "007", "appearances", "edl")
        store(settings.lake, "film", [{**FILM_ROW, "frame_rate": 25.0}], "007")
        for what, formats in FORMATS.items():
            for format in formats:
                assert export_bytes(library, "007", what, format)
