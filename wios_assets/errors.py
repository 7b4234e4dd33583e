"""The errors that reach a user, by kind; each kind has one HTTP status."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar


class WiosError(Exception):
    """Something a user can mend: the message is one line that names the thing, the place and the remedy.

    Raise one of the four kinds below; catch this class. It is raised itself only for a failed run, whose cause is any.

    Attributes:
        http_status: status of the API's answer.
    """

    http_status: ClassVar[int] = 503

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class BadInput(WiosError):
    """What was given is not usable: a setting, an argument, a file's content."""

    http_status = 400


class NotFound(WiosError):
    """What was asked for does not exist: a film, a person, a file, a table."""

    http_status = 404


class Conflict(WiosError):
    """The state does not allow it: decided by somebody else, already there, in use by another process."""

    http_status = 409


class Unavailable(WiosError):
    """What is needed does not work now: a service, a device, the disk, the network, a part not installed."""

    http_status = 503


FULL = 0.01
"""Share of a disk, free, below which it is named as full where the error does not say which one is."""
FILM_BYTES = 300_000_000
"""Space that the analysis of a film of two hours takes, in bytes.

Measured on a film of 132 s with faces in most samples: 19 kB of tables a second of film, which are there twice while it
is analysed again, and 26 MB of run history.
"""

_DOCTOR = "`wios doctor` checks space, permissions and services"
_ABSENT_SHARE = (errno.ESTALE, errno.EIO, errno.ENXIO, errno.ENODEV)
_ABSENT_HOST = (errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ETIMEDOUT)
"""Errors of a share where a file is named, and of any connection where none is."""
_CODES = {os.strerror(code): code for code in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, *_ABSENT_SHARE)}
"""Errors by the text that other libraries give them in their messages."""


def explain(error: BaseException, folders: Iterable[Path] = ()) -> WiosError | None:
    """What an exception of the operating system, Arrow, SQLite, SQLAlchemy, DuckDB or Spark means to a user.

    The libraries are recognised by the names of their classes' modules, so that none is imported. Where an exception is
    none of these, its cause (`raise … from`) is looked at. A `WiosError` anywhere among the causes is returned as it
    is, because it has the remedy.

    Args:
        error: the exception.
        folders: folders that are written to; where a disk is full and the exception does not say which, the disks of
            these are looked at.

    Returns:
        The error to show; None where the exception is none of these, and so is a fault of the program.
    """
    folders = list(folders)
    causes = list(_causes(error))
    prepared = next((cause for cause in causes if isinstance(cause, WiosError)), None)
    if prepared is not None:
        return prepared
    return next((found for cause in causes if (found := _explain_one(cause, folders)) is not None), None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and its causes, the outermost first."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__


def _explain_one(error: BaseException, folders: list[Path]) -> WiosError | None:
    text = _first_line(error)
    if isinstance(error, OSError):
        return _explain_os(error, folders)
    libraries = {kind.__module__.split(".")[0].lstrip("_") for kind in type(error).__mro__}
    if "sqlalchemy" in libraries:
        return _explain_sqlite(_first_line(getattr(error, "orig", None) or error), folders)
    if "sqlite3" in libraries:
        return _explain_sqlite(text, folders)
    if "duckdb" in libraries:
        return _explain_duckdb(type(error).__name__, text, folders)
    if "pyarrow" in libraries and "Parquet" in text:
        return damaged_table("", text)
    if libraries & {"py4j", "pyspark"}:
        return _explain_spark(error, folders)
    if isinstance(error, MemoryError):
        return Unavailable(f"the memory is used up; end other programs, or lower WIOS_SPARK_MEMORY; {_DOCTOR}")
    return None


def _explain_os(error: OSError, folders: list[Path]) -> WiosError:
    # Arrow's errors have the file and the code in their text alone.
    if isinstance(error, ConnectionError) and _raised_in("py4j", error):
        return _java_ended(error)
    named = isinstance(error.filename, str | bytes | os.PathLike)
    file = os.fsdecode(error.filename) if named else _quoted_path(str(error))
    reason = error.strerror or _first_line(error)
    code = error.errno or _code_in(str(error))
    if code is not None and (known := _explain_code(code, file, folders)) is not None:
        return known
    if isinstance(error, FileNotFoundError) and file:
        if (gone := _emptied(Path(file), folders)) is not None:
            return Unavailable(
                f"{gone}: its disk or network share is gone, or was emptied; mount it again, then run again; {_DOCTOR}"
            )
        return NotFound(f"{file}: there is no such file or folder; put it back, or correct the path")
    return Unavailable(f"{file + ': ' if file else ''}{reason}; {_DOCTOR}")


def _explain_code(code: int, file: str, folders: list[Path]) -> Unavailable | None:
    """What an error of the operating system means; None where its number says nothing about the disk.

    Args:
        file: the file that it happened with; empty where that is not known.
    """
    if code == errno.ENOSPC:
        return full_disk([Path(file)]) if file else full_disk([*folders, Path(tempfile.gettempdir())])
    if code == errno.EDQUOT:
        where = f"{file}: your quota" if file else "your quota on a disk that is written to"
        return Unavailable(f"{where} is used up; remove files of yours there, have it raised, or set WIOS_DATA")
    if code == errno.EROFS:
        where = f"{file}: the disk mounted at {_mount(Path(file))}" if file else "a disk that is written to"
        return Unavailable(f"{where} is read-only; mount it writable, or set WIOS_DATA to another disk")
    if code in (errno.EACCES, errno.EPERM):
        return Unavailable(
            f"{file or 'a file'}: {os.strerror(code)}; change its access rights, or choose another folder; {_DOCTOR}"
        )
    if code in _ABSENT_SHARE or (file and code in _ABSENT_HOST):
        where = f"{file}: its disk or network share" if file else f"a disk or network share {_among(folders)}"
        return Unavailable(f"{where} does not answer ({os.strerror(code)}); mount it again, then run again; {_DOCTOR}")
    return None


def _code_in(text: str) -> int | None:
    """Number of the operating system's error that a message quotes; None where it quotes none that is known."""
    return next((code for words, code in _CODES.items() if words in text), None)


def _emptied(file: Path, folders: list[Path]) -> Path | None:
    """The folder of `folders` that a missing file belongs to, where it is missing too, or has nothing in it."""
    inside = [folder for folder in folders if file.is_relative_to(folder)]
    for folder in sorted(inside, key=lambda each: len(each.parts)):
        try:
            if not any(folder.iterdir()):
                return folder
        except OSError:
            return folder
    return None


def _among(folders: list[Path]) -> str:
    mounts = sorted({str(_mount(folder)) for folder in folders})
    return f"({', '.join(mounts)})" if mounts else "that is used"


def _explain_sqlite(text: str, folders: list[Path]) -> WiosError:
    history = "Dagster's run history (the folder `dagster` of `wios settings`)"
    if "is full" in text:
        return full_disk(folders)
    if "locked" in text:
        return Conflict(f"{history} is in use by another process ({text}); wait until that ends and try again")
    if "readonly" in text or "unable to open" in text:
        return Unavailable(f"{history} cannot be written ({text}); change its access rights, or set WIOS_DAGSTER")
    if "malformed" in text or "not a database" in text:
        return Unavailable(f"{history} is damaged ({text}); the next command sets it aside, and results stay")
    if "disk I/O error" in text:
        return _explain_code(errno.EIO, "", folders) or Unavailable(f"{history}: {text}; {_DOCTOR}")
    return Unavailable(f"{history}: {text}; {_DOCTOR}")


def _explain_duckdb(kind: str, text: str, folders: list[Path]) -> WiosError:
    if "max_temp_directory_size" in text or "could not write all bytes" in text.lower():
        return full_disk(folders)
    if (code := _code_in(text)) is not None and (known := _explain_code(code, _quoted_path(text), folders)):
        return known
    if "Could not set lock" in text:
        return Conflict(f"DuckDB: {text}; end the other program and try again")
    if "magic bytes" in text or "too small to be a Parquet file" in text:
        return damaged_table(_quoted_path(text), text)
    if kind == "OutOfMemoryException":
        return Unavailable(f"DuckDB: the memory is used up ({text}); end other programs and try again")
    if kind in ("BinderException", "CatalogException", "ConversionException", "ParserException"):
        return BadInput(f"DuckDB: {text}")
    return Unavailable(f"DuckDB: {text}; {_DOCTOR}")


def _explain_spark(error: BaseException, folders: list[Path]) -> WiosError:
    text = str(error)
    prepared = _PREPARED.search(text)
    if prepared is not None:
        # A worker's own error, in the traceback that Spark hands on.
        return _KINDS[prepared[1]](prepared[2])
    if (code := _code_in(text)) is not None and (known := _explain_code(code, "", folders)) is not None:
        return known
    if "OutOfMemoryError" in text:
        return Unavailable("Spark: the memory of its Java process is used up; raise WIOS_SPARK_MEMORY")
    if "Python worker exited unexpectedly" in text:
        return Unavailable(f"Spark: a worker process ended, as where the memory is used up; run again; {_DOCTOR}")
    if type(error).__name__ in ("Py4JNetworkError", "Py4JError") and ("Java" in text or "network" in text):
        return _java_ended(error)
    java = getattr(error, "java_exception", None)
    return Unavailable(f"Spark: {_first_line(java) if java is not None else _first_line(error)}; {_DOCTOR}")


def file_error(path: Path | str, error: OSError, done: str, remedy: str) -> Unavailable:
    """The error for a file or folder that could not be read or written.

    Args:
        done: what could not be done with it: `read`, `written`, `opened`, `made`.
        remedy: what to do where the cause is neither a full disk, a quota, a read-only disk nor an absent share.
    """
    code = error.errno or _code_in(str(error))
    if code is not None and code not in (errno.EACCES, errno.EPERM):
        known = _explain_code(code, str(path), [])
        if known is not None:
            return known
    return Unavailable(f"{path}: cannot be {done} ({error.strerror or _first_line(error)}); {remedy}")


def damaged_table(file: str, reason: str) -> Unavailable:
    """The error for a Parquet file that cannot be read; `file` is empty where it is not known."""
    if "film=" in file:
        remedy = "run its film again with `wios run`"
    elif "/imdb/" in file:
        remedy = "load IMDB's files again with `wios imdb load`"
    else:
        remedy = "run the film again, or `wios imdb load`"
    return Unavailable(f"{file or 'a file of the lake'}: is damaged ({reason}); {remedy}")


def _java_ended(error: BaseException) -> Unavailable:
    return Unavailable(f"Spark: its Java process ended ({_first_line(error)}); run again; {_DOCTOR}")


def _raised_in(package: str, error: BaseException) -> bool:
    """Whether the code of a package is among the callers of what raised the error."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(frame.f_globals.get("__name__", "").partition(".")[0] == package for frame in frames)


def full_disk(paths: Iterable[Path], needed: int = FILM_BYTES, what: str = "a film of two hours") -> Unavailable:
    """The error for a full disk: which one of those that `paths` are on, what is free, and what is needed (bytes)."""
    usage = {_mount(path): None for path in paths} or {_mount(Path(tempfile.gettempdir())): None}
    disks = [(mount, shutil.disk_usage(mount)) for mount in usage]
    full = [(mount, disk.free) for mount, disk in disks if disk.free < FULL * disk.total] or [
        min(((mount, disk.free) for mount, disk in disks), key=lambda each: each[1])
    ]
    named = ", ".join(f"{mount} ({size(free)} free)" for mount, free in full)
    return Unavailable(
        f"the disk is full: {named}; {what} needs about {size(needed)}; free space there, or set WIOS_DATA to another "
        "disk"
    )


def size(count: float) -> str:
    """A number of bytes for people: `1.5 MB`."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _quoted_path(text: str) -> str:
    """The path that a message has in quotes; empty where there is none."""
    quoted = re.search(r"[\"'](/[^\"']+)[\"']", text)
    return quoted[1] if quoted else ""


def _mount(path: Path) -> Path:
    """Mount point of the disk that a path, existing or not, is on."""
    return next(parent for parent in _upwards(path.expanduser().absolute()) if os.path.ismount(parent))


def _upwards(path: Path) -> Iterator[Path]:
    yield path
    yield from path.parents


def _first_line(error: object) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


_KINDS: dict[str, type[WiosError]] = {kind.__name__: kind for kind in (BadInput, NotFound, Conflict, Unavailable)}
_PREPARED = re.compile(rf"wios_assets\.errors\.({'|'.join(_KINDS)}): (.+)")
