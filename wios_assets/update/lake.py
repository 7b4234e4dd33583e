"""Carries the partitions of an older schema over, film by film."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wios_assets.errors import WiosError, explain
from wios_assets.films.film_lock import film_lock
from wios_assets.lake.paths import partition_keys
from wios_assets.lake.schema_versions import is_carried_over, schema_fault, stamp, stored_version
from wios_assets.lake.store import has_rows_of, staging_folder, table_place
from wios_assets.settings import Settings
from wios_assets.tables import FILM_TABLES, TABLES, Table
from wios_assets.update.backups import Backup
from wios_assets.update.carry import carried_rows


@dataclass(frozen=True)
class Outdated:
    """A partition, or an unpartitioned table, of another version of the schema.

    Attributes:
        table: the table. film: its partition; None for an unpartitioned table.
        version: version of the schema that wrote it; None where no known version has its columns.
        fault: what is wrong with it and the remedy; None where it can be carried over.
    """

    table: Table
    film: str | None
    version: int | None
    fault: str | None

    def __str__(self) -> str:
        version = f"schema {self.version}" if self.version is not None else "an unknown schema"
        return f"{self.table.name} of {version}"


@dataclass
class LakeUpdate:
    """What became of one film (None: the unpartitioned tables): tables carried over, and what stood in the way."""

    film: str | None
    carried: list[Outdated]
    faults: list[str]


def outdated_partitions(lake: Path) -> dict[str | None, list[Outdated]]:
    """Partitions of another version of the schema by film, None for unpartitioned tables; the lake is not changed."""
    films = sorted({film for table in FILM_TABLES for film in partition_keys(lake, table)})
    outdated = {film: _outdated(lake, film) for film in (None, *films)}
    return {film: each for film, each in outdated.items() if each}


def _outdated(lake: Path, film: str | None) -> list[Outdated]:
    """The outdated partitions of a film; None: the outdated unpartitioned tables."""
    outdated = []
    for table in TABLES.values():
        if table.by_film != (film is not None) or not has_rows_of(lake, table, film):
            continue
        place = table_place(lake, table, film)
        version = stored_version(place, table)
        if (fault := schema_fault(place, table, film, version)) is not None:
            carried = version is not None and is_carried_over(table.name, version)
            outdated.append(Outdated(table, film, version, None if carried else str(fault)))
    return outdated


def update_lake(settings: Settings, backup: Backup) -> Iterator[LakeUpdate]:
    """Carry each film's outdated partitions over, under the film's lock; one film's fault is no other film's.

    A partition is replaced as a whole, so an update that was killed is finished by the next one.
    """
    for film in outdated_partitions(settings.lake):
        if film is None:
            yield _update(settings, backup, None)
            continue
        with film_lock(settings.data, film):
            yield _update(settings, backup, film)


def _update(settings: Settings, backup: Backup, film: str | None) -> LakeUpdate:
    import pyarrow as pa
    import pyarrow.parquet as pq

    result = LakeUpdate(film, [], [])
    # Looked at again under the lock: a run may have replaced them meanwhile.
    for each in _outdated(settings.lake, film):
        if each.fault is not None or each.version is None:
            result.faults.append(each.fault or str(each))
            continue
        try:
            rows = carried_rows(settings.lake, each.table, film, each.version)
            with staging_folder(settings.lake) as staging:
                new = staging / "rows"
                new.mkdir()
                pq.write_table(rows, new / "part-0.parquet", compression="zstd", write_page_checksum=True)
                stamp(new)
                backup.replace_partition(settings.lake, each.table, film, new)
        except (WiosError, OSError, pa.ArrowException) as error:
            place = table_place(settings.lake, each.table, film)
            result.faults.append(f"{place}: cannot be carried over ({explain(error, [settings.lake]) or error})")
            continue
        result.carried.append(each)
    return result
