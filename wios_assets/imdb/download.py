"""Downloads IMDB's files over HTTP: only what changed, resumed after a break, checked, and replaced atomically."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests
from filelock import FileLock
from urllib3.exceptions import HTTPError

from wios_assets.atomic import write_atomic
from wios_assets.errors import BadInput, Unavailable, WiosError, file_error
from wios_assets.http_session import PASSING_STATUSES, TIMEOUT_S, patient_session, reason
from wios_assets.imdb.files import ALL_FILES, IMDB_FILES, PUBLIC_ADDRESS, ImdbFile
from wios_assets.imdb.stream import TextStream

_CHUNK = 1 << 18
_TRIES = 6


@dataclass(frozen=True)
class Origin:
    """Origin of a file, stored beside it, so that the next request can be conditional.

    Attributes:
        address: URL of the file. etag, last_modified: headers of the server, empty where it sends none.
        size: bytes. fetched_at: ISO 8601, UTC.
    """

    address: str
    etag: str
    last_modified: str
    size: int
    fetched_at: str


@dataclass(frozen=True)
class Download:
    """Result for one file: `changed` is False where the server had nothing newer."""

    table: str
    path: Path
    changed: bool
    size: int
    resumed_at: int
    requests: int


def download_imdb(
    base: str,
    folder: Path,
    tables: Iterable[str] = tuple(IMDB_FILES),
    progress: Callable[[str, int, int], None] | None = None,
    back_off_s: float = 1.0,
) -> list[Download]:
    """Bring IMDB's files in `folder` up to date from `<base>/title.basics.tsv.gz` and so on.

    An unchanged file costs one request. A broken download is resumed, in this call or the next. Each file is checked
    (size, gzip to the last byte, header) before it replaces the old one.

    Args:
        base: HTTP or HTTPS address of the folder.
        progress: called with the file's name, bytes fetched and total bytes (0 where the server sends no size).
        back_off_s: first pause before another try, in seconds; it doubles.

    Raises:
        WiosError: names the address and the remedy; the old files stay.
    """
    if not re.match(r"https?://", base):
        raise BadInput(f"{base!r}: not an HTTP address; it looks like {PUBLIC_ADDRESS}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".download.lock"), patient_session(back_off_s=back_off_s / 2) as session:
            return [
                _Fetch(ALL_FILES[table], base.rstrip("/"), folder, session, progress, back_off_s).run()
                for table in tables
            ]
    except OSError as error:
        raise file_error(folder, error, "written", "change its access rights") from None


class _Fetch:
    """One file."""

    def __init__(
        self,
        spec: ImdbFile,
        base: str,
        folder: Path,
        session: requests.Session,
        progress: Callable[[str, int, int], None] | None,
        back_off_s: float,
    ) -> None:
        name = f"{spec.stem}.tsv.gz"
        self.spec, self.address, self.session, self.back_off_s = spec, f"{base}/{name}", session, back_off_s
        self.progress = progress
        self.target = folder / name
        self.part = folder / f".{name}.part"
        self.origin_file, self.part_origin_file = folder / f".{name}.json", folder / f".{name}.part.json"
        self.requests = 0
        self.resumed_at = 0

    def run(self) -> Download:
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(self.back_off_s * 2 ** (attempt - 1))
            try:
                done = self._try()
            except (requests.RequestException, HTTPError) as error:
                problem = reason(error)
            else:
                if done is not None:
                    return done
                problem = "the download stopped early"
        raise Unavailable(
            f"{self.address}: {problem}, {_TRIES} times; check the connection and try again, the download goes on "
            f"where it stopped"
        )

    def _try(self) -> Download | None:
        """One request; None where the rest of the file has to be requested."""
        current = _read_origin(self.origin_file, self.target, self.address)
        begun = _read_origin(self.part_origin_file, self.part, self.address, complete=False)
        if begun is None:
            self.part.unlink(missing_ok=True)
        # Bytes of the file itself: otherwise the server may compress the answer, or the library decompress it.
        headers = {"Accept-Encoding": "identity"}
        if current is not None:
            headers |= _if_changed(current)
        start = self.part.stat().st_size if begun is not None else 0
        if begun is not None and start:
            headers |= {"Range": f"bytes={start}-", "If-Range": begun.etag or begun.last_modified}
        self.requests += 1
        with self.session.get(self.address, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
            if answer.status_code == 304 and current is not None:
                self._forget_part()
                return Download(self.spec.table.name, self.target, False, current.size, 0, self.requests)
            if answer.status_code == 416:
                self._forget_part()
                return None
            if answer.status_code not in (200, 206):
                later = "try again later" if answer.status_code in PASSING_STATUSES else "check the address"
                raise Unavailable(
                    f"{self.address}: HTTP {answer.status_code} {answer.reason}; {later}, or put the file into "
                    f"{self.target.parent} yourself"
                )
            resumed = answer.status_code == 206 and _range_starts_at(answer, start)
            if answer.status_code == 206 and not resumed:
                self._forget_part()
                return None
            origin = self._receive(answer, start if resumed else 0)
        if origin.size and self.part.stat().st_size < origin.size:
            return None
        return self._swap_in(origin)

    def _receive(self, answer: requests.Response, start: int) -> Origin:
        self.resumed_at = max(self.resumed_at, start)
        length = int(answer.headers.get("Content-Length") or 0)
        origin = Origin(
            self.address,
            answer.headers.get("ETag", ""),
            answer.headers.get("Last-Modified", ""),
            start + length if length else 0,
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        _write_origin(self.part_origin_file, origin)
        with self.part.open("ab" if start else "wb") as file:
            for chunk in answer.raw.stream(_CHUNK, decode_content=False):
                file.write(chunk)
                if self.progress is not None:
                    self.progress(self.target.name, file.tell(), origin.size)
        return origin

    def _swap_in(self, origin: Origin) -> Download:
        size = self.part.stat().st_size
        if origin.size and size != origin.size:
            self._forget_part()
            raise Unavailable(f"{self.address}: {size} bytes came where {origin.size} were announced; try again")
        try:
            check_file(self.part, self.spec)
        except WiosError as error:
            self._forget_part()
            raise Unavailable(
                f"{self.address}: what came is not IMDB's file: {str(error).removeprefix(f'{self.part}: ')}; the "
                f"earlier file stays"
            ) from None
        # Without its origin the new file is fetched once more; with the old origin it would never be fetched again.
        self.origin_file.unlink(missing_ok=True)
        self.part.replace(self.target)
        _write_origin(self.origin_file, Origin(**{**asdict(origin), "size": size}))
        self._forget_part()
        return Download(self.spec.table.name, self.target, True, size, self.resumed_at, self.requests)

    def _forget_part(self) -> None:
        self.part.unlink(missing_ok=True)
        self.part_origin_file.unlink(missing_ok=True)


def check_file(path: Path, spec: ImdbFile) -> int:
    """Read a file to its end and its header; returns the number of lines after the header.

    Raises:
        WiosError: gzip cut short or damaged, a web page, or a column is missing.
    """
    with TextStream(path) as stream:
        header = stream.header.decode("utf-8", "replace").split("\t")
        missing = [name for name in spec.names if name not in header]
        if missing:
            raise BadInput(f"{path}: line 1 has no column {missing[0]}")
        for _ in stream.blocks(_CHUNK):
            pass
        if stream.lines < 2:
            raise BadInput(f"{path}: there is nothing after the header")
        return stream.lines - 1


def _if_changed(current: Origin) -> dict[str, str]:
    headers = {}
    if current.etag:
        headers["If-None-Match"] = current.etag
    if current.last_modified:
        headers["If-Modified-Since"] = current.last_modified
    return headers


def _range_starts_at(answer: requests.Response, start: int) -> bool:
    match = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return match is not None and int(match.group(1)) == start


def _read_origin(path: Path, file: Path, address: str, complete: bool = True) -> Origin | None:
    """The stored origin of `file`, if it is of this address and allows a conditional or partial request."""
    try:
        origin = Origin(**json.loads(path.read_text(encoding="utf-8")))
        size = file.stat().st_size
    except (OSError, ValueError, TypeError):
        return None
    # A weak ETag does not promise the same bytes, so it cannot continue a file.
    strong = (origin.etag and not origin.etag.startswith("W/")) or (not origin.etag and origin.last_modified)
    known = (origin.etag or origin.last_modified) if complete else strong
    fits = size == origin.size if complete else not origin.size or size <= origin.size
    return origin if origin.address == address and known and fits else None


def _write_origin(path: Path, origin: Origin) -> None:
    write_atomic(path, json.dumps(asdict(origin), indent=1))
