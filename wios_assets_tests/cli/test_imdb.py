"""`wios imdb load`: from a folder, from an address, and what it says."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from wios_assets.imdb.files import IMDB_FILES, TERMS
from wios_assets_tests.assets.test_imdb import lines_of, write_file
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.local_server import Answer, Request, serving

pytestmark = pytest.mark.slow


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    monkeypatch.setenv("DAGSTER_HOME", "")
    wios = Wios(tmp_path / "data", monkeypatch, capsys)
    monkeypatch.setenv("WIOS_DIRECTOR", "nm0905154")
    return wios


def test_a_folder_is_loaded_and_can_be_asked(wios: Wios, tmp_path: Path) -> None:
    files = tmp_path / "own files"
    for table in IMDB_FILES:
        write_file(files, table, lines_of(table))
    answer = wios("imdb", "load", "--from", files)
    assert answer.code == 0, answer.err
    assert TERMS in answer.err
    assert "title_basics 19, title_principals 10, title_crew 3, name_basics 11, " in answer.out
    assert "title_episode 0, title_akas 0, quarantine 0" in answer.out
    assert "filmography: 2 films by Lana Wachowski" in answer.out
    answer = wios("sql", "--format", "json", "SELECT count(*) AS n FROM imdb.film_titles")
    assert json.loads(answer.out)[0]["n"] >= 18


def test_a_download_comes_from_the_address_of_the_setting_and_shows_the_terms(
    wios: Wios, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = {}
    for table in IMDB_FILES:
        file = write_file(tmp_path / "served", table, lines_of(table))
        packed[f"/{file.name}.gz"] = gzip.compress(file.read_bytes())

    def answer(request: Request) -> Answer:
        if request.headers.get("If-None-Match"):
            return Answer(304)
        return Answer(200, packed[request.path], {"ETag": '"1"'})

    with serving(answer) as server:
        monkeypatch.setenv("WIOS_IMDB_LOAD__ADDRESS", server.address)
        first = wios("imdb", "load", "--download")
        assert first.code == 0, first.err
        assert TERMS in first.err
        assert sorted(server.paths()) == sorted(packed)
        assert wios("imdb", "load", "--download").code == 0
        assert len(server.requests) == 2 * len(packed)


def test_files_that_are_not_there_are_named_before_anything_starts(wios: Wios, tmp_path: Path) -> None:
    answer = wios("imdb", "load", "--from", tmp_path)
    assert answer.code == 1
    assert "there is no title.basics.tsv.gz; put IMDB's file there, or download it" in answer.err


def test_a_folder_and_a_download_at_once_are_a_mistake_in_writing(wios: Wios, tmp_path: Path) -> None:
    assert wios("imdb", "load", "--from", tmp_path, "--download").code == 2
