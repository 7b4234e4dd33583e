"""What changes while somebody has the page open: noticed here, whoever changed it, and sent to all who listen.

A run, a command and another page change files, not this process; so files and states are looked at twice a second, but
only while somebody listens.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from wios_assets.errors import Unavailable, WiosError
from wios_assets.lake.paths import partition_version
from wios_assets.page.name_updates import NameUpdates
from wios_assets.page.state.catalog import Catalog
from wios_assets.page.state.film_requests import FilmRequests
from wios_assets.page.state.film_states import FilmStates

PAUSE_S = 0.5
MAX_LISTENERS = 60
_MAX_UNREAD = 500
_WATCHED_REQUESTS = 20

Snapshot = dict[tuple[str, str], dict[str, Any]]
"""Present state of everything that is watched, by kind of event and key."""


@dataclass(frozen=True)
class Event:
    """A change: its kind (`film`, `decisions`, `names`, `request`) and the new state; `begin` without one."""

    kind: str
    data: dict[str, Any]


@dataclass(eq=False)
class _Listener:
    loop: asyncio.AbstractEventLoop
    begun: bool = False
    queue: asyncio.Queue[Event | None] = field(default_factory=lambda: asyncio.Queue(_MAX_UNREAD))

    def put(self, event: Event | None) -> None:
        """Hand an event over from any thread; None ends the listening, and so does a full queue."""
        # The loop may be closed while the page ends.
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._put, event)

    def _put(self, event: Event | None) -> None:
        if event is None or self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            event = None
        self.queue.put_nowait(event)


class Events:
    """Compares snapshots in a thread, and hands each difference to all listeners. Thread-safe."""

    def __init__(self, snapshot: Callable[[], Snapshot], pause_s: float = PAUSE_S) -> None:
        self._snapshot, self._pause_s = snapshot, pause_s
        self._lock = threading.Lock()
        self._listeners: set[_Listener] = set()
        self._watcher: threading.Thread | None = None
        self._closed = threading.Event()

    async def listen(self) -> AsyncIterator[Event]:
        """`begin`, then every change from there on, until the listener ends, falls behind or the page ends.

        Raises:
            Unavailable: too many listen already.
        """
        with self._listening() as listener:
            while (event := await listener.queue.get()) is not None:
                yield event

    def close(self) -> None:
        """End all listening."""
        self._closed.set()
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.put(None)

    def refuse_if_full(self) -> None:
        """Raise Unavailable where too many listen already."""
        if len(self._listeners) >= MAX_LISTENERS:
            raise Unavailable(f"{MAX_LISTENERS} pages listen already; close some, or ask again in a while")

    @contextmanager
    def _listening(self) -> Iterator[_Listener]:
        self.refuse_if_full()
        listener = _Listener(asyncio.get_running_loop())
        with self._lock:
            self._listeners.add(listener)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="page events", daemon=True)
                self._watcher.start()
        if self._closed.is_set():
            listener.put(None)
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def _watch(self) -> None:
        before: Snapshot | None = None
        while True:
            try:
                now = self._snapshot()
            except Exception:
                # A file that is being replaced, or a disk that went away: the next look may succeed.
                logging.getLogger(__name__).debug("changes cannot be read", exc_info=True)
            else:
                self._tell(differences(before, now) if before is not None else [])
                before = now
            ended = self._closed.wait(self._pause_s)
            with self._lock:
                if ended or not self._listeners:
                    self._watcher = None
                    return

    def _tell(self, events: list[Event]) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            for event in events if listener.begun else [Event("begin", {})]:
                listener.put(event)
            listener.begun = True


def differences(before: Snapshot, now: Snapshot) -> list[Event]:
    """An event for each state that is new or changed, and one for each film that is gone."""
    changed = [Event(kind, state) for (kind, key), state in now.items() if before.get((kind, key)) != state]
    gone = [key for kind, key in before.keys() - now.keys() if kind == "film"]
    return [*changed, *(Event("film", {"film": key, "state": "gone"}) for key in sorted(gone))]


def page_snapshot(
    catalog: Catalog, states: FilmStates, requests: FilmRequests, name_updates: NameUpdates
) -> Callable[[], Snapshot]:
    """A function that gives the present state of films, decisions, names and requests."""

    def snapshot() -> Snapshot:
        state: Snapshot = {}
        ready = list(_known(catalog))
        for film in (*ready, *states.waiting(set(ready))):
            state["film", film] = _film(catalog, states, film, film in ready)
        for film in ready:
            if version := catalog.decisions.version(film):
                state["decisions", film] = {"film": film, "version": _token(version)}
            names = name_updates.state(film)
            if names.kind != "done":
                state["names", film] = {"film": film, "state": names.kind, "reason": names.reason}
            elif ("names", film) in busy:
                state["names", film] = {"film": film, "state": "done", "reason": None}
        busy.clear()
        busy.update(key for key in state if key[0] == "names")
        for request in requests.newest(_WATCHED_REQUESTS):
            entry = requests.state(request)
            state["request", request.id] = {
                "id": request.id,
                "state": entry.name,
                "share": round(entry.share, 3) if entry.share is not None else None,
                "reason": entry.reason,
                "film": request.film,
            }
        return state

    busy: set[tuple[str, str]] = set()
    return snapshot


def _known(catalog: Catalog) -> dict[str, Any]:
    with suppress(WiosError):
        return catalog.films()
    return {}


def _film(catalog: Catalog, states: FilmStates, film: str, ready: bool) -> dict[str, Any]:
    state = states.of(film, ready)
    return {
        "film": film,
        "state": state.kind,
        "progress": round(state.share, 3) if state.share is not None else None,
        "stage": state.stage,
        "reason": state.reason,
        # Changes whenever a run has replaced the film's appearances.
        "results": _token(partition_version(catalog.settings.lake, "appearances", film)) if ready else None,
    }


def _token(version: object) -> str:
    return hashlib.blake2b(repr(version).encode(), digest_size=6).hexdigest()
