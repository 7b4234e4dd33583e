"""Reads `.nfo` files as Kodi and Jellyfin write them: IMDB's key, and the cast with roles and portraits.

The format is Kodi's (https://kodi.wiki/view/NFO_files): XML, several `<episodedetails>` in a row for a file of several
episodes, XML followed by an address, or an address alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from wios_assets.errors import file_error
from wios_assets.films.names import read_episode, read_name, read_part_folder, read_season

LARGEST_BYTES = 4_000_000
"""Largest file that is read; files with the portraits of hundreds of people have some 200 KB."""
_DEEPEST = 50
_TCONST = re.compile(r"tt\d{7,10}")
_ADDRESS = re.compile(r"imdb\.com/(?:[a-z-]{2,5}/)?title/(tt\d{7,10})", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*encoding=["']([\w.-]+)["']""")


@dataclass(frozen=True)
class NfoActor:
    """A person of the cast. `thumb` is a path or an address of a portrait, None without one."""

    name: str
    role: str | None
    thumb: str | None


@dataclass(frozen=True)
class Nfo:
    """Content of a film's or an episode's `.nfo` files.

    Attributes:
        tconst: IMDB's key of the film or the episode. series_tconst: of the series.
        actors: the cast in billing order; of an episode the series' cast, then the episode's.
        files: the files that were read. problems: one line for each that could not be used.
    """

    tconst: str | None = None
    series_tconst: str | None = None
    actors: tuple[NfoActor, ...] = ()
    files: tuple[Path, ...] = ()
    problems: tuple[str, ...] = ()


def nfo_of(film: Path, inbox: Path, *, episode: bool) -> Nfo:
    """The `.nfo` file of a film (`<film>.nfo`, or `movie.nfo` in its own folder), or of an episode and its series.

    Args:
        film: the video file, or the first of a disc's.
        inbox: the folder of all films, in which no `movie.nfo` counts.
        episode: whether it is an episode of a series.
    """
    own = _first([film.with_suffix(".nfo")] if episode else list(_places(film, inbox)))
    folder = series_folder(film, inbox) if episode else None
    shared = _first([folder / "tvshow.nfo"]) if folder is not None else None
    own_key, own_actors, own_problem = _read(own)
    shared_key, shared_actors, shared_problem = _read(shared)
    actors: dict[str, NfoActor] = {}
    for actor in (*shared_actors, *own_actors):
        actors.setdefault(actor.name, actor)
    return Nfo(
        own_key,
        shared_key,
        tuple(actors.values()),
        tuple(file for file in (shared, own) if file is not None),
        tuple(problem for problem in (shared_problem, own_problem) if problem is not None),
    )


def series_folder(episode: Path, inbox: Path) -> Path | None:
    """The folder of an episode's series: the file's, or the one around its season's; None on a shelf."""
    folder = episode.parent
    while folder != inbox and _is_inside_series(folder, episode):
        folder = folder.parent
    return folder if inbox in folder.parents else None


def _is_inside_series(folder: Path, episode: Path) -> bool:
    """Whether a folder is that of a season, of a disc of it, or of the episode."""
    name = folder.name
    if read_season(name) is not None or read_episode(name) is not None:
        return True
    number = read_episode(episode.stem)
    if name.isdecimal() and number is not None and number.season == int(name):
        return True
    outer = read_season(folder.parent.name)
    return outer is not None and (read_part_folder(name) is not None or read_episode(name, outer) is not None)


def _places(film: Path, inbox: Path) -> Iterator[Path]:
    yield film.with_suffix(".nfo")
    folder = film.parent
    disc = {"video_ts": "VIDEO_TS.nfo", "stream": "index.nfo"}.get(folder.name.casefold())
    if disc is not None:
        inner = folder if disc == "VIDEO_TS.nfo" else folder.parent
        yield inner / disc
        folder = inner.parent
    name = read_name(folder.name)
    if folder != inbox and (disc is not None or name.year is not None or name.tconst is not None):
        yield folder / "movie.nfo"


def _first(files: Sequence[Path]) -> Path | None:
    return next((file for file in files if file.is_file()), None)


def _read(file: Path | None) -> tuple[str | None, list[NfoActor], str | None]:
    """IMDB's key, the cast, and the problem of a file, each if there is one."""
    if file is None:
        return None, [], None
    try:
        if file.stat().st_size > LARGEST_BYTES:
            return None, [], f"{file}: larger than {LARGEST_BYTES // 1_000_000} MB, so it is not read; remove it"
        text = _text(file.read_bytes())
    except OSError as error:
        return None, [], str(file_error(file, error, "read", "change its access rights"))
    address = _ADDRESS.search(text)
    tconst = address[1].lower() if address else None
    if "<" not in text:
        return tconst, [], None
    try:
        root = _parse(text)
    except (expat.ExpatError, ValueError) as error:
        return tconst, [], f"{file}: not XML that can be read ({error}); mend or remove it"
    return _key(root) or tconst, _actors(root), None


def _text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    named = _ENCODING.match(content)
    for encoding in (named[1].decode() if named else "utf-8-sig", "utf-8-sig"):
        try:
            return content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("cp1252", "replace")


def _parse(text: str) -> ElementTree.Element:
    """The elements of a file below one root.

    Raises:
        ExpatError: not well-formed. ValueError: a document type, which may define entities, or too deep.
    """
    end = text.rfind(">") + 1
    body = _DECLARATION.sub("", text.lstrip("\ufeff")[:end], count=1)
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise ValueError(f"elements inside each other, more than {_DEEPEST}")
        builder.start(tag, attributes)

    def finish(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise ValueError("it has a document type, which is not read")

    parser.StartElementHandler, parser.EndElementHandler = start, finish
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    # One root around them, because a file of several episodes has several.
    parser.Parse(f"<nfo>{body}</nfo>", True)
    return builder.close()


def _key(root: ElementTree.Element) -> str | None:
    for details in root:
        named = [each for each in details.findall("uniqueid") if (each.get("type") or "").casefold() == "imdb"]
        older = [details.find(tag) for tag in ("imdbid", "imdb_id", "id")]
        for element in (*named, *(each for each in older if each is not None)):
            text = (element.text or "").strip()
            if _TCONST.fullmatch(text):
                return text
    return None


def _actors(root: ElementTree.Element) -> list[NfoActor]:
    """The people, by `<order>` where they have one, each once."""
    people: dict[str, tuple[tuple[bool, int], NfoActor]] = {}
    for element in root.iterfind("*/actor"):
        name = " ".join((element.findtext("name") or "").split())
        if not name:
            continue
        order = (element.findtext("order") or element.findtext("sortorder") or "").strip()
        actor = NfoActor(name, _filled(element, "role"), _filled(element, "thumb"))
        people.setdefault(name, ((not order.isdecimal(), int(order) if order.isdecimal() else 0), actor))
    return [actor for _, actor in sorted(people.values(), key=lambda person: person[0])]


def _filled(element: ElementTree.Element, tag: str) -> str | None:
    return " ".join((element.findtext(tag) or "").split()) or None
