"""Episodes among the films of the library, and screen time over a season or a whole series.

An episode is known by its key, which the inbox gives it: `Fargo (2014) S01E02`, `One Piece E1071`, by the day on which
it was shown `The Daily Show 2019-01-02`, or without a number `Fargo (2014) S00 Making of`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wios_assets.errors import NotFound
from wios_assets.lake.library import Library, Row
from wios_assets.lake.questions import films
from wios_assets.text import fold

_EPISODE = re.compile(r"(?P<series>.+?) (?:S(?P<season>\d{2,4}))?E(?P<first>\d{2,4})(?:-E\d{2,4})?")
_DATED = re.compile(r"(?P<series>.+?) (?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)")
_UNNUMBERED = re.compile(r"(?P<series>.+?) S(?P<season>\d{2,4}) \S.*")
_SEASON = re.compile(r"(?P<series>.+?)(?:,? (?:season |s)(?P<season>\d{1,4}))?", re.IGNORECASE)
_YEAR = re.compile(r" \(\d{4}\)$")


UNNUMBERED = 10_000
"""Stands for the number of an episode without one, so that it comes after the others."""


@dataclass(frozen=True)
class EpisodeKey:
    """The parts of an episode's key.

    Attributes:
        series: the series' title, with its year where that is known.
        season: None where episodes are numbered over the whole series; the year where they are known by their day.
        number: month × 100 + day where they are known by their day; `UNNUMBERED` without a number.
    """

    series: str
    season: int | None
    number: int


def episode_of(film: str) -> EpisodeKey | None:
    """Series, season and number in the key of an episode; None for another film."""
    if match := _EPISODE.fullmatch(film):
        season = match["season"]
        return EpisodeKey(match["series"], int(season) if season is not None else None, int(match["first"]))
    if match := _DATED.fullmatch(film):
        return EpisodeKey(match["series"], int(match["year"]), int(match["month"]) * 100 + int(match["day"]))
    if match := _UNNUMBERED.fullmatch(film):
        return EpisodeKey(match["series"], int(match["season"]), UNNUMBERED)
    return None


def episodes_asked(titles: Mapping[str, str | None], asked: str) -> list[str]:
    """Keys of the episodes of a series or a season, in order; none where `asked` names neither, or names a film.

    Args:
        titles: title of each film by key.
        asked: `Fargo (2014)`, `Fargo`, `Fargo (2014) S01` or `Fargo season 1`, whatever case and accents.
    """
    match = _SEASON.fullmatch(" ".join(asked.split()))
    if match is None or not match["series"]:
        return []
    wanted, season = fold(match["series"]), int(match["season"]) if match["season"] is not None else None
    episodes: list[tuple[EpisodeKey, str]] = []
    for key, title in titles.items():
        episode = episode_of(key)
        if fold(asked) in (fold(key), fold(title or "")):
            return []
        if episode is None or (season is not None and episode.season != season):
            continue
        if wanted in (fold(episode.series), fold(_YEAR.sub("", episode.series))):
            episodes.append((episode, key))
    in_order = sorted(episodes, key=lambda each: (each[0].series, each[0].season or 0, each[0].number, each[1]))
    # Two series of one title are told apart by the year only.
    return [key for episode, key in in_order if episode.series == in_order[0][0].series]


def screen_time_of(library: Library, episodes: Sequence[Row]) -> list[dict[str, Any]]:
    """How long each cast member is on screen over several films, by rank.

    People who are not in the cast are left out: `unknown:1` is another person in each film.

    Args:
        episodes: rows of the table `library`.

    Returns:
        rank, actor, nconst, character (those of all films, joined by ` / `), seconds, share of the length of all films
        (0 to 1), appearances, and the number of films that the person is in.
    """
    length = sum(row["duration_s"] for row in episodes)
    people: defaultdict[str, list[Row]] = defaultdict(list)
    for episode in episodes:
        sql = "SELECT * FROM screen_time WHERE film = $film ORDER BY rank, actor"
        for row in library.film_rows("screen_time", episode["film"], sql):
            if row["kind"] == "cast":
                people[row["nconst"] or row["actor"]].append(row)
    totals = [
        {
            "actor": rows[0]["actor"],
            "nconst": rows[0]["nconst"],
            "character": " / ".join(dict.fromkeys(row["character"] for row in rows if row["character"])) or None,
            "seconds": sum(row["seconds"] for row in rows),
            "share": sum(row["seconds"] for row in rows) / length if length else 0.0,
            "appearances": sum(row["appearances"] for row in rows),
            "films": len(rows),
        }
        for rows in people.values()
    ]
    totals.sort(key=lambda person: (-person["seconds"], person["actor"]))
    return [{"rank": rank, **person} for rank, person in enumerate(totals, start=1)]


def find_episodes(library: Library, asked: str) -> list[Row]:
    """Rows of the table `library` of the episodes of a series or season, in order; see `episodes_asked`.

    Raises:
        NotFound: no episode of such a series was analysed.
    """
    known = {film["film"]: film for film in films(library)}
    keys = episodes_asked({key: film["title"] for key, film in known.items()}, asked)
    if not keys:
        raise NotFound(f"no episode of {asked!r} was analysed; `wios film list` names all films")
    return [known[key] for key in keys]
