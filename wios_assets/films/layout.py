"""Films of a folder tree: groups versions, parts, discs and episodes, and leaves out extras."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from wios_assets.films.names import (
    EpisodeNumber,
    Name,
    plain,
    read_absolute_episode,
    read_episode,
    read_name,
    read_part,
    read_part_folder,
    read_season,
)
from wios_assets.text import name_key

# Folders in which media centres keep extras. Those of the first set are never a shelf of films; those of
# the second set may be one, and count only inside a film's, season's or series' folder.
EXTRA_FOLDERS = frozenset(
    {
        *("trailer", "trailers", "sample", "samples", "backdrops", "theme-music", "behind the scenes"),
        *("deleted scenes", "featurettes", "featurette", "subs", "subtitles", "extrafanart", "extrathumbs"),
    }
)
EXTRA_OR_SHELF_FOLDERS = frozenset(
    {
        *("extra", "extras", "clip", "clips", "scene", "scenes", "interview", "interviews", "short", "shorts"),
        *("other", "others", "bonus", "special features"),
    }
)
# Names of shelves, by which no film is called however little its file's name says.
_SHELVES = frozenset(
    {
        *("movies", "movie", "films", "film", "filme", "video", "videos", "downloads", "download", "media", "cinema"),
        *("películas", "peliculas", "filmes", "kino", "new", "unsorted", "incoming", "temp"),
    }
)
# Folders that NAS systems, desktops and tools keep among the user's own.
_SYSTEM_FOLDERS = frozenset(
    {
        *("#recycle", "#snapshot", "@eadir", "@recycle", "@recently-snapshot", "@tmp", "@sharebin", "@sharesnap"),
        *("$recycle.bin", "recycler", "recycled", "recycle bin", "system volume information", "lost+found"),
        *("network trash folder", "temporary items", "__macosx", "found.000", "trash-1000", "windowsapps"),
    }
)
_TRAILER_OR_SAMPLE = re.compile(r"(?:^|[-._ ])(?:trailer|sample)[ _-]?\d*$", re.IGNORECASE)
_EXTRA_NAME = re.compile(r"^(?:movie-trailer|trailer|sample|theme|teaser)\d*$", re.IGNORECASE)
_EXTRA_PREFIX = re.compile(r"^(?:sample|trailer)[-._]", re.IGNORECASE)
# These words end the titles of films too (`The-Big-Short`), so they count only beside a film.
_EXTRA_SUFFIX = re.compile(
    r"[-._](?:behindthescenes|behind-the-scenes|deleted|deletedscene|deletedscenes|featurette|interview|scene|short|"
    r"clip|other|extra|extras|bonus|teaser|trailer|sample|backdrop|theme)\d*$",
    re.IGNORECASE,
)
_WITHOUT_YEAR = re.compile(r"\s*\(\d{4}\)$")
_TITLE_WITH_DOTS = re.compile(r"^\.(?:\.|\d)")
_OPAQUE_NAME = re.compile(
    r"^(?:movie|film|video|main|feature|title[ _]?t?\d*|disc|disk|dvd|index|untitled|file|output|[0-9a-f]{8,}|\d+)$",
    re.IGNORECASE,
)
_DVD_TITLE = re.compile(r"^VTS_(\d\d)_([1-9])\.VOB$", re.IGNORECASE)
_DVD_FILE = re.compile(r"^(?:VTS_\d\d_\d\.(?:VOB|IFO|BUP)|VIDEO_TS\.(?:VOB|IFO|BUP))$", re.IGNORECASE)

UNSUPPORTED_TYPES = {
    ".iso": "a disc image",
    ".img": "a disc image",
    ".nrg": "a disc image",
    ".strm": "an address of a stream, not a film",
    ".disc": "a stub without a film",
}


@dataclass(frozen=True)
class VideoFile:
    """A video file: its name, and its size in bytes where it is known."""

    name: str
    size: int = 0

    @property
    def stem(self) -> str:
        return PurePath(self.name).stem


@dataclass
class Folder:
    """A folder of a library with its video files, and the folders that may contain some."""

    name: str
    videos: list[VideoFile] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)


@dataclass(frozen=True)
class FoundFilm:
    """A film in a folder tree. Paths are relative to the tree's root, with `/`.

    Attributes:
        name: name of the partition: `Heat (1995)`, `Fargo (2014) S01E02`.
        files: its file, or its parts in order.
        versions: other versions of the same film, which are not analysed.
        folder: the folder that is the film's own; None where it shares one.
        tconst: IMDB's key in a tag of the film's name or its folder's.
        episode: its number in its series; None for a film.
        series: title of the series, with its year where that is known; empty for a film.
    """

    name: str
    files: tuple[str, ...]
    versions: tuple[str, ...] = ()
    folder: str | None = None
    tconst: str | None = None
    episode: EpisodeNumber | None = None
    series: str = ""


def is_hidden(name: str) -> bool:
    """Whether a file or folder is hidden; `...And Justice for All (1979)` and `.45 (2006)` are titles."""
    return name.startswith(".") and not _TITLE_WITH_DOTS.match(name)


def is_system_folder(name: str) -> bool:
    """Whether a folder belongs to the system: recycle bins, snapshots, thumbnails."""
    return name.casefold() in _SYSTEM_FOLDERS


def films_in(root: Folder) -> list[FoundFilm]:
    """The films of a tree in the order of their paths."""
    return sorted(_films(root, "", None, True), key=lambda film: film.files)


def _films(folder: Folder, path: str, above: Folder | None, is_root: bool) -> Iterator[FoundFilm]:
    """Films of a folder at `path` (empty for the root) inside the folder `above`."""
    disc = _disc(folder)
    if disc is not None:
        yield _disc_film(folder, path, above, disc)
        return
    season = None if is_root else read_season(folder.name)
    videos = [file for file in folder.videos if not _is_extra(file, folder)]
    series = season is not None or _has_seasons(folder) or (not is_root and _has_absolute_numbers(folder, videos))
    episodes = [file for file in videos if series or read_episode(file.stem)]
    numbered = set(episodes)
    if episodes:
        yield from _episodes(folder, path, above, episodes, season, is_root)
        videos = [file for file in videos if file not in numbered]
        series = series or not videos
    own = not is_root and not series and _is_film_folder(folder, videos)
    parts = _part_folders(folder) if own or not videos else []
    if parts and not videos:
        yield _parts_in_folders(folder, path, parts)
    elif videos:
        yield from _films_of_files(folder, path, videos, own)
    for inner in folder.folders:
        if inner in [part for _, part in parts] or _is_extra_folder(inner, own or series):
            continue
        yield from _films(inner, _join(path, inner.name), folder, False)


def _films_of_files(folder: Folder, path: str, videos: list[VideoFile], own: bool) -> Iterator[FoundFilm]:
    """Films of the files in one folder, versions and parts put together; `own` if it is one film's folder."""
    groups: list[list[tuple[tuple[VideoFile, ...], Name]]] = []
    # On a shelf, which may hold thousands, only films of one title can be versions of each other.
    alike: defaultdict[str, list[list[tuple[tuple[VideoFile, ...], Name]]]] = defaultdict(list)
    for files in _stacks(videos, folder, own):
        part = read_part(files[0].stem) if len(files) > 1 else None
        name = read_name(part.name if part and part.name else files[0].stem)
        candidates = alike["" if own else name_key(name.title)]
        group = next((g for g in candidates if _same_film(g[0][1], name, folder if own else None)), None)
        if group is None:
            groups.append([(files, name)])
            candidates.append(groups[-1])
        else:
            group.append((files, name))
    named = own and len(groups) == 1
    for group in groups:
        group.sort(key=lambda item: (own and _is_labelled(item[1], folder), _rank(item[1].version), item[0][0].name))
        files, name = group[0]
        title = read_name(folder.name) if named and _folder_names(folder, files[0], name) else name
        yield FoundFilm(
            title.title,
            tuple(_join(path, file.name) for file in files),
            tuple(_join(path, file.name) for others, _ in group[1:] for file in others),
            path if named and title is not name else None,
            title.tconst or name.tconst,
        )


def _parts_in_folders(folder: Folder, path: str, parts: Sequence[tuple[int, Folder]]) -> FoundFilm:
    """The film of a folder whose parts have a folder each."""
    name = read_name(folder.name)
    files = tuple(_join(path, part.name, part.videos[0].name) for _, part in parts)
    return FoundFilm(name.title, files, folder=path, tconst=name.tconst)


def _disc_film(folder: Folder, path: str, above: Folder | None, disc: tuple[str, ...]) -> FoundFilm:
    """The film of a disc's files, named by the folder around `VIDEO_TS` or `BDMV`."""
    inside = folder.name.casefold() in ("video_ts", "bdmv") and above is not None and path.count("/") > 0
    own = path.rpartition("/")[0] if inside else path
    name = read_name(PurePath(own).name or folder.name)
    return FoundFilm(name.title, tuple(_join(path, file) for file in disc), folder=own or None, tconst=name.tconst)


def _episodes(
    folder: Folder,
    path: str,
    above: Folder | None,
    videos: list[VideoFile],
    season: int | None,
    is_root: bool,
) -> Iterator[FoundFilm]:
    """Episodes of a folder with their versions; a file without a number is a film of its own."""
    series_folder = (above if season is not None else folder) if not is_root else None
    in_path = series_folder is not None and (path.count("/") > 0 or season is None)
    series = read_name(series_folder.name) if series_folder is not None and in_path else None
    by_key: dict[tuple[str, str], FoundFilm] = {}
    for file in sorted(videos, key=lambda file: (_rank(read_name(file.stem).version), file.name)):
        episode = read_episode(file.stem, season) or (read_absolute_episode(file.stem) if series else None)
        if episode is None:
            name = read_name(file.stem)
            yield FoundFilm(name.title, (_join(path, file.name),), tconst=name.tconst)
            continue
        title = series if series is not None and series.title else read_name(episode.series or file.stem)
        key = (name_key(title.title), episode.code)
        film = by_key.get(key)
        if film is not None:
            by_key[key] = replace(film, versions=(*film.versions, _join(path, file.name)))
            continue
        by_key[key] = FoundFilm(
            f"{title.title} {episode.code}",
            (_join(path, file.name),),
            tconst=None,
            episode=episode,
            series=title.title,
        )
    yield from by_key.values()


def _has_seasons(folder: Folder) -> bool:
    return any(read_season(inner.name) not in (None, 0) and inner.videos for inner in folder.folders)


def _has_absolute_numbers(folder: Folder, videos: Sequence[VideoFile]) -> bool:
    """Whether a folder holds three episodes or more called by its name and a number: `One Piece - 1071`.

    Years do not count, because `Heat - 1986` and `Heat - 1995` are films.
    """
    title = name_key(_WITHOUT_YEAR.sub("", read_name(folder.name).title))
    episodes = [read_absolute_episode(file.stem) for file in videos]
    numbers = {each.first for each in episodes if each is not None and name_key(each.series) == title}
    return bool(title) and len(numbers) >= 3 and not all(1888 <= number <= 2100 for number in numbers)


def _disc(folder: Folder) -> tuple[str, ...] | None:
    """Files of the main title of a DVD's or Blu-ray's folder, in order; None for another folder."""
    names = [file.name for file in folder.videos]
    if folder.name.casefold() == "video_ts" or any(_DVD_FILE.match(name) for name in names):
        titles: defaultdict[str, list[VideoFile]] = defaultdict(list)
        for file in folder.videos:
            match = _DVD_TITLE.match(file.name)
            if match:
                titles[match[1]].append(file)
        if titles:
            main = max(titles, key=lambda title: (sum(file.size for file in titles[title]), -int(title)))
            return tuple(sorted(file.name for file in titles[main]))
    if folder.name.casefold() == "bdmv":
        stream = next((inner for inner in folder.folders if inner.name.casefold() == "stream"), None)
        if stream is not None and stream.videos:
            largest = max(stream.videos, key=lambda file: (file.size, file.name))
            return (f"{stream.name}/{largest.name}",)
    return None


def _is_extra_folder(folder: Folder, inside_film: bool) -> bool:
    name = plain(folder.name).casefold()
    return name in EXTRA_FOLDERS or (inside_film and name in EXTRA_OR_SHELF_FOLDERS)


def _is_extra(file: VideoFile, folder: Folder) -> bool:
    stem = plain(file.stem)
    if _EXTRA_NAME.match(stem):
        return True
    ending = _TRAILER_OR_SAMPLE.search(stem)
    if ending is not None:
        # `The Trailer` alone is a film; a trailer is in the folder of its film or has its separator.
        return ending[0][0] != " " or _names_another(stem[: ending.start()], _others(file, folder), folder)
    if _EXTRA_PREFIX.match(stem) and len(folder.videos) > 1:
        return True
    ending = _EXTRA_SUFFIX.search(stem)
    if ending is None:
        return False
    others = _others(file, folder)
    return _names_another(stem[: ending.start()], others, folder) or (
        _has_year(folder.name) and any(not _EXTRA_SUFFIX.search(other) for other in others)
    )


def _others(file: VideoFile, folder: Folder) -> list[str]:
    """Names of the other video files of a folder, without their extensions."""
    return [plain(other.stem) for other in folder.videos if other.name != file.name]


def _names_another(start: str, others: Sequence[str], folder: Folder) -> bool:
    """Whether `start` is the name of another file, of a version of it, or of the folder's film."""
    title = name_key(read_name(start).title)
    return any(other == start or name_key(read_name(other).title) == title for other in others) or (
        _has_year(folder.name) and name_key(read_name(folder.name).title) == title and bool(others)
    )


def _has_year(name: str) -> bool:
    read = read_name(name)
    return read.year is not None or read.tconst is not None


def _is_film_folder(folder: Folder, videos: Sequence[VideoFile]) -> bool:
    """Whether a folder is one film's own (`Title (Year)/film.mkv`), or a shelf (`Comedies/`)."""
    if _has_year(folder.name):
        return not any(_names_other_film(folder, file) for file in videos) or len(videos) == 1
    if len(videos) == 1:
        return _folder_names(folder, videos[0], read_name(videos[0].stem))
    title = name_key(read_name(folder.name).title)
    return bool(videos) and all(name_key(file.stem).startswith(title) for file in videos)


def _names_other_film(folder: Folder, file: VideoFile) -> bool:
    """Whether a file in a folder with a year names another film of another year."""
    own, name = read_name(folder.name), read_name(file.stem)
    return name.year is not None and own.year is not None and name.year != own.year


def _folder_names(folder: Folder, file: VideoFile, name: Name) -> bool:
    """Whether a film is named by its folder rather than by its file."""
    if _has_year(folder.name):
        return not (_names_other_film(folder, file) and name_key(name.title) != name_key(read_name(folder.name).title))
    if _has_year(file.stem) or plain(folder.name).casefold() in _SHELVES:
        return False
    title = name_key(read_name(folder.name).title)
    return bool(_OPAQUE_NAME.match(file.stem)) or bool(title and name_key(file.stem).startswith(title))


def _stacks(videos: Sequence[VideoFile], folder: Folder, own: bool) -> list[tuple[VideoFile, ...]]:
    """Files with the parts of one film together, in order."""
    stacks: defaultdict[tuple[str, str, str], dict[int, VideoFile]] = defaultdict(dict)
    for file in videos:
        part = read_part(file.stem)
        if part is not None:
            suffix = PurePath(file.name).suffix.casefold()
            stacks[(part.name.casefold(), part.word, suffix)].setdefault(part.number, file)
    stacked: dict[str, tuple[VideoFile, ...]] = {}
    for (base, word, _), numbered in stacks.items():
        complete = len(numbered) > 1 and sorted(numbered) == list(range(1, len(numbered) + 1))
        # `Kill Bill Part 1` and `Part 2` on a shelf are two films; in a film's own folder, or after a year, they are
        # parts of one.
        if complete and (own or word in ("cd", "dvd", "disc", "disk") or _has_year(base)):
            files = tuple(numbered[number] for number in sorted(numbered))
            stacked |= {file.name: files for file in files}
    in_order = (stacked.get(file.name, (file,)) for file in sorted(videos, key=lambda file: file.name))
    return list(dict.fromkeys(in_order))


def _part_folders(folder: Folder) -> list[tuple[int, Folder]]:
    """Folders `CD1`, `CD2`, … with one video each, in order; none where a number is missing."""
    numbered = {
        number: inner
        for inner in folder.folders
        if (number := read_part_folder(inner.name)) is not None and len(inner.videos) == 1
    }
    complete = len(numbered) > 1 and sorted(numbered) == list(range(1, len(numbered) + 1))
    return sorted(numbered.items()) if complete else []


def _same_film(one: Name, other: Name, folder: Folder | None) -> bool:
    """Whether two names are versions of one film; in a film's own folder all that begin with its name are."""
    if name_key(one.title) == name_key(other.title) and (one.version or other.version or folder is not None):
        return one.version != other.version or folder is not None
    if folder is None:
        return False
    title = name_key(read_name(folder.name).title)
    return bool(title) and all(name_key(name.title).startswith(title) for name in (one, other))


def _is_labelled(name: Name, folder: Folder) -> bool:
    """Whether a name is the folder's followed by a label that is no known version."""
    return name_key(name.title) != name_key(read_name(folder.name).title)


def _rank(version: str) -> tuple[int, str]:
    """Order in which versions are chosen for analysis: the plain one, then the smallest that is sharp enough."""
    heights = [int(height) for height in re.findall(r"(\d{3,4})[pi]\b", version)]
    if re.search(r"\b(4k|uhd|2160p)\b", version, re.IGNORECASE):
        heights.append(2160)
    height = max(heights, default=1080 if version else 0)
    three_d = 10_000 if re.search(r"\b(3d|h?sbs|h?tab)\b", version, re.IGNORECASE) else 0
    return three_d + (height if height == 0 or height >= 720 else 5_000 - height), version.casefold()


def _join(*parts: str) -> str:
    return "/".join(part for part in parts if part)
