"""Requests to add a film: stored on disk, each followed from the upload to the film's page."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from os import getpid
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from wios_assets.atomic import write_atomic
from wios_assets.errors import BadInput, Conflict, WiosError
from wios_assets.films.adding import add_film, check_gallery
from wios_assets.films.inbox import VIDEO_EXTENSIONS, film_key
from wios_assets.films.index import read_index
from wios_assets.films.registry import index_lock, index_path
from wios_assets.films.sidecar import Sidecar, read_sidecar, sidecar_path, write_sidecar
from wios_assets.page.state.film_states import FilmStates
from wios_assets.runs.processes import lives, process_identity
from wios_assets.settings import Settings

Phase = Literal["asked", "receiving", "added", "refused"]
StateName = Literal["uploading", "waiting", "frames", "faces", "names", "ready", "failed"]
UPLOADS = ".uploads"
"""Folder in the inbox for films that are being received; hidden, so that the inbox ignores it."""
_MAX_STORED = 500
_UPLOAD_START_TIMEOUT_S = 3600.0
_ID = re.compile(r"[0-9a-f]{32}")


class FilmRequest(BaseModel):
    """A request to add a film.

    Attributes:
        id: hexadecimal. asked_s: time of the request, seconds since the epoch. file: name of the file, or its path in
        the inbox. size: bytes to be sent; None for a file in the inbox. details: keys of the film's sidecar, until the
        film is added. phase: progress of the request itself; after `added` the film's own state counts.
        process: the process that receives the file. film: key of the film, once added. reason: why it was refused.
        resumable: whether the file is sent in parts, so that what was received is kept until it expires.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    asked_s: float
    file: str
    size: int | None
    # Earlier versions stored the details as `said`.
    details: dict[str, object] = Field(validation_alias=AliasChoices("details", "said"))
    phase: Phase = "asked"
    process: str | None = None
    film: str | None = None
    reason: str | None = None
    resumable: bool = False

    @property
    def is_expired(self) -> bool:
        """Whether a film was announced so long ago that it is no longer expected."""
        return self.phase == "asked" and time.time() - self.asked_s > _UPLOAD_START_TIMEOUT_S

    @property
    def asked_at(self) -> str:
        """Time of the request, ISO 8601, UTC."""
        return datetime.fromtimestamp(self.asked_s, UTC).isoformat(timespec="seconds")


class RequestState(BaseModel):
    """State of a request; `share` (0 to 1) and `left_s` of the present step, `reason` of a failure."""

    model_config = ConfigDict(frozen=True)

    name: StateName
    share: float | None = None
    left_s: float | None = None
    reason: str | None = None


class FilmRequests:
    """Requests in `<data>/requests`, one file each. Thread-safe."""

    def __init__(self, settings: Settings, states: FilmStates, is_ready: Callable[[str], bool]) -> None:
        self.settings, self.states, self.is_ready = settings, states, is_ready
        self.folder = settings.data / "requests"
        self.uploads = settings.films / UPLOADS
        self.received: dict[str, int] = {}
        """Bytes received so far, by request, of the uploads in progress."""
        self._lock = threading.Lock()
        self._remove_abandoned_uploads()

    def announce_upload(self, file: str, size: int, details: Sidecar) -> FilmRequest:
        """Announce a film that will be sent.

        Raises:
            BadInput: not the file name of a video, the name of another film, or too large.
        """
        suffix = Path(file).suffix.lower()
        if suffix not in VIDEO_EXTENSIONS:
            known = " ".join(sorted(VIDEO_EXTENSIONS))
            raise BadInput(f"{file!r}: the name of a film ends in one of {known}; rename it")
        limit = int(self.settings.page.upload_gigabytes * 1e9)
        if not 0 < size <= limit:
            raise BadInput(
                f"{file!r} has {size} bytes; an upload has 1 to {limit} (setting page.upload_gigabytes); "
                f"put larger films into {self.settings.films}"
            )
        key = film_key(details.name or Path(file.replace("\\", "/")).stem)
        if not key:
            raise BadInput(f"{file!r}: the name is blank; give the film another")
        entry = read_index(index_path(self.settings)).films.get(key)
        if entry is not None and entry.present:
            raise BadInput(f"{key!r} is already the name of a film ({entry.path}); give this one another")
        stored = {**details.model_dump(exclude_none=True), "name": key}
        return self._store(FilmRequest(id=uuid.uuid4().hex, asked_s=time.time(), file=file, size=size, details=stored))

    def add_from_inbox(self, file: str, details: Sidecar) -> FilmRequest:
        """Add a file that lies in the inbox.

        Raises:
            WiosError: there is no such file in the inbox, or `wios film add` would refuse it.
        """
        path = self._inbox_path(file)
        key = self._update_known_film(path, details)
        if key is None:
            key = add_film(self.settings, path, details.name, details, how="link", progress=lambda done, size: None).key
        added = FilmRequest(
            id=uuid.uuid4().hex, asked_s=time.time(), file=file, size=None, details={}, phase="added", film=key
        )
        return self._store(added)

    def gallery_folder(self, folder: str) -> str:
        """Absolute path of a gallery inside the folder of galleries or the inbox.

        Raises:
            BadInput: it lies elsewhere, or holds no photos.
        """
        roots = (self.settings.galleries, self.settings.films)
        try:
            path = (self.settings.galleries / folder).resolve()
        except (ValueError, OSError):
            raise BadInput(f"{folder!r} is not a path; name a folder") from None
        if not any(path == root or root in path.parents for root in roots):
            raise BadInput(f"{folder!r} lies outside of {roots[0]} and {roots[1]}; put the photos there")
        return str(check_gallery(path))

    def get(self, id: str) -> FilmRequest | None:
        """The request with this id; None where there is none."""
        if not _ID.fullmatch(id):
            return None
        try:
            return FilmRequest.model_validate_json((self.folder / f"{id}.json").read_bytes())
        except (OSError, ValueError):
            return None

    def all(self) -> list[FilmRequest]:
        """Every request, newest first."""
        requests = [request for file in self._files() if (request := self.get(file.stem)) is not None]
        return sorted(requests, key=lambda each: (-each.asked_s, each.id))

    def newest(self, count: int) -> list[FilmRequest]:
        """The requests that were changed last, the last one first."""
        files = self._files()[-count:]
        return [request for file in reversed(files) if (request := self.get(file.stem)) is not None]

    def state(self, request: FilmRequest) -> RequestState:
        """The present state of a request."""
        if request.phase == "refused":
            return RequestState(name="failed", reason=request.reason)
        if request.phase == "asked":
            if request.is_expired:
                return RequestState(name="failed", reason=_expired(request))
            return RequestState(name="uploading", share=0.0)
        if request.phase == "receiving" and request.resumable:
            received = self.received_bytes(request)
            if received is None or self.expires_s(request) < time.time():
                return RequestState(name="failed", reason=_part_expired(request, self.settings.page.upload_hours))
            return RequestState(name="uploading", share=received / request.size if request.size else None)
        if request.phase == "receiving":
            if request.process is None or not lives(request.process):
                return RequestState(name="failed", reason=_page_ended(request))
            share = self.received.get(request.id, 0) / request.size if request.size else None
            return RequestState(name="uploading", share=share)
        assert request.film is not None
        return self._film_state(request.film, request.asked_s)

    def begin_upload(self, request: FilmRequest) -> Path:
        """Mark a request as being received, and return the file to write to.

        Raises:
            Conflict: the film was sent already, is being sent, or was announced too long ago.
        """
        with self._lock:
            current = self.get(request.id)
            if current is None or current.phase != "asked" or request.id in self.received:
                raise Conflict(f"{request.file!r} was sent already; make a new request to send it again")
            if current.is_expired:
                raise Conflict(_expired(request))
            process = process_identity(getpid())
            self._write(current.model_copy(update={"phase": "receiving", "process": process}))
            self.received[request.id] = 0
        self.uploads.mkdir(parents=True, exist_ok=True)
        return self._part(request)

    def begin_part(self, request: FilmRequest, offset: int) -> Path:
        """Mark a request as being received from an offset in bytes on, and return the file to append to.

        Raises:
            Conflict: the film was sent already, is being sent, was announced too long ago, or has another offset.
        """
        with self._lock:
            current = self.get(request.id)
            if current is None or request.id in self.received:
                raise Conflict(f"{request.file!r} is being sent already; wait until that connection has ended")
            if self.state(current).name != "uploading" or (current.phase == "receiving" and not current.resumable):
                raise Conflict(f"{request.file!r} is not expected any more; make a new request to send it again")
            there = self.received_bytes(current) or 0
            if there != offset:
                raise Conflict(f"{request.file!r}: {there} bytes were received; go on from there, not from {offset}")
            self._write(current.model_copy(update={"phase": "receiving", "process": None, "resumable": True}))
            self.received[request.id] = offset
        self.uploads.mkdir(parents=True, exist_ok=True)
        return self._part(request)

    def end_part(self, request: FilmRequest) -> None:
        """Note that the connection that sent a part has ended; what it sent is kept."""
        with self._lock:
            self.received.pop(request.id, None)

    def received_bytes(self, request: FilmRequest) -> int | None:
        """Bytes of a film that were received so far; None where nothing of it is kept."""
        try:
            return self._part(request).stat().st_size
        except OSError:
            return 0 if request.phase == "asked" else None

    def expires_s(self, request: FilmRequest) -> float:
        """When an upload that does not go on is given up, seconds since the epoch."""
        if request.phase == "asked":
            return request.asked_s + _UPLOAD_START_TIMEOUT_S
        try:
            touched_s = self._part(request).stat().st_mtime
        except OSError:
            touched_s = request.asked_s
        return touched_s + self.settings.page.upload_hours * 3600

    def cancel(self, request: FilmRequest) -> FilmRequest:
        """Give up an upload, and remove what was received.

        Raises:
            Conflict: it is complete, or given up already.
        """
        with self._lock:
            current = self.get(request.id)
            if current is None or current.phase not in ("asked", "receiving"):
                raise Conflict(f"{request.file!r} is not being sent; there is nothing to cancel")
        return self.refuse(current, f"{request.file!r} was cancelled")

    def _part(self, request: FilmRequest) -> Path:
        return self.uploads / f"{request.id}{Path(request.file).suffix.lower()}"

    def complete_upload(self, request: FilmRequest, file: Path) -> FilmRequest:
        """Move a completely received film into the inbox in one step, or refuse it."""
        details = Sidecar.model_validate(request.details)
        try:
            added = add_film(self.settings, file, None, details, how="move", progress=lambda done, size: None)
        except WiosError as error:
            # The user knows the file by the name that was sent.
            return self.refuse(request, str(error).replace(str(file), request.file))
        return self._finish(request, phase="added", film=added.key)

    def refuse(self, request: FilmRequest, reason: str) -> FilmRequest:
        """Mark a request as failed, and remove what was received of its film."""
        for part in self.uploads.glob(f"{request.id}.*"):
            with suppress(OSError):
                part.unlink()
        return self._finish(request, phase="refused", reason=reason)

    def _finish(self, request: FilmRequest, **changes: Any) -> FilmRequest:
        finished = request.model_copy(update={**changes, "details": {}})
        with self._lock:
            self._write(finished)
            self.received.pop(request.id, None)
        return finished

    def _film_state(self, film: str, asked_s: float) -> RequestState:
        entry = read_index(index_path(self.settings)).films.get(film)
        if entry is None or not entry.present:
            return RequestState(name="failed", reason=f"the film {film!r} is gone from the inbox; put it back")
        ready = self.is_ready(film)
        state = self.states.of(film, ready)
        if state.kind == "running" and state.stage is not None:
            return RequestState(name=state.stage, share=state.share, left_s=state.left_s)
        if ready:
            return RequestState(name="ready", share=1.0)
        # The failure of a run from before this request is no answer to it.
        if state.kind == "failed" and state.since >= asked_s:
            return RequestState(name="failed", reason=state.reason)
        return RequestState(name="waiting")

    def _inbox_path(self, file: str) -> Path:
        films = self.settings.films
        path = films / file
        outside = BadInput(f"{file!r} is not a path inside of {films}; name a file that lies there")
        try:
            path = path.parent.resolve() / path.name
            parts = path.relative_to(films).parts
            exists = path.is_file()
        except (ValueError, OSError):
            raise outside from None
        if not parts or any(part.startswith(".") for part in parts):
            raise outside
        if not exists:
            raise BadInput(f"{path}: there is no such file; put the film into {films}, or send it")
        return path

    def _update_known_film(self, path: Path, details: Sidecar) -> str | None:
        """Add details to the sidecar of a film that is in the index, and return its key; None where it is not."""
        with index_lock(self.settings):
            index = read_index(index_path(self.settings))
            key = next((key for key, entry in index.films.items() if entry.path == str(path) and entry.present), None)
            changes = details.model_dump(exclude_none=True, exclude={"name"})
            if key is None or not changes:
                return key
            if details.name is not None and film_key(details.name) != key:
                raise BadInput(f"{path}: this film is known as {key!r}; leave the name out")
            sidecar = sidecar_path(path)
            current = read_sidecar(sidecar) if sidecar.is_file() else Sidecar(name=key)
            write_sidecar(sidecar, current.model_copy(update=changes))
        return key

    def _store(self, request: FilmRequest) -> FilmRequest:
        with self._lock:
            self._write(request)
            for old in self._files()[:-_MAX_STORED]:
                if old.stem not in self.received:
                    old.unlink(missing_ok=True)
        return request

    def _files(self) -> list[Path]:
        """Files of all requests, oldest first."""
        timed = []
        for file in self.folder.glob("*.json"):
            with suppress(OSError):
                timed.append((file.stat().st_mtime_ns, file))
        return [file for _, file in sorted(timed)]

    def _write(self, request: FilmRequest) -> None:
        write_atomic(self.folder / f"{request.id}.json", request.model_dump_json())

    def _remove_abandoned_uploads(self) -> None:
        """Remove parts of films whose receiving process has ended, and those that expired."""
        for part in self.uploads.iterdir() if self.uploads.is_dir() else ():
            request = self.get(part.stem)
            if request is not None and request.resumable:
                if request.phase == "receiving" and self.expires_s(request) >= time.time():
                    continue
                request = None
            if request is None or request.process is None or not lives(request.process):
                with suppress(OSError):
                    part.unlink()


def _expired(request: FilmRequest) -> str:
    minutes = _UPLOAD_START_TIMEOUT_S / 60
    return f"{request.file!r} was announced, and nothing was sent for {minutes:.0f} minutes; make a new request"


def _part_expired(request: FilmRequest, hours: float) -> str:
    return f"{request.file!r} was not sent to its end within {hours:g} hours; make a new request"


def _page_ended(request: FilmRequest) -> str:
    return f"{request.file!r} was cut off when the page ended; send it again"
