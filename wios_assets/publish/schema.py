"""What is published: the tables, their keys and indexes, and their versions in the lake."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from wios_assets.columns import Table
from wios_assets.lake.paths import files_version, parquet_files, partition_version, table_folder
from wios_assets.refined_tables import (
    ACTOR_OUTLIERS,
    ACTOR_SCREEN_TIME,
    CHARACTER_PRESENCE,
    CO_APPEARANCES,
    FILM_OUTLIERS,
    FILM_PAIRS,
    FILM_STATISTICS,
)
from wios_assets.tables import (
    APPEARANCES,
    CAST,
    EVALUATION,
    FILM,
    LIBRARY,
    MINUTE_APPEARANCES,
    PREDICTION_LOG,
    SCREEN_TIME,
    SHOTS,
)


@dataclass(frozen=True)
class PublishedTable:
    """A table of the lake on the server.

    Attributes:
        table: its columns and their meanings.
        key: columns of the primary key; empty where rows have none.
        indexes: columns of each further index.
    """

    table: Table
    key: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()

    @property
    def name(self) -> str:
        """Name on the server: without the lake's folder."""
        return self.table.name.rpartition("/")[2]

    @property
    def indexed(self) -> set[str]:
        """Columns of the key and the indexes."""
        return {name for columns in (self.key, *self.indexes) for name in columns}


FILM_TABLES = (
    PublishedTable(FILM, ("film",), (("tconst",),)),
    PublishedTable(CAST, ("film", "billing"), (("actor",), ("nconst",))),
    PublishedTable(SHOTS, ("film", "shot")),
    PublishedTable(APPEARANCES, ("film", "appearance"), (("actor",), ("nconst",))),
    PublishedTable(MINUTE_APPEARANCES, ("film", "minute", "actor"), (("actor",),)),
    PublishedTable(SCREEN_TIME, ("film", "actor"), (("actor",), ("nconst",))),
    PublishedTable(EVALUATION, ("film", "scope", "figure")),
)
"""Tables whose rows are replaced film by film. Faces, embeddings, chips and photos stay in the lake."""

WHOLE_TABLES = (
    PublishedTable(LIBRARY, ("film",)),
    PublishedTable(ACTOR_SCREEN_TIME, ("film", "actor"), (("actor",), ("nconst",))),
    PublishedTable(CHARACTER_PRESENCE, ("film", "tenth", "actor")),
    PublishedTable(FILM_PAIRS, ("film", "actor", "other"), (("actor",), ("other",))),
    PublishedTable(CO_APPEARANCES, (), (("actor",), ("other",))),
    PublishedTable(FILM_STATISTICS, ("film",)),
    PublishedTable(FILM_OUTLIERS, ("film", "figure")),
    PublishedTable(ACTOR_OUTLIERS, ("film", "actor", "figure")),
)
"""Tables that are replaced as a whole."""

ANSWERS = PublishedTable(PREDICTION_LOG, (), (("asked_at",), ("film",)))
"""The log of answers, which is appended to."""

ALL_TABLES = (*FILM_TABLES, *WHOLE_TABLES, ANSWERS)


def film_version(lake: Path, film: str) -> str:
    """Identifies the state of a film's published tables in the lake."""
    return _digest([partition_version(lake, each.table.name, film) for each in FILM_TABLES])


def table_version(lake: Path, published: PublishedTable) -> str:
    """Identifies the state of a table in the lake that is published as a whole."""
    return _digest(files_version(parquet_files(table_folder(lake, published.table.name))))


def _digest(version: object) -> str:
    return hashlib.sha256(repr(version).encode()).hexdigest()[:20]
