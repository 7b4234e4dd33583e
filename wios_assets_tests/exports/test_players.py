from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.errors import WiosError
from wios_assets.exports.files import export_bytes
from wios_assets.exports.formats import FORMATS
from wios_assets.exports.players import changes, edl, nfo, webvtt
from wios_assets.lake.library import open_library, publish
from wios_assets.settings import load_settings
from wios_assets.timeline.clock import parse_clock
from wios_assets_tests.sample_lake import APPEARANCES, EILEEN, GRACE, fill, library_row, store

FILM = library_row("007", title="Dr. No", year=1962, tconst="tt0055928")
NAMELESS = {"year": None, "tconst": None}
ROWS_OF_FILM = [{"character": None, **each} for each in APPEARANCES]
NAMES = st.text(min_size=1, max_size=20)


def row(start: float, end: float, actor: str, **values: Any) -> dict[str, Any]:
    base = {"kind": "cast", "character": None, "probability": 0.95}
    return {**base, "start_s": start, "end_s": end, "actor": actor, **values}


ROWS = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(1, 900), NAMES).map(
        lambda span: row(span[0] / 250, (span[0] + span[1]) / 250, span[2])
    ),
    max_size=12,
)


def cues(text: str) -> list[tuple[float, float, list[dict[str, Any]]]]:
    """What a WebVTT file says, read by its rules: blocks between blank lines, a payload of one line."""
    head, *blocks = re.split(r"\n\n+", text.strip("\n"))
    assert head.startswith("WEBVTT")
    assert "\n" not in head
    read = []
    for block in blocks:
        times, payload = block.split("\n")
        start, end = (parse_clock(part) for part in times.split(" --> "))
        assert "-->" not in payload
        read.append((start, end, json.loads(payload)))
    return read


@given(rows=ROWS, title=NAMES)
def test_a_track_says_at_every_instant_who_is_on_screen(rows: list[dict[str, Any]], title: str) -> None:
    read = cues(webvtt(library_row("k", title=title), rows))
    assert [start for start, _, _ in read] == sorted(start for start, _, _ in read)
    for tick in range(0, 24_000, 97):
        instant = tick / 1000 + 0.0005
        wanted = sorted(each["actor"] for each in rows if each["start_s"] <= instant < each["end_s"])
        shown = [people for start, end, people in read if start <= instant < end]
        assert len(shown) <= 1
        assert sorted(person["actor"] for people in shown for person in people) == wanted


def test_the_cues_of_one_instant_put_the_cast_first_and_the_surest_first() -> None:
    rows = [
        row(0, 5, "Unsure", probability=0.5),
        row(0, 5, "unknown:1", kind="unknown", probability=None),
        row(0, 5, "Sure"),
    ]
    ((start, end, people),) = changes(rows)
    assert (start, end, [person["actor"] for person in people]) == (0, 5, ["Sure", "Unsure", "unknown:1"])


def test_a_payload_cannot_end_its_cue() -> None:
    text = webvtt(library_row("k", title="A --> B\n\nNOTE x"), [row(0, 1, "x --> y\n\n00:00.000 --> 00:09.000\u2028z")])
    ((_, _, people),) = cues(text)
    assert people[0]["actor"] == "x --> y\n\n00:00.000 --> 00:09.000\u2028z"
    assert len(text.splitlines()) == 4


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


def test_each_format_is_for_what_it_can_hold(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data")
    fill(settings.lake, FILM)
    publish(settings.lake, settings.library)
    with open_library(settings) as library:
        assert export_bytes(library, "007", "appearances", "vtt").startswith(b"WEBVTT")
        assert b"<movie>" in export_bytes(library, "007", "screen-time", "nfo")
        with pytest.raises(WiosError, match="minutes cannot be exported as vtt: choose csv, json, parquet"):
            export_bytes(library, "007", "minutes", "vtt")
        with pytest.raises(WiosError, match="frame rate is not known"):
            export_bytes(library, "007", "appearances", "edl")
        store(settings.lake, "film", [{"frame_rate": 25.0}], "007")
        for what, formats in FORMATS.items():
            for format in formats:
                assert export_bytes(library, "007", what, format)
