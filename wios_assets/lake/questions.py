"""Queries on the library: which films there are, who is on screen when, and for how long."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping

from wios_assets.errors import BadInput, NotFound
from wios_assets.lake.library import Library, Row
from wios_assets.notation import format_clock
from wios_assets.text import fold

_NEAR = 3
# Samples in a row that could not be read make one stretch, which lasts until the next sample or the film's end.
_UNREADABLE = """
    WITH samples AS (
        SELECT time_s, outcome, lead(time_s) OVER (ORDER BY sample) AS next_s,
            sample - row_number() OVER (PARTITION BY outcome ORDER BY sample) AS stretch
        FROM frame_samples WHERE film = $film
    ), length AS (SELECT duration_s FROM film WHERE film = $film)
    SELECT min(time_s) AS start_s, max(coalesce(next_s, (SELECT duration_s FROM length))) AS end_s
    FROM samples WHERE outcome = 'unreadable' GROUP BY stretch ORDER BY start_s
"""


class UnknownFilm(NotFound):
    """No film of the library has this key or title."""


def films(library: Library) -> list[Row]:
    """The films of the library, by title: rows of the table `library`.

    Raises:
        WiosError: the table is missing from the lake.
    """
    return library.rows("library", "SELECT * FROM library ORDER BY lower(title), film")


def find_film(library: Library, asked: str) -> Row:
    """The film of a key, else of a key or title without case and accents, else of the beginning of either.

    Returns:
        The film's row of the table `library`; its key is `row["film"]`.

    Raises:
        UnknownFilm: no film matches; names the nearest.
        WiosError: several films match.
    """
    known = {film["film"]: film for film in films(library)}
    if not known:
        raise UnknownFilm(f"there is no film {asked!r}: none was analysed yet; `wios run FILM` analyses one")
    return known[match_film(asked, {key: film["title"] for key, film in known.items()})]


def match_film(asked: str, titles: Mapping[str, str | None]) -> str:
    """The key among `titles`, each film's title by key, that `find_film` would find.

    Raises:
        UnknownFilm: no film matches; names the nearest.
        WiosError: several films match.
    """
    if asked in titles:
        return asked
    wanted = fold(asked)
    names_of = {key: {fold(key), fold(title or "")} - {""} for key, title in titles.items()}
    for fits in (wanted.__eq__, lambda name: bool(wanted) and name.startswith(wanted)):
        matches = [key for key, names in names_of.items() if any(map(fits, names))]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise BadInput(f"{asked!r} may be {_listed(matches)}; give the whole key of one")
    owner = {name: key for key, names in names_of.items() for name in names}
    near = [owner[name] for name in difflib.get_close_matches(wanted, owner, n=_NEAR, cutoff=0.6)]
    hint = f"did you mean {_listed(near)}?" if near else "`wios film list` names them all"
    raise UnknownFilm(f"there is no film {asked!r}; {hint}")


def who(library: Library, film: str, seconds: float) -> list[Row]:
    """Appearances at an instant: cast members first, then by probability.

    An appearance includes its start but not its end, except at the end of the film.

    Args:
        film: key or title, or the beginning of either; see `find_film`.
        seconds: seconds on the player's clock.

    Returns:
        Rows of the table `appearances`, `film` included.

    Raises:
        WiosError: unknown film, a time outside it, or its appearances are not in the lake.
    """
    row = find_film(library, film)
    length = row["duration_s"]
    if not 0 <= seconds <= length:
        raise BadInput(
            f"{seconds:.3f} s is outside the film {row['film']!r}, which lasts {length:.3f} s "
            f"({format_clock(math.floor(length))})"
        )
    return library.film_rows(
        "appearances",
        row["film"],
        "SELECT * FROM appearances WHERE film = $film AND start_s <= $t AND $t < end_s "
        "ORDER BY kind, probability DESC NULLS LAST, actor",
        {"t": min(seconds, math.nextafter(length, 0.0))},
    )


def appearances(library: Library, film: str) -> list[Row]:
    """A film's appearances by start: rows of the table `appearances`.

    Raises:
        WiosError: unknown film, or its appearances are not in the lake.
    """
    return _rows_of(library, "appearances", film, "start_s, end_s, actor")


def minutes(library: Library, film: str) -> list[Row]:
    """Who is on screen in each minute, the longest first: rows of the table `minute_appearances`.

    Raises:
        WiosError: unknown film, or its minutes are not in the lake.
    """
    return _rows_of(library, "minute_appearances", film, "minute, kind, seconds DESC, actor")


def screen_time(library: Library, film: str) -> list[Row]:
    """How long each person is on screen, by rank: rows of the table `screen_time`.

    Raises:
        WiosError: unknown film, or its screen time is not in the lake.
    """
    return _rows_of(library, "screen_time", film, "rank, actor")


def unreadable(library: Library, film: str) -> list[tuple[float, float]]:
    """Stretches of a film whose pictures could not be read, as (start, end) in seconds, by start.

    Args:
        film: the film's key.

    Raises:
        WiosError: the film's samples are not in the lake.
    """
    rows = library.film_rows("frame_samples", film, _UNREADABLE)
    return [(row["start_s"], row["end_s"]) for row in rows]


def _rows_of(library: Library, table: str, film: str, order: str) -> list[Row]:
    key = find_film(library, film)["film"]
    return library.film_rows(table, key, f"SELECT * FROM {table} WHERE film = $film ORDER BY {order}")


def _listed(keys: list[str]) -> str:
    unique = list(dict.fromkeys(keys))
    return ", ".join(map(repr, unique[:_NEAR])) + (" or another" if len(unique) > _NEAR else "")
