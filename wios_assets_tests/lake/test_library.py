from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wios_assets.errors import WiosError
from wios_assets.lake.library import COLUMNS_FOLDER, library_fault, library_rows, missing_parts, open_library, publish
from wios_assets.lake.paths import partition_folder, table_folder
from wios_assets.lake.questions import (
    UnknownFilm,
    appearances,
    films,
    find_film,
    minutes,
    screen_time,
    who,
)
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import TABLES
from wios_assets_tests.sample_lake import APPEARANCES, MINUTES, ODD_KEYS, SCREEN_TIME, fill, library_row, store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data")


def published(settings: Settings, *keys: str) -> Settings:
    fill(settings.lake, *(library_row(key) for key in keys))
    publish(settings.lake, settings.library)
    return settings


def test_every_table_is_a_view_with_its_columns_types_and_meanings(settings: Settings) -> None:
    published(settings, "007")
    with open_library(settings) as library:
        for table in TABLES.values():
            schema, _, name = ("main/" + table.name).rpartition("/")
            schema = schema.removeprefix("main/")
            shown = library.connection.execute(
                "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE schema_name = ? AND table_name = ? "
                "ORDER BY column_index",
                [schema, name],
            ).fetchall()
            assert [column for column, _, _ in shown] == table.schema.names
            meanings = {column.name: column.meaning for column in table.columns}
            comments = {column: comment for column, _, comment in shown if column != "film" or not table.by_film}
            assert comments == meanings
            rows = library.connection.sql(f'SELECT * FROM "{schema}"."{name}"').to_arrow_table()
            assert rows.schema.types == table.schema.types, name


def test_a_table_without_files_is_an_empty_view_and_fills_when_files_come(settings: Settings) -> None:
    published(settings, "007")
    with open_library(settings) as library:
        assert library.connection.execute("SELECT count(*) FROM imdb.title_basics").fetchone() == (0,)
    store(settings.lake, "imdb/title_basics", [{"tconst": "tt0133093", "genres": ["Action", "Sci-Fi"]}])
    assert "imdb/title_basics" in str(library_fault(settings))
    with open_library(settings) as library:
        assert library.connection.execute("SELECT tconst, genres FROM imdb.title_basics").fetchall() == [
            ("tt0133093", ["Action", "Sci-Fi"])
        ]
    assert library_fault(settings) is None


def test_a_film_that_comes_later_is_seen_without_publishing_again(settings: Settings) -> None:
    published(settings, "first")
    with open_library(settings) as library:
        fill(settings.lake, library_row("first"), library_row("second"))
        assert [film["film"] for film in films(library)] == ["first", "second"]
        assert len(appearances(library, "second")) == 3


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_film_keys_come_back_as_they_are(settings: Settings, key: str) -> None:
    published(settings, key, "other", "7")
    with open_library(settings) as library:
        rows = appearances(library, key)
        assert [row["film"] for row in rows] == [key] * 3
        assert [row["actor"] for row in who(library, key, 11.0)] == ["Grace Hopper", "unknown:1"]
        counts = dict(library.connection.execute("SELECT film, count(*) FROM appearances GROUP BY film").fetchall())
        assert counts == {key: 3, "other": 3, "7": 3}


@pytest.mark.parametrize("folder", ["it's [1] *a?", "a=b/ünï", "50%"])
def test_the_lake_may_stand_in_an_odd_folder(tmp_path: Path, folder: str) -> None:
    settings = published(load_settings(data=tmp_path / folder), "007")
    with open_library(settings) as library:
        assert [row["film"] for row in appearances(library, "007")] == ["007"] * 3


def test_a_lake_inside_a_folder_that_looks_like_a_partition_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WiosError, match=r"film=x.*WIOS_LAKE"):
        publish(tmp_path / "film=x" / "lake", tmp_path / "library.duckdb")


def test_rows_carry_the_values_that_were_stored(settings: Settings) -> None:
    published(settings, "007")
    with open_library(settings) as library:
        first = appearances(library, "007")[0]
        assert {name: first[name] for name in APPEARANCES[0]} == APPEARANCES[0]
        assert [(row["minute"], row["actor"], row["seconds"]) for row in minutes(library, "007")] == [
            (row["minute"], row["actor"], row["seconds"]) for row in MINUTES
        ]
        assert [row["actor"] for row in screen_time(library, "007")] == [row["actor"] for row in SCREEN_TIME]


@pytest.mark.parametrize(
    ("seconds", "names"),
    [
        (0.0, []),
        (0.999, []),
        (1.0, ["Grace Hopper"]),
        (10.0, ["Grace Hopper", "unknown:1"]),
        (12.5, ["unknown:1"]),
        (20.0, []),
        (89.999, ["Eileen Collins"]),
        (90.0, ["Eileen Collins"]),
    ],
)
def test_who_holds_the_start_and_not_the_end_but_the_films_last_instant(
    settings: Settings, seconds: float, names: list[str]
) -> None:
    published(settings, "007")
    with open_library(settings) as library:
        assert [row["actor"] for row in who(library, "007", seconds)] == names


@pytest.mark.parametrize("seconds", [90.001, -0.1, float("nan"), float("inf")])
def test_a_time_outside_the_film_names_its_length(settings: Settings, seconds: float) -> None:
    published(settings, "007")
    with (
        open_library(settings) as library,
        pytest.raises(WiosError, match=r"'007', which lasts 90\.000 s \(00:01:30\)"),
    ):
        who(library, "007", seconds)


def test_a_film_without_anyone_on_screen_answers_nobody_and_is_not_missing(settings: Settings) -> None:
    published(settings, "empty")
    store(settings.lake, "appearances", [], "empty")
    with open_library(settings) as library:
        assert who(library, "empty", 5.0) == []


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ("Inception (2010)", "Inception (2010)"),
        ("inception (2010)", "Inception (2010)"),
        ("incep", "Inception (2010)"),
        ("amelie", "tt0211915"),
        ("LE FABULEUX", "tt0211915"),
        ("007", "007"),
        ("Dune", "Dune"),
        ("dune p", "Dune Part Two"),
    ],
)
def test_a_film_is_found_by_key_title_case_accents_and_beginning(settings: Settings, asked: str, key: str) -> None:
    known = {"Inception (2010)": "Inception", "tt0211915": "Amélie", "007": "Dr. No", "Dune": "Dune"}
    rows = [library_row(name, title=title) for name, title in known.items()]
    rows += [library_row("Dune Part Two"), library_row("x", title="Le fabuleux destin")]
    rows[1]["title"], rows[-1]["title"] = ("Le fabuleux destin", "Amour") if "FAB" in asked else ("Amélie", "Amour")
    store(settings.lake, "library", rows)
    publish(settings.lake, settings.library)
    with open_library(settings) as library:
        assert find_film(library, asked)["film"] == key


def test_two_films_that_could_be_meant_are_both_named(settings: Settings) -> None:
    published(settings, "Dune (1984)", "Dune (2021)")
    with open_library(settings) as library:
        with pytest.raises(WiosError, match=r"'dune' may be 'Dune \(1984\)', 'Dune \(2021\)'"):
            find_film(library, "dune")
        with pytest.raises(WiosError, match="whole key"):
            who(library, "Dune", 1.0)


def test_an_unknown_film_is_answered_with_the_nearest(settings: Settings) -> None:
    published(settings, "Inception (2010)", "Interstellar (2014)")
    with open_library(settings) as library:
        with pytest.raises(UnknownFilm, match=r"no film 'Incepton'; did you mean 'Inception \(2010\)'"):
            find_film(library, "Incepton")
        with pytest.raises(UnknownFilm, match="wios film list"):
            find_film(library, "zzz")
        with pytest.raises(UnknownFilm, match="no film ''"):
            find_film(library, "")
        with pytest.raises(UnknownFilm):
            find_film(library, "' OR 1=1 --")


def test_an_empty_lake_says_how_to_begin(settings: Settings) -> None:
    with pytest.raises(WiosError, match=r"no film was analysed yet; .*wios run FILM.*wios demo"):
        open_library(settings)
    assert not settings.library.exists()


def test_an_unpublished_lake_with_films_is_published_when_asked(settings: Settings) -> None:
    fill(settings.lake, library_row("007"))
    with open_library(settings) as library:
        assert [film["film"] for film in films(library)] == ["007"]


def test_a_moved_data_folder_is_published_anew(tmp_path: Path) -> None:
    published(load_settings(data=tmp_path / "old"), "007")
    shutil.move(tmp_path / "old", tmp_path / "new")
    moved = load_settings(data=tmp_path / "new")
    assert f"published for the lake {tmp_path / 'old' / 'lake'}" in str(library_fault(moved))
    with open_library(moved) as library:
        assert len(appearances(library, "007")) == 3
    assert library_fault(moved) is None


def test_a_file_of_another_version_is_published_anew(settings: Settings) -> None:
    published(settings, "007")
    with duckdb.connect(settings.library) as connection:
        connection.execute("UPDATE wios.publication SET contract = 'older'")
    assert "another version" in str(library_fault(settings))
    with open_library(settings) as library:
        assert len(appearances(library, "007")) == 3


@pytest.mark.parametrize("content", [b"", b"not a database", None])
def test_a_broken_library_file_is_published_anew(settings: Settings, content: bytes | None) -> None:
    published(settings, "007")
    settings.library.unlink()
    if content is None:
        with duckdb.connect(settings.library) as connection:
            connection.execute("CREATE TABLE something (a INTEGER)")
    else:
        settings.library.write_bytes(content)
    with open_library(settings) as library:
        assert len(appearances(library, "007")) == 3


@pytest.mark.parametrize("kept_share", [0.0, 0.5])
def test_damaged_files_of_columns_are_written_anew(settings: Settings, kept_share: float) -> None:
    published(settings, "007")
    files = [file for file in (settings.lake / COLUMNS_FOLDER).rglob("*.parquet") if file.is_file()]
    assert files
    for file in files:
        os.truncate(file, int(file.stat().st_size * kept_share))
    with open_library(settings) as library:
        assert len(appearances(library, "007")) == 3


def test_a_library_that_cannot_be_written_says_so_and_leaves_the_old_one(settings: Settings, tmp_path: Path) -> None:
    published(settings, "007")
    before = settings.library.read_bytes()
    in_the_way = tmp_path / "a file"
    in_the_way.write_text("")
    with pytest.raises(WiosError, match=r"cannot be published; the earlier one stays; .*a file: File exists"):
        publish(settings.lake, in_the_way / "library.duckdb")
    settings.library.with_name("folder").mkdir()
    with pytest.raises(WiosError, match="cannot be published"):
        publish(settings.lake, settings.library.with_name("folder"))
    assert settings.library.read_bytes() == before
    assert [path.name for path in settings.lake.iterdir() if path.name.endswith((".tmp", ".wal"))] == []


def test_a_failed_publish_leaves_nothing_behind(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    published(settings, "007")
    before = settings.library.read_bytes()

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(WiosError, match="cannot be published; the earlier one stays; the disk is full: /"):
        publish(settings.lake, settings.library)
    assert settings.library.read_bytes() == before
    assert sorted(path.name for path in settings.lake.glob(".library*")) == []


def test_what_killed_publishers_left_is_cleared_away(settings: Settings) -> None:
    settings.lake.mkdir(parents=True)
    old, young = settings.lake / ".library.duckdb.dead.tmp", settings.lake / ".library.duckdb.alive.tmp"
    for file in (old, young):
        file.write_bytes(b"x")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    published(settings, "007")
    assert not old.exists()
    assert young.exists()


def test_a_reader_that_is_open_lives_through_a_publication_and_a_new_one_sees_it(settings: Settings) -> None:
    published(settings, "007")
    with open_library(settings) as before:
        store(settings.lake, "imdb/name_basics", [{"nconst": "nm0393790", "primary_name": "Grace Hopper"}])
        publish(settings.lake, settings.library)
        assert len(appearances(before, "007")) == 3
        with open_library(settings) as after:
            assert after.connection.execute("SELECT count(*) FROM imdb.name_basics").fetchone() == (1,)


def test_publishing_at_once_from_several_threads_leaves_one_whole_file(settings: Settings) -> None:
    fill(settings.lake, library_row("007"))
    faults: list[BaseException] = []

    def again() -> None:
        try:
            publish(settings.lake, settings.library)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=again) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert library_fault(settings) is None
    assert [path.name for path in settings.lake.glob(".library*")] == []


@pytest.mark.parametrize("how", ["folder gone", "files gone", "table gone"])
def test_a_half_deleted_film_is_named_with_its_remedy_and_others_still_answer(settings: Settings, how: str) -> None:
    published(settings, "it's me", "zebra")
    folder = partition_folder(settings.lake, "appearances", "it's me")
    if how == "files gone":
        (folder / "part-0.parquet").unlink()
    elif how == "folder gone":
        shutil.rmtree(folder)
    else:
        shutil.rmtree(folder.parent)
    with open_library(settings) as library:
        with pytest.raises(WiosError) as caught:
            who(library, "it's me", 5.0)
        assert str(folder) in str(caught.value)
        assert 'appearances of the film "it\'s me" is missing' in str(caught.value)
        assert "`wios run 'it'\"'\"'s me'`" in str(caught.value)
        if how != "table gone":
            assert len(who(library, "zebra", 11.0)) == 2
        assert len(minutes(library, "it's me")) == 3
    lacking = ["zebra", "it's me"] if how == "table gone" else ["it's me"]
    assert missing_parts(settings.lake, ["zebra", "it's me"]) == {film: ["appearances"] for film in lacking}


@pytest.mark.parametrize("damage", ["empty file", "truncated", "older columns"])
def test_one_films_broken_file_stands_in_the_way_of_that_film_alone(settings: Settings, damage: str) -> None:
    published(settings, "a broken one", "zebra")
    file = partition_folder(settings.lake, "appearances", "a broken one") / "part-0.parquet"
    if damage == "older columns":
        pq.write_table(pa.table({"start_s": [1.0], "end_s": [2.0]}), file)
    else:
        file.write_bytes(file.read_bytes()[: 0 if damage == "empty file" else 500])
    fault = "was stored by another version of WIOS, without .*reason" if damage == "older columns" else "is broken"
    with open_library(settings) as library:
        with pytest.raises(WiosError, match=rf"appearances {fault}.*; `wios run 'a broken one'`"):
            who(library, "a broken one", 1.5)
        assert [row["actor"] for row in who(library, "zebra", 1.5)] == ["Grace Hopper"]


def test_a_lost_list_of_films_is_named_with_its_remedy(settings: Settings) -> None:
    published(settings, "007")
    shutil.rmtree(table_folder(settings.lake, "library"))
    with open_library(settings) as library, pytest.raises(WiosError, match=r"library is missing .*wios run FILM"):
        films(library)


def test_a_reader_never_sees_half_a_film_while_it_is_replaced(settings: Settings) -> None:
    """The partition is taken away and put back over and over, as where a system cannot exchange two folders."""
    published(settings, "busy")
    folder = partition_folder(settings.lake, "appearances", "busy")
    stop = threading.Event()

    def replace_for_ever() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            new, old = settings.lake / f".new{turn}", settings.lake / f".old{turn}"
            new.mkdir()
            content = pq.read_table(next(folder.iterdir()), partitioning=None)
            for part in range(3):
                pq.write_table(content, new / f"part-{part}-{turn}.parquet")
            folder.rename(old)
            time.sleep(0.002)
            new.rename(folder)
            shutil.rmtree(old)
            time.sleep(0.03)

    thread = threading.Thread(target=replace_for_ever)
    thread.start()
    try:
        with open_library(settings) as library:
            counts = {len(appearances(library, "busy")) for _ in range(25)}
    finally:
        stop.set()
        thread.join()
    # The one file as it was first, or the three of a replacement.
    assert counts <= {3, 9}
    assert 9 in counts


def test_the_library_cannot_be_written_and_reaches_nothing_beside_the_lake(settings: Settings, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    published(settings, "007")
    with open_library(settings) as library:
        for forbidden in (
            "CREATE TABLE t (a INTEGER)",
            "DELETE FROM wios.publication",
            f"SELECT * FROM read_csv('{secret}')",
            f"SELECT * FROM read_csv('{settings.lake}/../../secret.csv')",
            f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
            f"ATTACH '{tmp_path / 'other.duckdb'}' AS other",
            "SET enable_external_access = true",
            "INSTALL httpfs",
        ):
            with pytest.raises(duckdb.Error):
                library.connection.execute(forbidden)
    assert not (tmp_path / "out.csv").exists()


def test_a_lake_that_cannot_be_published_anew_says_why_it_is_needed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(settings, "007")
    settings.library.unlink()

    def denied(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(Path, "replace", denied)
    with pytest.raises(WiosError, match=r"nothing is published; it cannot be published again: .*Permission denied"):
        open_library(settings)


def test_the_librarys_rows_are_counted_from_the_lake_as_it_stands(settings: Settings) -> None:
    fill(settings.lake, *(library_row(key, year=1995) for key in ODD_KEYS))
    store(settings.lake, "appearances", [], ODD_KEYS[0])
    shutil.rmtree(partition_folder(settings.lake, "screen_time", ODD_KEYS[1]))
    rows = {row["film"]: row for row in library_rows(settings.lake, ODD_KEYS[2:4]).to_pylist()}
    assert list(rows) == sorted({*ODD_KEYS} - {ODD_KEYS[1]})
    nobody = {"people": 0, "unknown_people": 0, "appearances": 0, "named_seconds": 0.0}
    assert rows[ODD_KEYS[0]] == library_row(ODD_KEYS[0], year=1995, tconst=None, present=False, **nobody)
    assert rows[ODD_KEYS[2]] == library_row(ODD_KEYS[2], year=1995, tconst=None)
    assert rows[ODD_KEYS[4]]["present"] is False


def test_a_person_outside_the_cast_is_not_counted_as_one_of_it(settings: Settings) -> None:
    fill(settings.lake, library_row("007"))
    store(settings.lake, "cast", [{"billing": 1, "actor": "Grace Hopper", "source": "sidecar"}], "007")
    (row,) = library_rows(settings.lake, ["007"]).to_pylist()
    assert (row["people"], row["unknown_people"], row["appearances"]) == (1, 1, 3)


def test_an_empty_lake_has_a_library_of_no_films(settings: Settings) -> None:
    assert library_rows(settings.lake, ["007"]).num_rows == 0


@pytest.mark.parametrize("content", [b"no Parquet", b""])
def test_a_film_with_a_broken_file_is_left_out_and_the_others_are_counted(settings: Settings, content: bytes) -> None:
    published(settings, "a broken one", "zebra")
    rows = library_rows(settings.lake, ["zebra"]).to_pylist()
    (partition_folder(settings.lake, "appearances", "a broken one") / "part-0.parquet").write_bytes(content)
    assert library_rows(settings.lake, ["zebra"]).to_pylist() == [row for row in rows if row["film"] == "zebra"]


def test_a_column_that_is_missing_is_named_when_films_are_counted(settings: Settings) -> None:
    fill(settings.lake, library_row("007"))
    file = store(settings.lake, "appearances", APPEARANCES, "007")
    pq.write_table(pa.table({"start_s": [1.0], "end_s": [2.0]}), file)
    with pytest.raises(WiosError, match=r"run the film that is named again"):
        library_rows(settings.lake, ["007"])
