"""Finds out which folders hold a series, and which episodes their files are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wios_assets.films.names import (
    EpisodeNumber,
    is_fansub_name,
    read_absolute_episode,
    read_dated_episode,
    read_episode,
    read_name,
    read_part_folder,
    read_season,
)
from wios_assets.films.stacks import Stack
from wios_assets.films.tree import Folder
from wios_assets.text import name_key, plain

# Names of shelves of series.
_SERIES_SHELVES = frozenset(
    {
        *("tv", "tv shows", "tv-shows", "tvshows", "shows", "series", "serien", "séries", "serie", "anime", "animes"),
        *(
            "television",
            "episodes",
            "miniseries",
            "downloads",
            "download",
            "media",
            "videos",
            "video",
            "new",
            "incoming",
        ),
        *("complete", "torrents", "unsorted", "temp", "сериалы", "アニメ", "剧集", "neu"),
    }
)
_WITHOUT_YEAR = re.compile(r"\s*\(\d{4}\)$")
_ENDS_IN_YEAR = re.compile(r"\(\d{4}\)\s*$")
_EXPLICIT = re.compile(r"(?:^|[\s._\[-])(?:e|ep|episode)[ ._]?\d{1,4}(?!\d)", re.IGNORECASE)


@dataclass(frozen=True)
class SeriesFolder:
    """A folder that holds episodes.

    Attributes:
        season: the season whose folder it is, 0 for specials; None where it holds several, or absolute numbers.
        title: the series' title with its year, from the folders; empty where only the files say it.
        is_sure: whether the title holds whatever the files' names say.
        named: the name of the folder where it holds one episode and says which; empty for others.
        is_numbered: whether its files are counted over the whole series.
    """

    season: int | None
    title: str
    is_sure: bool = False
    named: str = ""
    is_numbered: bool = False

    @property
    def is_episode(self) -> bool:
        """Whether the folder holds one episode."""
        return bool(self.named)


def series_folder_of(folder: Folder, above: tuple[Folder, ...]) -> SeriesFolder | None:
    """What a folder inside the folders `above` (the root first) holds of a series; None where it holds none."""
    if not above:
        return SeriesFolder(None, "") if _has_only_dates(folder) else None
    season = _season_of(folder, above)
    chain = [*above[1:], folder]
    named = ""
    if read_episode(folder.name, season=_season_of(above[-1], above[:-1])) is not None and _holds_one(folder):
        named = folder.name
        season = _season_of(above[-1], above[:-1])
    titled = _titled(chain[:-1] if named else chain)
    title = read_name(titled.name).title if titled is not None else ""
    is_sure = season is not None or (titled is not None and _has_year(titled.name))
    if season is not None or named:
        return SeriesFolder(season, title, is_sure, named)
    numbered = _has_absolute_numbers(folder)
    if numbered or _has_seasons(folder) or _has_only_dates(folder):
        return SeriesFolder(None, title, True, is_numbered=numbered)
    if any(read_episode(file.stem) for file in folder.videos):
        only = all(read_episode(file.stem) for file in folder.videos)
        return SeriesFolder(None, title, is_sure) if only else None
    return None


def episodes_of(
    stacks: Iterable[Stack], series: SeriesFolder
) -> Iterator[tuple[Stack, EpisodeNumber | None, str, str]]:
    """Each file with its episode, its series' title, and its own name where it has no number.

    The episode is None for a file that is a film of its own.
    """
    for stack in stacks:
        stem = series.named or stack.name
        episode = read_episode(stem, series.season) or read_dated_episode(stem)
        if episode is None and (series.title or is_fansub_name(stem)) and series.season is None:
            episode = _absolute(stem, series)
        if episode is None and series.season is not None:
            episode = EpisodeNumber(series.season, None, None, "")
        if episode is None:
            yield stack, None, "", ""
            continue
        own = _own_name(stem, series.title) if episode.first is None and not episode.date else ""
        yield stack, episode, _series_title(series, episode, stem), own


def _absolute(stem: str, series: SeriesFolder) -> EpisodeNumber | None:
    if series.is_numbered and stem.isdecimal():
        return EpisodeNumber(None, int(stem), int(stem), "")
    return read_absolute_episode(stem)


def _own_name(stem: str, series: str) -> str:
    """What an episode without a number is called, without its series' title."""
    name = read_name(stem).title
    first, _, rest = name.partition(" - ")
    return rest if rest and name_key(first) in (name_key(series), name_key(_WITHOUT_YEAR.sub("", series))) else name


def _series_title(series: SeriesFolder, episode: EpisodeNumber, stem: str) -> str:
    """The series' title: the folder's, unless it is a shelf on which the file names another."""
    own = read_name(episode.series).title if episode.series else ""
    if not series.title or series.is_sure or not own:
        return series.title or own
    folder, file = name_key(_WITHOUT_YEAR.sub("", series.title)), name_key(_WITHOUT_YEAR.sub("", own))
    initials = "".join(word[0] for word in series.title.split() if word[0].isalnum()).casefold()
    same = folder.startswith(file) or file.startswith(folder) or file == initials
    return series.title if same else own


def _season_of(folder: Folder, above: Sequence[Folder]) -> int | None:
    """The season that a folder holds; `Disc 1` inside a season's folder is part of it."""
    if not above:
        return None
    season = read_season(folder.name)
    if season is None and plain(folder.name).isdecimal():
        seasons = {episode.season for file in folder.videos if (episode := read_episode(file.stem))}
        season = int(folder.name) if seasons == {int(folder.name)} else None
    if season is None and read_part_folder(folder.name) is not None:
        return _season_of(above[-1], above[:-1])
    if season is not None and _ENDS_IN_YEAR.search(plain(folder.name)):
        # `Season 2 (2020)` may be a film.
        return season if any(read_episode(file.stem) for file in folder.videos) else None
    if season == 0 and folder.videos and not _is_in_series(folder, above):
        return None
    return season


def _is_in_series(folder: Folder, above: Sequence[Folder]) -> bool:
    """Whether a folder of specials is beside seasons or holds numbered files, and not beside a film."""
    numbered = any(read_episode(file.stem) for file in folder.videos)
    return numbered or (_has_seasons(above[-1]) and len(above) > 1)


def _titled(chain: Sequence[Folder]) -> Folder | None:
    """The innermost folder that has a series' title; None where only shelves are above."""
    rest = list(chain)
    while rest:
        name, outer = rest[-1].name, tuple(rest[:-1])
        inner_of_series = read_season(name) is not None or read_part_folder(name) is not None or name.isdecimal()
        if inner_of_series and (outer or read_season(name) is not None):
            numbered = name.isdecimal() and _season_of(rest[-1], (Folder(""), *outer)) is None
            if not numbered:
                rest.pop()
                continue
        if read_episode(name) is None:
            break
        rest.pop()
    return rest[-1] if rest and plain(rest[-1].name).casefold() not in _SERIES_SHELVES else None


def _holds_one(folder: Folder) -> bool:
    """Whether a folder called as an episode holds no file that is called as another."""
    own = read_episode(folder.name)
    codes = {episode.code for file in folder.videos if (episode := read_episode(file.stem))}
    return bool(folder.videos) and (not codes or own is None or codes == {own.code})


def _has_seasons(folder: Folder) -> bool:
    return any(
        read_season(inner.name) not in (None, 0) and (inner.videos or inner.folders) and not _has_year(inner.name)
        for inner in folder.folders
    )


def _has_year(name: str) -> bool:
    read = read_name(name)
    return read.year is not None or read.tconst is not None


def _has_only_dates(folder: Folder) -> bool:
    """Whether a folder's files are called by a title and the day on which they were shown."""
    return bool(folder.videos) and all(
        (read_dated_episode(file.stem) is not None and read_name(file.stem).year is None) or _is_dated_series(file.stem)
        for file in folder.videos
    )


def _is_dated_series(stem: str) -> bool:
    episode = read_dated_episode(stem)
    return episode is not None and bool(episode.series)


def _has_absolute_numbers(folder: Folder) -> bool:
    """Whether a folder's files are called by its name and a number: `One Piece - 1071`, or by a number alone.

    Years do not count, because `Heat - 1986` and `Heat - 1995` are films, and neither do numbers such as those of
    `Rocky 2` and `Ocean's 11`.
    """
    title = name_key(_WITHOUT_YEAR.sub("", read_name(folder.name).title))
    if not title:
        return False
    stems = [file.stem for file in folder.videos]
    if len(stems) >= 3 and all(stem.isdecimal() and len(stem) in (2, 3) for stem in stems):
        return True
    episodes = [(stem, read_absolute_episode(stem)) for stem in stems]
    own = [(stem, each) for stem, each in episodes if each is not None and name_key(each.series) == title]
    if any(_EXPLICIT.search(stem) for stem, _ in own):
        return True
    numbers = {each.first for _, each in own if each.first is not None}
    years = all(1888 <= number <= 2100 for number in numbers)
    padded = sum(re.search(r"(?<!\d)0\d{1,3}(?!\d)", stem) is not None for stem, _ in own)
    if padded and len(numbers) >= 2:
        return True
    if years or len(numbers) < 2:
        return False
    return min(numbers) >= 100 or sum(" - " in stem for stem, _ in own) >= 3
