"""What lies in the folders of WIOS and nothing needs: left by killed processes, old, or made again when needed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wios_assets.films.media_cache import POSTERS, PREVIEWS
from wios_assets.lake.store import STAGING
from wios_assets.runs.instance import DAMAGED_FOLDER
from wios_assets.scratch import abandoned_folders, remove_abandoned
from wios_assets.settings import Settings
from wios_assets.update.backups import BACKUPS

OUTPUT_AGE_S = 30 * 86_400.0
"""Age from which what a run printed is no longer kept."""


@dataclass(frozen=True)
class Removable:
    """Files of one kind.

    Attributes:
        what: what they are, in a sentence's part.
        paths: files and folders.
        size: bytes in all.
        remove: removes them.
    """

    what: str
    paths: list[Path]
    size: int
    remove: Callable[[], None]


def removable(settings: Settings, *, backups: bool = False) -> list[Removable]:
    """What can be removed, by kind; kinds without files are left out. Nothing is changed.

    Args:
        backups: whether the backups of updates count.
    """
    staging = settings.lake / STAGING
    kinds = [
        _kind(
            f"half-finished work of killed processes in {staging}",
            abandoned_folders(staging),
            lambda: remove_abandoned(staging),
        ),
        _kind("posters and previews, which the page makes again", _inside(settings.cache, POSTERS, PREVIEWS)),
        _kind("older logs of the services", list((settings.dagster / "services" / "logs").glob("*.log.*"))),
        _kind("what runs printed more than 30 days ago", list(_old_output(settings.dagster / "logs"))),
        _kind("damaged run histories that were set aside", _inside(settings.dagster, DAMAGED_FOLDER)),
    ]
    if settings.services.database == "none":
        what = "the database of services.database, which is not set any more, with the run history if it was there"
        kinds.append(_kind(what, [settings.database_folder] if settings.database_folder.is_dir() else []))
    if backups:
        kinds.append(_kind("backups of `wios update`, which cannot be put back then", _inside(settings.data, BACKUPS)))
    return [kind for kind in kinds if kind.paths]


def _kind(what: str, paths: list[Path], remove: Callable[[], None] | None = None) -> Removable:
    return Removable(what, paths, sum(map(_size, paths)), remove or (lambda: _remove(paths)))


def _inside(folder: Path, *names: str) -> list[Path]:
    return [path for name in names if (folder / name).is_dir() for path in sorted((folder / name).iterdir())]


def _old_output(logs: Path) -> Iterator[Path]:
    """Folders of what runs printed (`<run>/compute_logs/*.out`, `*.err`), none of whose files is young."""
    for folder in logs.iterdir() if logs.is_dir() else ():
        files = [path for path in folder.rglob("*") if path.is_file()]
        with suppress(FileNotFoundError):
            if files and all(time.time() - path.stat().st_mtime > OUTPUT_AGE_S for path in files):
                yield folder


def _size(path: Path) -> int:
    size = 0
    for file in [path] if path.is_file() else path.rglob("*"):
        with suppress(OSError):
            size += 0 if file.is_dir() else file.lstat().st_size
    return size


def _remove(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
