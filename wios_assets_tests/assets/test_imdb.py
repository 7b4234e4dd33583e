"""IMDB's files through the graph: what arrives in the lake, what fails, and what stays fresh."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dagster import DagsterInstance, Definitions, ExecuteInProcessResult

from wios_assets.assets.imdb import bad_keys
from wios_assets.assets.results import content_version
from wios_assets.definitions import build_definitions
from wios_assets.errors import WiosError
from wios_assets.imdb.casts import cast_of_title
from wios_assets.imdb.files import ALL_FILES, IMDB_FILES, PUBLIC_ADDRESS
from wios_assets.imdb.lookup import ImdbLookup
from wios_assets.lake.store import read_rows
from wios_assets.settings import Settings, load_settings
from wios_assets.settings.groups import ImdbLoadSettings
from wios_assets.tables import FILM_TITLES, FILMOGRAPHY, QUARANTINE, SERIES_EPISODES, TABLES, WANTED
from wios_assets_tests.imdb.small_lake import CREDITS, LINES, SERIES_LINES

pytestmark = pytest.mark.slow

MATRIX = "tt0133093"
TABLE_NAMES = (*ALL_FILES, FILM_TITLES.name, SERIES_EPISODES.name, QUARANTINE.name, FILMOGRAPHY.name, WANTED.name)
EXTRA = ("nm9999999", "Edna Extra", "\\N", "\\N", "\\N", "\\N")


def write_file(folder: Path, table: str, lines: list[tuple[str, ...]], header: bool = True) -> Path:
    file = folder / f"{ALL_FILES[table].stem}.tsv"
    folder.mkdir(parents=True, exist_ok=True)
    head = ["\t".join(ALL_FILES[table].names)] if header else []
    file.write_text("\n".join([*head, *("\t".join(line) for line in lines), ""]), encoding="utf-8")
    return file


def lines_of(table: str) -> list[tuple[str, ...]]:
    own = [tuple(line) for line in LINES[table]]
    return [*own, EXTRA] if table == "imdb/name_basics" else own


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = load_settings(data=tmp_path / "data", director="nm0905154", imdb_load={"quarantine_share": 0.2})
    for table in IMDB_FILES:
        write_file(settings.imdb, table, lines_of(table))
    return settings


def load(settings: Settings, instance: DagsterInstance, *, fails: bool = False) -> ExecuteInProcessResult:
    definitions: Definitions = build_definitions(settings)
    job = definitions.resolve_job_def("imdb_refresh")
    result = job.execute_in_process(instance=instance, raise_on_error=not fails)
    assert result.success != fails
    return result


def versions(result: ExecuteInProcessResult) -> dict[str, str]:
    data_versions = {}
    for event in result.get_asset_materialization_events():
        tags = event.materialization.tags or {}
        data_versions[event.materialization.asset_key.to_user_string()] = tags["dagster/data_version"]
    return data_versions


def state(lake: Path) -> dict[str, pa.Table]:
    return {table: read_rows(lake, TABLES[table]) for table in TABLE_NAMES}


def test_a_load_fills_all_tables_and_a_second_one_changes_nothing(settings: Settings) -> None:
    instance = DagsterInstance.ephemeral()
    first = load(settings, instance)
    before = state(settings.lake)
    for table in IMDB_FILES:
        assert before[table].num_rows == len(lines_of(table)), table
    assert before[FILM_TITLES.name].num_rows >= 18
    assert set(before[FILMOGRAPHY.name]["tconst"].to_pylist()) == {MATRIX, "tt0500003"}
    assert before[WANTED.name]["tconst"].to_pylist()[:2] == ["tt0500003", MATRIX]
    assert set(versions(first)) == set(TABLE_NAMES)
    second = load(settings, instance)
    assert versions(second) == versions(first)
    assert all(before[table].equals(rows) for table, rows in state(settings.lake).items())
    assert not any(entry.is_dir() for entry in (settings.lake / ".staging").iterdir())


def test_a_line_that_does_not_fit_stands_in_the_quarantine(settings: Settings) -> None:
    file = write_file(settings.imdb, "imdb/title_crew", [*lines_of("imdb/title_crew"), ("no key", "\\N", "\\N")])
    settings = settings.model_copy(update={"imdb_load": ImdbLoadSettings(quarantine_share=0.5)})
    load(settings, DagsterInstance.ephemeral())
    aside = read_rows(settings.lake, QUARANTINE).to_pylist()
    assert [(row["meant_for"], row["file"], row["line"]) for row in aside] == [("imdb/title_crew", str(file), 5)]


def test_a_file_that_is_refused_leaves_every_table_as_it_was(settings: Settings) -> None:
    instance = DagsterInstance.ephemeral()
    load(settings, instance)
    before = state(settings.lake)
    write_file(settings.imdb, "imdb/title_basics", lines_of("imdb/title_basics")[:5])
    write_file(settings.imdb, "imdb/name_basics", [("not", "a", "table")], header=False)
    result = load(settings, instance, fails=True)
    failures = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    assert any("name.basics.tsv: line 1 has no column" in str(error) for error in failures)
    assert all(before[table].equals(rows) for table, rows in state(settings.lake).items())


def test_credits_of_people_that_no_file_has_fail_the_load_and_the_tables_stay(settings: Settings) -> None:
    instance = DagsterInstance.ephemeral()
    load(settings, instance)
    before = state(settings.lake)
    write_file(settings.imdb, "imdb/name_basics", lines_of("imdb/name_basics")[:2])
    result = load(settings, instance, fails=True)
    (evaluation,) = [event for event in result.get_asset_check_evaluations() if event.check_name == "keys_found"]
    people = len([line for line in CREDITS if line[2] > "nm0000206"])
    assert not evaluation.passed
    assert evaluation.metadata["unknown"].value == {"titles": 0, "people": people}
    (failure,) = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    assert "take all of them whole and of one day; the tables stay as they were" in str(failure)
    assert all(before[table].equals(rows) for table, rows in state(settings.lake).items())


KILLED = """
import os, signal, sys
from pathlib import Path
from dagster import DagsterInstance
from wios_assets.lake import io_manager, store
from wios_assets.definitions import build_definitions
from wios_assets.settings import load_settings

stage, after = sys.argv[2], int(sys.argv[3])
module = {"parse": "wios_assets.imdb.parse", "store": "wios_assets.lake.store"}[stage]
name = {"parse": "typed", "store": "replace_folder"}[stage]
inner = getattr(sys.modules[module], name)

def counted(*given):
    global after
    after -= 1
    if after < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return inner(*given)

setattr(sys.modules[module], name, counted)
settings = load_settings(data=Path(sys.argv[1]), director="nm0905154", imdb_load={"quarantine_share": 0.2})
job = build_definitions(settings).resolve_job_def("imdb_refresh")
job.execute_in_process(instance=DagsterInstance.ephemeral())
"""


@pytest.mark.parametrize(("stage", "after"), [("parse", 10), ("store", 0), ("store", 2)])
def test_a_load_that_is_killed_leaves_every_table_whole(settings: Settings, stage: str, after: int) -> None:
    load(settings, DagsterInstance.ephemeral())
    before = state(settings.lake)
    names = [*lines_of("imdb/name_basics"), ("nm9999998", "Nils New", "\\N", "\\N", "\\N", "\\N")]
    for table in IMDB_FILES:
        write_file(settings.imdb, table, names if table == "imdb/name_basics" else lines_of(table)[:-1])
    command = [sys.executable, "-c", KILLED, str(settings.data), stage, str(after)]
    killed = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    left = state(settings.lake)
    changed = [table for table, rows in left.items() if not rows.equals(before[table])]
    assert len(changed) == (after if stage == "store" else 0)
    assert any(entry.is_dir() for entry in (settings.lake / ".staging").iterdir())
    load(settings, DagsterInstance.ephemeral())
    assert read_rows(settings.lake, TABLES["imdb/name_basics"]).num_rows == len(names)


def test_a_director_unknown_to_the_tables_is_a_warning_and_no_failure(settings: Settings) -> None:
    result = load(settings.model_copy(update={"director": "nm0634240"}), DagsterInstance.ephemeral())
    checks = {
        event.check_name: event
        for event in result.get_asset_check_evaluations()
        if event.check_name == "director_known"
    }
    assert not checks["director_known"].passed
    assert "WIOS_DIRECTOR" in str(checks["director_known"].metadata["first offenders"].value)
    assert read_rows(settings.lake, FILMOGRAPHY).num_rows == 0


def test_a_cast_has_another_version_only_where_its_own_rows_changed(settings: Settings) -> None:
    def cast_version() -> str:
        with ImdbLookup(settings.lake) as lookup:
            return content_version(cast_of_title(lookup, MATRIX)[0]).value

    instance = DagsterInstance.ephemeral()
    first = load(settings, instance)
    before = cast_version()
    others = [*lines_of("imdb/title_principals"), ("tt0500004", "1", "nm1000002", "actor", "\\N", '["Runner"]')]
    write_file(settings.imdb, "imdb/title_principals", others)
    second = load(settings, instance)
    assert cast_version() == before
    changed = {table for table, version in versions(second).items() if version != versions(first)[table]}
    assert changed == {"imdb/title_principals", "imdb/quarantine"}
    own = [("tt0133093", "1", "nm0000206", "actor", "\\N", '["The One"]'), *others[1:]]
    write_file(settings.imdb, "imdb/title_principals", own)
    load(settings, instance)
    assert cast_version() != before


@pytest.mark.parametrize(
    ("rows", "bad"),
    [
        ([("tt0000001", 1), ("tt0000001", 2), ("tt0000002", 1)], 0),
        ([("tt0000001", 1), ("tt0000001", 1)], 1),
        ([("tt0000002", 1), ("tt0000001", 2)], 1),
        ([("tt0000001", 2), ("tt0000001", 1)], 1),
        ([("tt0000001", None)], 1),
    ],
)
def test_keys_that_are_null_stand_twice_or_out_of_order_are_found(
    tmp_path: Path, rows: list[tuple[str, int | None]], bad: int
) -> None:
    frame = pd.DataFrame(rows, columns=["tconst", "ordering"]).astype({"ordering": "Int32"})
    whole, halves = tmp_path / "whole.parquet", [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    pq.write_table(pa.Table.from_pandas(frame), whole)
    pq.write_table(pa.Table.from_pandas(frame[:1]), halves[0])
    pq.write_table(pa.Table.from_pandas(frame[1:]), halves[1])
    assert len(bad_keys([whole], ("tconst", "ordering"))) == bad
    assert len(bad_keys(halves, ("tconst", "ordering"))) == bad


def test_the_address_of_imdb_is_the_public_one_and_nothing_is_fetched_unasked() -> None:
    settings = load_settings()
    assert settings.imdb_load.address == PUBLIC_ADDRESS
    assert settings.imdb_download is False


def test_a_director_that_is_no_key_is_refused() -> None:
    with pytest.raises(WiosError, match="director"):
        load_settings(director="Christopher Nolan")


def test_episodes_and_other_titles_are_loaded_where_their_files_are_and_gone_once_they_are_not(
    settings: Settings,
) -> None:
    instance = DagsterInstance.ephemeral()
    for table, lines in SERIES_LINES.items():
        own = lines_of(table) if table in LINES else []
        write_file(settings.imdb, table, [*own, *(tuple(line) for line in lines)])
    load(settings, instance)
    loaded = state(settings.lake)
    for table in ("imdb/title_episode", "imdb/title_akas"):
        (settings.imdb / f"{ALL_FILES[table].stem}.tsv").unlink()
    load(settings, instance)
    without = state(settings.lake)

    assert loaded["imdb/title_episode"].num_rows == 9
    assert loaded["imdb/series_episodes"].num_rows == 8
    assert loaded["imdb/title_akas"].num_rows == 6
    assert "Die Verurteilten" in loaded[FILM_TITLES.name]["other_title"].to_pylist()
    assert [without[name].num_rows for name in ("imdb/title_episode", "imdb/series_episodes", "imdb/title_akas")] == [
        0
    ] * 3
    assert without[FILM_TITLES.name]["other_title"].null_count == without[FILM_TITLES.name].num_rows


def test_a_damaged_file_of_episodes_is_refused_with_the_others(settings: Settings) -> None:
    write_file(settings.imdb, "imdb/title_episode", [("tt0000001", "nonsense", "1", "1")])

    load(settings, DagsterInstance.ephemeral(), fails=True)

    assert not list((settings.lake / "imdb").glob("*/*.parquet"))
