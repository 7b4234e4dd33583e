"""Reads the names of films and episodes as people, media centres and release groups write them.

The forms are those that Kodi (https://kodi.wiki/view/Naming_video_files), Jellyfin
(https://jellyfin.org/docs/general/server/media/movies, …/shows) and Plex (https://support.plex.tv, "Naming and
organizing your movie files", "… TV show files") document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from wios_assets.text import plain

_TCONST_TAG = re.compile(r"[\[{(]\s*(?:imdb(?:id)?\s*[-=:]\s*)?(tt\d{7,10})\s*[\]})]", re.IGNORECASE)
_OTHER_TAG = re.compile(r"[\[{(]\s*(?:tmdb|tvdb|imdb|anidb|tvmaze)(?:id)?\d?\s*[-=:]\s*[\w-]+\s*[\]})]", re.IGNORECASE)
_EDITION_TAG = re.compile(r"\{\s*edition\s*-\s*([^}]*)\}", re.IGNORECASE)
_YEAR = re.compile(r"[(\[]\s*((?:18|19|20)\d\d)\s*[)\]]")

# What a release or a media centre writes for a version of a film.
VERSION_WORDS = (
    r"\d{3,4}[pi]|[248]k|uhd|ultrahd|hd|sd|hdr(?:10)?\+?|dv|dolby ?vision|imax|3d|[hf]?sbs|[hf]?tab|mvc|"
    r"bluray|blu-ray|bdrip|brrip|dvd(?:rip)?|hddvd|web(?:rip|-dl)?|hdtv|remux|[xh]\.?26[45]|hevc|av1|xvid|"
    r"(?:remastered|restored)(?:[ .](?:edition|version))?|criterion(?:[ .](?:collection|edition))?|open matte|"
    r"(?:(?:ultimate|special|extended|final|theatrical|international|unrated|uncut|director'?s|producer'?s|"
    r"collector'?s|anniversary|\d+th anniversary|black (?:and|&) (?:white|chrome)|redux|despecialized)"
    r"(?:[ .](?:cut|edition|version|extended))*)|"
    r"(?:director|producer)s?'?s? cut"
)
_VERSION = re.compile(rf"^(?:{VERSION_WORDS})(?:[ ._-]+(?:{VERSION_WORDS}))*$", re.IGNORECASE)
# Release groups write the year bare and the version among other words: `Heat.1995.Directors.Cut.1080p.x264-GROUP`.
_AFTER_BARE_YEAR = re.compile(r".*[^\W_]\W+(?:18|19|20)\d\d(?=\W)(?P<words>.*)$")
_UP_TO_BARE_YEAR = re.compile(r".*[^\W_]\W+(?:18|19|20)\d\d(?=\W)")
_RELEASE_VERSION = re.compile(rf"(?<!\w)(?:{VERSION_WORDS}|dc)(?!\w)", re.IGNORECASE)
_AFTER_DASH = re.compile(r"^(?P<name>.+)\s+[-–]\s+(?P<label>[^()]+)$")
_IN_BRACKETS = re.compile(r"^(?P<name>.+?)\s*\[(?P<label>[^\]]+)\]$")

# DVD5 and DVD9 are sizes of discs.
_PART_WORDS = r"(?P<word>cd|dvd(?!-?[59]\b)|part|pt|dis[ck])[ _.-]*(?P<number>\d{1,2}|[a-d])"
_PART = re.compile(rf"^(?P<name>.*?)(?:^|(?<=[\])}}])|[ _.-]+)[(\[]?{_PART_WORDS}[)\]]?$", re.IGNORECASE)
_PART_NUMBER = re.compile(r"^(?P<name>.*\(\d{4}\)) ?[-_.] ?(?P<number>\d)$")
_PART_OF = re.compile(r"^(?P<name>.*?)(?:^|[ _.-]+)[(\[]?(?P<number>\d) ?(?P<word>of) ?\d[)\]]?$", re.IGNORECASE)
# Before other words a part is told by words only that are in no title.
_PART_INSIDE = re.compile(
    r"^(?P<name>.+?)(?P<before>[ _.-])(?P<word>cd|dis[ck])[ _.-]?(?P<number>\d{1,2})(?P<after>[ _.-].+)$", re.IGNORECASE
)
_EPISODE_HALF = re.compile(r"^(?P<name>.*\d(?:e|x)\d{1,3})(?P<number>[a-d])$", re.IGNORECASE)

_SEASON_WORDS = (
    "season|series|série|serie|staffel|saison|temporada|stagione|seizoen|sezona?|säsong|sesong|sæson|kausi|évad|sezonul|"
    "сезон|シーズン|시즌|עונה|الموسم|ฤดูกาลที่|σεζόν"
)
_SEASON_FOLDER = re.compile(
    rf"^(?:.*[ ._-])?(?:{_SEASON_WORDS}|s)[ ._-]*(?P<season>\d{{1,4}})(?:\W.*)?$", re.IGNORECASE
)
_NUMBERED_SEASON = re.compile(
    rf"^(?:第\s*(?P<first>\d{{1,3}})\s*[季期部]|"
    rf"(?P<second>\d{{1,3}})(?:\.|st|nd|rd|th|ª|-?[йя])?[ ._-]*(?:{_SEASON_WORDS}))$",
    re.IGNORECASE,
)
_SPECIALS_FOLDER = re.compile(r"^(?:specials?|season 0+)$", re.IGNORECASE)
_SEASON_EPISODE = re.compile(
    r"(?:^|(?<=[^a-z0-9]))s(?P<season>\d{1,4})[\][ ._-]*ep?(?P<first>\d{1,4})"
    r"(?P<more>(?:[ ._]?[-+&]?[ ._]?(?:s\d{1,4})?e\d{1,4}|-\d{1,4}(?!\d|p\b))*)",
    re.IGNORECASE,
)
_CROSS = re.compile(
    r"(?:^|(?<=[\s._\[(-]))(?P<season>\d{1,2})x(?P<first>\d{2,3})"
    r"(?P<more>(?:[-_+ ]?(?:\d{1,2})?x\d{2,3}|-\d{2,3})*)(?![\dx])",
    re.IGNORECASE,
)
_SHORT_CROSS = re.compile(
    r"(?:^|(?<=[\s._\[(-]))(?P<season>\d{1,2})x(?P<first>\d)(?P<more>(?:-\d)?)(?!\w)", re.IGNORECASE
)
_EPISODE_WORDS = (
    "episode|folge|episodio|épisode|episódio|capítulo|capitulo|aflevering|avsnitt|afsnit|odcinek|bölüm|epizoda|díl|jakso|"
    "серия|эпизод|επεισόδιο|פרק|الحلقة|ตอนที่|ep"
)
_WORDS = re.compile(
    rf"(?:{_SEASON_WORDS})[ ._-]*(?P<season>\d{{1,4}})[ ._,-]+"
    rf"(?:{_EPISODE_WORDS})[ ._-]*(?P<first>\d{{1,4}})(?P<more>)",
    re.IGNORECASE,
)
_EPISODE_ONLY = re.compile(
    rf"(?:^|(?<=[\s._\[(-]))(?:{_EPISODE_WORDS}|e)[ ._]*(?P<first>\d{{1,4}})(?P<more>(?:-e?\d{{1,4}})?)(?!\d)",
    re.IGNORECASE,
)
_ASIAN_EPISODE = re.compile(r"(?:第\s*|(?<!\d))(?P<first>\d{1,4})\s*(?P<more>)[話话集回화]")
_PART_EPISODE = re.compile(r"^(?:part|pt)[ ._-]*(?P<first>\d{1,3}|[ivx]{1,5})(?P<more>)$", re.IGNORECASE)
_LEADING_NUMBER = re.compile(r"^(?P<first>\d{1,4})(?P<more>(?:-\d{1,4})?)(?=$|\s*[-.]|\s+\D)")
_TRAILING_NUMBER = re.compile(r"^.+?\s+-\s+(?P<first>\d{2,4})(?P<more>(?:-\d{2,4})?)(?=$|v\d|\s)")
_LAST_NUMBER = re.compile(
    r"^.+?[ ._](?P<first>\d{2,4})(?P<more>)(?=$|[ ._](?:\d{3,4}[pi]|hdtv|web|dvd|bluray|xvid|[xh]26[45])\b)",
    re.IGNORECASE,
)
_AIR_DATE = re.compile(
    r"(?<!\d)(?:(?P<year>(?:19|20)\d\d)[._ -](?P<month>\d\d)[._ -](?P<day>\d\d)|"
    r"(?P<day2>\d\d)[._ -](?P<month2>\d\d)[._ -](?P<year2>(?:19|20)\d\d))(?!\d)"
)
_FANSUB = re.compile(r"^\[[^\]]+\][ _]?\S.* - \d{2,4}(?:v\d)?(?:[ _]|$)")
_NUMBERS = re.compile(r"\d+")
_CODE = re.compile(r"(?:S(?P<season>\d+))?E(?P<first>\d+)(?:-E(?P<last>\d+))?")
_ROMAN = {"i": 1, "v": 5, "x": 10}


@dataclass(frozen=True)
class Name:
    """The parts of the name of a film's file or folder.

    Attributes:
        title: the title with its year, without tags and version: `Heat (1995)`.
        year: the year in brackets, None without one.
        version: words that distinguish versions of the film, such as `1080p`; empty without any.
        tconst: IMDB's key in a tag such as `[imdbid-tt0113277]`, None without one.
    """

    title: str
    year: int | None
    version: str
    tconst: str | None

    @property
    def bare_title(self) -> str:
        """The title without its year in brackets."""
        return _tidy(_YEAR.sub(" ", self.title))

    @property
    def title_and_year(self) -> str:
        """The title up to its year, also where a release group writes the year bare: `Heat.1995` of
        `Heat.1995.1080p.x264-GROUP`."""
        match = _UP_TO_BARE_YEAR.match(self.title) if self.year is None and self.version else None
        return match[0] if match else self.title


@dataclass(frozen=True)
class EpisodeNumber:
    """The episodes of a series in one file.

    Attributes:
        season: its number, 0 for specials; None for absolute numbers and for dates.
        first, last: numbers of the first and the last episode, equal for a single one; None where it has no number.
        series: the text before the number in the name, perhaps empty.
        date: the day on which it was shown, `2011-11-15`, where that stands for a number; else empty.
    """

    season: int | None
    first: int | None
    last: int | None
    series: str
    date: str = ""

    @property
    def code(self) -> str:
        """`S01E02`, `S01E01-E02`, `E1071` for an absolute number, `2011-11-15`, or `S00` without a number."""
        if self.date:
            return self.date
        season = "" if self.season is None else f"S{self.season:02d}"
        if self.first is None or self.last is None:
            return season
        return f"{season}E{self.first:02d}" + (f"-E{self.last:02d}" if self.last != self.first else "")


@dataclass(frozen=True)
class PartNumber:
    """A part of a film in several files: the name without it, the word (`cd`, `part`, …), its number from 1."""

    name: str
    word: str
    number: int


@lru_cache(maxsize=16_384)
def read_name(name: str) -> Name:
    """Title, year, version and tag of a film's name without its extension."""
    text = plain(name)
    tag = _TCONST_TAG.search(text)
    edition = _EDITION_TAG.search(text)
    text = _OTHER_TAG.sub(" ", _TCONST_TAG.sub(" ", _EDITION_TAG.sub(" ", text)))
    text = _tidy(text)
    versions = [_tidy(edition[1])] if edition else []
    while label := _version_label(text):
        text, version = label
        versions.insert(0, version)
    years = list(_YEAR.finditer(text))
    year = int(years[-1][1]) if years else None
    if years and is_version(text[years[-1].end() :]):
        versions.insert(0, _tidy(text[years[-1].end() :].strip(" -–._[]")))
        text = text[: years[-1].end()]
    if not years and not versions:
        versions = _release_versions(text)
    return Name(_tidy(text) or _tidy(plain(name)), year, " ".join(versions), tag[1].lower() if tag else None)


def _release_versions(text: str) -> list[str]:
    """Version words after the bare year of a release's name; the title keeps them, as the film's key always had."""
    match = _AFTER_BARE_YEAR.match(text.replace("_", " "))
    words = [word[0] for word in _RELEASE_VERSION.finditer(match["words"])] if match else []
    return ["Director's Cut" if word == "DC" else word.replace(".", " ") for word in words]


def _version_label(text: str) -> tuple[str, str] | None:
    """Name and label of `Name - 1080p` or `Name [1080p]`; None where the label is no version."""
    for form in (_AFTER_DASH, _IN_BRACKETS):
        match = form.match(text)
        if match and is_version(match["label"]):
            return _tidy(match["name"]), _tidy(match["label"])
    return None


def is_version(text: str) -> bool:
    """Whether a text is nothing but words that tell versions of a film apart: `1080p`, `Director's Cut`."""
    words = _tidy(re.sub(r"[\[\](){}]", " ", text).strip(" -–._"))
    return bool(words) and _VERSION.match(words) is not None


def read_part(name: str) -> PartNumber | None:
    """The part in a file's name without extension, such as `Heat (1995)-cd1`; None without one."""
    text = plain(name)
    match = _PART.match(text) or _PART_OF.match(text)
    if match:
        return PartNumber(_tidy(match["name"]), match["word"].casefold(), _part_number(match["number"]))
    match = _PART_INSIDE.match(text)
    if match:
        return PartNumber(_tidy(match["name"] + match["after"]), match["word"].casefold(), int(match["number"]))
    return None


def read_trailing_part(name: str) -> PartNumber | None:
    """The part in a name that ends in nothing but a number: `Heat (1995)-2`; None without one."""
    match = _PART_NUMBER.match(plain(name))
    return PartNumber(_tidy(match["name"]), "", int(match["number"])) if match else None


def read_half(name: str) -> PartNumber | None:
    """The part in an episode's name such as `S01E01a`; None without one."""
    match = _EPISODE_HALF.match(plain(name))
    return PartNumber(match["name"], "", _part_number(match["number"])) if match else None


def read_part_folder(name: str) -> PartNumber | None:
    """The part in the name of a folder that holds one part of a film: `CD1`, `Disc 2`, `Heat (1995) CD1`."""
    match = _PART.match(plain(name))
    return PartNumber(_tidy(match["name"]), match["word"].casefold(), _part_number(match["number"])) if match else None


def _part_number(text: str) -> int:
    return int(text) if text.isdigit() else "abcd".index(text.casefold()) + 1


def read_season(folder: str) -> int | None:
    """Number of the season that a folder holds: `Season 01`, `S01`, `2. Staffel`; 0 for `Specials`."""
    text = plain(folder).strip()
    if _SPECIALS_FOLDER.match(text):
        return 0
    match = _NUMBERED_SEASON.match(text)
    if match:
        return int(match["first"] or match["second"])
    match = _SEASON_FOLDER.match(text)
    return int(match["season"]) if match else None


def read_episode(name: str, season: int | None = None) -> EpisodeNumber | None:
    """The episodes in a file's name without extension; None where it names none.

    Args:
        name: the file's name.
        season: the season whose folder the file is in; only there is a bare number an episode.
    """
    text = plain(name)
    for form in (_SEASON_EPISODE, _CROSS, _WORDS):
        match = form.search(text)
        if match:
            return _episode(int(match["season"]), match, text)
    if season is None:
        return None
    match = _AIR_DATE.search(text)
    if match:
        return _dated(match, text)
    match = _SHORT_CROSS.search(text)
    if match and int(match["season"]) == season:
        return _episode(season, match, text)
    for form in (_EPISODE_ONLY, _ASIAN_EPISODE, _PART_EPISODE, _LEADING_NUMBER, _TRAILING_NUMBER, _LAST_NUMBER):
        match = form.search(text)
        if match:
            return _in_season(_episode(season, match, text))
    return None


def _in_season(episode: EpisodeNumber) -> EpisodeNumber:
    """An episode whose number has its season in front, as Kodi reads `103`: the third of season 1."""
    season, number = episode.season, episode.first
    if season and number is not None and number >= 100 and number // 100 == season and number == episode.last:
        return replace(episode, first=number % 100, last=number % 100)
    return episode


def _dated(match: re.Match[str], text: str) -> EpisodeNumber | None:
    year, month, day = (int(match[part] or match[f"{part}2"]) for part in ("year", "month", "day"))
    if month > 12 and day <= 12:
        month, day = day, month
    try:
        shown = date(year, month, day)
    except ValueError:
        return None
    return EpisodeNumber(None, None, None, _series(text[: match.start()].rstrip(" .-_")), shown.isoformat())


def read_dated_episode(name: str) -> EpisodeNumber | None:
    """An episode by the day on which it was shown: `Series - 2011-11-15 - Guest`; None for another name."""
    match = _AIR_DATE.search(plain(name))
    return _dated(match, plain(name)) if match and match.start() > 0 else None


def read_episode_code(code: str) -> tuple[int | None, int, int] | None:
    """Season (None for absolute numbers), first and last episode of an `EpisodeNumber.code`; None for another text."""
    match = _CODE.fullmatch(code)
    if match is None:
        return None
    first = int(match["first"])
    return int(match["season"]) if match["season"] else None, first, int(match["last"] or first)


def read_absolute_episode(name: str) -> EpisodeNumber | None:
    """An episode by its number in the whole series: `Series - 012`, `Series E012`; None where there is none."""
    text = _tidy(re.sub(r"\[[^\]]*\]", " ", plain(name)))
    for form in (_EPISODE_ONLY, _TRAILING_NUMBER, _LAST_NUMBER):
        match = form.search(text)
        if match:
            series = re.sub(rf"(?i)\b(?:{_EPISODE_WORDS}|e)\s*$", "", text[: match.start("first")])
            return EpisodeNumber(None, int(match["first"]), _last(match), _series(series))
    return None


def is_fansub_name(name: str) -> bool:
    """Whether a name is one that groups give single episodes: `[Group] Series - 12 [1080p]`."""
    return _FANSUB.match(plain(name)) is not None


def _episode(season: int, match: re.Match[str], text: str) -> EpisodeNumber:
    start = match.start() if match.re not in (_TRAILING_NUMBER, _LAST_NUMBER) else match.start("first")
    first = _number(match["first"])
    return EpisodeNumber(season, first, max(first, _last(match)), _series(text[:start]))


def _number(text: str) -> int:
    """A number in digits or in Roman numerals up to 39."""
    if text.isdecimal():
        return int(text)
    values = [_ROMAN[letter] for letter in text.casefold()]
    return sum(-one if one < two else one for one, two in zip(values, [*values[1:], 0], strict=True))


def _last(match: re.Match[str]) -> int:
    first = _number(match["first"])
    more = re.sub(r"(?i)(?:s\d+(?=e)|\d+(?=x))", "", match["more"] or "")
    numbers = [int(number) for number in _NUMBERS.findall(more)]
    return max([first, *(number for number in numbers if first < number <= first + 20)])


def _series(text: str) -> str:
    text = re.sub(r"[._]+", " ", text) if " " not in text.strip() else text
    return _tidy(_OTHER_TAG.sub(" ", _TCONST_TAG.sub(" ", text)).rstrip(" [("))


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" -–_,")
