"""Finds the sidecar of the film that plays: beside it, in WIOS's exports folder, or at WIOS's page."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request

import xbmcvfs
from resources.lib.sidecar import NoSidecar, Sidecar, belongs, stem

ENDING = ".wios.json"
LARGEST_BYTES = 64 * 1024 * 1024
HEAD_BYTES = 4096
TIMEOUT_S = 10


def find(film: str, folder: str, address: str, token: str) -> Sidecar:
    """The sidecar of a film.

    Args:
        film: the file that plays, as Kodi names it; its folder may be on another machine.
        folder: WIOS's exports folder, or empty.
        address: address of WIOS's page, or empty.
        token: the page's token, or empty.

    Raises:
        NoSidecar: there is none; the message says where it was looked for.
    """
    place, _, name = film.replace("\\", "/").rpartition("/")
    if film.startswith(("http://", "https://", "plugin://", "pvr://")) or not name:
        raise NoSidecar("Only films in files have a sidecar.")
    name = urllib.parse.unquote(name) if "://" in film else name
    beside = f"{film[: len(place)]}/{stem(film[len(place) + 1 :])}{ENDING}"
    if xbmcvfs.exists(beside):
        return Sidecar(_read(beside))
    if folder and (file := _in_folder(folder, name, xbmcvfs.Stat(film).st_size())):
        return Sidecar(_read(file))
    if address:
        return Sidecar(_fetch(address, stem(name), token))
    raise NoSidecar(f"There is no {stem(name)}{ENDING}.")


def _in_folder(folder: str, name: str, size: int) -> str | None:
    root = folder.rstrip("/\\")
    _, files = xbmcvfs.listdir(f"{root}/")
    for each in sorted(files):
        if each.endswith(ENDING) and belongs(_read(f"{root}/{each}", HEAD_BYTES), name, size):
            return f"{root}/{each}"
    return None


def _read(file: str, size: int = LARGEST_BYTES) -> str:
    opened = xbmcvfs.File(file)
    try:
        return bytes(opened.readBytes(size)).decode("utf-8", errors="replace")
    finally:
        opened.close()


def _fetch(address: str, key: str, token: str) -> bytes:
    if not address.startswith(("http://", "https://")):
        raise NoSidecar("The address of WIOS's page begins with http:// or https://.")
    url = f"{address.rstrip('/')}/api/films/{urllib.parse.quote(key, safe='')}/export?what=sidecar&format=json"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            content: bytes = answer.read(LARGEST_BYTES)
            return content
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise NoSidecar(f"There is no sidecar, and {address} has none: {error}.") from None
