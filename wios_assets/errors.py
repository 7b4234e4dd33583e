"""The errors that reach a user, by kind; each kind has one HTTP status."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
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

_DOCTOR = "`wios doctor` checks space, permissions and services"


def explain(error: BaseException, folders: Iterable[Path] = ()) -> WiosError | None:
    """What an exception of the operating system, SQLite, SQLAlchemy, DuckDB or Spark means to a user.

    The libraries are recognised by the names of their classes' modules, so that none is imported. Where an exception is
    none of these, its cause (`raise … from`) is looked at.

    Args:
        error: the exception.
        folders: folders that are written to; where a disk is full and the exception does not say which, the disks of
            these are looked at.

    Returns:
        The error to show; None where the exception is none of these, and so is a fault of the program.
    """
    if isinstance(error, WiosError):
        return error
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
    if libraries & {"py4j", "pyspark"}:
        return _explain_spark(error, folders)
    if isinstance(error, MemoryError):
        return Unavailable(f"the memory is used up; end other programs, or lower WIOS_SPARK_MEMORY; {_DOCTOR}")
    return explain(error.__cause__, folders) if error.__cause__ is not None else None


def _explain_os(error: OSError, folders: Iterable[Path]) -> WiosError:
    file = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else ""
    reason = error.strerror or _first_line(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full_disk([Path(file)] if file else folders)
    if error.errno == errno.EROFS:
        where = f"{file}: the disk mounted at {_mount(Path(file))}" if file else "a disk that is written to"
        return Unavailable(f"{where} is read-only; choose another folder with `wios settings`")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Unavailable(
            f"{file or 'a file'}: {reason}; change its access rights, or choose another folder; {_DOCTOR}"
        )
    if isinstance(error, FileNotFoundError) and file:
        return NotFound(f"{file}: there is no such file or folder; put it back, or correct the path")
    return Unavailable(f"{file + ': ' if file else ''}{reason}; {_DOCTOR}")


def _explain_sqlite(text: str, folders: Iterable[Path]) -> WiosError:
    history = "Dagster's run history (the folder `dagster` of `wios settings`)"
    if "full" in text:
        return _full_disk(folders)
    if "locked" in text:
        return Conflict(f"{history} is in use by another process ({text}); wait until that ends and try again")
    if "readonly" in text or "unable to open" in text:
        return Unavailable(f"{history} cannot be written ({text}); change its access rights, or set WIOS_DAGSTER")
    if "malformed" in text or "not a database" in text:
        return Unavailable(f"{history} is damaged ({text}); move it away, and a new one is begun")
    return Unavailable(f"{history}: {text}; {_DOCTOR}")


def _explain_duckdb(kind: str, text: str, folders: Iterable[Path]) -> WiosError:
    if "No space left" in text or "Disk quota" in text:
        return _full_disk(folders)
    if "lock" in text and kind == "IOException":
        return Conflict(f"DuckDB: {text}; end the other program and try again")
    if kind == "OutOfMemoryException":
        return Unavailable(f"DuckDB: the memory is used up ({text}); end other programs and try again")
    if kind in ("BinderException", "CatalogException", "ConversionException", "ParserException"):
        return BadInput(f"DuckDB: {text}")
    return Unavailable(f"DuckDB: {text}; {_DOCTOR}")


def _explain_spark(error: BaseException, folders: Iterable[Path]) -> WiosError:
    text = str(error)
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return _full_disk(folders)
    if "OutOfMemoryError" in text:
        return Unavailable("Spark: the memory of its Java process is used up; raise WIOS_SPARK_MEMORY")
    if type(error).__name__ in ("Py4JNetworkError", "Py4JError") and "Java" in text:
        return Unavailable(f"Spark: its Java process ended ({_first_line(error)}); run again; {_DOCTOR}")
    java = getattr(error, "java_exception", None)
    return Unavailable(f"Spark: {_first_line(java) if java is not None else _first_line(error)}; {_DOCTOR}")


def _full_disk(paths: Iterable[Path]) -> Unavailable:
    usage = {_mount(path): None for path in (*paths, Path(tempfile.gettempdir()))}
    disks = [(mount, shutil.disk_usage(mount)) for mount in usage]
    full = [(mount, disk.free) for mount, disk in disks if disk.free < FULL * disk.total] or [
        min(((mount, disk.free) for mount, disk in disks), key=lambda each: each[1])
    ]
    named = ", ".join(f"{mount} ({free / 1e9:.2f} GB free)" for mount, free in full)
    return Unavailable(f"the disk is full: {named}; free space there, or set WIOS_DATA to another disk")


def _mount(path: Path) -> Path:
    """Mount point of the disk that a path, existing or not, is on."""
    return next(parent for parent in _upwards(path.expanduser().absolute()) if os.path.ismount(parent))


def _upwards(path: Path) -> Iterator[Path]:
    yield path
    yield from path.parents


def _first_line(error: object) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
