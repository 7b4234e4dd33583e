"""IMDB's files from an HTTP address, against a local server that misbehaves on purpose."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wios_assets.errors import WiosError
from wios_assets.imdb.download import Download, download_imdb
from wios_assets.imdb.files import IMDB_FILES
from wios_assets_tests.local_server import Answer, LocalServer, Request, serving

CREW = "imdb/title_crew"
NAME = "title.crew.tsv.gz"


def crew(rows: int, first: int = 1) -> bytes:
    """Contents that do not compress well, so that there is something to cut."""
    lines = ["\t".join(IMDB_FILES[CREW].names)]
    for number in range(first, first + rows):
        digits = int(hashlib.sha256(str(number).encode()).hexdigest()[:12], 16) % 10**7
        lines.append(f"tt{number:07d}\tnm{digits:07d}\t\\N")
    return gzip.compress("\n".join([*lines, ""]).encode(), mtime=0)


class Site:
    """Serves one version of the file as a proper server would; `mishaps` are used up first, one a request."""

    def __init__(self, content: bytes, ranges: bool = True) -> None:
        self.content, self.ranges = content, ranges
        self.mishaps: list[Answer | int] = []

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'

    def answer(self, request: Request) -> Answer:
        headers = {"ETag": self.etag, "Last-Modified": "Mon, 02 Nov 2026 04:00:00 GMT"}
        mishap = self.mishaps.pop(0) if self.mishaps else None
        if isinstance(mishap, Answer):
            return mishap
        if request.headers.get("If-None-Match") == self.etag:
            return Answer(304, headers=headers)
        start = 0
        wanted = request.headers.get("Range", "")
        if self.ranges and wanted and request.headers.get("If-Range") == self.etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(self.content):
                return Answer(416)
            headers["Content-Range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
        body = self.content[start:]
        return Answer(206 if start else 200, body, headers, cut_at=mishap)


@contextmanager
def site(content: bytes, ranges: bool = True) -> Iterator[tuple[Site, LocalServer]]:
    kept = Site(content, ranges)
    with serving(kept.answer) as server:
        yield kept, server


def fetch(server: LocalServer, folder: Path) -> Download:
    return download_imdb(server.address + "/", folder, [CREW], back_off_s=0.001)[0]


def refused(server: LocalServer, folder: Path) -> str:
    with pytest.raises(WiosError) as caught:
        fetch(server, folder)
    assert str(caught.value).startswith(f"{server.address}/{NAME}: ")
    return str(caught.value)


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_file_is_fetched_whole_and_an_unchanged_one_costs_one_request(tmp_path: Path) -> None:
    with site(crew(500)) as (kept, server):
        first = fetch(server, tmp_path)
        assert (first.changed, first.size, first.requests) == (True, len(kept.content), 1)
        assert (tmp_path / NAME).read_bytes() == kept.content
        second = fetch(server, tmp_path)
        assert (second.changed, second.requests) == (False, 1)
        assert server.paths() == [f"/{NAME}"] * 2
        assert server.requests[1].headers["If-Modified-Since"] == "Mon, 02 Nov 2026 04:00:00 GMT"
    assert visible(tmp_path) == [NAME]


def test_a_changed_file_takes_the_old_one_s_place(tmp_path: Path) -> None:
    with site(crew(500)) as (kept, server):
        fetch(server, tmp_path)
        kept.content = crew(600)
        assert fetch(server, tmp_path).changed
        assert (tmp_path / NAME).read_bytes() == kept.content


def test_a_file_that_was_touched_by_hand_is_fetched_again(tmp_path: Path) -> None:
    with site(crew(500)) as (kept, server):
        fetch(server, tmp_path)
        (tmp_path / NAME).write_bytes(b"something else")
        assert fetch(server, tmp_path).changed
        assert (tmp_path / NAME).read_bytes() == kept.content


def test_a_broken_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with site(crew(5000)) as (kept, server):
        kept.mishaps = [10_000, 7_000]
        done = fetch(server, tmp_path)
        assert (tmp_path / NAME).read_bytes() == kept.content
        assert done.resumed_at == 17_000
        assert [request.headers.get("Range") for request in server.requests] == [None, "bytes=10000-", "bytes=17000-"]


def test_a_download_goes_on_in_the_next_call(tmp_path: Path) -> None:
    with site(crew(5000)) as (kept, server):
        kept.mishaps = [9_000, *[0] * 5]
        assert "the download goes on where it stopped" in refused(server, tmp_path)
        assert visible(tmp_path) == []
        assert fetch(server, tmp_path).resumed_at == 9_000
        assert (tmp_path / NAME).read_bytes() == kept.content


def test_a_file_that_changed_meanwhile_starts_afresh(tmp_path: Path) -> None:
    with site(crew(5000)) as (kept, server):
        kept.mishaps = [9_000, *[0] * 5]
        refused(server, tmp_path)
        kept.content = crew(5000, first=7)
        assert fetch(server, tmp_path).resumed_at == 0
        assert (tmp_path / NAME).read_bytes() == kept.content


def test_a_server_without_ranges_is_asked_for_the_whole_again(tmp_path: Path) -> None:
    with site(crew(5000), ranges=False) as (kept, server):
        kept.mishaps = [10_000]
        fetch(server, tmp_path)
        assert (tmp_path / NAME).read_bytes() == kept.content


def test_a_server_that_announces_no_length_is_believed_after_the_check(tmp_path: Path) -> None:
    with site(crew(500)) as (kept, server):
        kept.mishaps = [Answer(200, kept.content, length=-1)]
        assert fetch(server, tmp_path).size == len(kept.content)


def test_passing_failures_are_waited_out(tmp_path: Path) -> None:
    with site(crew(500)) as (kept, server):
        kept.mishaps = [Answer(503, b"busy"), Answer(429, b"slow down", {"Retry-After": "0"}), Answer(502, b"")]
        assert fetch(server, tmp_path).changed
        assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(404, b"<html>not found</html>"), "HTTP 404 Not Found; check the address"),
        (Answer(403, b""), "HTTP 403 Forbidden; check the address"),
        (Answer(200, b"<!DOCTYPE html><html>Sign in</html>"), "a web page"),
        (Answer(200, gzip.compress(b"<html>Sign in</html>")), "a web page"),
        (Answer(200, b""), "the file is empty"),
        (Answer(200, crew(500)[:-20]), "the gzip data ends too early, after line"),
        (Answer(200, gzip.compress(b"tconst\tdirectors\nx\ty\n")), "line 1 has no column writers"),
        (Answer(200, gzip.compress(b"tconst\tdirectors\twriters\n")), "nothing after the header"),
    ],
)
def test_what_is_not_the_file_is_refused_and_the_old_one_stays(tmp_path: Path, answer: Answer, message: str) -> None:
    with site(crew(500)) as (kept, server):
        fetch(server, tmp_path)
        old = kept.content
        kept.content = crew(700)
        kept.mishaps = [answer]
        assert message in refused(server, tmp_path)
        assert (tmp_path / NAME).read_bytes() == old
        assert fetch(server, tmp_path).changed
        assert (tmp_path / NAME).read_bytes() == kept.content


def test_a_server_that_stays_away_is_named_with_the_remedy(tmp_path: Path) -> None:
    with site(crew(5)) as (_, server):
        gone = server
    with pytest.raises(WiosError, match=r"no connection: \w+, 6 times; check the connection and try again"):
        fetch(gone, tmp_path)


def test_an_address_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(WiosError, match="'ftp://x': not an HTTP address"):
        download_imdb("ftp://x", tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(WiosError, match=r"file/imdb: cannot be written"):
        download_imdb("http://127.0.0.1:9", tmp_path / "file" / "imdb")


def test_progress_is_told_by_file(tmp_path: Path) -> None:
    reports: list[tuple[str, int, int]] = []
    with site(crew(500)) as (kept, server):
        download_imdb(server.address, tmp_path, [CREW], lambda *now: reports.append(now))
        assert reports[-1] == (NAME, len(kept.content), len(kept.content))


def test_all_four_files_are_asked_for(tmp_path: Path) -> None:
    def answer(request: Request) -> Answer:
        (spec,) = [spec for spec in IMDB_FILES.values() if request.path == f"/set/{spec.stem}.tsv.gz"]
        return Answer(200, gzip.compress(("\t".join(spec.names) + "\nx\n").encode()))

    with serving(answer) as server:
        done = download_imdb(f"{server.address}/set", tmp_path)
    assert [download.table for download in done] == list(IMDB_FILES)
    assert visible(tmp_path) == sorted(f"{spec.stem}.tsv.gz" for spec in IMDB_FILES.values())
