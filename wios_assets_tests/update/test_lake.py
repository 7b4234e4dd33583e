"""Lakes of earlier schemas: told by their columns or their stamp, carried over film by film, and put back."""

from __future__ import annotations

import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from wios_assets.errors import WiosError
from wios_assets.films.film_lock import film_lock
from wios_assets.lake.library import open_library, publish
from wios_assets.lake.paths import partition_folder, table_folder
from wios_assets.lake.schema_versions import CHANGES, SCHEMA_VERSION, STAMP, columns_of, stamped_version
from wios_assets.lake.store import read_rows, replace_folder, write_rows
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import APPEARANCES, FILM_TABLES, SHOTS, TABLES, TRACK_NAMES
from wios_assets.update.backups import Backup, newest_backup, take_back
from wios_assets.update.lake import LakeUpdate, outdated_partitions, update_lake
from wios_assets_tests.update.earlier_lakes import EARLIER, FILM, fill_earlier, rows_of, schema_of


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path)


def contents(lake: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(lake)): file.read_bytes() for file in lake.rglob("*.parquet") if ".col" not in str(file)
    }


def test_a_changed_table_has_another_version_and_a_change_that_says_how() -> None:
    """Whoever changes a column adds a `Change`, counts `SCHEMA_VERSION` up, and writes the schema of that version:
    `python -m wios_assets_tests.update.earlier_lakes`."""
    for name, columns in schema_of(SCHEMA_VERSION).items():
        assert {column.name: column.type for column in TABLES[name].columns} == columns, name
    assert max(change.version for change in CHANGES) == SCHEMA_VERSION


@pytest.mark.parametrize("version", [1, *EARLIER])
def test_the_schema_of_an_earlier_version_follows_from_the_changes_since(version: int) -> None:
    for table, columns in schema_of(version).items():
        assert columns_of(TABLES[table], version) == columns, table


def test_what_is_written_carries_the_version(settings: Settings) -> None:
    write_rows(settings.lake, SHOTS, SHOTS.stored_schema.empty_table(), FILM)
    assert stamped_version(partition_folder(settings.lake, "shots", FILM)) == SCHEMA_VERSION


@pytest.mark.parametrize("stamped", [True, False])
@pytest.mark.parametrize("version", EARLIER)
def test_a_lake_of_each_of_the_last_three_schemas_is_carried_over(
    settings: Settings, version: int, stamped: bool
) -> None:
    fill_earlier(settings.lake, version, stamped=stamped)
    updates = list(update_lake(settings, Backup.begin(settings)))
    assert [update.faults for update in updates] == [[]] * len(updates)
    assert {each.table.name for update in updates for each in update.carried} == {
        change.table for change in CHANGES if change.version > version and not change.needs_run
    }
    assert outdated_partitions(settings.lake) == {}
    for name in FILM_TABLES:
        rows = read_rows(settings.lake, TABLES[name], FILM)
        assert rows.schema.names == TABLES[name].schema.names
        before = rows_of(version, name)
        kept = [column for column in before.column_names if column in rows.column_names]
        assert rows.select(kept).to_pylist() == before.select(kept).to_pylist(), name
    titles = read_rows(settings.lake, TABLES["imdb/film_titles"])
    assert titles["other_title"].to_pylist() == [None if version < 5 else "text"]
    publish(settings.lake, settings.library)
    with open_library(settings) as library:
        asked = "SELECT actor FROM appearances WHERE film = $film ORDER BY start_s"
        assert [row["actor"] for row in library.film_rows("appearances", FILM, asked)] == [
            "Katharine Hepburn",
            "unknown:2",
        ]


def test_added_columns_get_what_the_lake_knows_and_are_null_where_it_knows_nothing(settings: Settings) -> None:
    fill_earlier(settings.lake, 2)
    list(update_lake(settings, Backup.begin(settings)))
    names = read_rows(settings.lake, TRACK_NAMES, FILM)
    assert names["numbers"].to_pylist() == [[], [2], []]
    assert names["time_s"].to_pylist() == [1.25, 3.25, None]
    assert names.select(["left", "top", "right", "bottom"]).to_pylist()[1] == {
        "left": 11.0,
        "top": 21.0,
        "right": 31.0,
        "bottom": 41.0,
    }
    appearances = read_rows(settings.lake, APPEARANCES, FILM)
    assert appearances["numbers"].to_pylist() == [[], [2]]
    assert appearances["perhaps"].to_pylist() == [None, None]


@pytest.mark.parametrize("stamped", [True, False])
def test_an_older_partition_is_refused_with_its_remedy_before_it_is_carried_over(
    settings: Settings, stamped: bool
) -> None:
    fill_earlier(settings.lake, 2, stamped=stamped)
    with pytest.raises(WiosError, match=r"track_names was stored by an older version .*\(schema 2, now 6\); `wios upd"):
        read_rows(settings.lake, TRACK_NAMES, FILM)
    publish(settings.lake, settings.library)
    with open_library(settings) as library, pytest.raises(WiosError, match="`wios update` carries it over"):
        library.film_rows("appearances", FILM, "SELECT perhaps FROM appearances WHERE film = $film")


def test_what_an_older_schema_lacks_and_the_lake_does_not_hold_needs_a_run(settings: Settings) -> None:
    fill_earlier(settings.lake, 1)
    (titles, update) = update_lake(settings, Backup.begin(settings))
    assert titles.faults == []
    assert len(update.faults) == 1
    assert "face_tracks was stored by an older version of WIOS (schema 1, now 6)" in update.faults[0]
    assert f"`wios run '{FILM}'` renews it" in update.faults[0]
    assert [each.table.name for each in update.carried] == ["face_embeddings", "track_names", "appearances"]
    assert len(read_rows(settings.lake, APPEARANCES, FILM)) == 2


def test_a_newer_schema_and_an_unknown_one_are_never_read(settings: Settings) -> None:
    write_rows(settings.lake, SHOTS, SHOTS.stored_schema.empty_table(), FILM)
    folder = partition_folder(settings.lake, "shots", FILM)
    (folder / STAMP).write_text('{"schema": 99}', encoding="utf-8")
    with pytest.raises(WiosError, match=r"newer version of WIOS \(schema 99, here 6\); install that version"):
        read_rows(settings.lake, SHOTS, FILM)
    (folder / STAMP).unlink()
    pq.write_table(rows_of(4, "cast"), folder / "part-0.parquet")
    with pytest.raises(WiosError, match="another version of WIOS, whose columns are not known here; `wios run"):
        read_rows(settings.lake, SHOTS, FILM)


def test_one_films_damaged_file_stops_no_other_film(settings: Settings) -> None:
    fill_earlier(settings.lake, 2, "a broken one")
    fill_earlier(settings.lake, 2, "zebra")
    file = partition_folder(settings.lake, "faces", "a broken one") / "part-0.parquet"
    file.write_bytes(file.read_bytes()[:40])
    updates = {update.film: update for update in update_lake(settings, Backup.begin(settings))}
    assert ["track_names" in fault for fault in updates["a broken one"].faults] == [True]
    assert updates["zebra"].faults == []
    assert len(read_rows(settings.lake, TRACK_NAMES, "zebra")) == 3


def test_an_update_is_put_back_byte_for_byte(settings: Settings) -> None:
    fill_earlier(settings.lake, 2, stamped=True)
    before = contents(settings.lake)
    list(update_lake(settings, Backup.begin(settings)))
    assert contents(settings.lake) != before
    assert all(done for _, done in take_back(settings, newest_backup(settings)))
    assert contents(settings.lake) == before
    assert stamped_version(table_folder(settings.lake, "imdb/film_titles")) == 2
    with pytest.raises(WiosError, match="holds no backup"):
        newest_backup(settings)


def test_what_a_run_stored_since_the_update_is_not_put_back(settings: Settings) -> None:
    fill_earlier(settings.lake, 3)
    list(update_lake(settings, Backup.begin(settings)))
    table = TABLES["face_embeddings"]
    write_rows(settings.lake, table, table.stored_schema.empty_table(), FILM)
    done = dict(take_back(settings, newest_backup(settings)))
    assert done == {f"face_embeddings of {FILM!r}": False, "imdb/film_titles": True}
    assert len(read_rows(settings.lake, table, FILM)) == 0


@pytest.mark.parametrize("when", ["before the first", "before the second", "after noting"])
def test_an_update_that_was_killed_is_finished_by_the_next_and_can_be_put_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    fill_earlier(settings.lake, 2)
    before = contents(settings.lake)
    real, calls = replace_folder, 0

    def killed(new: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == {"before the first": 1, "before the second": 2, "after noting": 3}[when]:
            raise KeyboardInterrupt
        real(new, target)

    monkeypatch.setattr("wios_assets.update.backups.replace_folder", killed)
    first = Backup(settings.data / "backups" / "1")
    with pytest.raises(KeyboardInterrupt):
        list(update_lake(settings, first))
    monkeypatch.undo()
    list(update_lake(settings, Backup(settings.data / "backups" / "2")))
    assert outdated_partitions(settings.lake) == {}
    list(take_back(settings, newest_backup(settings)))
    list(take_back(settings, newest_backup(settings)))
    assert contents(settings.lake) == before


def test_a_film_that_a_run_writes_is_waited_for(settings: Settings) -> None:
    fill_earlier(settings.lake, 3)
    updates: list[LakeUpdate] = []
    update = threading.Thread(target=lambda: updates.extend(update_lake(settings, Backup.begin(settings))))
    with film_lock(settings.data, FILM, "a run"):
        update.start()
        update.join(timeout=0.2)
        assert FILM in outdated_partitions(settings.lake)
    update.join()
    assert [each.film for each in updates] == [None, FILM]
    assert outdated_partitions(settings.lake) == {}
