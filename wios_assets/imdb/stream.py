"""Reads a text file, plain or gzip, in blocks of complete lines, and detects truncation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from isal import isal_zlib

from wios_assets.errors import BadInput, Unavailable, WiosError, file_error

GZIP_MAGIC = b"\x1f\x8b"
UTF8_BOM = b"\xef\xbb\xbf"
LONGEST_LINE = 1 << 26
_PACKED_CHUNK = 1 << 18
# Largest piece that is decompressed at once: zeros shrink a thousandfold, and memory must stay bounded.
_TEXT_CHUNK = 1 << 22
_LONE_CR = re.compile(rb"\r(?!\n)")
_OTHER_FORMATS = {b"PK\x03\x04": "a zip file", b"BZh": "a bzip2 file", b"\xfd7zXZ": "an xz file", b"PAR1": "Parquet"}


class TextStream:
    """Lines of a text file, decompressed if it is gzip (whatever its name). Usable in a `with` statement.

    A carriage return inside a line becomes a space, so that only newlines end lines. The byte order mark is removed.

    Attributes:
        header: the first line, without its end.
        lines: lines read so far, the header included; the last may lack its newline.
        position: bytes of the file read so far. size: bytes of the file.
    """

    def __init__(self, path: Path) -> None:
        """Open `path` and read its first line.

        Raises:
            WiosError: not readable, empty, a web page or another format.
        """
        self.path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise file_error(path, error, "read", "check the file and its access rights") from None
        try:
            self._open()
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> None:
        self.size = self.path.stat().st_size
        self.position = 0
        self._newlines = 0
        self._ends_inside_line = False
        self._unpacker: isal_zlib.Decompress | None = None
        start = self._read()
        if not start:
            raise BadInput(f"{self.path}: the file is empty; download it again")
        if start.startswith(GZIP_MAGIC):
            self._unpacker = isal_zlib.decompressobj(wbits=31)
        for magic, name in _OTHER_FORMATS.items():
            if start.startswith(magic):
                raise BadInput(f"{self.path}: {name}; unpack it to .tsv, or take IMDB's own .tsv.gz")
        self._chunks = self._text(start)
        text = next(self._chunks, b"")
        if not text:
            raise BadInput(f"{self.path}: the file is empty once unpacked; download it again")
        if text.lstrip()[:1] == b"<":
            begins = text.lstrip()[:40].decode("utf-8", "replace")
            raise BadInput(f"{self.path}: a web page (it begins {begins!r}), not a table; download it again")
        while b"\n" not in text and len(text) < 1 << 20:
            more = next(self._chunks, b"")
            if not more:
                break
            text += more
        first, _, self._rest = text.partition(b"\n")
        self.header = first.rstrip(b"\r")

    def __enter__(self) -> TextStream:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def lines(self) -> int:
        return self._newlines + self._ends_inside_line

    def blocks(self, size: int) -> Iterator[tuple[int, bytes]]:
        """Blocks of about `size` bytes that end with a line, after the header, each with the number of its first line.

        Raises:
            WiosError: gzip that is cut short or damaged, or a line of more than 64 MB.
        """
        line, parts, length = 2, [self._rest], len(self._rest)
        self._rest = b""
        for text in self._chunks:
            parts.append(text)
            length += len(text)
            if length < size:
                continue
            block = b"".join(parts)
            end = block.rfind(b"\n") + 1
            if not end and length > LONGEST_LINE:
                raise BadInput(f"{self.path}: line {line} has more than {LONGEST_LINE} bytes; not a table of IMDB's")
            parts, length = [block[end:]], len(block) - end
            if end:
                yield line, block[:end]
                line += block.count(b"\n", 0, end)
        block = b"".join(parts)
        if block:
            yield line, block

    def _text(self, packed: bytes) -> Iterator[bytes]:
        """The text in chunks, none of them empty, line ends as above."""
        held, first = b"", True
        while packed:
            for text in self._unpack(packed):
                text = held + text
                held = b""
                if first:
                    text = text.removeprefix(UTF8_BOM)
                    first = False
                if text.endswith(b"\r"):
                    held, text = text[-1:], text[:-1]
                if b"\r" in text:
                    text = _LONE_CR.sub(b" ", text)
                if text:
                    yield self._counted(text)
            packed = self._read()
        if self._unpacker is not None and not self._unpacker.eof:
            raise self._broken("ends too early")
        if held:
            yield self._counted(b" ")

    def _counted(self, text: bytes) -> bytes:
        self._newlines += text.count(b"\n")
        self._ends_inside_line = not text.endswith(b"\n")
        return text

    def _unpack(self, packed: bytes) -> Iterator[bytes]:
        if self._unpacker is None:
            yield packed
            return
        try:
            while packed:
                if self._unpacker.eof:
                    # A gzip file may be several in a row, and may be padded with zeros.
                    packed = packed.lstrip(b"\0")
                    if not packed:
                        return
                    self._unpacker = isal_zlib.decompressobj(wbits=31)
                yield self._unpacker.decompress(packed, _TEXT_CHUNK)
                packed = self._unpacker.unconsumed_tail or self._unpacker.unused_data
        except isal_zlib.error as error:  # type: ignore[misc]  # its stub gives the class no base
            raise self._broken(f"is damaged ({error})") from None

    def _read(self) -> bytes:
        try:
            packed = self._file.read(_PACKED_CHUNK)
        except OSError as error:
            raise Unavailable(
                f"{self.path}: cannot be read after line {self._newlines} ({error.strerror}); check the disk"
            ) from None
        self.position += len(packed)
        return packed

    def _broken(self, problem: str) -> WiosError:
        return BadInput(f"{self.path}: the gzip data {problem}, after line {self._newlines}; download the file again")
