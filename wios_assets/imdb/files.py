"""Schema of IMDB's files: names, columns, and the kinds of their values.

The form is IMDB's own (https://developer.imdb.com/non-commercial-datasets/): tab-separated UTF-8 with one header
line, `\\N` for null, nothing quoted or escaped, lists joined by commas, and `characters` as a JSON list.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from wios_assets.errors import NotFound
from wios_assets.tables import (
    NAME_BASICS,
    TITLE_AKAS,
    TITLE_BASICS,
    TITLE_CREW,
    TITLE_EPISODE,
    TITLE_PRINCIPALS,
    Table,
)

TERMS = (
    "IMDB's files are for personal and non-commercial use only; by loading them you accept IMDB's terms "
    "(https://developer.imdb.com/non-commercial-datasets/). Information courtesy of IMDb (https://www.imdb.com). "
    "Used with permission."
)
PUBLIC_ADDRESS = "https://datasets.imdbws.com/"


class Kind(Enum):
    """What a value of a column must be."""

    TITLE_KEY = "a key of a title (tt and 7 to 10 digits)"
    NAME_KEY = "a key of a person (nm and 7 to 10 digits)"
    TITLE_KEYS = "keys of titles, joined by commas"
    NAME_KEYS = "keys of people, joined by commas"
    TEXT = "text"
    FLAG = "0 or 1"
    YEAR = "a year of four digits"
    NUMBER = "a whole number"
    WORDS = "words, joined by commas"
    JSON_LIST = "a JSON list of texts"


@dataclass(frozen=True)
class ImdbFile:
    """One of IMDB's files.

    Attributes:
        table: the table of the lake that it becomes.
        stem: name without `.tsv.gz`.
        columns: the file's column name and kind, in the order of the table's columns.
        key: columns of the table that name a row; their values are never null.
        films_only: only lines of films and series are kept; the others are counted as passed over.
        rows_a_group: rows of a Parquet row group. A look-up reads one for each key: a title's credits stand together
            in one, but the people of a cast in as many as there are people, so theirs are smaller.
    """

    table: Table
    stem: str
    columns: tuple[tuple[str, Kind], ...]
    key: tuple[str, ...]
    films_only: bool = False
    rows_a_group: int = 50_000

    @property
    def names(self) -> tuple[str, ...]:
        """Column names as in the file."""
        return tuple(name for name, _ in self.columns)


IMDB_FILES: dict[str, ImdbFile] = {
    file.table.name: file
    for file in (
        ImdbFile(
            TITLE_BASICS,
            "title.basics",
            (
                ("tconst", Kind.TITLE_KEY),
                ("titleType", Kind.TEXT),
                ("primaryTitle", Kind.TEXT),
                ("originalTitle", Kind.TEXT),
                ("isAdult", Kind.FLAG),
                ("startYear", Kind.YEAR),
                ("endYear", Kind.YEAR),
                ("runtimeMinutes", Kind.NUMBER),
                ("genres", Kind.WORDS),
            ),
            key=("tconst",),
        ),
        ImdbFile(
            TITLE_PRINCIPALS,
            "title.principals",
            (
                ("tconst", Kind.TITLE_KEY),
                ("ordering", Kind.NUMBER),
                ("nconst", Kind.NAME_KEY),
                ("category", Kind.TEXT),
                ("job", Kind.TEXT),
                ("characters", Kind.JSON_LIST),
            ),
            key=("tconst", "ordering"),
        ),
        ImdbFile(
            TITLE_CREW,
            "title.crew",
            (("tconst", Kind.TITLE_KEY), ("directors", Kind.NAME_KEYS), ("writers", Kind.NAME_KEYS)),
            key=("tconst",),
        ),
        ImdbFile(
            NAME_BASICS,
            "name.basics",
            (
                ("nconst", Kind.NAME_KEY),
                ("primaryName", Kind.TEXT),
                ("birthYear", Kind.YEAR),
                ("deathYear", Kind.YEAR),
                ("primaryProfession", Kind.WORDS),
                ("knownForTitles", Kind.TITLE_KEYS),
            ),
            key=("nconst",),
            rows_a_group=10_000,
        ),
    )
}


OPTIONAL_FILES: dict[str, ImdbFile] = {
    file.table.name: file
    for file in (
        ImdbFile(
            TITLE_EPISODE,
            "title.episode",
            (
                ("tconst", Kind.TITLE_KEY),
                ("parentTconst", Kind.TITLE_KEY),
                ("seasonNumber", Kind.NUMBER),
                ("episodeNumber", Kind.NUMBER),
            ),
            key=("tconst",),
        ),
        ImdbFile(
            TITLE_AKAS,
            "title.akas",
            (
                ("titleId", Kind.TITLE_KEY),
                ("ordering", Kind.NUMBER),
                ("title", Kind.TEXT),
                ("region", Kind.TEXT),
                ("language", Kind.TEXT),
            ),
            key=("tconst", "ordering"),
            films_only=True,
        ),
    )
}
"""Files that are loaded where they lie beside the four of `IMDB_FILES`; without them their tables are empty."""

ALL_FILES: dict[str, ImdbFile] = {**IMDB_FILES, **OPTIONAL_FILES}


def find_file(folder: Path, table: str) -> Path:
    """The file of a table in `folder`: `title.basics.tsv.gz` or `title.basics.tsv`, the newer of the two.

    Raises:
        WiosError: there is neither.
    """
    file = file_if_there(folder, table)
    if file is None:
        stem = ALL_FILES[table].stem
        raise NotFound(f"{folder}: there is no {stem}.tsv.gz; put IMDB's file there, or download it")
    return file


def file_if_there(folder: Path, table: str) -> Path | None:
    """As `find_file`, None where there is neither."""
    stem = ALL_FILES[table].stem
    files = [path for path in (folder / f"{stem}.tsv.gz", folder / f"{stem}.tsv") if path.is_file()]
    return max(files, key=lambda path: path.stat().st_mtime_ns, default=None)
