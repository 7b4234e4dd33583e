from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter

from wios_assets.errors import WiosError
from wios_assets.exports.documents import AppearancesDocument, json_schema
from wios_assets.exports.files import export_bytes, export_film
from wios_assets.exports.formats import What, default_file
from wios_assets.lake.library import Library, open_library, publish
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import TABLES
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.sample_lake import APPEARANCES, GRACE, ODD_KEYS, STRANGER, damage, fill, library_row, store

WHAT: tuple[What, ...] = ("appearances", "minutes", "screen-time")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data")


@pytest.fixture
def library(settings: Settings) -> Library:
    fill(settings.lake, library_row("007", title="Dr. No", year=1962, tconst="tt0055928"))
    publish(settings.lake, settings.library)
    return open_library(settings)


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    return Wios(tmp_path / "data", monkeypatch, capsys)


def table_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_appearances_in_csv_have_times_with_three_decimals_and_unknown_people(library: Library) -> None:
    content = export_bytes(library, "007", "appearances", "csv")
    assert content.decode().splitlines()[0].startswith("start_s,end_s,actor,probability")
    rows = table_of(content)
    assert [(row["start_s"], row["end_s"], row["actor"], row["probability"]) for row in rows] == [
        ("1.000", "12.500", "Grace Hopper", "0.9800"),
        ("10.000", "20.000", "unknown:1", ""),
        ("70.250", "90.000", "Eileen Collins", "0.9000"),
    ]


def test_likely_names_stand_beside_the_unknown_and_in_no_file_for_players(library: Library) -> None:
    rows = table_of(export_bytes(library, "007", "appearances", "csv"))
    assert [row["perhaps"] for row in rows] == ["", "Eileen Collins 0.70; Averil Mean 0.20", ""]
    stored = pq.read_table(io.BytesIO(export_bytes(library, "007", "appearances", "parquet")))
    assert stored["perhaps"].to_pylist()[1] == APPEARANCES[1]["perhaps"]
    document = json.loads(export_bytes(library, "007", "appearances", "json"))
    stranger = next(person for person in document["people"] if person["actor"] == "unknown:1")
    assert stranger["instances"][0]["perhaps"] == APPEARANCES[1]["perhaps"]
    for what, format in (("screen-time", "nfo"), ("appearances", "vtt"), ("minutes", "csv"), ("screen-time", "csv")):
        assert b"Averil Mean" not in export_bytes(library, "007", what, format)  # type: ignore[arg-type]


def test_csv_keeps_commas_quotes_line_breaks_and_unicode(settings: Settings) -> None:
    name = 'Zoë "Z", of\nOz'
    fill(settings.lake, library_row("007"))
    store(settings.lake, "appearances", [{**GRACE, "actor": name, "start_s": 0.0004, "end_s": 2.0}], "007")
    publish(settings.lake, settings.library)
    with open_library(settings) as library:
        rows = table_of(export_bytes(library, "007", "appearances", "csv"))
    assert rows[0]["actor"] == name
    assert rows[0]["start_s"] == "0.000"


@pytest.mark.parametrize("what", WHAT)
def test_every_export_has_every_row_in_every_format(library: Library, what: What) -> None:
    rows = table_of(export_bytes(library, "007", what, "csv"))
    assert len(rows) == 3
    stored = pq.read_table(io.BytesIO(export_bytes(library, "007", what, "parquet")))
    table = TABLES[{"minutes": "minute_appearances", "screen-time": "screen_time"}.get(what, what)]
    assert stored.schema.equals(table.schema)
    assert stored["film"].to_pylist() == ["007"] * 3
    assert stored["actor"].to_pylist() == [row["actor"] for row in rows]
    document = json.loads(export_bytes(library, "007", what, "json"))
    assert (document["document"], document["version"]) == (f"wios/{what}", 1)
    assert document["film"] == {
        "key": "007",
        "title": "Dr. No",
        "year": 1962,
        "tconst": "tt0055928",
        "duration_s": 90.0,
        "unreadable": [],
    }


def test_json_appearances_are_people_with_their_instances(settings: Settings) -> None:
    fill(settings.lake, library_row("007"))
    again = {**APPEARANCES[0], "appearance": 3, "start_s": 80.0, "end_s": 85.12345}
    store(settings.lake, "appearances", [*APPEARANCES, again], "007")
    publish(settings.lake, settings.library)
    with open_library(settings) as library:
        content = export_bytes(library, "007", "appearances", "json")
    people = {person["actor"]: person for person in json.loads(content)["people"]}
    assert list(people) == ["Grace Hopper", "unknown:1", "Eileen Collins"]
    grace = people["Grace Hopper"]
    assert (grace["kind"], grace["nconst"], grace["character"]) == ("cast", "nm0393790", "The Admiral")
    assert grace["seconds"] == 16.623
    assert [(each["start_s"], each["end_s"]) for each in grace["instances"]] == [(1.0, 12.5), (80.0, 85.123)]
    for evidence in ("photos", "reason"):
        assert grace["instances"][0][evidence] == APPEARANCES[0][evidence]
    assert people["unknown:1"]["instances"][0]["probability"] is None
    TypeAdapter(AppearancesDocument).validate_json(content)


@pytest.mark.parametrize("what", WHAT)
def test_every_value_of_a_document_is_described_in_its_schema(library: Library, what: What) -> None:
    schema = json_schema(what)
    document = json.loads(export_bytes(library, "007", what, "json"))

    def check(value: object, described: dict[str, Any]) -> None:
        if "$ref" in described:
            described = schema["$defs"][described["$ref"].rpartition("/")[2]]
        if isinstance(value, dict):
            assert set(value) == set(described["properties"]) == set(described["required"])
            for name, inner in value.items():
                check(inner, described["properties"][name])
        elif isinstance(value, list) and "items" in described:
            for inner in value:
                check(inner, described["items"])
        else:
            assert "$ref" not in described
            assert any(word in described for word in ("type", "anyOf", "const", "enum"))

    check(document, schema)


def test_a_film_without_anyone_gives_a_header_and_no_rows(settings: Settings) -> None:
    fill(settings.lake, library_row("007"))
    store(settings.lake, "appearances", [], "007")
    publish(settings.lake, settings.library)
    with open_library(settings) as library:
        assert len(export_bytes(library, "007", "appearances", "csv").splitlines()) == 1
        assert json.loads(export_bytes(library, "007", "appearances", "json"))["people"] == []
        stored = pq.read_table(io.BytesIO(export_bytes(library, "007", "appearances", "parquet")))
        assert stored.num_rows == 0


def test_an_export_that_fails_leaves_the_earlier_one_and_nothing_else(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    out = folder / "a.csv"
    out.write_text("earlier")

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(WiosError, match="the disk is full: /"):
        export_film(library, "007", "appearances", "csv", out)
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("a.csv", "earlier")]


def test_an_export_needs_a_file_in_a_folder_that_is_there(library: Library, tmp_path: Path) -> None:
    with pytest.raises(WiosError, match="is a folder; name a file in it"):
        export_film(library, "007", "minutes", "json", tmp_path)
    with pytest.raises(WiosError, match=r"cannot be written \(there is no folder .*nowhere\)"):
        export_film(library, "007", "minutes", "json", tmp_path / "nowhere" / "a.json")


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_film_keys_are_exported_to_one_file_each(settings: Settings, key: str) -> None:
    fill(settings.lake, library_row(key))
    publish(settings.lake, settings.library)
    with open_library(settings) as library:
        out = export_film(library, key, "minutes", "csv", default_file(settings.exports, key, "minutes", "csv"))
    assert out.parent == settings.exports
    assert [path.name for path in settings.exports.iterdir()] == [out.name]


def test_the_command_writes_to_a_file_to_the_exports_folder_or_to_stdout(wios: Wios, tmp_path: Path) -> None:
    fill(wios.settings.lake, library_row("It's (1999)"))
    named = wios("export", "It's (1999)", "--what", "minutes", "--format", "json", "-o", tmp_path / "a b.json")
    assert (named.code, named.out) == (0, f"wrote '{tmp_path}/a b.json'\n")
    assert json.loads((tmp_path / "a b.json").read_text())["document"] == "wios/minutes"
    assert wios("export", "It's").code == 0
    default = wios.settings.exports / "It%27s (1999).appearances.csv"
    piped = wios.process("export", "It's", "--what", "appearances", "--format", "csv", "-o", "-")
    assert piped.code == 0, piped.err
    assert piped.out == default.read_text()
    assert [row["actor"] for row in table_of(piped.out.encode())] == [row["actor"] for row in APPEARANCES]
    assert STRANGER["actor"] in piped.out


def test_documents_say_where_the_video_is_damaged(library: Library) -> None:
    assert json.loads(export_bytes(library, "007", "appearances", "json"))["film"]["unreadable"] == []
    damage(library.lake, "007", 25.0, 40.0)
    for what in WHAT:
        document = json.loads(export_bytes(library, "007", what, "json"))
        assert document["film"]["unreadable"] == [{"start_s": 25.0, "end_s": 40.0}]
    assert (
        "NOTE not readable from 00:00:25.000 to 00:00:40.000"
        in export_bytes(library, "007", "appearances", "vtt").decode()
    )
    assert (
        "Not readable, because the video is damaged: 00:00:25 to 00:00:40."
        in export_bytes(library, "007", "report", "html").decode()
    )
