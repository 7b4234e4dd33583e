"""Writes a film's sidecar, portrait sheet and captions to where players find them, as `players.files` says."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from wios_assets.atomic import remove_leftovers, write_atomic
from wios_assets.errors import file_error
from wios_assets.exports.captions import VTT_HEADER
from wios_assets.exports.formats import default_file
from wios_assets.exports.sidecar import SHEET_MAGIC, SidecarFormat, sidecar_contents
from wios_assets.films.index import read_index
from wios_assets.films.registry import index_path
from wios_assets.lake.library import open_library
from wios_assets.lake.paths import escape_key
from wios_assets.lake.store import read_rows
from wios_assets.settings import Settings
from wios_assets.tables import FILM

_OWN: dict[SidecarFormat, bytes] = {
    "json": b'{"document":"wios/sidecar"',
    "bgra": SHEET_MAGIC,
    "vtt": VTT_HEADER.encode(),
}
"""How each file begins, by which a file of WIOS is told from another of the same name."""


@dataclass
class PlayerFiles:
    """The files that were written, and why one was not written or stands elsewhere, a sentence each."""

    files: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def write_player_files(settings: Settings, film: str) -> PlayerFiles:
    """Write a film's files for players, and remove those that it had elsewhere.

    Each file is replaced atomically; a file that WIOS did not write is left alone. Beside a film that lies in a folder
    that cannot be written, or that is a film in parts (whose parts have clocks of their own), the exports folder is
    used.

    Raises:
        WiosError: the lake does not hold the film's appearances, or the exports folder cannot be written.
    """
    result = PlayerFiles()
    earlier = _recorded(settings, film)
    if settings.players.files != "off":
        with open_library(settings) as library:
            contents = sidecar_contents(library, film)
        own = {format: default_file(settings.exports, film, "sidecar", format) for format in contents}
        beside = _beside(settings, film, result) if settings.players.files == "beside" else None
        # What is known before writing stands on the disk before, so that an interruption leaves nothing unknown.
        _record(settings, film, [*earlier, *own.values(), *(beside or {}).values()])
        if beside is None or not _write(contents, beside, result):
            result.files.clear()
            try:
                for format, file in own.items():
                    write_atomic(file, contents[format])
                    result.files.append(file)
            except OSError as error:
                remedy = "set `players.files` to off, or WIOS_EXPORTS to another folder"
                raise file_error(settings.exports, error, "written", remedy) from error
    for file in earlier:
        if file not in result.files:
            _remove(file)
    _record(settings, film, result.files)
    return result


def remove_player_files(settings: Settings, film: str) -> list[Path]:
    """Remove a film's files for players; returns those that were there."""
    removed = [file for file in _recorded(settings, film) if _remove(file)]
    _record(settings, film, [])
    return removed


def is_own(file: Path) -> bool:
    """Whether WIOS wrote the file, by how it begins; False where it cannot be read."""
    start = _OWN.get(file.suffix.removeprefix("."))  # type: ignore[call-overload]
    try:
        with file.open("rb") as content:
            return start is not None and content.read(len(start)) == start
    except OSError:
        return False


def _beside(settings: Settings, film: str, result: PlayerFiles) -> dict[SidecarFormat, Path] | None:
    """The files beside the film, or beside the file that a link in the inbox leads to; None for a film in parts."""
    entry = read_index(index_path(settings)).films.get(film)
    path = Path(read_rows(settings.lake, FILM, film)["path"][0].as_py()).resolve()
    if entry is not None and entry.parts:
        result.problems.append(f"{path}: the film is in parts, so its files for players are in {settings.exports}")
        return None
    return {format: path.with_name(f"{path.stem}.wios.{format}") for format in ("bgra", "json", "vtt")}


def _write(contents: dict[SidecarFormat, bytes], files: dict[SidecarFormat, Path], result: PlayerFiles) -> bool:
    """Write the files that are not somebody else's; False where the folder cannot be written."""
    for format, file in files.items():
        if file.exists() and not is_own(file):
            result.problems.append(f"{file}: was not written by WIOS and is left as it is; rename or remove it")
            continue
        try:
            remove_leftovers(file)
            # The folder is the film's: where it is gone, it is not made again.
            if not file.parent.is_dir():
                raise FileNotFoundError(2, "there is no such folder")
            write_atomic(file, contents[format])
        except OSError as error:
            result.problems.append(f"{file}: cannot be written ({error.strerror}); it is in the exports folder")
            for written in result.files:
                _remove(written)
            return False
        result.files.append(file)
    return True


def _remove(file: Path) -> bool:
    """Remove a file of WIOS; False where it is another's or cannot be removed."""
    if not is_own(file):
        return False
    with suppress(OSError):
        file.unlink()
        return True
    return False


def _record_file(settings: Settings, film: str) -> Path:
    return settings.data / "player_files" / f"film={escape_key(film)}.json"


def _recorded(settings: Settings, film: str) -> list[Path]:
    """Files that were written, or were about to be, the last time; those in the exports folder where it is now."""
    try:
        content = json.loads(_record_file(settings, film).read_bytes())
        return [settings.exports / file for file in content["files"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _record(settings: Settings, film: str, files: list[Path]) -> None:
    record = _record_file(settings, film)
    if files:
        inside = settings.exports
        names = [str(file.relative_to(inside) if file.parent == inside else file) for file in dict.fromkeys(files)]
        write_atomic(record, json.dumps({"files": names}))
    else:
        record.unlink(missing_ok=True)
