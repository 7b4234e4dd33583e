"""Looks up titles, credits and people in the lake's IMDB tables through DuckDB."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from wios_assets import tables

FILM_TYPES = ("movie", "tvMovie", "video", "short", "tvShort", "tvSpecial", "tvMiniSeries")
"""Title types that one video file may be; series, episodes and games are not."""

FILM_TITLES = tables.FILM_TITLES.name

_ARTICLES = (
    "the|a|an|der|die|das|den|dem|ein|eine|le|la|les|l|un|une|des|el|los|las|una|unos|unas|il|lo|gli|uno|o|os|as|um|"
    "uma|de|het|een|en|ett|et"
)
# Both sides of every comparison go through this one expression. Letters without an accent that Unicode could take
# off are spelled out, then everything but letters and digits goes, so `Face/Off`, `Face-Off` and `FaceOff` agree.
_TITLE_KEY = rf"""
CREATE MACRO bare_title(title) AS
    replace(replace(replace(replace(translate(strip_accents(lower(nfc_normalize(title))), 'øłđðıħŧ²³', 'olddiht23'),
        'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), '&', ' and ');
CREATE MACRO title_letters(title) AS nullif(regexp_replace(title, '[^\p{{L}}\p{{N}}]', '', 'g'), '');
CREATE MACRO title_key(title) AS coalesce(
    title_letters(regexp_replace(bare_title(title), '^\W*({_ARTICLES})[\s''’]+|,\s*({_ARTICLES})\W*$', '')),
    title_letters(bare_title(title)),
    lower(trim(title)));
"""
_FIELDS = "tconst, title_type, primary_title, original_title, start_year, runtime_minutes"
_MEMORY = "1GB"


@dataclass(frozen=True)
class Title:
    """A title of IMDB; `runtime_minutes` and `year` are None where IMDB lacks them."""

    tconst: str
    title_type: str
    primary_title: str
    original_title: str
    year: int | None
    runtime_minutes: int | None


@dataclass(frozen=True)
class Credit:
    """A line of the credits; `name` is None where `name_basics` lacks the person."""

    ordering: int
    nconst: str
    name: str | None
    category: str
    job: str | None
    characters: tuple[str, ...]


@dataclass(frozen=True)
class Person:
    """A person of IMDB."""

    nconst: str
    name: str


class ImdbLookup:
    """Read-only look-ups in `<lake>/imdb/…`. A table that is not loaded answers with nothing.

    One instance a thread. Usable in a `with` statement.
    """

    def __init__(self, lake: Path) -> None:
        self.lake = lake
        self._db = duckdb.connect(config={"memory_limit": _MEMORY})
        self._db.execute(_TITLE_KEY)

    def __enter__(self) -> ImdbLookup:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    def has(self, table: str) -> bool:
        """Whether a table such as `imdb/title_basics` is in the lake."""
        return any((self.lake / table).glob("*.parquet"))

    def title(self, tconst: str) -> Title | None:
        """The title with this key."""
        rows = self._rows("imdb/title_basics", f"SELECT {_FIELDS} FROM rows WHERE tconst = ?", tconst)
        return Title(*rows[0]) if rows else None

    def titles_called(self, name: str, year: int | None) -> list[Title]:
        """Films whose primary or original title has the same key as `name`; of `year` ± 1 if one is given."""
        bounds = [] if year is None else [year - 1, year + 1]
        when = "" if year is None else "AND start_year BETWEEN ? AND ?"
        if self.has(FILM_TITLES):
            sql = f"SELECT {_FIELDS} FROM rows WHERE title_key = title_key(?) {when}"
            rows = self._rows(FILM_TITLES, sql.replace("title_key(?)", "?"), self.title_key(name), *bounds)
        else:
            sql = (
                f"SELECT {_FIELDS} FROM rows WHERE title_type IN {FILM_TYPES} {when} "
                f"AND ? IN (title_key(primary_title), title_key(original_title))"
            )
            rows = self._rows("imdb/title_basics", sql, *bounds, self.title_key(name))
        return [Title(*row) for row in dict.fromkeys(rows)]

    def title_key(self, title: str) -> str:
        """What spellings of one title share: letters and digits without case, accents and leading article."""
        row = self._db.execute("SELECT title_key(?)", [title]).fetchone()
        return str(row[0]) if row else ""

    def films_directed_by(self, nconst: str) -> list[Title]:
        """A director's films by year, those of unknown year last."""
        crew = self._rows("imdb/title_crew", "SELECT tconst FROM rows WHERE list_contains(directors, ?)", nconst)
        keys = sorted(key for (key,) in crew)
        if not keys:
            return []
        marks = ", ".join("?" * len(keys))
        sql = (
            f"SELECT {_FIELDS} FROM rows WHERE tconst IN ({marks}) AND title_type IN {FILM_TYPES} "
            "ORDER BY start_year NULLS LAST, tconst"
        )
        return [Title(*row) for row in self._rows("imdb/title_basics", sql, *keys)]

    def credits(self, tconst: str) -> list[Credit]:
        """A title's credits in billing order."""
        sql = "SELECT ordering, nconst, category, job, characters FROM rows WHERE tconst = ? ORDER BY ordering"
        rows = self._rows("imdb/title_principals", sql, tconst)
        names = self.names(row[1] for row in rows)
        return [
            Credit(ordering, nconst, names.get(nconst), category, job, tuple(characters or ()))
            for ordering, nconst, category, job, characters in rows
        ]

    def names(self, nconsts: Iterable[str]) -> dict[str, str]:
        """Names by key, of those that `name_basics` has."""
        keys = sorted(set(nconsts))
        if not keys:
            return {}
        # A list of constants, not a join: only so are row groups passed over by their smallest and largest key.
        marks = ", ".join("?" * len(keys))
        sql = f"SELECT nconst, primary_name FROM rows WHERE nconst IN ({marks}) AND primary_name IS NOT NULL"
        return dict(self._rows("imdb/name_basics", sql, *keys))

    def people_called(self, name: str) -> list[Person]:
        """All people with this name: in this very spelling, else whatever their case and accents."""
        fields = "nconst, primary_name"
        spelled = f"SELECT {fields} FROM rows WHERE primary_name = ?"
        rows = self._rows("imdb/name_basics", spelled, name) or self._rows(
            "imdb/name_basics", f"SELECT {fields} FROM rows WHERE bare_title(primary_name) = bare_title(?)", name
        )
        return [Person(*row) for row in rows]

    def _rows(self, table: str, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        if not self.has(table):
            return []
        files = str(self.lake / table / "*.parquet").replace("'", "''")
        rows = f"(SELECT * FROM read_parquet('{files}'))"
        return self._db.execute(sql.replace("FROM rows", f"FROM {rows} AS rows"), values).fetchall()


def build_film_titles(basics: Sequence[Path], staging: Path) -> Path:
    """Write `FILM_TITLES` from the Parquet files of `imdb/title_basics`; returns the folder, `staging`/rows.

    Memory stays under 1 GB; what does not fit is sorted on disk.
    """
    folder = staging / "rows"
    folder.mkdir(parents=True, exist_ok=True)
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY,
        "temp_directory": str(staging / "spill"),
    }
    with duckdb.connect(config=settings) as db:
        db.execute(_TITLE_KEY)
        target = str(folder / "part-00000.parquet").replace("'", "''")
        db.execute(
            f"""
            COPY (
                WITH films AS MATERIALIZED (
                        SELECT title_key(primary_title) AS own,
                            CASE WHEN original_title <> primary_title THEN title_key(original_title) END AS original,
                            {_FIELDS}
                        FROM read_parquet(?) WHERE title_type IN {FILM_TYPES}
                     ),
                     named AS (
                        SELECT own AS title_key, {_FIELDS} FROM films
                        UNION ALL
                        SELECT original, {_FIELDS} FROM films WHERE original IS DISTINCT FROM own
                     )
                SELECT * FROM named WHERE title_key IS NOT NULL ORDER BY title_key, tconst
            ) TO '{target}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)
            """,
            [[str(path) for path in basics]],
        )
    return folder
