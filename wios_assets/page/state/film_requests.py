"""Films that somebody asked to bring: kept on disk, each on its way from the upload to the film's page."""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from os import getpid
from pathlib import Path
from typing import Literal

from wios_assets.atomic import write_atomic
from wios_assets.errors import WiosError
from wios_assets.films.adding import add_film, check_gallery
from wios_assets.films.entry import index_lock, index_path
from wios_assets.films.inbox import VIDEO_EXTENSIONS, film_key
from wios_assets.films.index import read_index
from wios_assets.films.sidecar import Sidecar, read_sidecar, sidecar_path, write_sidecar
from wios_assets.page.state.film_states import FilmStates
from wios_assets.runs.processes import lives, process_identity
from wios_assets.settings import Settings

Way = Literal["uploading", "waiting", "frames", "faces", "names", "ready", "failed"]
Phase = Literal["asked", "receiving", "added", "refused"]
UPLOADS = ".uploads"
"""Folder in the inbox, hidden and so not looked into, where a film stands until all of it has come."""
_KEPT = 500
_BEGUN_WITHIN_S = 24 * 3600.0
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class InboxRequest:
    """A film that somebody asked to bring.

    Attributes:
        id: its name, hexadecimal. asked_s: when, seconds since the epoch. file: the file's name, or path in the inbox.
        size: bytes to be sent; None for a file that lies in the inbox. said: what is known of the film, until it is
        added. phase: how far it is by itself; what comes after `added` is the film's own state.
        process: who receives the file. film: the film's key, once it is added. reason: why it was refused.
    """

    id: str
    asked_s: float
    file: str
    size: int | None
    said: dict[str, object]
    phase: Phase = "asked"
    process: str | None = None
    film: str | None = None
    reason: str | None = None

    @property
    def asked_at(self) -> str:
        """When it was asked, ISO 8601, UTC."""
        return datetime.fromtimestamp(self.asked_s, UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Standing:
    """Where a request is on its way; `share` (0 to 1) and `left_s` of what is being done, `reason` if it failed."""

    way: Way
    share: float | None = None
    left_s: float | None = None
    reason: str | None = None


class InboxRequests:
    """Requests in `<data>/requests`, one file each. Any thread may ask."""

    def __init__(self, settings: Settings, states: FilmStates, is_ready: Callable[[str], bool]) -> None:
        self.settings, self.states, self.is_ready = settings, states, is_ready
        self.folder = settings.data / "requests"
        self.uploads = settings.films / UPLOADS
        self.received: dict[str, int] = {}
        self._lock = threading.Lock()
        self._clear_uploads()

    def ask_upload(self, file: str, size: int, said: Sidecar) -> InboxRequest:
        """Ask to send a film.

        Raises:
            WiosError: not the name of a film, or the name of another; too large.
        """
        suffix = Path(file).suffix.lower()
        if suffix not in VIDEO_EXTENSIONS:
            raise WiosError(f"{file!r}: a film's name ends in one of {' '.join(sorted(VIDEO_EXTENSIONS))}; rename it")
        most = int(self.settings.page.upload_gigabytes * 1e9)
        if not 0 < size <= most:
            raise WiosError(
                f"{file!r} has {size} bytes; a film that is sent has 1 to {most} (the setting page.upload_gigabytes), "
                f"a larger one can be put into {self.settings.films}"
            )
        key = film_key(said.name or Path(file.replace("\\", "/")).stem)
        if not key:
            raise WiosError(f"{file!r}: the name is blank; give the film another")
        entry = read_index(index_path(self.settings)).films.get(key)
        if entry is not None and entry.present:
            raise WiosError(f"{key!r} is the name of a film already ({entry.path}); give this one another")
        return self._keep(InboxRequest(uuid.uuid4().hex, time.time(), file, size, said_of(said, name=key)))

    def add_from_inbox(self, file: str, said: Sidecar) -> InboxRequest:
        """Bring a file that lies in the inbox.

        Raises:
            WiosError: there is no such file in the inbox, or it is refused as `wios film add` would refuse it.
        """
        path = self._inside(file)
        key = self._describe_known(path, said)
        if key is None:
            key = add_film(self.settings, path, said.name, said, how="link", progress=lambda done, size: None).key
        return self._keep(InboxRequest(uuid.uuid4().hex, time.time(), file, None, {}, "added", film=key))

    def gallery(self, asked: str) -> str:
        """The whole path of a gallery inside the folder of galleries or the inbox.

        Raises:
            WiosError: it lies elsewhere, or holds no photos.
        """
        roots = (self.settings.galleries, self.settings.films)
        folder = _resolved(self.settings.galleries / asked)
        if not any(folder == root or root in folder.parents for root in roots):
            raise WiosError(f"{asked!r} lies outside of {roots[0]} and {roots[1]}; put the photos there")
        return str(check_gallery(folder))

    def get(self, id: str) -> InboxRequest | None:
        """A request by its name; None where there is none."""
        if not _ID.fullmatch(id):
            return None
        try:
            return InboxRequest(**json.loads((self.folder / f"{id}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def all(self) -> list[InboxRequest]:
        """Every request, the newest first."""
        found = [self.get(file.stem) for file in self._files()]
        return sorted((each for each in found if each is not None), key=lambda each: (-each.asked_s, each.id))

    def standing(self, asked: InboxRequest) -> Standing:
        """Where a request is on its way."""
        if asked.phase == "refused":
            return Standing("failed", reason=asked.reason)
        if asked.phase == "asked":
            late = time.time() - asked.asked_s > _BEGUN_WITHIN_S
            return Standing("failed", reason="nothing was sent; ask again") if late else Standing("uploading", 0.0)
        if asked.phase == "receiving":
            if asked.process is None or not lives(asked.process):
                return Standing("failed", reason=f"{asked.file!r} was cut off when the page ended; send it again")
            share = self.received.get(asked.id, 0) / asked.size if asked.size else None
            return Standing("uploading", share)
        assert asked.film is not None
        return self._film(asked.film, asked.asked_s)

    def begin(self, asked: InboxRequest) -> Path:
        """Called before the first byte is received; where the film is to be written.

        Raises:
            WiosError: the film was sent already, or is being sent.
        """
        with self._lock:
            now = self.get(asked.id)
            if now is None or now.phase != "asked" or asked.id in self.received:
                raise WiosError(f"{asked.file!r} was sent already; ask anew to send it again")
            self._write(replace(now, phase="receiving", process=process_identity(getpid())))
            self.received[asked.id] = 0
        self.uploads.mkdir(parents=True, exist_ok=True)
        return self.uploads / f"{asked.id}{Path(asked.file).suffix.lower()}"

    def take(self, asked: InboxRequest, whole: Path) -> InboxRequest:
        """Called once all of the film has come: moves it into the inbox in one step, or refuses it."""
        said = Sidecar.model_validate(asked.said)
        try:
            added = add_film(self.settings, whole, None, said, how="move", progress=lambda done, size: None)
        except WiosError as error:
            # The reader does not know the file by the name under which it was received.
            return self.refuse(asked, str(error).replace(str(whole), asked.file))
        return self._settle(replace(asked, phase="added", film=added.key, said={}))

    def refuse(self, asked: InboxRequest, reason: str) -> InboxRequest:
        """The request failed; what was received of the film is gone."""
        for part in self.uploads.glob(f"{asked.id}.*"):
            with suppress(OSError):
                part.unlink()
        return self._settle(replace(asked, phase="refused", reason=reason, said={}))

    def _settle(self, asked: InboxRequest) -> InboxRequest:
        with self._lock:
            self._write(asked)
            self.received.pop(asked.id, None)
        return asked

    def _film(self, film: str, asked_s: float) -> Standing:
        entry = read_index(index_path(self.settings)).films.get(film)
        if entry is None or not entry.present:
            return Standing("failed", reason=f"the film {film!r} is gone from the inbox; put it back")
        ready = self.is_ready(film)
        state = self.states.of(film, ready)
        if state.kind == "running" and state.stage is not None:
            return Standing(state.stage, state.share, state.left_s)
        if ready:
            return Standing("ready", 1.0)
        # A run that was asked for before says nothing about this request.
        if state.kind == "failed" and state.since >= asked_s:
            return Standing("failed", reason=state.reason)
        return Standing("waiting")

    def _inside(self, file: str) -> Path:
        films = self.settings.films
        path = films / file
        try:
            path = path.parent.resolve() / path.name
            parts = path.relative_to(films).parts
            known = path.is_file()
        except (ValueError, OSError):
            raise WiosError(f"{file!r} is no path inside of {films}; name a file that lies there") from None
        if not parts or any(part.startswith(".") for part in parts):
            raise WiosError(f"{file!r} is no path inside of {films}; name a file that lies there")
        if not known:
            raise WiosError(f"{path}: there is no such file; put the film into {films}, or send it")
        return path

    def _describe_known(self, path: Path, said: Sidecar) -> str | None:
        """Write what is said of a film that was taken up already, and give its key; None where it was not."""
        with index_lock(self.settings):
            index = read_index(index_path(self.settings))
            key = next((key for key, entry in index.films.items() if entry.path == str(path) and entry.present), None)
            told = said.model_dump(exclude_none=True, exclude={"name"})
            if key is None or not told:
                return key
            if said.name is not None and film_key(said.name) != key:
                raise WiosError(f"{path}: this film is known as {key!r}; leave the name out")
            beside = sidecar_path(path)
            before = read_sidecar(beside) if beside.is_file() else Sidecar(name=key)
            write_sidecar(beside, before.model_copy(update=told))
        return key

    def _keep(self, asked: InboxRequest) -> InboxRequest:
        with self._lock:
            self._write(asked)
            for old in self._files()[:-_KEPT]:
                if old.stem not in self.received:
                    old.unlink(missing_ok=True)
        return asked

    def _files(self) -> list[Path]:
        """Files of all requests, the oldest first."""
        timed = []
        for file in self.folder.glob("*.json"):
            with suppress(OSError):
                timed.append((file.stat().st_mtime_ns, file))
        return [file for _, file in sorted(timed)]

    def _write(self, asked: InboxRequest) -> None:
        write_atomic(self.folder / f"{asked.id}.json", json.dumps(asdict(asked)))

    def _clear_uploads(self) -> None:
        """Clear away what uploads left behind whose page is gone."""
        for part in self.uploads.iterdir() if self.uploads.is_dir() else ():
            asked = self.get(part.stem)
            if asked is None or asked.process is None or not lives(asked.process):
                with suppress(OSError):
                    part.unlink()


def said_of(sidecar: Sidecar, **also: str) -> dict[str, object]:
    """What a sidecar says, as it is kept."""
    return {**sidecar.model_dump(exclude_none=True), **also}


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (ValueError, OSError):
        raise WiosError(f"{str(path)!r}: no path; name a folder") from None
