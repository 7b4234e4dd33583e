"""Matches the names of films with IMDB's titles."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from wios_assets.imdb.lookup import ImdbLookup, Title
from wios_assets.text import caseless, fold, words

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
        matched_by: sidecar, tag, title and year, or title.
        runtime_minutes: IMDB's length. in_tables: False where the key was given and `title_basics` lacks it.
    """

    tconst: str
    title: str | None
    year: int | None
    matched_by: str
    runtime_minutes: int | None = None
    in_tables: bool = True


@dataclass(frozen=True)
class Ambiguous:
    """Several titles that the film may be; nothing was chosen."""

    name: str
    candidates: tuple[Title, ...]

    @property
    def message(self) -> str:
        """One line: what it may be, and how to choose."""
        listed = "; ".join(_described(title) for title in self.candidates[:8])
        more = f"; and {len(self.candidates) - 8} more" if len(self.candidates) > 8 else ""
        first = self.candidates[0].tconst
        return (
            f"{self.name!r} may be {listed}{more}. Choose one: `tconst: {first}` in the film's sidecar, "
            f"`[imdbid-{first}]` in its name, or `wios film add … --tconst {first}`"
        )


def match_title(
    names: Sequence[str], tconst: str | None, runtime_s: float | None, lookup: ImdbLookup
) -> Match | Ambiguous | None:
    """The title of a film, several that it may be, or None.

    In this order: a key that was given; a tag such as `[imdbid-tt0133093]` in a name; `Title (Year)`, tolerant of
    case, accents, punctuation, articles, a year more or less, and of either title that IMDB has. Of several titles
    that fit, the one spelled like the name wins, then the one whose length is the film's; otherwise none is chosen.

    Args:
        names: names of the film without extension, of its folder and its file; the first that matches counts.
        tconst: key from the sidecar or the command line.
        runtime_s: the film's length in seconds, if known.
    """
    if tconst is not None:
        return _by_key(tconst, "sidecar", lookup)
    for name in names:
        tag = _TAG.search(name)
        if tag:
            return _by_key(tag.group(1).lower(), "tag", lookup)
    undecided: Ambiguous | None = None
    for name in names:
        # A bare number may be the year or belong to the title: `Wonder Woman 1984`. Every reading counts.
        matched_by: dict[Title, str] = {}
        for reading in readings(name):
            for title in _called(reading, runtime_s, lookup):
                matched_by.setdefault(title, "title" if reading.year is None else "title and year")
        if runtime_s is not None:
            fitting = {title: by for title, by in matched_by.items() if _may_last(title, runtime_s / 60)}
            matched_by = fitting or matched_by
        if len(matched_by) == 1:
            return _match(*next(iter(matched_by.items())))
        if matched_by and undecided is None:
            films_first = sorted(matched_by, key=lambda title: (title.title_type != "movie", title.tconst))
            undecided = Ambiguous(name, tuple(films_first))
    return undecided


def readings(name: str) -> Iterator[NameReading]:
    """Ways to read a name, the likeliest first.

    `Title (Year)` as Kodi, Jellyfin and Plex want it; a title alone; a release's `The.Title.1999.1080p.x264`.
    """
    name = unicodedata.normalize("NFC", _EXTENSION.sub("", name))
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
    titles = lookup.titles_called(reading.title, reading.year)
    if reading.year is not None:
        # The year on a case and in IMDB differ by one where a film ran at a festival first.
        titles = [title for title in titles if title.year == reading.year] or titles
    closest = min((_spelling(reading.title, title) for title in titles), default=0)
    titles = [title for title in titles if _spelling(reading.title, title) == closest]
    # Title and year outweigh the length: there are longer cuts, and there are excerpts. A title alone does not.
    if reading.year is None and runtime_s is not None:
        titles = [title for title in titles if _may_last(title, runtime_s / 60)]
    return titles


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
        for spelling in (title.primary_title, title.original_title)
    )


def _without_marks(name: str) -> str:
    return fold(words(name))


_PLAINER: tuple[Callable[[str], str], ...] = (caseless, words, _without_marks)


def _match(title: Title, matched_by: str) -> Match:
    return Match(title.tconst, title.primary_title, title.year, matched_by, title.runtime_minutes)


def _described(title: Title) -> str:
    year = title.year if title.year is not None else "year unknown"
    length = f", {title.runtime_minutes} min" if title.runtime_minutes is not None else ""
    return f"{title.tconst} {title.primary_title!r} ({title.title_type}, {year}{length})"


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" -–_.,").rstrip("([{ ")
