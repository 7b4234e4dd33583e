"""The text of a file, compressed or not, as a stream that counts its lines and knows when it is cut short."""

from __future__ import annotations

import io
import re
import zlib
from pathlib import Path
from typing import Any

from wios_assets.errors import WiosError

GZIP_MAGIC = b"\x1f\x8b"
UTF8_BOM = b"\xef\xbb\xbf"
_COMPRESSED_CHUNK = 1 << 18
_LONE_CR = re.compile(rb"\r(?!\n)")
_OTHER_FORMATS = {b"PK\x03\x04": "a zip file", b"BZh": "a bzip2 file", b"\xfd7zXZ": "an xz file", b"PAR1": "Parquet"}


class TextStream(io.RawIOBase):
    """Bytes of a text file, unpacked if it is gzip (whatever it is called), for a reader that takes a file object.

    A carriage return that ends no line becomes a space, so that a line is what a newline ends. The byte order mark
    is left out.

    Attributes:
        lines: lines handed out so far, the header included; the last may lack its newline.
        position: bytes of the file read so far, for a progress bar. size: bytes of the file.
    """

    def __init__(self, path: Path) -> None:
        """Open `path`.

        Raises:
            WiosError: not readable, empty, a web page or another format.
        """
        super().__init__()
        self.path = path
        try:
            self._file = path.open("rb")
            start = self._file.read(512)
        except OSError as error:
            raise WiosError(f"{path}: cannot be read ({error.strerror}); check the file and its permissions") from None
        self.size = path.stat().st_size
        self.position = 0
        self._newlines = 0
        self._inside_line = False
        self._unpacker = zlib.decompressobj(wbits=31) if start.startswith(GZIP_MAGIC) else None
        self._pending = b""
        self._ready: memoryview = memoryview(b"")
        if not start:
            self.close()
            raise WiosError(f"{path}: the file is empty; download it again")
        if self._unpacker is None:
            self._refuse_other_formats(start)
        self._file.seek(0)
        self._ready = memoryview(self._more().removeprefix(UTF8_BOM))
        if not self._ready:
            self.close()
            raise WiosError(f"{path}: the file is empty once unpacked; download it again")
        self._refuse_web_page(bytes(self._ready[:512]))

    @property
    def lines(self) -> int:
        return self._newlines + self._inside_line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._ready:
            self._ready = memoryview(self._more())
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def first_line(self) -> bytes:
        """The header, without its line end; nothing is consumed."""
        while b"\n" not in bytes(self._ready[-_COMPRESSED_CHUNK:]) and len(self._ready) < 1 << 20:
            more = self._more()
            if not more:
                break
            self._ready = memoryview(bytes(self._ready) + more)
        return bytes(self._ready[: 1 << 20]).split(b"\n", 1)[0].rstrip(b"\r")

    def close(self) -> None:
        self._file.close()
        super().close()

    def _more(self) -> bytes:
        """The next bytes of text, empty at the end."""
        while True:
            packed = self._read_packed()
            self.position += len(packed)
            text = self._pending + self._unpack(packed)
            self._pending = b""
            if packed and not text:
                continue
            if packed and text.endswith(b"\r"):
                self._pending, text = text[-1:], text[:-1]
            if b"\r" in text:
                text = _LONE_CR.sub(b" ", text)
            if text:
                self._newlines += text.count(b"\n")
                self._inside_line = not text.endswith(b"\n")
            if text or not packed:
                return text

    def _read_packed(self) -> bytes:
        try:
            return self._file.read(_COMPRESSED_CHUNK)
        except OSError as error:
            raise WiosError(
                f"{self.path}: cannot be read after line {self._newlines} ({error.strerror}); check the disk"
            ) from None

    def _unpack(self, packed: bytes) -> bytes:
        if self._unpacker is None:
            return packed
        if not packed:
            if not self._unpacker.eof:
                raise self._broken("ends too early")
            return b""
        parts = []
        try:
            while packed:
                if self._unpacker.eof:
                    # A gzip file may be several in a row, and may be padded with zeros.
                    packed = packed.lstrip(b"\0")
                    if not packed:
                        break
                    self._unpacker = zlib.decompressobj(wbits=31)
                parts.append(self._unpacker.decompress(packed))
                packed = self._unpacker.unused_data
        except zlib.error as error:
            raise self._broken(f"is damaged ({error})") from None
        return b"".join(parts)

    def _broken(self, how: str) -> WiosError:
        return WiosError(f"{self.path}: the gzip data {how}, after line {self._newlines}; download the file again")

    def _refuse_other_formats(self, start: bytes) -> None:
        for magic, name in _OTHER_FORMATS.items():
            if start.startswith(magic):
                self.close()
                raise WiosError(f"{self.path}: {name}; unpack it to .tsv, or take IMDB's own .tsv.gz")

    def _refuse_web_page(self, start: bytes) -> None:
        text = start.lstrip()
        if text[:1] == b"<":
            self.close()
            raise WiosError(f"{self.path}: a web page (it begins {_shown(text)}), not a table; download it again")


def _shown(text: bytes, length: int = 40) -> str:
    return repr(text[:length].decode("utf-8", "replace"))
