"""The demo's IMDB tables: invented titles and people in the form of IMDB's files.

Keys begin with tt999999 and nm999999, which IMDB does not use. The tables also have a namesake of the demo's film of
another year, and other titles and people, so that finding the title and its cast is a real join.
"""

from __future__ import annotations

import gzip
import io

from wios_assets.demo.portraits import AVERIL, EILEEN, GRACE

TITLE, YEAR = "Portraits in Motion", 2026
TCONST = "tt99999901"
CREDITS = (
    (GRACE, "nm99999901", "The Admiral"),
    (EILEEN, "nm99999902", "The Commander"),
    (AVERIL, "nm99999903", "The One Who Never Comes"),
)
"""Cast in billing order: name, nconst, character."""

_N = r"\N"
_G, _E, _A = (nconst for _, nconst, _ in CREDITS)
TABLES: dict[str, tuple[tuple[str, ...], ...]] = {
    "title.basics": (
        (
            *("tconst", "titleType", "primaryTitle", "originalTitle", "isAdult"),
            *("startYear", "endYear", "runtimeMinutes", "genres"),
        ),
        (TCONST, "short", TITLE, TITLE, "0", str(YEAR), _N, "1", "Documentary,Short"),
        ("tt99999902", "movie", TITLE, "Retratos en movimiento", "0", "2011", _N, "94", "Drama"),
        ("tt99999903", "movie", '"Still" Life, Moving', '"Still" Life, Moving', "0", "2019", _N, "88", "Comedy,Drama"),
        ("tt99999904", "tvSeries", "Rooms with Faces", "Rooms with Faces", "0", "2015", "2018", _N, _N),
    ),
    "title.principals": (
        ("tconst", "ordering", "nconst", "category", "job", "characters"),
        (TCONST, "1", _G, "actress", _N, f'["{CREDITS[0][2]}"]'),
        (TCONST, "2", _E, "actress", _N, f'["{CREDITS[1][2]}"]'),
        (TCONST, "3", _A, "actress", _N, f'["{CREDITS[2][2]}"]'),
        (TCONST, "4", "nm99999904", "director", _N, _N),
        (TCONST, "5", "nm99999905", "writer", "edit list", _N),
        ("tt99999902", "1", "nm99999906", "actor", _N, '["María","La modelo"]'),
        ("tt99999902", "2", "nm99999907", "actress", _N, r'["Woman - (segment: \"Blue\")"]'),
        ("tt99999903", "1", "nm99999907", "actress", _N, '["Ana"]'),
        ("tt99999903", "2", "nm99999904", "director", _N, _N),
        ("tt99999904", "1", "nm99999908", "self", _N, '["Self"]'),
    ),
    "title.crew": (
        ("tconst", "directors", "writers"),
        (TCONST, "nm99999904", "nm99999905"),
        ("tt99999902", "nm99999906", "nm99999905,nm99999906"),
        ("tt99999903", "nm99999904", _N),
        ("tt99999904", _N, _N),
    ),
    "name.basics": (
        ("nconst", "primaryName", "birthYear", "deathYear", "primaryProfession", "knownForTitles"),
        (_G, GRACE, "1906", "1992", "actress", TCONST),
        (_E, EILEEN, "1956", _N, "actress", TCONST),
        (_A, AVERIL, _N, _N, "actress", TCONST),
        ("nm99999904", "Reel Framer", "1970", _N, "director,producer", f"{TCONST},tt99999903"),
        ("nm99999905", "Cutter Listman", _N, _N, "writer", f"{TCONST},tt99999902"),
        ("nm99999906", "José Retrato", "1944", "2020", "actor,director,writer", "tt99999902"),
        ("nm99999907", "Ana Lienzo", "1961", _N, "actress", "tt99999902,tt99999903"),
        ("nm99999908", EILEEN, "1931", _N, _N, "tt99999904"),
    ),
}
"""Header and rows of each file, fields as the files hold them. The last person is a namesake of a cast member."""


def imdb_file(name: str) -> bytes:
    """A table as `<name>.tsv.gz` holds it: UTF-8, tabs, unquoted, `\\N` for nothing; the same bytes every time."""
    text = "".join("\t".join(row) + "\n" for row in TABLES[name])
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as packed:
        packed.write(text.encode())
    return buffer.getvalue()
