"""Lakes for tests: real Parquet files with the columns of wios_assets/tables.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from wios_assets.lake.paths import partition_folder, table_folder
from wios_assets.tables import FILM_TABLES, TABLES

GRACE: dict[str, Any] = {"actor": "Grace Hopper", "kind": "cast", "nconst": "nm0393790", "character": "The Admiral"}
EILEEN: dict[str, Any] = {"actor": "Eileen Collins", "kind": "cast", "nconst": "nm1234567", "character": None}
STRANGER: dict[str, Any] = {"actor": "unknown:1", "kind": "unknown"}
PERHAPS: list[dict[str, Any]] = [
    {"actor": "Eileen Collins", "probability": 0.7},
    {"actor": "Averil Mean", "probability": 0.2},
]
ODD_KEYS = (
    "007",
    'L\'Été "à" la=plage',
    "七人の侍 (1954)",
    "100% [a]*? {b}",
    "a%2Fb+c",
    "two\nlines",
    "back\\slash: #1",
)

APPEARANCES: list[dict[str, Any]] = [
    {
        **GRACE,
        "appearance": 0,
        "start_s": 1.0,
        "end_s": 12.5,
        "probability": 0.98,
        "distance": 0.31,
        "runner_up": "Eileen Collins",
        "runner_up_distance": 0.72,
        "photos": ["/photos/Grace Hopper/1.jpg", "/photos/Grace Hopper/2.jpg"],
        "reason": "Grace Hopper at 0.31 from the nearest photos",
        "shot": 0,
        "tracks": [0],
    },
    {
        **STRANGER,
        "appearance": 1,
        "start_s": 10.0,
        "end_s": 20.0,
        "shot": 1,
        "tracks": [1],
        "photos": [],
        "perhaps": PERHAPS,
        "numbers": [1, 4],
        "reason": "Eileen Collins at 0.58 is possible, a stranger is likelier",
    },
    {
        **EILEEN,
        "appearance": 2,
        "start_s": 70.25,
        "end_s": 90.0,
        "probability": 0.9,
        "distance": 0.4,
        "shot": 2,
        "tracks": [2, 3],
        "photos": ["/photos/Eileen Collins/a.png"],
    },
]
MINUTES: list[dict[str, Any]] = [
    {
        **GRACE,
        "minute": 0,
        "clock": "00:00",
        "seconds": 11.5,
        "share": 11.5 / 60,
        "highest_probability": 0.98,
        "mean_probability": 0.98,
    },
    {**STRANGER, "minute": 0, "clock": "00:00", "seconds": 10.0, "share": 10 / 60},
    {
        **EILEEN,
        "minute": 1,
        "clock": "00:01",
        "seconds": 19.75,
        "share": 19.75 / 30,
        "highest_probability": 0.9,
        "mean_probability": 0.9,
    },
]
SCREEN_TIME: list[dict[str, Any]] = [
    {**EILEEN, "rank": 1, "seconds": 19.75, "share": 19.75 / 90, "appearances": 1, "mean_probability": 0.9},
    {**GRACE, "rank": 2, "seconds": 11.5, "share": 11.5 / 90, "appearances": 1, "mean_probability": 0.98},
    {**STRANGER, "rank": 3, "seconds": 10.0, "share": 10 / 90, "appearances": 1},
]


def store(lake: Path, table: str, rows: Sequence[Mapping[Any, Any]], film: str | None = None) -> Path:
    """Write rows as the table's (or the film's) one file; columns that a row leaves out are null."""
    schema = TABLES[table].schema.remove(0) if film is not None else TABLES[table].schema
    folder = partition_folder(lake, table, film) if film is not None else table_folder(lake, table)
    folder.mkdir(parents=True, exist_ok=True)
    for row in rows:
        assert set(row) <= set(schema.names), set(row) - set(schema.names)
    full = [{name: row.get(name) for name in schema.names} for row in rows]
    pq.write_table(pa.Table.from_pylist(full, schema=schema), folder / "part-0.parquet")
    return folder / "part-0.parquet"


def damage(lake: Path, key: str, first: float, end: float, duration_s: float = 90.0) -> None:
    """Store a film's samples, four a second, of which those from `first` to `end` (seconds) were not readable."""
    count = round(duration_s * 4)
    rows = [
        {"sample": k, "time_s": k / 4, "outcome": "unreadable" if first <= k / 4 < end else "analysed"}
        for k in range(count)
    ]
    store(lake, "frame_samples", rows, key)


def library_row(key: str, **values: Any) -> dict[str, Any]:
    """A film's row of the table `library`."""
    return {
        "film": key,
        "title": key,
        "duration_s": 90.0,
        "path": f"/films/{key}.mkv",
        "present": True,
        "people": 2,
        "unknown_people": 1,
        "appearances": 3,
        "named_seconds": 31.25,
        **values,
    }


def fill(lake: Path, *films: dict[str, Any]) -> None:
    """Store films, each a row of the table `library`, every one with the same people on screen."""
    for film in films:
        key = film["film"]
        for table in FILM_TABLES:
            store(lake, table, [], key)
        store(lake, "appearances", APPEARANCES, key)
        store(lake, "minute_appearances", MINUTES, key)
        store(lake, "screen_time", SCREEN_TIME, key)
        kept: dict[str, Any] = {
            name: film[name] for name in ("path", "title", "year", "tconst", "duration_s") if name in film
        }
        store(lake, "film", [kept], key)
    store(lake, "library", list(films))
