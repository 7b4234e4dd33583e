from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter

from wios_assets.exports.documents import AppearancesDocument
from wios_assets.films.index import FilmIndex, IndexEntry, write_index
from wios_assets.films.registry import index_path
from wios_assets.lake import prediction_log
from wios_assets.lake.library import Row, publish
from wios_assets.lake.progress import progress_file
from wios_assets.lake.store import read_rows
from wios_assets.page import models
from wios_assets.page.state.catalog import Catalog
from wios_assets.runs import renewal
from wios_assets.runs.instance import dagster_instance
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import PREDICTION_LOG
from wios_assets_tests.page.long_film import store_long_film
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.sample_lake import ODD_KEYS, damage, fill, library_row, store

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert('x')</script>\"&"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("api")
    settings = load_settings(data=folder / "data", cache=folder / "cache")
    fill(
        settings.lake,
        library_row("007", title="Dr. No", year=1962, tconst="tt0055928"),
        library_row("heat", title="Heat", year=1995),
        library_row(HOSTILE, title=HOSTILE),
        *(library_row(key) for key in ODD_KEYS if key != "007"),
    )
    publish(settings.lake, settings.library)
    return settings


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[Page]:
    with serving(settings) as page:
        yield page


def who(page: Page, film: str, t: str) -> list[str]:
    answer = page.json(f"/api/films/{quote(film, safe='')}/who?t={quote(t)}")
    models.Who.model_validate(answer)
    return [person["actor"] for person in answer["people"]]


@pytest.mark.parametrize(
    ("t", "people"),
    [
        ("0", []),
        ("0.999", []),
        ("1", ["Grace Hopper"]),
        ("0:11", ["Grace Hopper", "unknown:1"]),
        ("12.499", ["Grace Hopper", "unknown:1"]),
        ("12.5", ["unknown:1"]),
        ("00:00:30", []),
        ("1:10.25", ["Eileen Collins"]),
        ("90", ["Eileen Collins"]),
    ],
)
def test_an_appearance_includes_its_start_and_excludes_its_end(page: Page, t: str, people: list[str]) -> None:
    assert who(page, "007", t) == people


def test_who_gives_the_evidence(page: Page) -> None:
    (grace,) = page.json("/api/films/007/who?t=5")["people"]
    assert (grace["character"], grace["nconst"], grace["probability"]) == ("The Admiral", "nm0393790", 0.98)
    assert (grace["start_s"], grace["end_s"], grace["distance"]) == (1.0, 12.5, 0.31)
    assert (grace["runner_up"], grace["runner_up_distance"]) == ("Eileen Collins", 0.72)
    assert grace["photos"] == ["/photos/Grace Hopper/1.jpg", "/photos/Grace Hopper/2.jpg"]
    assert grace["reason"] == "Grace Hopper at 0.31 from the nearest photos"


def test_who_gives_the_likeliest_names_of_an_unknown_person(page: Page) -> None:
    _, stranger = page.json("/api/films/007/who?t=11")["people"]
    assert stranger["perhaps"] == [
        {"actor": "Eileen Collins", "probability": 0.7},
        {"actor": "Averil Mean", "probability": 0.2},
    ]
    assert (stranger["kind"], stranger["numbers"]) == ("unknown", [1, 4])
    lanes = {person["name"]: person for person in page.json("/data/007")["people"]}
    assert lanes["unknown:1"]["perhaps"] == [["Eileen Collins", 700], ["Averil Mean", 200]]
    assert lanes["unknown:1"]["numbers"] == [1, 4]
    assert "perhaps" not in lanes["Grace Hopper"]


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/api/films/007/who?t=90.001", 400, "outside the film '007', which lasts 90.000 s"),
        ("/api/films/007/who?t=-1", 400, "before the film's start"),
        ("/api/films/007/who?t=soon", 400, "is not a time"),
        ("/api/films/007/who?t=1e400", 400, "is not a time"),
        ("/api/films/007/who?t=" + "9" * 500, 400, "t:"),
        ("/api/films/007/who", 400, "t: Field required"),
        ("/api/films/het/who?t=1", 404, "did you mean 'heat'"),
        ("/api/films/nothing%20like%20it", 404, "there is no film"),
        ("/api/films?page=0", 400, "page:"),
        ("/api/films?per_page=100000", 400, "per_page:"),
        ("/api/films?q=" + "x" * 5000, 400, "q:"),
        ("/api/actors/nobody", 404, "nobody called 'nobody'"),
        ("/api/tables/secrets/columns", 404, "there is no table"),
        ("/api/films/007/export?what=minutes&format=vtt", 400, "vtt is for appearances"),
        ("/api/films/007/export?format=exe", 400, "format:"),
        ("/api/nothing", 404, "Not Found"),
    ],
)
def test_a_refusal_gives_its_reason(page: Page, path: str, status: int, says: str) -> None:
    answer = page.get(path)
    assert answer.status_code == status
    assert says in answer.json()["reason"]


@pytest.mark.parametrize("key", [*ODD_KEYS, HOSTILE])
def test_films_with_odd_keys_can_be_asked_about(page: Page, key: str) -> None:
    assert who(page, key, "5") == ["Grace Hopper"]
    assert page.json(f"/api/films/{quote(key, safe='')}")["key"] == key
    assert page.json(f"/data/{quote(key, safe='')}")["film"] == key


def test_films_are_found_and_paged(page: Page) -> None:
    every = page.json("/api/films?per_page=3")
    models.FilmList.model_validate(every)
    assert (every["total"], every["page"], every["pages"]) == (len(ODD_KEYS) + 2, 1, 3)
    keys = [film["key"] for n in (1, 2, 3) for film in page.json(f"/api/films?per_page=3&page={n}")["films"]]
    assert len(set(keys)) == every["total"]
    assert page.json("/api/films?per_page=3&page=99")["page"] == 3
    heat = page.json("/api/films?q=heat+hopper")
    assert [(film["key"], film["state"], film["found"]) for film in heat["films"]] == [
        ("heat", "ready", ["Grace Hopper"])
    ]


@pytest.mark.parametrize("words", ["' OR '1'='1", "'; DROP VIEW appearances; --", "\x00", "%' --", "$film"])
def test_sql_in_a_search_matches_nothing_and_changes_nothing(page: Page, words: str) -> None:
    assert page.json(f"/api/films?q={quote(words)}")["total"] == 0
    assert page.json(f"/api/actors?q={quote(words)}")["total"] == 0
    assert who(page, "heat", "5") == ["Grace Hopper"]


@pytest.mark.parametrize("path", ["/api/films/007/who?t=5", "/api/films/007/minutes", "/data/007", "/film/007"])
def test_what_the_client_has_is_not_sent_again(page: Page, path: str) -> None:
    first = page.get(path)
    etag = first.headers["etag"]
    again = page.get(path, if_none_match=etag)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == etag
    assert page.get(path, if_none_match='"other"').content == first.content


def test_documents_equal_the_exports(page: Page) -> None:
    document = page.json("/api/films/007/appearances")
    TypeAdapter(AppearancesDocument).validate_python(document)
    assert [person["actor"] for person in document["people"]] == ["Grace Hopper", "unknown:1", "Eileen Collins"]
    assert page.json("/api/films/007/minutes")["minutes"][0]["people"][0]["seconds"] == 11.5
    assert page.json("/api/films/007/screen-time")["people"][0]["actor"] == "Eileen Collins"


def test_every_export_can_be_downloaded(page: Page) -> None:
    def taken(what: str, format: str) -> bytes:
        answer = page.get(f"/api/films/007/export?what={what}&format={format}")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith("attachment")
        return answer.content

    assert len(list(csv.DictReader(io.StringIO(taken("appearances", "csv").decode())))) == 3
    assert pq.read_table(io.BytesIO(taken("minutes", "parquet"))).num_rows == 3
    assert json.loads(taken("screen-time", "json"))["document"] == "wios/screen-time"
    assert taken("appearances", "vtt").startswith(b"WEBVTT")
    assert ElementTree.fromstring(taken("screen-time", "nfo")).tag == "movie"


def test_actors_are_listed_with_their_films_and_companions(page: Page) -> None:
    listed = page.json("/api/actors?q=hopper")
    models.ActorList.model_validate(listed)
    assert [(a["key"], a["films"]) for a in listed["actors"]] == [("nm0393790", len(ODD_KEYS) + 2)]
    grace = page.json("/api/actors/nm0393790")
    models.ActorSheet.model_validate(grace)
    assert page.json("/api/actors/Grace%20Hopper") == grace
    assert grace["seconds"] == pytest.approx(11.5 * (len(ODD_KEYS) + 2))
    assert grace["companions"] == []


def test_a_table_says_what_its_columns_mean(page: Page) -> None:
    table = page.json("/api/tables/imdb/title_basics/columns")
    assert table["columns"][0] == {"name": "tconst", "type": "string", "meaning": "IMDB's key of the title"}


def test_openapi_describes_every_route_and_its_answer(page: Page) -> None:
    described = page.json("/api/openapi.json")
    assert {"/api/films", "/api/films/{film}/who", "/api/films/{film}/appearances", "/api/actors/{actor}"} <= set(
        described["paths"]
    )
    for path, methods in described["paths"].items():
        assert path.startswith("/api/")
        for operation in methods.values():
            assert operation["summary"]
            assert {"400", "404"} <= set(operation["responses"])


def test_films_that_are_not_ready_are_shown_with_their_state(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    fill(settings.lake, library_row("heat", title="Heat"))
    publish(settings.lake, settings.library)
    entry = IndexEntry("/films/x.mkv", 1, 1, "a")
    films = {"heat": entry, "queued": entry, HOSTILE: entry, "gone": IndexEntry("/films/y.mkv", 1, 1, "b", False)}
    write_index(index_path(settings), FilmIndex(films))
    running = progress_file(settings.lake, HOSTILE)
    running.parent.mkdir(parents=True)
    running.write_text(json.dumps({"done_s": 30.0, "total_s": 120.0, "taken_s": 10.0}))
    with serving(settings) as page:
        listed = {film["key"]: film for film in page.json("/api/films")["films"]}
        shown = page.get("/").text
        waiting = page.get(f"/film/{quote(HOSTILE, safe='')}").text
    assert {key: film["state"] for key, film in listed.items()} == {
        "heat": "ready",
        "queued": "queued",
        HOSTILE: "running",
    }
    assert listed[HOSTILE]["progress"] == 0.25
    assert listed["queued"]["duration_s"] is None
    assert "running, 25 %" in shown
    assert "25 % of the video is analysed, 00:00:30 left" in waiting
    assert "<script>alert" not in shown + waiting


@pytest.mark.slow
def test_a_stale_film_names_the_tables_to_renew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setattr(renewal, "stale_films", lambda settings: {"heat": ["faces", "track_names"]})
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    fill(settings.lake, library_row("heat", title="Heat"), library_row("new"))
    publish(settings.lake, settings.library)
    with dagster_instance(settings), serving(settings) as page:
        for _ in range(1200):
            films = {film["key"]: film for film in page.json("/api/films")["films"]}
            if films["heat"]["stale"]:
                break
            time.sleep(0.05)
        models.FilmList.model_validate(page.json("/api/films"))
        assert (films["heat"]["stale"], films["heat"]["stale_tables"]) == (True, ["faces", "track_names"])
        assert (films["new"]["stale"], films["new"]["stale_tables"]) == (False, [])
        assert "<summary>Which</summary>faces, track_names<" in page.get("/film/heat").text
        assert "wios run --stale" not in page.get("/film/new").text
        assert page.get("/").text.count('<span class="state">stale<') == 1


def test_a_lake_without_films_is_served(tmp_path: Path) -> None:
    with serving(load_settings(data=tmp_path / "data", cache=tmp_path / "cache")) as page:
        assert page.json("/api/films") == {"total": 0, "page": 1, "pages": 1, "films": []}
        assert page.json("/api/actors")["total"] == 0
        assert "wios film add" in page.get("/").text
        assert page.get("/api/films/x/who?t=1").status_code == 404


def test_a_broken_table_is_named_with_its_remedy(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    fill(settings.lake, library_row("heat"), library_row("well"))
    publish(settings.lake, settings.library)
    store(settings.lake, "appearances", [], "heat").write_bytes(b"no Parquet")
    with serving(settings) as page:
        answer = page.get("/api/films/heat/who?t=1")
        assert answer.status_code == 503
        assert "wios run heat" in answer.json()["reason"]
        assert who(page, "well", "5") == ["Grace Hopper"]


def test_every_answer_to_who_is_logged_with_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    fill(settings.lake, library_row("heat", title="Heat"))
    publish(settings.lake, settings.library)
    monkeypatch.setattr(prediction_log, "FLUSH_EVERY_S", 600)
    with serving(settings) as page:
        page.json("/api/films/heat/who?t=11")
        etag = page.get("/api/films/heat/who?t=5&source=page").headers["etag"]
        assert page.get("/api/films/heat/who?t=5", if_none_match=etag).status_code == 304
        assert page.get("/api/films/heat/who?t=900").status_code == 400
        assert page.get("/api/films/heat/who?t=5&source=other").status_code == 400
    rows = read_rows(settings.lake, PREDICTION_LOG).to_pylist()
    assert [(row["film"], row["time_s"], row["actors"], row["source"]) for row in rows] == [
        ("heat", 11.0, ["Grace Hopper", "unknown:1"], "api"),
        ("heat", 5.0, ["Grace Hopper"], "page"),
        ("heat", 5.0, ["Grace Hopper"], "api"),
    ]
    assert rows[0]["probabilities"] == [0.98, None]
    assert all(0 < row["duration_ms"] < 60_000 for row in rows)
    assert etag.strip('W/"').startswith(rows[0]["map_state"])


@pytest.mark.slow
def test_who_answers_from_memory_for_long_films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    rows = [store_long_film(settings.lake, f"long {n}", n) for n in range(3)]
    store(settings.lake, "library", rows)
    publish(settings.lake, settings.library)
    reads: list[str] = []
    read_map = Catalog._read_map

    def counted(catalog: Catalog, film: Row) -> Any:
        reads.append(film["film"])
        return read_map(catalog, film)

    monkeypatch.setattr(Catalog, "_read_map", counted)
    with serving(settings) as page:
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda n: who(page, f"long {n % 3}", str(n * 17)), range(400)))
        data = page.get("/data/long%200", accept_encoding="gzip")
    assert any(answers)
    assert sorted(reads) == ["long 0", "long 1", "long 2"]
    assert int(data.headers["content-length"]) < 300_000


def test_an_answer_says_where_the_video_is_damaged(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data", cache=tmp_path / "cache")
    fill(settings.lake, library_row("heat"))
    damage(settings.lake, "heat", 25.0, 40.0)
    publish(settings.lake, settings.library)
    with serving(settings) as page:
        answers = {t: page.json(f"/api/films/heat/who?t={t}") for t in (24, 25, 39, 40)}
    assert {t: answer["readable"] for t, answer in answers.items()} == {24: True, 25: False, 39: False, 40: True}
    assert all(answer["people"] == [] for answer in answers.values())
