"""Matches the names of films with IMDB's titles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from wios_assets.imdb.lookup import SERIES_TYPES, Episode, ImdbLookup, Title
from wios_assets.text import caseless, fold, plain, words

LATEST_YEAR = 2100
SHORTEST_FILM_MINUTES = 45
"""IMDB's own line between a short and a film (help.imdb.com, "short")."""

_TAG = re.compile(r"[\[{(]\s*imdb(?:id)?\s*[-=:]\s*(tt\d{7,10})\s*[\]})]", re.IGNORECASE)
_BRACKETS = re.compile(r"\[[^\]]*\]|\{[^}]*\}")
_YEAR_IN_BRACKETS = re.compile(r"[(\[]\s*((?:18|19|20)\d\d)(?:\s*[-–]\s*(?:\d{4})?)?\s*[)\]]")
_BARE_YEAR = re.compile(r"(?<!\d)((?:18|19|20)\d\d)(?!\d|[x×]\d)")
# What release groups write after title and year: first words that no title has, then words that some titles have.
_TECHNICAL_WORDS = re.compile(
    r"(?<=.)\b(\d{3,4}[x×]\d{3,4}|480p|576p|720p|1080[pi]|2160p|4k|uhd|bluray|blu-ray|brrip|bdrip|dvdrip|webrip|web-dl|hdtv|remux|x26[45]|"
    r"h\.?26[45]|hevc|xvid)\b.*$",
    re.IGNORECASE,
)
_EDITION_WORDS = re.compile(r"(?<=.)\b(remastered|extended|unrated|proper|multi)\b.*$", re.IGNORECASE)
_SITE = re.compile(r"^[\[(]?www\.[\w-]+(?:\.[\w-]+)+[\])]?\s*(?:-\s*)?", re.IGNORECASE)
_EXTENSION = re.compile(r"\.(mkv|mp4|avi|m4v|mov|wmv|webm|mpe?g|ts|m2ts|ogv|flv)$", re.IGNORECASE)


@dataclass(frozen=True)
class NameReading:
    """One way to read a file's or folder's name."""

    title: str
    year: int | None


@dataclass(frozen=True)
class Match:
    """The title that a film is.

    Attributes:
        tconst: IMDB's key. title: as IMDB has it, None where the table does not have the key. year: likewise.
        matched_by: sidecar, tag, nfo, title and year, other title and year, or title.
        runtime_minutes: IMDB's length. in_tables: False where the key was given and `title_basics` lacks it.
        credited: keys of the titles whose credits are the cast: the title itself; for an episode its series and then
            the episodes that are in the file.
    """

    tconst: str
    title: str | None
    year: int | None
    matched_by: str
    runtime_minutes: int | None = None
    in_tables: bool = True
    credited: tuple[str, ...] = ()

    @property
    def credited_titles(self) -> tuple[str, ...]:
        """`credited`, the title itself where that is empty."""
        return self.credited or (self.tconst,)


@dataclass(frozen=True)
class Ambiguous:
    """Several titles that the film may be, or series that the episode may belong to; nothing was chosen."""

    name: str
    candidates: tuple[Title, ...]
    series: bool = False

    @property
    def message(self) -> str:
        """One line: what it may be, and how to choose."""
        listed = "; ".join(_described(title) for title in self.candidates[:8])
        more = f"; and {len(self.candidates) - 8} more" if len(self.candidates) > 8 else ""
        first = self.candidates[0].tconst
        if self.series:
            return (
                f"the series {self.name!r} may be {listed}{more}. Choose one: `tconst: {first}` in `tvshow.wios.yaml` "
                f"in its folder, or `[imdbid-{first}]` in the folder's name"
            )
        return (
            f"{self.name!r} may be {listed}{more}. Choose one: `tconst: {first}` in the film's sidecar, "
            f"`[imdbid-{first}]` in its name, or `wios film add … --tconst {first}`"
        )


def match_title(
    names: Sequence[str],
    tconst: str | None,
    runtime_s: float | None,
    lookup: ImdbLookup,
    nfo_tconst: str | None = None,
) -> Match | Ambiguous | None:
    """The title of a film, several that it may be, or None.

    In this order: a key that was given; a tag such as `[imdbid-tt0133093]` in a name; the key in an nfo file; `Title
    (Year)`, tolerant of case, accents, punctuation, articles, a year more or less, and of either title that IMDB has. A
    title of another country or language (`title.akas`) counts only with its year. Of several titles that fit, the one
    spelled like the name wins, then the one whose length is the film's; otherwise none is chosen.

    Args:
        names: names of the film without extension, of its folder and its file; the first that matches counts.
        tconst: key from the sidecar or the command line.
        runtime_s: the film's length in seconds, if known.
        nfo_tconst: key in the film's nfo file.
    """
    if tconst is not None:
        return _by_key(tconst, "sidecar", lookup)
    for name in names:
        tag = _TAG.search(name)
        if tag:
            return _by_key(tag.group(1).lower(), "tag", lookup)
    if nfo_tconst is not None:
        return _by_key(nfo_tconst, "nfo", lookup)
    undecided: Ambiguous | None = None
    for name in names:
        # A bare number may be the year or belong to the title: `Wonder Woman 1984`. Every reading counts.
        matched_by: dict[Title, str] = {}
        for reading in readings(name):
            for title in _called(reading, runtime_s, lookup):
                matched_by.setdefault(title, _how(reading, title))
        if runtime_s is not None:
            fitting = {title: by for title, by in matched_by.items() if _may_last(title, runtime_s / 60)}
            matched_by = fitting or matched_by
        if len(matched_by) == 1:
            return _match(*next(iter(matched_by.items())))
        if matched_by and undecided is None:
            films_first = sorted(matched_by, key=lambda title: (title.title_type != "movie", title.tconst))
            undecided = Ambiguous(name, tuple(films_first))
    return undecided


Numbers = tuple[int | None, int, int]
"""Season (0 for specials, None for absolute numbers), first and last episode."""


def match_episode(
    series: str,
    numbers: Numbers | str,
    series_tconst: str | None,
    lookup: ImdbLookup,
    tconst: str | None = None,
) -> Match | Ambiguous | None:
    """The title of an episode, several series that it may belong to, or None.

    Where IMDB does not have the episode, the match is its series, with the numbers in the title.

    Args:
        series: title of the series, perhaps with its year.
        numbers: the episode's; or the code of one without a number, such as the day on which it was shown.
        series_tconst: the series' key, or the key of any of its episodes; None to look for the series by its title.
        tconst: the episode's own key, if known.
    """
    if tconst is not None and (parent := lookup.series_of(tconst)) is not None:
        match = _by_key(tconst, "nfo", lookup)
        number = next((episode for episode in lookup.episodes(parent) if episode.tconst == tconst), None)
        further = 0 if isinstance(numbers, str) else numbers[2] - numbers[1]
        more = _numbered(lookup.episodes(parent), number.season, number.number, further) if number else []
        credited = (parent, tconst, *(episode.tconst for episode in more if episode.tconst != tconst))
        return replace(match, title=_episode_title(lookup, parent, series, numbers, tconst), credited=credited)
    found: Match | Ambiguous | None
    if series_tconst is not None:
        found = _by_key(lookup.series_of(series_tconst) or series_tconst, "tag", lookup)
    else:
        found = _match_series(series, numbers, lookup)
    if not isinstance(found, Match):
        return found
    episodes = _episodes_of(lookup.episodes(found.tconst), numbers)
    own = lookup.title(episodes[0].tconst) if episodes else None
    title = _episode_title(lookup, found.tconst, found.title or series, numbers, own.tconst if own else None)
    return Match(
        episodes[0].tconst if episodes else found.tconst,
        title,
        own.year if own else found.year,
        found.matched_by,
        own.runtime_minutes if own else None,
        found.in_tables,
        (found.tconst, *(episode.tconst for episode in episodes)),
    )


def episode_code(numbers: Numbers | str) -> str:
    """`S01E02`, `S01E01-E02`, or `E1071` for an absolute number."""
    if isinstance(numbers, str):
        return numbers
    season, first, last = numbers
    return (
        (f"S{season:02d}" if season is not None else "") + f"E{first:02d}" + (f"-E{last:02d}" if last != first else "")
    )


def _match_series(name: str, numbers: Numbers | str, lookup: ImdbLookup) -> Match | Ambiguous | None:
    for reading in readings(name):
        titles = _best_titles(reading, lookup.titles_called(reading.title, reading.year, SERIES_TYPES))
        if len(titles) > 1:
            having = [title for title in titles if _episodes_of(lookup.episodes(title.tconst), numbers)]
            titles = having or titles
        if len(titles) == 1:
            return _match(titles[0], _how(reading, titles[0]))
        if titles:
            return Ambiguous(name, tuple(sorted(titles, key=lambda title: title.tconst)), series=True)
    return None


def _episodes_of(episodes: Sequence[Episode], numbers: Numbers | str) -> list[Episode]:
    """The episodes of a file among those of its series, in order; none for an episode without a number."""
    if isinstance(numbers, str):
        return []
    season, first, last = numbers
    if season is not None:
        return _numbered(episodes, season, first, last - first)
    regular = [episode for episode in episodes if episode.season > 0]
    seasons = sorted({episode.season for episode in regular})
    starts = [min(episode.number for episode in regular if episode.season == season) for season in seasons]
    ends = [max(episode.number for episode in regular if episode.season == season) for season in seasons]
    if all(start > end for start, end in zip(starts[1:], ends[:-1], strict=True)):
        # The numbers go on from season to season, so they are the absolute ones.
        return [episode for episode in regular if first <= episode.number <= last]
    # Else an absolute number counts all seasons before, which must be complete for that.
    counted = [(episode.season, episode.number) for episode in regular]
    complete = counted == [(s, n) for s, end in zip(seasons, ends, strict=True) for n in range(1, end + 1)]
    return regular[first - 1 : last] if complete and last <= len(regular) else []


def _numbered(episodes: Sequence[Episode], season: int, first: int, more: int) -> list[Episode]:
    return [episode for episode in episodes if episode.season == season and first <= episode.number <= first + more]


def _episode_title(
    lookup: ImdbLookup, series_tconst: str, series: str, numbers: Numbers | str, tconst: str | None
) -> str:
    """`Fargo S01E02 The Rooster Prince`."""
    known, own = lookup.title(series_tconst), lookup.title(tconst) if tconst is not None else None
    name = known.primary_title if known is not None else title_from_name(series)[0]
    return " ".join([name, episode_code(numbers), *([own.primary_title] if own is not None else [])])


def readings(name: str) -> Iterator[NameReading]:
    """Ways to read a name, the likeliest first.

    `Title (Year)` as Kodi, Jellyfin and Plex want it; a title alone; a release's `The.Title.1999.1080p.x264`.
    """
    name = _EXTENSION.sub("", plain(name))
    name = _SITE.sub("", name) or name
    in_brackets = list(_YEAR_IN_BRACKETS.finditer(name))
    if in_brackets:
        last = in_brackets[-1]
        before = name[: last.start()]
        title = _tidy(_BRACKETS.sub(" ", before)) or _tidy(re.sub(r"[\[\]{}]", " ", before))
        if title:
            yield NameReading(title, int(last.group(1)))
            return
    bare = _BRACKETS.sub(" ", name)
    if " " not in bare.strip():
        bare = re.sub(r"[._]+", " ", bare)
    cut = _TECHNICAL_WORDS.sub("", bare)
    seen = set()
    for year in reversed(list(_BARE_YEAR.finditer(cut))):
        title = _tidy(cut[: year.start()])
        if title and int(year.group(1)) <= LATEST_YEAR:
            yield NameReading(title, int(year.group(1)))
    for text in (_EDITION_WORDS.sub("", cut), cut, bare):
        title = _tidy(text)
        if title and title not in seen:
            seen.add(title)
            yield NameReading(title, None)


def title_from_name(name: str) -> tuple[str, int | None]:
    """Title and year as the name alone has them, for a film that matches nothing."""
    for reading in readings(name):
        return reading.title, reading.year
    return name, None


def _by_key(tconst: str, matched_by: str, lookup: ImdbLookup) -> Match:
    title = lookup.title(tconst)
    if title is None:
        return Match(tconst, None, None, matched_by, in_tables=False)
    return _match(title, matched_by)


def _called(reading: NameReading, runtime_s: float | None, lookup: ImdbLookup) -> list[Title]:
    """Titles with the spelling closest to a reading, of its year if it has one."""
    titles = _best_titles(reading, lookup.titles_called(reading.title, reading.year))
    # Title and year outweigh the length: there are longer cuts, and there are excerpts. A title alone does not.
    if reading.year is None and runtime_s is not None:
        titles = [title for title in titles if _may_last(title, runtime_s / 60)]
    return titles


def _best_titles(reading: NameReading, titles: Sequence[Title]) -> list[Title]:
    """Titles of the reading's year, else a year off, with the closest spelling."""
    own = [title for title in titles if not title.other_titles]
    if reading.year is not None:
        # The year on a case and in IMDB differ by one where a film ran at a festival first.
        exact = [title for title in own if title.year == reading.year]
        others = [title for title in titles if title.other_titles]
        of_year = [title for title in others if title.year == reading.year]
        own = exact or [*own, *of_year] or others
    closest = min((_spelling(reading.title, title) for title in own if not title.other_titles), default=0)
    return [title for title in own if title.other_titles or _spelling(reading.title, title) == closest]


def _how(reading: NameReading, title: Title) -> str:
    """What a reading and a title agree in."""
    if title.other_titles:
        return "other title and year"
    return "title" if reading.year is None else "title and year"


def _may_last(title: Title, minutes: float) -> bool:
    """Whether a title's length, or its type where IMDB lacks it, agrees with the film's length in minutes."""
    if title.runtime_minutes is not None:
        return abs(title.runtime_minutes - minutes) <= max(3.0, 0.08 * minutes)
    if title.title_type in ("short", "tvShort"):
        return minutes <= SHORTEST_FILM_MINUTES
    return title.title_type != "movie" or minutes > SHORTEST_FILM_MINUTES / 2


def _spelling(name: str, title: Title) -> int:
    """Difference in spelling between a name and a title: 0 for the same letters, 3 where only the keys agree."""
    return min(
        next((level for level, plain in enumerate(_PLAINER) if plain(name) == plain(spelling)), len(_PLAINER))
        for spelling in title.other_titles or (title.primary_title, title.original_title)
    )


def _without_marks(name: str) -> str:
    return fold(words(name))


_PLAINER: tuple[Callable[[str], str], ...] = (caseless, words, _without_marks)


def _match(title: Title, matched_by: str) -> Match:
    # The owner's own title, as IMDB spells it.
    name = title.other_titles[0] if title.other_titles else title.primary_title
    return Match(title.tconst, name, title.year, matched_by, title.runtime_minutes)


def _described(title: Title) -> str:
    year = title.year if title.year is not None else "year unknown"
    length = f", {title.runtime_minutes} min" if title.runtime_minutes is not None else ""
    return f"{title.tconst} {title.primary_title!r} ({title.title_type}, {year}{length})"


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" -–_.,").rstrip("([{ ")
