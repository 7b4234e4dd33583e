from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given

from wios_assets.exports.captions import captions, metadata_track
from wios_assets.exports.scenes import changes
from wios_assets.notation import parse_clock
from wios_assets_tests.exports.rows import NAMES, ROWS, row, stranger
from wios_assets_tests.sample_lake import library_row

FILM = library_row("k")


def captions_read_by_ffmpeg(text: str, folder: Path) -> list[tuple[float, float, str]]:
    file = folder / "captions.vtt"
    file.write_text(text, encoding="utf-8")
    with av.open(str(file)) as container:
        packets = [each for each in container.demux(container.streams.subtitles[0]) if each.size]
        return [
            (
                round(float(each.pts * each.time_base), 3),
                round(float((each.pts + each.duration) * each.time_base), 3),
                html.unescape(bytes(each).decode()),
            )
            for each in packets
            if each.pts is not None and each.duration is not None and each.time_base is not None
        ]


def test_captions_name_the_cast_and_count_the_unknown(tmp_path: Path) -> None:
    rows = [
        row(0, 5, "Grace Hopper"),
        row(2, 5, "Eileen Collins", probability=0.5),
        stranger(4, 6),
        stranger(4, 6, 2),
        row(3600, 3601.5, "Grace Hopper"),
    ]
    text = captions(FILM, rows, [(10.0, 20.5)])
    assert "NOTE not readable from 00:00:10.000 to 00:00:20.500\n\n" in text
    assert captions_read_by_ffmpeg(text, tmp_path) == [
        (0, 2, "Grace Hopper"),
        (2, 4, "Eileen Collins · Grace Hopper"),
        (4, 5, "Eileen Collins · Grace Hopper · 2 unknown"),
        (5, 6, "2 unknown"),
        (3600, 3601.5, "Grace Hopper"),
    ]


def test_a_cue_goes_on_while_the_same_people_are_on_screen(tmp_path: Path) -> None:
    rows = [row(0, 5, "A"), row(5, 9, "A"), row(9, 12, "B"), stranger(20, 21), stranger(21, 22, 2)]
    assert captions_read_by_ffmpeg(captions(FILM, rows), tmp_path) == [(0, 9, "A"), (9, 12, "B"), (20, 22, "1 unknown")]


@pytest.mark.parametrize("name", ['"A" --> B', "<b>Bold</b> & Co", "two\nlines\n\n00:00.000 --> 00:09.000", "&lt;"])
def test_a_name_is_text_in_a_caption_whatever_it_holds(name: str, tmp_path: Path) -> None:
    read = captions_read_by_ffmpeg(captions(FILM, [row(0, 1, name), row(1, 2, "B")]), tmp_path)
    assert read == [(0, 1, " ".join(name.split())), (1, 2, "B")]


@given(rows=ROWS, title=NAMES)
def test_captions_cover_what_the_appearances_cover(rows: list[dict[str, Any]], title: str) -> None:
    head, *blocks = re.split(r"\n\n+", captions(library_row("k", title=title), rows).strip("\n"))
    assert head.startswith("WEBVTT")
    times = [[parse_clock(part) for part in block.split("\n")[0].split(" --> ")] for block in blocks]
    assert all(start < end for start, end in times)
    shown = sum(end - start for start, end in times)
    assert shown == pytest.approx(sum(end - start for start, end, _ in changes(rows)))


def test_the_people_of_one_instant_are_the_cast_first_and_the_surest_first() -> None:
    rows = [row(0, 5, "Unsure", probability=0.5), stranger(0, 5), row(0, 5, "Sure")]
    ((start, end, people),) = changes(rows)
    assert (start, end, [person["actor"] for person in people]) == (0, 5, ["Sure", "Unsure", "unknown:1"])


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
    read = cues(metadata_track(library_row("k", title=title), rows))
    assert [start for start, _, _ in read] == sorted(start for start, _, _ in read)
    for tick in range(0, 24_000, 97):
        instant = tick / 1000 + 0.0005
        wanted = sorted(each["actor"] for each in rows if each["start_s"] <= instant < each["end_s"])
        shown = [people for start, end, people in read if start <= instant < end]
        assert len(shown) <= 1
        assert sorted(person["actor"] for people in shown for person in people) == wanted


def test_a_payload_cannot_end_its_cue() -> None:
    text = metadata_track(
        library_row("k", title="A --> B\n\nNOTE x"), [row(0, 1, "x --> y\n\n00:00.000 --> 00:09.000\u2028z")]
    )
    ((_, _, people),) = cues(text)
    assert people[0]["actor"] == "x --> y\n\n00:00.000 --> 00:09.000\u2028z"
    assert len(text.splitlines()) == 4
