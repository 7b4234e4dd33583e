"""Films of a folder tree: groups versions, parts, discs and episodes, and leaves out extras."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from wios_assets.films.discs import disc_files, is_disc_folder
from wios_assets.films.episodes import SeriesFolder, episodes_of, series_folder_of
from wios_assets.films.extras import DISC_EXTRA_FOLDERS, is_extra, is_extra_folder
from wios_assets.films.names import (
    EpisodeNumber,
    Name,
    is_fansub_name,
    is_version,
    read_episode,
    read_name,
    read_part_folder,
)
from wios_assets.films.stacks import Stack, stacks_of
from wios_assets.films.tree import Folder, VideoFile
from wios_assets.text import name_key, plain

# Names of shelves, by which no film is called however little its file's name says.
_SHELVES = frozenset(
    {
        *("movies", "movie", "films", "film", "filme", "video", "videos", "downloads", "download", "media", "cinema"),
        *("películas", "peliculas", "filmes", "kino", "new", "unsorted", "incoming", "temp", "complete", "torrents"),
        *("elokuvat", "filmy", "фильмы", "映画", "电影", "영화", "neu", "nouveau", "todo", "to watch", "watched"),
    }
)
_OPAQUE_NAME = re.compile(
    r"^(?:movie|film|video|main|feature|title[ _]?t?\d*|disc|disk|dvd|index|untitled|file|output|[0-9a-f]{8,}|\d+)$",
    re.IGNORECASE,
)
_OPAQUE_FOLDER = re.compile(r"^(?:dvd|disc|disk|bd|bluray|blu-ray|bdrom|cd)[ _-]?\d*$", re.IGNORECASE)
_LABEL = re.compile(r"\s+[-–]\s*(?!\d{1,3}$)\S|\s*[\[({]")
_NUMERAL = re.compile(r"[\s._-]*(?:\d{1,4}|[ivx]+)(?![^\W_])", re.IGNORECASE)
LARGER = 5
"""How many times as large as every other file of its folder a film without a telling name must be."""


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
        version: what tells it from other versions of the film; empty where nothing does.
        missing: numbers of the parts that are not there.
    """

    name: str
    files: tuple[str, ...]
    versions: tuple[str, ...] = ()
    folder: str | None = None
    tconst: str | None = None
    episode: EpisodeNumber | None = None
    series: str = ""
    version: str = ""
    missing: tuple[int, ...] = ()


def films_in(root: Folder) -> list[FoundFilm]:
    """The films of a tree in the order of their paths."""
    return sorted(_joined_editions(list(_films(root, "", ()))), key=lambda film: film.files)


def _films(folder: Folder, path: str, above: tuple[Folder, ...]) -> Iterator[FoundFilm]:
    """Films of a folder at `path` (empty for the root) inside the folders `above`, the root first."""
    series = series_folder_of(folder, above)
    stems = [file.stem for file in folder.videos]
    videos = [
        file
        for index, file in enumerate(folder.videos)
        if not is_extra(file.stem, stems[:index] + stems[index + 1 :], folder.name if above else "", series is not None)
    ]
    if series is not None and series.is_episode:
        videos = sorted(videos, key=lambda file: (-file.size, file.name))[:1]
    episodes = [file for file in videos if series is not None or read_episode(file.stem) or is_fansub_name(file.stem)]
    if episodes:
        yield from _episodes(path, episodes, series or SeriesFolder(None, ""))
        videos = [file for file in videos if file not in episodes]
    in_series = series is not None or bool(episodes and not videos and above)
    yield from _films_outside_series(folder, path, above, videos, in_series)


def _films_outside_series(
    folder: Folder, path: str, above: tuple[Folder, ...], videos: list[VideoFile], in_series: bool
) -> Iterator[FoundFilm]:
    """Films of the files and folders that are no episodes."""
    disc = None if in_series else disc_files(folder)
    if disc is not None:
        videos = [file for file in videos if file.name not in disc and not _is_of_disc(file, disc)]
    own = bool(above) and not in_series and _is_film_folder(folder, videos)
    parts = [] if in_series else _part_folders(folder, videos, own or not videos)
    versions = [] if in_series or videos else _version_folders(folder)
    found: list[FoundFilm] = []
    if videos:
        found = list(_films_of_files(folder, path, videos, own))
    elif versions:
        found = [_film_of_versions(folder, path, versions)]
    if disc is not None:
        found = _with_disc(found, _disc_film(folder, path, above, disc), own)
    for stack in parts:
        found = _with_disc(found, _film_of_part_folders(folder, path, above, stack), own)
    yield from found
    taken = [inner for stack in parts for _, inner, _ in stack] + versions
    for inner in folder.folders:
        name = inner.name.casefold()
        if disc is not None and (is_disc_folder(name) or name in DISC_EXTRA_FOLDERS):
            continue
        if inner in taken or is_extra_folder(inner.name, own or in_series or bool(disc)):
            continue
        films = _films(inner, _join(path, inner.name), (*above, folder))
        # Beside a film in its own folder only what has a year of its own is another.
        alone = own and len(found) == 1 and (_has_year(folder.name) or disc is not None)
        yield from (film for film in films if not alone or film.episode or _has_year(film.name) or film.tconst)


def _films_of_files(folder: Folder, path: str, videos: list[VideoFile], own: bool) -> Iterator[FoundFilm]:
    """Films of the files in one folder, versions and parts put together; `own` if it is one film's folder."""
    stacks = stacks_of(videos, is_in_film_folder=own and _has_year(folder.name))
    if own:
        stacks = _stacks_of_film(folder, stacks)
    groups: list[list[tuple[Stack, Name]]] = []
    # On a shelf, which may hold thousands, only films of one title can be versions of each other.
    alike: defaultdict[str, list[list[tuple[Stack, Name]]]] = defaultdict(list)
    for stack in stacks:
        name = read_name(stack.name)
        is_own = own and _fits(name, stack.name, folder)
        candidates = alike[" " if is_own else name_key(name.title_and_year)]
        group = next((g for g in candidates if is_own or _are_versions(g[0][1], name)), None)
        if group is None:
            groups.append([(stack, name)])
            candidates.append(groups[-1])
        else:
            group.append((stack, name))
    for group in groups:
        group.sort(
            key=lambda item: (own and _is_labelled(item[1], folder), rank(item[1].version), item[0].files[0].name)
        )
        stack, name = group[0]
        named = own and (len(groups) == 1 or _fits(name, stack.name, folder)) and _folder_names(folder, stack, name)
        title = read_name(folder.name) if named else name
        yield FoundFilm(
            title.title,
            tuple(_join(path, file.name) for file in stack.files),
            tuple(_join(path, file.name) for others, _ in group[1:] for file in others.files),
            path if named else None,
            title.tconst or name.tconst,
            version=(title.version if named else "") or name.version,
            missing=stack.missing,
        )


def _stacks_of_film(folder: Folder, stacks: list[Stack]) -> list[Stack]:
    """The stacks of a film's own folder without what has another name, which are extras unless it has its own year."""
    fitting = [stack for stack in stacks if _fits(read_name(stack.name), stack.name, folder)]
    if not fitting:
        largest = max(stacks, key=lambda stack: stack.size)
        rest = [stack for stack in stacks if stack is not largest]
        is_film = all(LARGER * stack.size < largest.size for stack in rest)
        return [largest] if is_film else stacks
    return [
        stack
        for stack in stacks
        if stack in fitting or read_name(stack.name).year is not None or _is_sequel(stack.name, folder)
    ]


def _fits(name: Name, stem: str, folder: Folder) -> bool:
    """Whether a file in a folder is called by the folder, perhaps with the label of a version."""
    own = read_name(folder.name)
    if name.year is not None and own.year is not None and name.year != own.year:
        return False
    titles = {name_key(own.title), name_key(own.bare_title)} - {""}
    if name_key(name.title) in titles or name_key(name.bare_title) in titles or not name_key(stem):
        return True
    if own.year is not None and name_key(name.title_and_year) == name_key(own.title):
        return True
    rest = _rest(name.title, titles)
    if rest is None or (_NUMERAL.match(rest) and not _LABEL.match(rest)):
        return False
    return bool(_LABEL.match(rest)) or is_version(rest)


def _is_sequel(stem: str, folder: Folder) -> bool:
    """Whether a name is its folder's with a number behind, as `Rocky II` in `Rocky (1976)`."""
    own = read_name(folder.name)
    rest = _rest(read_name(stem).title, {name_key(own.title), name_key(own.bare_title)} - {""})
    return rest is not None and _NUMERAL.match(rest) is not None


def _rest(title: str, starts: set[str]) -> str | None:
    """What follows the longest of `starts` (name keys) in a title; None where it begins with none of them."""
    for end in range(len(title), 0, -1):
        if name_key(title[:end]) in starts:
            tail = title[end:]
            # A key ignores marks, so the longest match takes separators along.
            while end > 1 and title[end - 1] not in ")]}" and name_key(title[: end - 1]) in starts:
                end -= 1
            return title[end:] if tail else ""
    return None


def _are_versions(one: Name, other: Name) -> bool:
    """Whether two names on a shelf are versions of one film: the same title, and a version in at least one."""
    return one.version != other.version and name_key(one.title_and_year) == name_key(other.title_and_year)


def _is_labelled(name: Name, folder: Folder) -> bool:
    """Whether a name is the folder's followed by a label that is no known version."""
    return name_key(name.title) != name_key(read_name(folder.name).title)


def _is_film_folder(folder: Folder, videos: Sequence[VideoFile]) -> bool:
    """Whether a folder is one film's own (`Title (Year)/film.mkv`), or a shelf (`Comedies/`)."""
    if not videos:
        return _has_year(folder.name)
    if _has_year(folder.name):
        own = read_name(folder.name)
        others = [read_name(file.stem) for file in videos]
        # A collection is called by the year of one of its films.
        return len(videos) == 1 or any(name.year in (own.year, None) for name in others)
    if len(videos) == 1:
        stack = Stack(videos[0].stem, (videos[0],))
        return _folder_names(folder, stack, read_name(videos[0].stem))
    stacks = stacks_of(list(videos), is_in_film_folder=False)
    return all(_fits(read_name(stack.name), stack.name, folder) and name_key(stack.name) for stack in stacks)


def _names_other_film(folder: Folder, name: Name) -> bool:
    """Whether a file in a folder with a year names another film of another year."""
    own = read_name(folder.name)
    return name.year is not None and own.year is not None and name.year != own.year


def _folder_names(folder: Folder, stack: Stack, name: Name) -> bool:
    """Whether a film is named by its folder rather than by its file."""
    if _has_year(folder.name):
        return not (_names_other_film(folder, name) and name_key(name.title) != name_key(read_name(folder.name).title))
    if name.year is not None or name.tconst is not None or is_shelf(folder.name):
        return False
    return bool(_OPAQUE_NAME.match(stack.name)) or _fits(name, stack.name, folder)


def is_shelf(name: str) -> bool:
    """Whether a folder is called as a shelf of films."""
    return plain(name).casefold() in _SHELVES


def _has_year(name: str) -> bool:
    read = read_name(name)
    return read.year is not None or read.tconst is not None


def _disc_film(folder: Folder, path: str, above: tuple[Folder, ...], disc: tuple[str, ...]) -> FoundFilm:
    """The film of a disc, named by the nearest folder above that says more than `DVD`."""
    own, name = path, None
    for outer in (folder, *reversed(above)):
        if outer.name and not (_OPAQUE_FOLDER.match(outer.name) or is_disc_folder(outer.name) or is_shelf(outer.name)):
            name = read_name(outer.name)
            break
        if is_shelf(outer.name):
            break
        own = own.rpartition("/")[0]
    if name is None:
        first = PurePath(disc[0]).parts
        name = read_name(folder.name if folder.name and not is_shelf(folder.name) else PurePath(first[0]).stem)
        own = path
    files = tuple(_join(path, file) for file in disc)
    return FoundFilm(name.title, files, folder=own or None, tconst=name.tconst, version=name.version)


def _is_of_disc(file: VideoFile, disc: tuple[str, ...]) -> bool:
    """Whether a file is another of the disc's own, beside its main title."""
    of_dvd = re.match(r"(?:VTS_\d\d_\d|VIDEO_TS)\.", file.name, re.IGNORECASE)
    of_blu_ray = "/" not in disc[0] and disc[0].lower().endswith(".m2ts")
    return bool(of_dvd) or (of_blu_ray and file.name.lower().endswith(".m2ts"))


def _with_disc(found: list[FoundFilm], film: FoundFilm, own: bool) -> list[FoundFilm]:
    """The films of a folder and one in inner folders, which in a film's own folder is another version of it."""
    if own and found:
        return [replace(found[0], versions=(*found[0].versions, *film.files, *film.versions)), *found[1:]]
    return [*found, film]


PartFolder = tuple[int, Folder, tuple[str, ...]]


def _part_folders(folder: Folder, videos: list[VideoFile], any_word: bool) -> list[list[PartFolder]]:
    """Folders `CD1`, `CD2`, … with one video or disc each: for each film number, folder and files, in order."""
    stacks: defaultdict[str, list[PartFolder]] = defaultdict(list)
    for inner in folder.folders:
        part = read_part_folder(inner.name)
        if part is None or (part.word in ("part", "pt") and not (any_word and (not part.name or _has_year(part.name)))):
            continue
        stems = [file.stem for file in inner.videos]
        main = [
            file.name
            for index, file in enumerate(inner.videos)
            if not is_extra(file.stem, stems[:index] + stems[index + 1 :], inner.name, True)
        ]
        files = disc_files(inner) or (tuple(main) if len(main) == 1 and not read_episode(main[0]) else ())
        if files:
            stacks[name_key(part.name)].append((part.number, inner, files))
    ordered = [sorted(stack, key=lambda item: (item[0], item[1].name)) for stack in stacks.values()]
    return [
        stack
        for stack in ordered
        if len(stack) > 1 and [number for number, _, _ in stack] == list(range(1, len(stack) + 1))
    ]


def _film_of_part_folders(folder: Folder, path: str, above: tuple[Folder, ...], stack: list[PartFolder]) -> FoundFilm:
    """The film whose parts have a folder each, named by what the parts' folders share or by the folder around them."""
    part = read_part_folder(stack[0][1].name)
    shared = part.name if part is not None else ""
    is_own = bool(above) and not is_shelf(folder.name)
    if is_own and (not shared or name_key(read_name(folder.name).title).startswith(name_key(shared))):
        name = read_name(folder.name)
    else:
        is_own, name = False, read_name(shared or PurePath(stack[0][2][0]).stem)
    files = tuple(_join(path, inner.name, file) for _, inner, files in stack for file in files)
    return FoundFilm(name.title, files, folder=path if is_own else None, tconst=name.tconst, version=name.version)


def _version_folders(folder: Folder) -> list[Folder]:
    """Folders such as `1080p` and `4K` with one video each in a folder with a year; none where there is another."""
    if not _has_year(folder.name):
        return []
    inner = [each for each in folder.folders if is_version(each.name) and len(each.videos) == 1]
    return inner if len(inner) > 1 else []


def _film_of_versions(folder: Folder, path: str, versions: list[Folder]) -> FoundFilm:
    name = read_name(folder.name)
    ordered = sorted(versions, key=lambda inner: rank(inner.name))
    files = [_join(path, inner.name, inner.videos[0].name) for inner in ordered]
    return FoundFilm(name.title, (files[0],), tuple(files[1:]), path, name.tconst)


def _episodes(path: str, videos: list[VideoFile], series: SeriesFolder) -> Iterator[FoundFilm]:
    """Episodes of a folder with their parts and versions."""
    by_key: dict[tuple[str, str, str], FoundFilm] = {}
    ordered = sorted(
        stacks_of(videos, is_in_film_folder=False, of_episodes=True),
        key=lambda stack: (rank(read_name(stack.name).version), stack.files[0].name),
    )
    for stack, episode, title, own_name in episodes_of(ordered, series):
        files = tuple(_join(path, file.name) for file in stack.files)
        if episode is None:
            name = read_name(stack.name)
            yield FoundFilm(name.title, files, tconst=name.tconst, version=name.version, missing=stack.missing)
            continue
        key = (name_key(title), episode.code, name_key(own_name))
        film = by_key.get(key)
        if film is not None:
            by_key[key] = replace(film, versions=(*film.versions, *files))
            continue
        film_name = " ".join(part for part in (title, episode.code, own_name) if part)
        by_key[key] = FoundFilm(film_name, files, episode=episode, series=title, missing=stack.missing)
    yield from by_key.values()


def _joined_editions(films: list[FoundFilm]) -> list[FoundFilm]:
    """Films with those put together that have folders of their own as editions of one film, as Plex wants them."""
    alike: defaultdict[str, list[FoundFilm]] = defaultdict(list)
    for film in films:
        if film.episode is None and not film.missing and _has_year(film.name):
            alike[name_key(film.name)].append(film)
    for group in alike.values():
        different = len({film.version for film in group}) == len(group)
        if len(group) < 2 or not different or len({film.tconst for film in group} - {None}) > 1:
            continue
        first, *others = sorted(group, key=lambda film: (rank(film.version), film.files))
        films = [film for film in films if film not in group]
        more = (file for film in others for file in (*film.files, *film.versions))
        films.append(replace(first, versions=(*first.versions, *more)))
    return films


def rank(version: str) -> tuple[int, str]:
    """Order in which versions are chosen for analysis: the plain one, then the smallest that is sharp enough."""
    heights = [int(height) for height in re.findall(r"(\d{3,4})[pi]\b", version)]
    if re.search(r"\b(4k|uhd|2160p)\b", version, re.IGNORECASE):
        heights.append(2160)
    height = max(heights, default=1080 if version else 0)
    three_d = 10_000 if re.search(r"\b(3d|[hf]?sbs|[hf]?tab|mvc)\b", version, re.IGNORECASE) else 0
    return three_d + (height if height == 0 or height >= 720 else 5_000 - height), version.casefold()


def _join(*parts: str) -> str:
    return "/".join(part for part in parts if part)
