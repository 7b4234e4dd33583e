"""TMDB's photos in a film's gallery, and a film that goes on where TMDB does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import AssetKey, ExecuteInProcessResult, materialize

from wios_assets.definitions import build_definitions
from wios_assets.lake.store import read_rows
from wios_assets.runs.launch import dagster_instance
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import GALLERY_PHOTOS
from wios_assets_tests.assets.graph import materializable
from wios_assets_tests.assets.test_graph import copy_of
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.conftest import FinishedExample
from wios_assets_tests.local_server import Answer, Request, serving
from wios_assets_tests.photos.test_tmdb import KEY, PEOPLE, Tmdb, picture

GRACE = "nm99999901"


def gallery(settings: Settings, film: str) -> ExecuteInProcessResult:
    definitions = build_definitions(settings)
    with dagster_instance(settings) as instance:
        instance.add_dynamic_partitions("film", [film])
        return materialize(
            materializable(definitions),
            selection=["gallery_photos", "gallery_embeddings"],
            instance=instance,
            resources=definitions.resources,
            partition_key=film,
        )


def with_tmdb(finished: FinishedExample, folder: Path, address: str) -> Settings:
    own = copy_of(finished, folder)
    changed = load_settings(tmdb_key=KEY, tmdb={"address": f"{address}/3"}, cache=folder / "cache")
    return own.model_copy(update={name: getattr(changed, name) for name in ("tmdb_key", "tmdb", "cache")})


@pytest.mark.slow
def test_with_a_key_photos_of_tmdb_join_the_gallery(
    finished: FinishedExample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PEOPLE, GRACE, 1)
    portrait = next(path for path in sorted(finished.example.galleries.rglob("*.jpg")) if path.is_file())
    site = Tmdb()
    site.profiles = {1: [picture("grace.jpg")]}
    site.tagged = {1: [[]]}

    def before(request: Request) -> Answer | None:
        if request.path.startswith("/t/"):
            return Answer(200, portrait.read_bytes() + b"\0", {"Content-Type": "image/jpeg"})
        return None

    site.before = before
    with serving(site.answer) as server:
        site.address = server.address
        settings = with_tmdb(finished, tmp_path, server.address)
        assert gallery(settings, finished.example.key).success
    photos = read_rows(settings.lake, GALLERY_PHOTOS, finished.example.key).to_pylist()
    fetched = [row for row in photos if Path(row["photo"]).is_relative_to(settings.cache / "tmdb")]
    assert [(row["nconst"], Path(row["photo"]).name) for row in fetched] == [(GRACE, "grace.jpg")]
    before_rows = read_rows(finished.settings.lake, GALLERY_PHOTOS, finished.example.key)
    assert len(photos) == before_rows.num_rows + 1


@pytest.mark.slow
def test_a_key_that_tmdb_refuses_is_a_warning_and_the_film_goes_on(finished: FinishedExample, tmp_path: Path) -> None:
    site = Tmdb()
    site.key = "another key"
    with serving(site.answer) as server:
        settings = with_tmdb(finished, tmp_path, server.address)
        result = gallery(settings, finished.example.key)
    assert result.success
    stored = result.asset_materializations_for_node("gallery")[0]
    assert stored.asset_key == AssetKey("gallery_photos")
    problems = str(stored.metadata["problems"].value)
    assert "TMDB refused the key (HTTP 401); check WIOS_TMDB_KEY" in problems
    assert KEY not in problems
    own = read_rows(finished.settings.lake, GALLERY_PHOTOS, finished.example.key)
    assert read_rows(settings.lake, GALLERY_PHOTOS, finished.example.key).num_rows == own.num_rows


def test_the_key_is_shown_nowhere_and_changes_the_code_version_by_being_there_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wios = Wios(tmp_path / "data", monkeypatch, capsys)
    versions = []
    for key in ("", KEY, f"{KEY[:-1]}0"):
        monkeypatch.setenv("WIOS_TMDB_KEY", key)
        assert KEY[:8] not in repr(wios.settings)
        for answer in (wios("settings"), wios("settings", "--json")):
            assert "tmdb_key" in answer.out
            assert KEY[:8] not in answer.out
        node = build_definitions(wios.settings).resolve_asset_graph().get(AssetKey("gallery_photos"))
        versions.append(node.code_version)
    assert versions[0] != versions[1] == versions[2]
