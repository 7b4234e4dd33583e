"""Looks up titles, credits and people in the lake's IMDB tables through DuckDB."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from wios_assets import tables
from wios_assets.text import letters_beyond_latin

FILM_TYPES = ("movie", "tvMovie", "video", "short", "tvShort", "tvSpecial", "tvMiniSeries")
"""Title types that one video file may be; series, episodes and games are not."""

SERIES_TYPES = ("tvSeries", "tvMiniSeries")
"""Title types whose episodes one video file each may be."""

FILM_TITLES = tables.FILM_TITLES.name
SERIES_EPISODES = tables.SERIES_EPISODES.name

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
    """A title of IMDB; `runtime_minutes` and `year` are None where IMDB lacks them.

    Attributes:
        other_titles: titles of `title.akas` under which a look-up found it, empty where its primary or original title
            agrees.
    """

    tconst: str
    title_type: str
    primary_title: str
    original_title: str
    year: int | None
    runtime_minutes: int | None
    other_titles: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Episode:
    """An episode of a series: its key, season and number in it."""

    tconst: str
    season: int
    number: int


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

    def titles_called(self, name: str, year: int | None, types: tuple[str, ...] = FILM_TYPES) -> list[Title]:
        """Titles of these types one of whose titles has the same key as `name`; of `year` ± 1 if one is given.

        The key has bare letters; vowel signs of Devanagari or Thai and the voicing marks of kana are compared after it.
        """
        bounds = [] if year is None else [year - 1, year + 1]
        when = f"title_type IN {types} " + ("" if year is None else "AND start_year BETWEEN ? AND ?")
        if self.has(FILM_TITLES):
            # Earlier versions stored the index without this column; it comes with the next load.
            other = "other_title" if "other_title" in self._columns(FILM_TITLES) else "NULL AS other_title"
            sql = f"SELECT {other}, {_FIELDS} FROM rows WHERE {when} AND title_key = ?"
            rows = self._rows(FILM_TITLES, sql, *bounds, self.title_key(name))
        else:
            sql = (
                f"SELECT NULL AS other_title, {_FIELDS} FROM rows WHERE {when} "
                f"AND ? IN (title_key(primary_title), title_key(original_title))"
            )
            rows = self._rows("imdb/title_basics", sql, *bounds, self.title_key(name))
        titles: dict[tuple[Any, ...], list[str | None]] = {}
        wanted = letters_beyond_latin(name)
        for row in rows:
            spellings = (row[0],) if row[0] is not None else (row[3], row[4])
            if any(letters_beyond_latin(spelling or "") == wanted for spelling in spellings):
                titles.setdefault(row[1:], []).append(row[0])
        return [
            replace(
                Title(*fields),
                other_titles=() if None in others else tuple(title for title in others if title is not None),
            )
            for fields, others in titles.items()
        ]

    def series_of(self, tconst: str) -> str | None:
        """The series that an episode belongs to; None where the key is no episode's."""
        rows = self._rows("imdb/title_episode", "SELECT parent_tconst FROM rows WHERE tconst = ?", tconst)
        return rows[0][0] if rows else None

    def episodes(self, series: str) -> list[Episode]:
        """The episodes of a series whose numbers are known, in order."""
        sql = (
            "SELECT tconst, season_number, episode_number FROM rows WHERE parent_tconst = ? "
            "ORDER BY season_number, episode_number, tconst"
        )
        return [Episode(*row) for row in self._rows(SERIES_EPISODES, sql, series)]

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
        wanted = letters_beyond_latin(name)
        return [Person(*row) for row in rows if letters_beyond_latin(row[1] or "") == wanted]

    def _columns(self, table: str) -> list[str]:
        return list(pq.read_schema(next((self.lake / table).glob("*.parquet"))).names)

    def _rows(self, table: str, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        if not self.has(table):
            return []
        files = str(self.lake / table / "*.parquet").replace("'", "''")
        rows = f"(SELECT * FROM read_parquet('{files}'))"
        return self._db.execute(sql.replace("FROM rows", f"FROM {rows} AS rows"), values).fetchall()


def build_film_titles(basics: Sequence[Path], staging: Path, akas: Sequence[Path] = ()) -> Path:
    """Write `FILM_TITLES` from the Parquet files of `imdb/title_basics` and `imdb/title_akas`.

    Memory stays under 1 GB; what does not fit is sorted on disk.

    Returns:
        The folder of the rows, `staging`/rows.
    """
    other = f"""
        UNION ALL
        SELECT title_key(title) AS title_key, min(title), {_FIELDS}
        FROM read_parquet($akas) JOIN films USING (tconst)
        GROUP BY ALL HAVING title_key IS DISTINCT FROM any_value(own) AND title_key IS DISTINCT FROM any_value(original)
    """
    return _write_index(
        staging,
        f"""
        WITH films AS MATERIALIZED (
                SELECT title_key(primary_title) AS own,
                    CASE WHEN original_title <> primary_title THEN title_key(original_title) END AS original,
                    {_FIELDS}
                FROM read_parquet($basics) WHERE title_type IN {(*FILM_TYPES, *SERIES_TYPES)}
             ),
             named AS (
                SELECT own AS title_key, NULL::VARCHAR AS other_title, {_FIELDS} FROM films
                UNION ALL
                SELECT original, NULL, {_FIELDS} FROM films WHERE original IS DISTINCT FROM own
                {other if akas else ""}
             )
        SELECT * FROM named WHERE title_key IS NOT NULL ORDER BY title_key, tconst, other_title
        """,
        {"basics": basics, **({"akas": akas} if akas else {})},
    )


def build_series_episodes(episodes: Sequence[Path], staging: Path) -> Path:
    """Write `SERIES_EPISODES` from the Parquet files of `imdb/title_episode`; memory as in `build_film_titles`.

    Returns:
        The folder of the rows, `staging`/rows.
    """
    return _write_index(
        staging,
        """
        SELECT parent_tconst, season_number, episode_number, tconst FROM read_parquet($episodes)
        WHERE season_number IS NOT NULL AND episode_number IS NOT NULL
        ORDER BY parent_tconst, season_number, episode_number, tconst
        """,
        {"episodes": episodes},
    )


def _write_index(staging: Path, query: str, files: dict[str, Sequence[Path]]) -> Path:
    """Write a query's rows, in row groups that are small enough for look-ups, to `staging`/rows."""
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
            f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)",
            {name: [str(path) for path in paths] for name, paths in files.items()},
        )
    return folder
