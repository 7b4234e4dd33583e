from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from wios_assets.exports.files import export_bytes
from wios_assets.exports.player_files import is_own, remove_player_files, write_player_files
from wios_assets.exports.sidecar import PORTRAIT_SIDE, SidecarDocument, sidecar_document, sidecar_schema
from wios_assets.films.index import FilmIndex, IndexEntry, write_index
from wios_assets.films.registry import index_path
from wios_assets.lake.library import open_library, publish
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.sample_lake import APPEARANCES, PERHAPS, damage, fill, library_row, store

KEY = "007 (1962)"
COLOURS = {0: (200, 30, 30), 2: (30, 30, 200)}


def settings_with_film(tmp_path: Path, where: str, **film: Any) -> Settings:
    """A lake with one film, whose video lies in a folder of its own."""
    settings = load_settings(data=tmp_path / "data", players={"files": where})
    video = tmp_path / "films" / "Dr. No (1962).mkv"
    video.parent.mkdir()
    video.write_bytes(b"video")
    fill(settings.lake, library_row(KEY, title="Dr. No", year=1962, path=str(video), **film))
    store(settings.lake, "film", [{"path": str(video), "title": "Dr. No", "duration_s": 90.0, "size_bytes": 5}], KEY)
    rows = [{**each, "best_face": number} for number, each in enumerate(APPEARANCES)]
    store(settings.lake, "appearances", rows, KEY)
    chips = [{"face": face, "quality": 0.5, "chip": jpeg(colour)} for face, colour in COLOURS.items()]
    store(settings.lake, "face_embeddings", chips, KEY)
    publish(settings.lake, settings.library)
    return settings


def jpeg(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (150, 150), colour).save(out, "JPEG")
    return out.getvalue()


def test_a_sidecar_says_who_is_on_screen_when_with_what_a_player_needs(tmp_path: Path) -> None:
    settings = settings_with_film(tmp_path, "exports")
    damage(settings.lake, KEY, 30.0, 40.0)
    with open_library(settings) as library:
        content = export_bytes(library, KEY, "sidecar", "json")
    document = SidecarDocument.model_validate_json(content)
    assert (document.file.name, document.file.bytes) == ("Dr. No (1962).mkv", 5)
    assert (document.film.key, document.film.title, document.film.duration_s) == (KEY, "Dr. No", 90.0)
    assert [(each.start_s, each.end_s) for each in document.film.unreadable] == [(30.0, 40.0)]
    assert [person.actor for person in document.people] == ["Eileen Collins", "Grace Hopper", "unknown:1"]
    assert document.people[1].character == "The Admiral"
    shown = [(document.people[each.person].actor, each.start_s, each.end_s) for each in document.appearances]
    assert shown == [("Grace Hopper", 1.0, 12.5), ("unknown:1", 10.0, 20.0), ("Eileen Collins", 70.25, 90.0)]
    assert [each.model_dump() for each in document.appearances[1].perhaps] == PERHAPS
    assert document.appearances[0].probability == 0.98
    assert document.appearances[1].probability is None


def test_portraits_are_in_the_document_and_in_the_sheet_that_it_describes(tmp_path: Path) -> None:
    settings = settings_with_film(tmp_path, "exports")
    files = {file.suffix: file.read_bytes() for file in write_player_files(settings, KEY).files}
    document = SidecarDocument.model_validate_json(files[".json"])
    layout, sheet = document.portraits, files[".bgra"]
    assert layout is not None
    assert sheet[17:33].decode() == layout.token
    assert [person.portrait for person in document.people] == [0, 1, None]
    for person, colour in zip(document.people, (COLOURS[2], COLOURS[0]), strict=False):
        start = layout.first_byte + (person.portrait or 0) * layout.stride * layout.height
        pixels = np.frombuffer(sheet[start : start + layout.stride * layout.height], np.uint8)
        blue, green, red, alpha = pixels.reshape(layout.height, layout.width, 4)[50, 50].tolist()
        assert alpha == 255
        assert np.allclose((red, green, blue), colour, atol=8)
        with Image.open(io.BytesIO(base64.b64decode(person.picture or ""))) as picture:
            assert picture.size == (PORTRAIT_SIDE, PORTRAIT_SIDE)
            assert np.allclose(np.asarray(picture)[50, 50], colour, atol=8)
    assert document.people[2].picture is None


def test_the_schema_names_every_field_with_its_meaning() -> None:
    schema = sidecar_schema()
    fields = [
        (name, field)
        for part in (schema, *schema["$defs"].values())
        for name, field in part.get("properties", {}).items()
    ]
    assert {name for name, _ in fields} >= {"document", "version", "people", "appearances", "scenes", "perhaps"}
    undescribed = [name for name, field in fields if "description" not in field and "$ref" not in field]
    assert undescribed == []


def test_a_film_without_anybody_has_a_sidecar_too() -> None:
    film = library_row("k", size_bytes=None, tconst=None, year=None)
    document = json.loads(sidecar_document(film, []).model_dump_json())
    assert (document["people"], document["appearances"], document["portraits"]) == ([], [], None)


def test_files_are_written_into_the_exports_folder_or_beside_the_film_and_leave_when_that_changes(
    tmp_path: Path,
) -> None:
    settings = settings_with_film(tmp_path, "exports")
    films = tmp_path / "films"
    assert sorted(file.name for file in write_player_files(settings, KEY).files) == [
        f"{KEY}.wios.{format}" for format in ("bgra", "json", "vtt")
    ]
    beside = load_settings(data=settings.data, players={"files": "beside"})
    assert write_player_files(beside, KEY).problems == []
    assert sorted(file.name for file in films.iterdir()) == [
        f"Dr. No (1962){end}" for end in (".mkv", ".wios.bgra", ".wios.json", ".wios.vtt")
    ]
    assert list(settings.exports.iterdir()) == []
    assert (films / "Dr. No (1962).wios.vtt").read_text().startswith("WEBVTT - Who is on screen: Dr. No\n")
    off = load_settings(data=settings.data, players={"files": "off"})
    assert write_player_files(off, KEY).files == []
    assert [file.name for file in films.iterdir()] == ["Dr. No (1962).mkv"]


def test_a_data_folder_that_was_moved_keeps_track_of_its_files(tmp_path: Path) -> None:
    settings = settings_with_film(tmp_path, "exports")
    write_player_files(settings, KEY)
    moved = load_settings(data=settings.data.rename(tmp_path / "moved"))
    assert {file.parent for file in remove_player_files(moved, KEY)} == {moved.exports}
    assert list(moved.exports.iterdir()) == []


def test_a_file_of_somebody_else_is_left_as_it_is(tmp_path: Path) -> None:
    settings = settings_with_film(tmp_path, "beside")
    foreign = tmp_path / "films" / "Dr. No (1962).wios.json"
    foreign.write_text('{"mine": true}')
    written = write_player_files(settings, KEY)
    assert written.problems == [f"{foreign}: was not written by WIOS and is left as it is; rename or remove it"]
    assert [file.suffix for file in written.files] == [".bgra", ".vtt"]
    assert len(remove_player_files(settings, KEY)) == 2
    assert foreign.read_text() == '{"mine": true}'
    assert not is_own(foreign)


def test_beside_a_link_means_beside_the_film_that_the_player_opens(tmp_path: Path) -> None:
    settings = settings_with_film(tmp_path, "beside")
    link = tmp_path / "inbox" / "007.mkv"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "films" / "Dr. No (1962).mkv")
    store(settings.lake, "film", [{"path": str(link), "title": "Dr. No", "duration_s": 90.0, "size_bytes": 5}], KEY)
    written = write_player_files(settings, KEY)
    assert {file.parent for file in written.files} == {tmp_path / "films"}
    document = next(file for file in written.files if file.suffix == ".json")
    assert json.loads(document.read_bytes())["file"]["name"] == "Dr. No (1962).mkv"


def test_where_the_films_folder_cannot_be_written_the_exports_folder_is_used(tmp_path: Path) -> None:
    settings = settings_with_film(tmp_path, "beside")
    gone = tmp_path / "unmounted" / "Dr. No (1962).mkv"
    store(settings.lake, "film", [{"path": str(gone), "title": "Dr. No", "duration_s": 90.0, "size_bytes": 5}], KEY)
    written = write_player_files(settings, KEY)
    assert {file.parent for file in written.files} == {settings.exports}
    (problem,) = written.problems
    assert problem.startswith(f"{gone.with_name('Dr. No (1962).wios.bgra')}: cannot be written")
    assert not gone.parent.exists()


def test_a_film_in_parts_has_its_files_in_the_exports_folder(tmp_path: Path) -> None:
    settings = settings_with_film(tmp_path, "beside")
    path = str(tmp_path / "films" / "Dr. No (1962).mkv")
    entry = IndexEntry(path, 5, 0, "f", parts=(path, path))
    write_index(index_path(settings), FilmIndex(films={KEY: entry}))
    written = write_player_files(settings, KEY)
    assert {file.parent for file in written.files} == {settings.exports}
    assert "in parts" in written.problems[0]


def test_off_in_yaml_is_a_word() -> None:
    assert load_settings(players={"files": False}).players.files == "off"
    with pytest.raises(Exception, match="players"):
        load_settings(players={"files": True})
