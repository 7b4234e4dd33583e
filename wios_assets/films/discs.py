"""Finds the main title of a DVD or Blu-ray that was copied as folders and files."""

from __future__ import annotations

import re
from collections import defaultdict

from wios_assets.films.playlists import Playlist, main_playlist
from wios_assets.films.tree import Folder, VideoFile

_DVD_TITLE = re.compile(r"^VTS_(\d\d)_([1-9])\.VOB$", re.IGNORECASE)
_STREAM = re.compile(r"^\d{5}\.m2ts$", re.IGNORECASE)


def disc_files(folder: Folder) -> tuple[str, ...] | None:
    """Files of the main title of a disc, in order; None for a folder that holds no disc.

    Args:
        folder: the folder that contains `VIDEO_TS`, `BDMV` or their files.

    Returns:
        Paths relative to the folder. Of a DVD's title sets the largest is the main one. Of a Blu-ray the longest
        playlist tells the streams; without a playlist it is the largest stream.
    """
    playlists = [
        playlist for inner in folder.folders if inner.name.casefold() == "playlist" for playlist in inner.playlists
    ]
    for inner in folder.folders:
        name = inner.name.casefold()
        if name == "video_ts":
            files = _dvd_title(inner)
        elif name in ("stream", "bdmv"):
            files = _streams(inner, playlists) or disc_files(inner) or ()
        else:
            continue
        if files:
            return tuple(f"{inner.name}/{file}" for file in files)
    return _dvd_title(folder) or _streams(folder, playlists) or None


def is_disc_folder(name: str) -> bool:
    """Whether a folder has the name of a disc's folder of films."""
    return name.casefold() in ("video_ts", "bdmv", "stream")


def _dvd_title(folder: Folder) -> tuple[str, ...]:
    titles: defaultdict[str, list[VideoFile]] = defaultdict(list)
    for file in folder.videos:
        match = _DVD_TITLE.match(file.name)
        if match:
            titles[match[1]].append(file)
    if not titles:
        return ()
    main = max(titles, key=lambda title: (sum(file.size for file in titles[title]), -int(title)))
    return tuple(sorted(file.name for file in titles[main]))


def _streams(folder: Folder, playlists: list[Playlist]) -> tuple[str, ...]:
    """A Blu-ray's streams of the main title, in order; none where the folder holds other films as well."""
    needed = 1 if is_disc_folder(folder.name) else 2
    if len(folder.videos) < needed or not all(_STREAM.match(file.name) for file in folder.videos):
        return ()
    names = {file.stem: file.name for file in folder.videos}
    main = main_playlist(playlists, names)
    if main is not None:
        return tuple(names[clip] for clip in main.clips)
    return (max(folder.videos, key=lambda file: (file.size, file.name)).name,)
