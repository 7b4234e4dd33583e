"""Steps shared by forgetting a film and forgetting a person. Each can be repeated after an interruption."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wios_assets.atomic import write_atomic
from wios_assets.errors import Conflict
from wios_assets.exports.formats import FORMATS, default_file
from wios_assets.exports.player_files import remove_player_files
from wios_assets.films.film_lock import free_film_lock
from wios_assets.films.index import read_index
from wios_assets.films.media_cache import remove_cached
from wios_assets.films.registry import index_path
from wios_assets.imdb.files import ALL_FILES
from wios_assets.lake.library import library_lock, library_rows, publish
from wios_assets.lake.paths import partition_keys, table_folder
from wios_assets.lake.store import STAGING, has_rows_of, read_rows, write_rows
from wios_assets.refined_tables import OUTLIERS, REFINED, REFINED_TABLES
from wios_assets.scratch import remove_abandoned
from wios_assets.settings import Settings
from wios_assets.tables import FILM, FILM_TABLES, LIBRARY, TABLES
from wios_assets.update.backups import BACKUPS

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

PARTITION = "dagster/partition"
_JOURNAL = ".forgetting.json"
IMDB_JOB_TABLES = {*ALL_FILES, "imdb/film_titles", "imdb/series_episodes", "imdb/quarantine", "filmography", "wanted"}


@dataclass(frozen=True)
class Subject:
    """The film or person that is being forgotten.

    Attributes:
        kind: film or person.
        films: keys of the films that it concerns.
        paths: video files of these films.
        names, nconsts: of a person, in every spelling that the lake has.
    """

    kind: Literal["film", "person"]
    films: list[str]
    paths: list[str]
    names: list[str] = field(default_factory=list)
    nconsts: list[str] = field(default_factory=list)


@dataclass
class Report:
    """What was removed and what is kept, each a clause to print."""

    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def unfinished(settings: Settings) -> Subject | None:
    """The subject of a forgetting that was interrupted; None if there is none."""
    try:
        return Subject(**json.loads((settings.data / _JOURNAL).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def begin(settings: Settings, subject: Subject) -> None:
    """Write down the subject, so that an interrupted forgetting can be finished."""
    write_atomic(settings.data / _JOURNAL, json.dumps(asdict(subject)))


def finish(settings: Settings) -> None:
    """Remove the note that `begin` wrote."""
    (settings.data / _JOURNAL).unlink(missing_ok=True)


@contextmanager
def films_held(settings: Settings, instance: DagsterInstance, films: Iterable[str]) -> Iterator[None]:
    """Hold the locks of films while they are forgotten.

    Raises:
        Conflict: a run of one of them is unfinished; it would write its tables again.
    """
    from wios_assets.runs.processes import describe, run_of_any

    films = sorted(set(films))
    if (run := run_of_any(instance, films)) is not None:
        raise Conflict(
            f"film {run.tags[PARTITION]!r}: {describe(run)} has not ended; wait for it, or end it in `wios ui`"
        )
    with ExitStack() as locks:
        for film in films:
            locks.enter_context(free_film_lock(settings.data, film))
        yield


def films_of_lake(settings: Settings) -> list[str]:
    """Keys of the films that have a table in the lake, sorted."""
    return sorted({film for table in FILM_TABLES for film in partition_keys(settings.lake, table)})


def paths_of(settings: Settings, films: Iterable[str]) -> list[str]:
    """Video files of films, from the index and from the table `film`."""
    index = read_index(index_path(settings)).films
    paths = []
    for film in films:
        if film in index:
            paths.append(index[film].path)
        if has_rows_of(settings.lake, FILM, film):
            paths += read_rows(settings.lake, FILM, film)["path"].to_pylist()
    return list(dict.fromkeys(path for path in paths if path))


def rewrite_library(settings: Settings) -> None:
    """Make the table `library` from what the lake holds, and publish it."""
    present = {key for key, entry in read_index(index_path(settings)).films.items() if entry.present}
    with library_lock(settings.lake):
        write_rows(settings.lake, LIBRARY, library_rows(settings.lake, present))
        publish(settings.lake, settings.library)


def remove_refined(settings: Settings, instance: DagsterInstance, report: Report) -> None:
    """Remove the tables over all films, their plots and the runs that made them; the next run makes them anew."""
    from dagster import AssetKey, RunsFilter

    folder = table_folder(settings.lake, REFINED)
    if folder.is_dir():
        shutil.rmtree(folder)
        report.removed.append("the tables over all films; `wios refine` makes them again without what was forgotten")
    shutil.rmtree(settings.exports / OUTLIERS, ignore_errors=True)
    for run in instance.get_runs(RunsFilter(job_name="refined_tables")):
        _remove_run(settings, instance, run)
    instance.wipe_assets([AssetKey(table.name.split("/")) for table in REFINED_TABLES])


def remove_published(settings: Settings, subject: Subject, report: Report) -> None:
    """Remove the subject from the SQL server, where one is set.

    Raises:
        Unavailable: the server does not answer; the forgetting stays unfinished.
    """
    if not settings.publish_address:
        return
    from wios_assets.publish.forgetting import forget_published

    address = forget_published(settings, subject.films, subject.names)
    report.removed.append(f"the same from {address}")
    report.kept.append(f"backups of {address}")


def remove_exports(settings: Settings, films: Iterable[str], report: Report) -> None:
    """Remove what `wios export` wrote into the exports folder, and a film's files for players wherever they are."""
    removed, beside = 0, 0
    for film in films:
        beside += len(remove_player_files(settings, film))
        for what, formats in FORMATS.items():
            for format in formats:
                file = default_file(settings.exports, film, what, format)
                if file.is_file():
                    file.unlink()
                    removed += 1
    if removed:
        report.removed.append(f"{removed} exports in {settings.exports}")
    if beside:
        report.removed.append(f"{beside} files for players")
    report.kept.append("exports written elsewhere with -o, and what players derived from them")


def remove_pictures(settings: Settings, paths: Iterable[str], report: Report) -> None:
    """Remove posters and previews."""
    if removed := sum(remove_cached(settings.cache, Path(path)) for path in paths):
        report.removed.append(f"{removed} posters and previews in {settings.cache}")


def remove_backups(settings: Settings, report: Report) -> None:
    """Remove what updates kept: tables as they were before, in which everybody is still named."""
    folder = settings.data / BACKUPS
    if folder.is_dir():
        shutil.rmtree(folder)
        report.removed.append("the backups of `wios update`, which cannot be put back any more")


def remove_staging(settings: Settings) -> None:
    """Remove what is kept of photos, and what killed runs left half written."""
    from wios_assets.assets.photo_faces import forget_photo_faces

    forget_photo_faces(settings.lake)
    remove_abandoned(settings.lake / STAGING)


def clear_history(
    settings: Settings, instance: DagsterInstance, films: Sequence[str], report: Report, *, imdb: bool
) -> None:
    """Remove the films' runs from Dagster's history: their events hold tables, names and pictures.

    For each table that is still in the lake, an event without values says that it is materialised.

    Args:
        imdb: whether to remove the runs that loaded IMDB's files as well, whose events show some names.
    """
    from dagster import AssetKey, AssetMaterialization, RunsFilter

    runs = [run for film in films for run in instance.get_runs(RunsFilter(tags={PARTITION: film}))]
    if imdb:
        runs += instance.get_runs(RunsFilter(job_name="imdb_refresh"))
    for run in runs:
        _remove_run(settings, instance, run)
    # Events of the library show the first films with titles and paths.
    library = AssetKey(LIBRARY.name)
    instance.wipe_assets([library])
    for film in films:
        for table in FILM_TABLES:
            stored = has_rows_of(settings.lake, TABLES[table], film)
            if stored or _last_run_is_gone(instance, table):
                rows = read_rows(settings.lake, TABLES[table], film).num_rows if stored else 0
                event = AssetMaterialization(AssetKey(table), partition=film, metadata={"dagster/row_count": rows})
                instance.report_runless_asset_event(event)
    others = [LIBRARY, *(table for table in TABLES.values() if imdb and table.name in IMDB_JOB_TABLES)]
    for each in others:
        if has_rows_of(settings.lake, each):
            instance.report_runless_asset_event(AssetMaterialization(AssetKey(each.name.split("/"))))
    _vacuum(settings.dagster)
    if runs:
        report.removed.append(f"{len(runs)} runs with their tables, names and pictures from Dagster's history")
    report.kept.append("in Dagster's history the films' keys, as the inbox sensor noted them, without values")


def _last_run_is_gone(instance: DagsterInstance, table: str) -> bool:
    """Whether an asset's newest event, which Dagster stores separately, belongs to a run that was removed."""
    from dagster import AssetKey

    records = instance.get_asset_records([AssetKey(table)])
    run = records[0].asset_entry.last_run_id if records else None
    return bool(run) and not instance.has_run(str(run))


def _remove_run(settings: Settings, instance: DagsterInstance, run: DagsterRun) -> None:
    """Remove a run with everything that it reported or printed."""
    from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
    from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

    instance.delete_run(run.run_id)
    _remove_logs(settings, run)
    storage = instance.event_log_storage
    # Dagster keeps what checks found, with the names of people without photos, after their run is deleted.
    if isinstance(storage, SqlEventLogStorage):
        with storage.index_connection() as connection:
            checks = AssetCheckExecutionsTable
            connection.execute(checks.delete().where(checks.c.run_id == run.run_id))


def _remove_logs(settings: Settings, run: DagsterRun) -> None:
    for folder in ("logs", "storage"):
        shutil.rmtree(settings.dagster / folder / run.run_id, ignore_errors=True)
    for file in (settings.dagster / "history" / "runs").glob(f"{run.run_id}.db*"):
        with suppress(OSError):
            file.unlink()


def _vacuum(home: Path) -> None:
    """Free the pages of the databases that still hold deleted rows."""
    for file in (home / "history" / "runs.db", home / "history" / "runs" / "index.db"):
        if file.is_file():
            # If the daemon holds the database, SQLite overwrites these pages over time.
            with suppress(sqlite3.Error), closing(sqlite3.connect(file, timeout=10)) as connection:
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
