"""Films and tables on real servers: whole, equal to the lake, again after every change."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from wios_assets.errors import Conflict, Unavailable
from wios_assets.lake.paths import partition_folder, table_folder
from wios_assets.publish.publisher import Summary, open_publisher
from wios_assets.publish.schema import ALL_TABLES, FILM_TABLES, WHOLE_TABLES
from wios_assets.publish.server import open_server
from wios_assets.publish.views import VIEWS
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import TABLES
from wios_assets_tests.publish.compared import differing_tables
from wios_assets_tests.publish.servers import PASSWORD, RunningServer
from wios_assets_tests.sample_lake import APPEARANCES, ODD_KEYS, fill, library_row, store

pytestmark = pytest.mark.slow

ODD_TEXTS = [
    "",
    "NULL",
    "\\N",
    'quoted "it"',
    "comma, semi;",
    "two\nlines",
    "tab\there",
    "back\\slash\\",
    "Ünï 日本 🎬 ",
    "é",
    "É",
]


@pytest.fixture
def settings(tmp_path: Path, server: RunningServer, database: str) -> Settings:
    publish = {"address": server.address(database), "password": PASSWORD, "reader": f"{database}_reader"}
    return load_settings(data=tmp_path / "data", publish=publish)


def publish(settings: Settings) -> Summary:
    with open_publisher(settings) as publisher:
        return publisher.catch_up()


@contextmanager
def opened(settings: Settings) -> Iterator[Connection]:
    server = open_server(settings)
    assert server is not None
    with server.engine.connect() as connection:
        yield connection


def refine(lake: Path, *films: str) -> None:
    """Store tables over all films with a few rows."""
    people = [
        {"actor": name, "film": film, "year": 1995, "seconds": 2.0} for film in films for name in ("a", "A ", "á")
    ]
    store(lake, "refined/actor_screen_time", people)
    store(lake, "refined/film_statistics", [{"film": film, "reviews": 1, "mean_probability": 0.1} for film in films])
    store(lake, "refined/co_appearances", [{"actor": "a", "other": "b", "films": len(films), "seconds": 1.0}])


def test_odd_films_and_odd_values_arrive_as_they_are(settings: Settings) -> None:
    fill(settings.lake, *(library_row(key) for key in ODD_KEYS))
    rows: list[dict[str, Any]] = [
        {
            **APPEARANCES[0],
            "appearance": number,
            "actor": text or "x",
            "reason": text,
            "photos": ODD_TEXTS,
            "tracks": [],
        }
        for number, text in enumerate(ODD_TEXTS)
    ]
    rows += [
        {"appearance": 100, "start_s": float("nan"), "distance": float("inf"), "end_s": 1 / 3, "probability": 1e-300}
    ]
    store(settings.lake, "appearances", rows, ODD_KEYS[0])
    refine(settings.lake, *ODD_KEYS)
    summary = publish(settings)
    assert summary.problems == []
    assert sorted(summary.films) == sorted(ODD_KEYS)
    assert differing_tables(settings) == []


def test_only_what_changed_is_published_again_and_what_is_gone_is_removed(settings: Settings) -> None:
    films = [library_row("one"), library_row("two"), library_row("three")]
    fill(settings.lake, *films)
    refine(settings.lake, "one", "two", "three")
    publish(settings)
    assert publish(settings) == Summary()

    store(settings.lake, "appearances", APPEARANCES[:1], "two")
    for table in FILM_TABLES:
        shutil.rmtree(partition_folder(settings.lake, table.table.name, "three"))
    store(settings.lake, "library", films[:2])
    shutil.rmtree(table_folder(settings.lake, "refined"))
    summary = publish(settings)
    assert (list(summary.films), summary.removed) == (["two"], ["three"])
    assert set(summary.tables) == {"library", "actor_screen_time", "co_appearances", "film_statistics"}
    assert differing_tables(settings) == []


def test_a_film_that_does_not_fit_stays_as_it_was_and_keeps_no_other_from_being_published(settings: Settings) -> None:
    fill(settings.lake, library_row("good"), library_row("bad"))
    publish(settings)
    before = differing_tables(settings)
    twice = [{**APPEARANCES[0], "appearance": 7}, {**APPEARANCES[1], "appearance": 7}]
    store(settings.lake, "appearances", twice, "bad")
    store(settings.lake, "appearances", APPEARANCES[:1], "good")
    summary = publish(settings)
    assert list(summary.films) == ["good"]
    (problem,) = summary.problems
    assert "'bad'" in problem
    assert "appearances: a row does not fit" in problem

    store(settings.lake, "appearances", APPEARANCES, "bad")
    assert publish(settings).problems == []
    assert before == differing_tables(settings) == []


def test_a_damaged_file_of_the_lake_is_named_and_its_film_stays_as_it_was(settings: Settings) -> None:
    fill(settings.lake, library_row("one"), library_row("two"))
    publish(settings)
    file = store(settings.lake, "appearances", APPEARANCES, "one")
    file.write_bytes(file.read_bytes()[:100])
    store(settings.lake, "appearances", APPEARANCES[:2], "two")
    summary = publish(settings)
    assert list(summary.films) == ["two"]
    assert "film=one" in summary.problems[0]


def test_every_column_has_its_meaning_and_every_table_its_key(
    settings: Settings, server: RunningServer, database: str
) -> None:
    publish(settings)
    if server.kind == "postgresql":
        comments = (
            "SELECT c.relname, a.attname, col_description(c.oid, a.attnum) FROM pg_class c JOIN pg_attribute a "
            "ON a.attrelid = c.oid WHERE relkind = 'r' AND attnum > 0 AND relnamespace = 'public'::regnamespace"
        )
        keys = "SELECT conrelid::regclass FROM pg_constraint WHERE contype = 'p'"
    else:
        where = f"WHERE table_schema = '{database}'"
        comments = f"SELECT table_name, column_name, column_comment FROM information_schema.columns {where}"
        keys = f"SELECT table_name FROM information_schema.statistics {where} AND index_name = 'PRIMARY'"
    lines = [line.split("\t") for line in server.run(comments, database).splitlines()]
    said = {(table, column): comment for table, column, comment in lines}
    for each in ALL_TABLES:
        for column in each.table.every_column:
            assert said[each.name, column.name] == column.meaning
    with_key = {line.strip('"') for line in server.run(keys, database).split()}
    assert {each.name for each in ALL_TABLES if each.key} <= with_key


def test_the_reader_reads_tables_and_views_and_changes_nothing(
    settings: Settings, server: RunningServer, database: str
) -> None:
    fill(settings.lake, library_row("one", year=1995))
    refine(settings.lake, "one")
    publish(settings)
    role = settings.publish.reader
    if server.kind == "postgresql":
        server.run(f"CREATE ROLE {database}_look LOGIN PASSWORD 'look'; GRANT {role} TO {database}_look;")
    else:
        server.run(f"CREATE USER {database}_look@localhost IDENTIFIED BY 'look';")
        # Who made a role may give it to others.
        with opened(settings) as connection:
            connection.exec_driver_sql(f"GRANT {role} TO {database}_look@localhost")
        server.run(f"SET DEFAULT ROLE {role} FOR {database}_look@localhost;")
    own = {"address": server.address(database, f"{database}_look"), "password": "look"}
    with opened(load_settings(data=settings.data, publish=own)) as connection:
        for view in VIEWS:
            connection.exec_driver_sql(f"SELECT * FROM {view.name}").all()
        shown = "SELECT film, minute, seconds FROM film_minutes WHERE actor = 'Grace Hopper'"
        assert connection.exec_driver_sql(shown).all() == [("one", 0, 11.5)]
        assert connection.exec_driver_sql("SELECT films FROM actor_overview WHERE actor = 'á'").all() == [(1,)]
        for statement in ("DELETE FROM film", "DROP TABLE film", "UPDATE library SET film = 'x'"):
            connection.rollback()
            with pytest.raises(DBAPIError, match=r"denied|must be owner"):
                connection.exec_driver_sql(statement)


def test_an_older_servers_tables_are_changed_in_place_and_filled_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wios_assets.columns import table
    from wios_assets.publish import migration, schema

    fill(settings.lake, library_row("one"))
    shots = TABLES["shots"]
    older = table(
        "shots", "an older row", ("shot", "int32", "Number"), ("start_s", "double", "Old"), ("old", "string", "Gone")
    )
    monkeypatch.setitem(TABLES, "shots", older)
    old_tables = tuple(
        schema.PublishedTable(older, each.key, (("old",),)) if each.table is shots else each
        for each in schema.ALL_TABLES
    )
    with monkeypatch.context() as patch:
        patch.setattr(migration, "ALL_TABLES", old_tables)
        with open_publisher(settings) as publisher:
            assert "made shots" in publisher.changes
    store_shots = [{"shot": 0, "start_s": 0.0, "end_s": 3.0, "samples": 4}]
    monkeypatch.setitem(TABLES, "shots", shots)
    store(settings.lake, "shots", store_shots, "one")
    with open_publisher(settings) as publisher:
        assert publisher.changes == [
            "changed shots: with end_s, with samples, without old",
            f"{settings.publish.reader} may read",
        ]
        assert list(publisher.catch_up().films) == ["one"]
    assert differing_tables(settings) == []
    with open_publisher(settings) as publisher:
        assert publisher.changes == []


def test_a_table_of_somebody_else_is_never_touched(settings: Settings, server: RunningServer, database: str) -> None:
    server.run("CREATE TABLE film (own int); INSERT INTO film VALUES (42);", database)
    with pytest.raises(Conflict, match="has a table 'film' that WIOS did not make"):
        publish(settings)
    assert server.run("SELECT own FROM film;", database).split() == ["42"]


def test_no_message_has_the_password(settings: Settings, server: RunningServer, database: str) -> None:
    wrong = load_settings(data=settings.data, publish={"address": server.address(database), "password": "Wr0ng-s3cret"})
    with pytest.raises(Unavailable) as refused:
        publish(wrong)
    assert "Wr0ng-s3cret" not in str(refused.value)
    assert database in str(refused.value)
    assert "wios" in str(refused.value)


def test_two_publishers_at_once_publish_each_film_whole(settings: Settings) -> None:
    films = [library_row(f"film {number}") for number in range(8)]
    fill(settings.lake, *films)
    with open_publisher(settings):
        pass

    def publish_often() -> None:
        with open_publisher(settings) as publisher:
            for _ in range(3):
                for film in films:
                    publisher.film(film["film"])
                publisher.table(WHOLE_TABLES[0])

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(publish_often) for _ in range(3)]:
            done.result()
    assert publish(settings).problems == []
    assert differing_tables(settings) == []


@pytest.mark.parametrize("where", ["environment", "file"])
def test_the_password_comes_from_the_servers_own_variable_or_file(
    settings: Settings,
    server: RunningServer,
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    own = load_settings(data=settings.data, publish={"address": server.address(database)})
    monkeypatch.setenv("HOME", str(tmp_path))
    is_postgresql = server.kind == "postgresql"
    if where == "environment":
        monkeypatch.setenv("PGPASSWORD" if is_postgresql else "MYSQL_PWD", PASSWORD)
    else:
        file = tmp_path / (".pgpass" if is_postgresql else ".my.cnf")
        file.write_text(f"*:*:*:wios:{PASSWORD}\n" if is_postgresql else f'[client]\npassword="{PASSWORD}"\n')
        file.chmod(0o600)
    assert publish(own).problems == []


PUBLISH = """
from wios_assets.publish.publisher import open_publisher
from wios_assets.settings import load_settings
with open_publisher(load_settings()) as publisher:
    publisher.catch_up(lambda line: print(line, flush=True))
"""


def test_a_film_is_whole_or_absent_after_a_kill_and_the_next_run_completes_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = [library_row(f"film {number:03d}") for number in range(24)]
    fill(settings.lake, *films)
    many = [{**APPEARANCES[number % 3], "appearance": number} for number in range(300)]
    for film in films:
        store(settings.lake, "appearances", many, film["film"])
    monkeypatch.setenv("WIOS_DATA", str(settings.data))
    monkeypatch.setenv("WIOS_PUBLISH__ADDRESS", settings.publish.address)
    monkeypatch.setenv("WIOS_PUBLISH__PASSWORD", PASSWORD)
    for published in (3, 11):
        process = subprocess.Popen([sys.executable, "-c", PUBLISH], stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(published):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        counts = counts_by_film(settings)
        assert set(counts.values()) == {300}
        assert published <= len(counts) < len(films)
    publish(settings)
    assert differing_tables(settings) == []


def counts_by_film(settings: Settings) -> dict[str, int]:
    """Number of appearances on the server by film."""
    with opened(settings) as connection:
        rows = connection.exec_driver_sql("SELECT film, COUNT(*) FROM appearances GROUP BY film").all()
    return {str(film): int(count) for film, count in rows}
