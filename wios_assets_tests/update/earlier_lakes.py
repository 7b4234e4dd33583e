"""Lakes of earlier versions: the schemas of `schemas/` are those that wios_assets/tables.py had then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from wios_assets.columns import CANDIDATES, _arrow_types
from wios_assets.lake.paths import partition_folder, table_folder
from wios_assets.lake.schema_versions import SCHEMA_VERSION, STAMP
from wios_assets.tables import FILM_TABLES, TABLES

FILM = "Stage Door (1937)"
EARLIER = (3, 4, 5)
"""The last three versions before the present one."""
SAMPLES: dict[str, Any] = {
    "string": "text",
    "int32": 3,
    "int64": 4,
    "double": 0.5,
    "float": 0.25,
    "bool": True,
    "binary": b"\x00\xff",
    "list<item: string>": ["a", "b"],
    "list<item: int64>": [1],
    "list<item: double>": [0.5],
    "list<item: float>": [0.25],
    CANDIDATES: [{"actor": "Ginger Rogers", "probability": 0.6}],
}
"""A value of each type, for columns whose value no test looks at."""
ROWS: dict[str, list[dict[str, Any]]] = {
    "appearances": [
        {"appearance": 0, "actor": "Katharine Hepburn", "kind": "cast", "start_s": 1.0, "end_s": 2.5},
        {"appearance": 1, "actor": "unknown:2", "kind": "unknown", "start_s": 3.0, "end_s": 4.0},
    ],
    "track_names": [
        {"track": 0, "actor": "Katharine Hepburn", "decision": "named"},
        {"track": 1, "actor": "unknown:2", "decision": "unknown"},
        {"track": 2, "actor": None, "decision": "weak"},
    ],
    "face_tracks": [
        {"track": 0, "best_face": 7},
        {"track": 1, "best_face": 8},
        {"track": 2, "best_face": None},
    ],
    "faces": [
        {"face": 7, "time_s": 1.25, "left": 10.0, "top": 20.0, "right": 30.0, "bottom": 40.0},
        {"face": 8, "time_s": 3.25, "left": 11.0, "top": 21.0, "right": 31.0, "bottom": 41.0},
    ],
}


def schema_file(version: int) -> Path:
    """File that holds the schema of a version."""
    return Path(__file__).with_name("schemas") / f"schema-{version}.json"


def schema_of(version: int) -> dict[str, dict[str, str]]:
    """Type of each column by name, for each table of a version."""
    schema: dict[str, dict[str, str]] = json.loads(schema_file(version).read_text(encoding="utf-8"))
    return schema


def rows_of(version: int, table: str) -> pa.Table:
    """A table's rows in the columns of a version: those above, else one row of samples."""
    columns = schema_of(version)[table]
    types = {name: _arrow_types()[kind] for name, kind in columns.items()}
    full = [{name: row.get(name, SAMPLES[kind]) for name, kind in columns.items()} for row in ROWS.get(table, [{}])]
    return pa.Table.from_pylist(full, schema=pa.schema(types.items()))


def fill_earlier(lake: Path, version: int, film: str = FILM, *, stamped: bool = False) -> None:
    """Store a film, and IMDB's titles, as a version wrote them."""
    for table in (*FILM_TABLES, "imdb/film_titles"):
        folder = partition_folder(lake, table, film) if table in FILM_TABLES else table_folder(lake, table)
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows_of(version, table), folder / "part-0.parquet")
        if stamped:
            (folder / STAMP).write_text(json.dumps({"schema": version}), encoding="utf-8")


if __name__ == "__main__":
    present = {name: {column.name: column.type for column in table.columns} for name, table in TABLES.items()}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(columns)}" for name, columns in present.items())
    schema_file(SCHEMA_VERSION).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
