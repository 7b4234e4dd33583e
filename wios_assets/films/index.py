"""The index of films, and its comparison with the inbox: new, changed, renamed and removed films."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from wios_assets.atomic import write_atomic
from wios_assets.errors import Unavailable, WiosError, file_error
from wios_assets.films.inbox import Inbox, InboxFilm, contested_problem
from wios_assets.vision.parts import fingerprint_of_parts

INDEX_NAME = "films.json"
_VERSION = 1
NANO = 1_000_000_000
EMPTY = "empty"
"""Content identity of an empty file."""


@dataclass(frozen=True)
class IndexEntry:
    """One film of the index.

    Attributes:
        path: the file, as last seen. size: bytes. mtime_ns: time of its last change, nanoseconds.
        fingerprint: content identity. present: False once the file is gone. sidecar_hash: SHA-256 of the sidecar.
        parts: all files of a film in parts, in order; empty for a film in one file.
        episode: `S01E02` for an episode of `series`, else both are empty.
    """

    path: str
    size: int
    mtime_ns: int
    fingerprint: str
    present: bool = True
    sidecar_hash: str = ""
    parts: tuple[str, ...] = ()
    episode: str = ""
    series: str = ""


@dataclass(frozen=True)
class Look:
    """A file that was still changing: its size, time of change, and since when both are the same (epoch seconds)."""

    size: int
    mtime_ns: int
    since: float


@dataclass(frozen=True)
class FilmIndex:
    """Films by partition key, and files that are not added yet, by path."""

    films: dict[str, IndexEntry] = field(default_factory=dict)
    looks: dict[str, Look] = field(default_factory=dict)


@dataclass(frozen=True)
class FilmChange:
    """A change of a film; `key` is its partition, whatever the name of its file."""

    key: str
    film: InboxFilm
    entry: IndexEntry
    before: IndexEntry | None = None


@dataclass(frozen=True)
class FilmChanges:
    """Differences between inbox and index.

    Attributes:
        new: films to add. changed: other content under the key of a film. returned: content of a removed film.
        renamed: content of a film at another path; the key stays. edited: only the sidecar changed.
        removed: key → entry of films whose file is gone (entry marked `present=False`).
        waiting: path → why the file is not added yet.
        problems: one line each, with thing, place and remedy.
        index: the new index, to be written after the changes were handled.
    """

    new: list[FilmChange] = field(default_factory=list)
    changed: list[FilmChange] = field(default_factory=list)
    returned: list[FilmChange] = field(default_factory=list)
    renamed: list[FilmChange] = field(default_factory=list)
    edited: list[FilmChange] = field(default_factory=list)
    removed: dict[str, IndexEntry] = field(default_factory=dict)
    waiting: dict[Path, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    index: FilmIndex = field(default_factory=FilmIndex)


def read_index(path: Path) -> FilmIndex:
    """The index in `path`; an empty one where there is no file.

    Raises:
        Unavailable: the file is not an index; the message has the remedy.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != _VERSION:
            raise ValueError(f"version {content['version']}")
        films = {str(key): _entry(content) for key, content in content["films"].items()}
        looks = {str(file): Look(**look) for file, look in content["looks"].items()}
    except FileNotFoundError:
        return FilmIndex()
    except OSError as error:
        raise file_error(path, error, "read", "change its access rights") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unavailable(
            f"{path}: not an index of films ({error}); move it away and every film is looked at again"
        ) from None
    return FilmIndex(films, looks)


def _entry(content: dict[str, Any]) -> IndexEntry:
    """An entry from JSON; files of earlier versions lack the last fields.

    Raises:
        ValueError, TypeError: it is no entry.
    """
    entry = IndexEntry(**{**content, "parts": tuple(content.get("parts", ()))})
    expected = [str, int, int, str, bool, str, tuple, str, str]
    if [type(value) for value in asdict(entry).values()] != expected:
        raise ValueError(f"not a film: {entry}")
    return entry


def write_index(path: Path, index: FilmIndex) -> None:
    """Write the index atomically."""
    content = {
        "version": _VERSION,
        "films": {key: asdict(entry) for key, entry in index.films.items()},
        "looks": {file: asdict(look) for file, look in index.looks.items()},
    }
    try:
        write_atomic(path, json.dumps(content, indent=1, ensure_ascii=True))
    except OSError as error:
        raise file_error(path, error, "written", "change its access rights") from None


def film_changes(
    index: FilmIndex, seen: Inbox, now: float, settle_seconds: float, fingerprint: Callable[[Path], str]
) -> FilmChanges:
    """Compare the index with the inbox `seen` now.

    A file is added once it has not changed for `settle_seconds`. A film is identified by its content: a renamed file
    keeps its key. Files whose path, size and time of change equal the index are not read.

    Args:
        now: seconds since the epoch.
        fingerprint: content identity of a file; called only for files that may have changed.
    """
    comparison = _Comparison(index, seen, now, settle_seconds, fingerprint)
    return comparison.changes()


class _Comparison:
    def __init__(
        self, index: FilmIndex, seen: Inbox, now: float, settle_seconds: float, fingerprint: Callable[[Path], str]
    ) -> None:
        self.old, self.seen, self.now, self.settle = index, seen, now, settle_seconds
        self.fingerprint = fingerprint
        self.films = dict(index.films)
        self.result = FilmChanges(problems=list(seen.problems), index=FilmIndex(self.films, {}))
        self.key_of_path = {entry.path: key for key, entry in index.films.items()}
        self.candidates = self._candidates()
        self.paths = {str(film.path) for film in self.candidates}
        self.matched: set[str] = set()

    def changes(self) -> FilmChanges:
        # Paths of the index first: a copy must not replace its original.
        for film in sorted(self.candidates, key=lambda film: str(film.path) not in self.key_of_path):
            self._compare(film)
        for key, entry in self.old.films.items():
            if key not in self.matched and entry.present and not self._out_of_sight(key, entry):
                self.films[key] = self.result.removed[key] = replace(entry, present=False)
        return self.result

    def _candidates(self) -> list[InboxFilm]:
        films = list(self.seen.films)
        for key, rivals in self.seen.contested.items():
            # The film that has the key keeps it; the others are reported.
            owners = [film for film in rivals if str(film.path) in self.key_of_path]
            films += owners
            if len(owners) < len(rivals):
                self.result.problems.append(contested_problem(key, rivals))
        return films

    def _compare(self, film: InboxFilm) -> None:
        key = self.key_of_path.get(str(film.path))
        entry = self.old.films[key] if key is not None else None
        if key is not None:
            self.matched.add(key)
        if key is not None and entry is not None and (film.size, film.mtime_ns) == (entry.size, entry.mtime_ns):
            self._same(key, film, entry)
            return
        if not self._settled(film):
            return
        try:
            content = _content(film, self.fingerprint)
        except (OSError, WiosError) as error:
            self.result.problems.append(f"{film.path}: cannot be read ({error}); check the file and its permissions")
            return
        if key is not None and entry is not None:
            if content == entry.fingerprint:
                self._same(key, film, entry)
            else:
                self._record(self.result.changed, key, film, content, entry)
        else:
            self._at_new_path(film, content)

    def _at_new_path(self, film: InboxFilm, content: str) -> None:
        twins = [key for key, entry in self.films.items() if entry.fingerprint == content and film.size]
        gone = [key for key in twins if self.films[key].path not in self.paths and key not in self.matched]
        if gone:
            key = film.key if film.key in gone else gone[0]
            before = self.films[key]
            changes = self.result.renamed if before.present else self.result.returned
            self._record(changes, key, film, content, before)
        elif twins and not (film.sidecar and film.sidecar.name):
            self.result.problems.append(
                f"{film.path}: the same film as {self.films[twins[0]].path}, known as {twins[0]!r}; remove one, "
                f"or give this one a `name:` in a sidecar to have it twice"
            )
        elif film.key not in self.films:
            self._record(self.result.new, film.key, film, content, None)
        elif self.films[film.key].path not in self.paths and film.key not in self.matched:
            self._record(self.result.changed, film.key, film, content, self.films[film.key])
        else:
            self.result.problems.append(
                f"{film.path}: {film.key!r} is the name of {self.films[film.key].path} already; give this one a "
                f"`name:` in a sidecar"
            )

    def _same(self, key: str, film: InboxFilm, entry: IndexEntry) -> None:
        """The same content at the same path; it may have returned, or its sidecar changed."""
        now = self._entry(film, entry.fingerprint)
        self.films[key] = now
        if not entry.present:
            self.result.returned.append(FilmChange(key, film, now, entry))
        if film.sidecar_hash != entry.sidecar_hash:
            self.result.edited.append(FilmChange(key, film, now, entry))
        if film.sidecar and film.sidecar.name and film.key != key:
            self.result.problems.append(
                f"{film.path}: known as {key!r} already, so the sidecar's name {film.key!r} is not used"
            )

    def _record(
        self, changes: list[FilmChange], key: str, film: InboxFilm, content: str, before: IndexEntry | None
    ) -> None:
        entry = self._entry(film, content)
        self.films[key] = entry
        self.matched.add(key)
        changes.append(FilmChange(key, film, entry, before))

    @staticmethod
    def _entry(film: InboxFilm, content: str) -> IndexEntry:
        return IndexEntry(
            str(film.path),
            film.size,
            film.mtime_ns,
            content,
            True,
            film.sidecar_hash,
            tuple(map(str, film.parts)),
            film.episode,
            film.series,
        )

    def _settled(self, film: InboxFilm) -> bool:
        path = str(film.path)
        look = self.old.looks.get(path)
        unchanged = look is not None and (look.size, look.mtime_ns) == (film.size, film.mtime_ns)
        age = self.now - film.mtime_ns / NANO
        # With a wrong clock a file may stay young for ever; two equal observations prove as much.
        stood = self.now - look.since if look is not None and unchanged else 0.0
        if (age >= self.settle and (look is None or unchanged)) or (unchanged and stood >= self.settle):
            return True
        since = look.since if look is not None and unchanged else self.now
        self.result.index.looks[path] = Look(film.size, film.mtime_ns, since)
        reason = "still being copied" if look is not None and not unchanged else "changed just now"
        self.result.waiting[film.path] = reason
        return False

    def _out_of_sight(self, key: str, entry: IndexEntry) -> bool:
        """Whether the film may exist although it was not discovered."""
        path = Path(entry.path)
        hidden = any(path == unreadable or unreadable in path.parents for unreadable in self.seen.unreadable)
        return hidden or any(str(film.path) == entry.path for film in self.seen.contested.get(key, []))


def _content(film: InboxFilm, fingerprint: Callable[[Path], str]) -> str:
    """Content identity of a film; that of its parts together where it has several.

    An empty file has one as well: its run fails with the reason, once, and the file is another when it is filled.
    """
    own = [fingerprint(file) if file.stat().st_size else EMPTY for file in film.files]
    return own[0] if len(own) == 1 else fingerprint_of_parts(own)
