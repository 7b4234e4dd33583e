"""What a photo provider is, and the photos of a cast from several of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from wios_assets.photos.folders import photos_of_cast

Cast = Sequence[tuple[str, str | None]]
"""Name and nconst (None where unknown) of each cast member."""


@dataclass(frozen=True)
class AskedFilm:
    """The film that photos are wanted for: its video file and IMDB's key, where they are known."""

    path: Path | None = None
    tconst: str | None = None


@dataclass(frozen=True)
class Photo:
    """A picture file that is said to show an actor.

    Attributes:
        path: the file. provider: who gave it. address: where it comes from: a path or a web address.
        fetched_at: when it was fetched, ISO 8601, UTC; None for a file of the user's own.
        of_film: True where it is said to be from the film itself.
    """

    path: Path
    provider: str
    address: str
    fetched_at: str | None = None
    of_film: bool = False


@dataclass
class FoundPhotos:
    """Photos by actor's name, and what went wrong: one line each with thing, place and remedy."""

    photos: dict[str, list[Photo]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class PhotoProvider(Protocol):
    """Gives photos of a cast. What goes wrong is told in `problems`, beside what was found nevertheless."""

    name: str

    def photos(self, cast: Cast, film: AskedFilm) -> FoundPhotos: ...


class GalleryFolders:
    """Folders that hold one folder an actor, called by name or nconst."""

    name = "folder"

    def __init__(self, galleries: Iterable[Path]) -> None:
        self.galleries = tuple(galleries)

    def photos(self, cast: Cast, film: AskedFilm) -> FoundPhotos:
        found = photos_of_cast(cast, self.galleries)
        problems = [
            f"{folder}: there is no such folder of photos; create it or mend the setting"
            for folder in self.galleries
            if not folder.is_dir()
        ]
        return FoundPhotos(_own_files({name: photos.photos for name, photos in found.items()}, self.name), problems)


class ActorsFolder:
    """`.actors/` beside the film, as Kodi and Jellyfin keep it."""

    name = "actors"

    def photos(self, cast: Cast, film: AskedFilm) -> FoundPhotos:
        found = photos_of_cast(cast, (), film.path)
        return FoundPhotos(_own_files({name: photos.photos for name, photos in found.items()}, self.name))


def gather_photos(providers: Iterable[PhotoProvider], cast: Cast, film: AskedFilm) -> FoundPhotos:
    """Photos of each cast member from all providers, in the providers' order, each file once."""
    gathered = FoundPhotos({name: [] for name, _ in cast})
    for provider in providers:
        found = provider.photos(cast, film)
        gathered.problems += found.problems
        for name, photos in found.photos.items():
            have = {photo.path for photo in gathered.photos[name]}
            gathered.photos[name] += [photo for photo in photos if photo.path not in have]
    return gathered


def _own_files(found: dict[str, tuple[Path, ...]], provider: str) -> dict[str, list[Photo]]:
    return {name: [Photo(path, provider, str(path)) for path in paths] for name, paths in found.items()}
