"""A folder tree with its video files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath

from wios_assets.films.playlists import Playlist


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
    """A folder of a library with its video files, a Blu-ray's playlists, and the folders that may contain some."""

    name: str
    videos: list[VideoFile] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)
    playlists: list[Playlist] = field(default_factory=list)
