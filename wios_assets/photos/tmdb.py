"""Photos of actors from The Movie Database (TMDB), cached on disk with their source.

The interface is TMDB's API version 3 (https://developer.themoviedb.org/reference): a person is found by IMDB's key,
pictures by the person. This product uses the TMDB API but is not endorsed or certified by TMDB.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from wios_assets.atomic import write_atomic
from wios_assets.errors import BadInput, Unavailable, WiosError, file_error
from wios_assets.http_session import TIMEOUT_S, patient_session, reason

TMDB_ADDRESS = "https://api.themoviedb.org/3"
PROFILES = 35
TAGGED = 3
KEEP_DAYS = 30
LARGEST_PHOTO = 30_000_000
_TAGGED_PAGES = 10
_FILE_NAME = re.compile(r"^/([A-Za-z0-9_-]{1,80}\.(?:jpg|jpeg|png|webp))$")
_NO_ANSWER = "not an answer of TMDB's; check the address"
_NOTHING: dict[str, Any] = {
    "movie_results": [],
    "tv_results": [],
    "person_results": [],
    "profiles": [],
    "results": [],
    "total_pages": 1,
}
_NCONST = re.compile(r"nm\d{7,10}")
_PROFILE_SIZE, _TAGGED_SIZE = "h632", "w1280"

Cast = Sequence[tuple[str, str | None]]
"""Name and nconst (None where unknown) of each cast member."""


@dataclass(frozen=True)
class Photo:
    """A cached picture file of an actor.

    Attributes:
        path: the file. provider: `tmdb`. address: the web address that it was fetched from.
        fetched_at: when it was fetched, ISO 8601, UTC.
        of_film: whether TMDB tags it for the film itself.
    """

    path: Path
    provider: str
    address: str
    fetched_at: str
    of_film: bool


@dataclass
class CastPhotos:
    """Photos by actor's name, and problems: one line each with thing, place and remedy."""

    photos: dict[str, list[Photo]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PhotoSource:
    """Origin of a cached photo; `kind` is profile or tagged, `media` the tconst that it is tagged for."""

    address: str
    fetched_at: str
    kind: str
    media: str | None = None


@dataclass(frozen=True)
class _Answer:
    status: int
    reason: str
    content_type: str
    body: bytes


class TmdbPhotos:
    """Photos from TMDB: a person's profile pictures, best voted first, and those tagged for the film.

    The cache is a gallery: `<cache>/people/<nconst>/*.jpg`, with `sources.json` beside them. A photo is fetched once;
    TMDB's answers about a person are requested again after `keep_days`, and used longer while TMDB is unreachable.
    """

    name = "tmdb"

    def __init__(
        self,
        key: str,
        cache: Path,
        address: str = TMDB_ADDRESS,
        profiles: int = PROFILES,
        tagged: int = TAGGED,
        requests_per_second: float = 20.0,
        keep_days: float = KEEP_DAYS,
        tries: int = 5,
        back_off_s: float = 0.5,
        timeout_s: tuple[float, float] = TIMEOUT_S,
    ) -> None:
        """Set up; no request is made yet.

        Args:
            key: TMDB's read access token, or the older API key.
            cache: folder for answers and photos.
            profiles, tagged: most profile pictures and tagged pictures of a person.
            requests_per_second: TMDB allows about 40.
            tries, back_off_s: attempts per request, and the first pause between them, in seconds.
            timeout_s: longest wait for a connection, and for the next bytes, in seconds.
        """
        self.key, self.cache, self.address = key, cache, address.rstrip("/")
        self.profiles, self.tagged, self.keep = profiles, tagged, timedelta(days=keep_days)
        self._pause_s = 1.0 / requests_per_second
        self._next_request = 0.0
        self._tries, self._back_off_s, self._timeout_s = tries, back_off_s, timeout_s
        self._session = patient_session(tries, back_off_s)

    @property
    def gallery(self) -> Path:
        """Folder with one folder per actor, named by nconst."""
        return self.cache / "people"

    def photos(self, cast: Cast, tconst: str | None) -> CastPhotos:
        """Photos of the cast members that have an nconst. After a failure the rest comes from the cache.

        Args:
            cast: name and nconst of each cast member.
            tconst: IMDB's key of the film, for pictures tagged for it; None where unknown.
        """
        result = CastPhotos({name: [] for name, _ in cast})
        people = [(name, nconst) for name, nconst in cast if nconst is not None and _NCONST.fullmatch(nconst)]
        try:
            sizes = self._ask("/configuration", ("images",))["images"]
            media = self._media(tconst)
            for _, nconst in people:
                self._fetch_person(nconst, sizes, tconst, media)
        except WiosError as error:
            result.problems.append(f"{error}; photos that were fetched before are used")
        except (KeyError, TypeError, ValueError) as error:
            result.problems.append(
                f"{self.address}: {_NO_ANSWER} ({error!r}); photos that were fetched before are used"
            )
        except OSError as error:
            result.problems.append(str(file_error(self.cache, error, "written", "change its access rights")))
        for name, nconst in people:
            result.photos[name] = self._cached(nconst, tconst)
        return result

    def _media(self, tconst: str | None) -> tuple[str, int] | None:
        """TMDB's kind and number of a title."""
        if tconst is None or not self.tagged:
            return None
        answer = self._ask(f"/find/{tconst}", ("movie_results", "tv_results"), external_source="imdb_id")
        for kind in ("movie", "tv"):
            if answer[f"{kind}_results"]:
                return kind, int(answer[f"{kind}_results"][0]["id"])
        return None

    def _fetch_person(
        self, nconst: str, sizes: dict[str, Any], tconst: str | None, media: tuple[str, int] | None
    ) -> None:
        people = self._ask(f"/find/{nconst}", ("person_results",), external_source="imdb_id")["person_results"]
        if not people:
            return
        person = int(people[0]["id"])
        base = str(sizes["secure_base_url"])
        profiles = self._ask(f"/person/{person}/images", ("profiles",))["profiles"]
        best = sorted(profiles, key=lambda image: (-image["vote_average"], -image["vote_count"]))
        size = _PROFILE_SIZE if _PROFILE_SIZE in sizes["profile_sizes"] else "original"
        for image in best[: self.profiles]:
            self._fetch_photo(nconst, f"{base}{size}", image["file_path"], "profile", None)
        if media is not None:
            size = _TAGGED_SIZE if _TAGGED_SIZE in sizes["backdrop_sizes"] else "original"
            for image in self._tagged(person, media):
                self._fetch_photo(nconst, f"{base}{size}", image["file_path"], "tagged", tconst)

    def _tagged(self, person: int, media: tuple[str, int]) -> list[dict[str, Any]]:
        """The person's pictures that are tagged for a title, best voted first."""
        tagged: list[dict[str, Any]] = []
        page = pages = 1
        while page <= min(pages, _TAGGED_PAGES) and len(tagged) < self.tagged:
            answer = self._ask(f"/person/{person}/tagged_images", ("results", "total_pages"), page=str(page))
            pages = int(answer["total_pages"])
            tagged += [image for image in answer["results"] if (image["media_type"], image["media"]["id"]) == media]
            page += 1
        return sorted(tagged, key=lambda image: (-image["vote_average"], -image["vote_count"]))[: self.tagged]

    def _ask(self, path: str, needed: tuple[str, ...], **parameters: str) -> dict[str, Any]:
        """An answer of the API with the fields `needed`, from the cache while it is fresh or TMDB is unreachable."""
        query = path + "".join(f"&{name}={value}" for name, value in sorted(parameters.items()))
        file = self.cache / "answers" / f"{hashlib.sha256((self.address + query).encode()).hexdigest()[:32]}.json"
        kept = _read_json(file)
        if kept is not None and _age(kept.get("fetched_at")) < self.keep:
            return dict(kept["answer"])
        try:
            answer = self._get(self.address + path, parameters, with_key=True)
            if answer.status == 404:
                content: dict[str, Any] = dict(_NOTHING)
            else:
                self._refuse(answer, self.address + path)
                content = dict(json.loads(answer.body))
        except WiosError:
            if kept is None:
                raise
            return dict(kept["answer"])
        except (ValueError, TypeError):
            content = {}
        if any(name not in content for name in needed):
            raise Unavailable(f"{self.address}{path}: {_NO_ANSWER}")
        _write_json(file, {"asked": self.address + query, "fetched_at": _now(), "answer": content})
        return content

    def _fetch_photo(self, nconst: str, base: str, file_path: str, kind: str, tconst: str | None) -> None:
        """Fetch one photo into the cache, unless it is there; names other than plain file names are skipped."""
        name = _FILE_NAME.match(str(file_path))
        if name is None:
            return
        folder = self.gallery / nconst
        path = folder / name.group(1)
        sources = _read_sources(folder)
        if path.is_file() and path.name in sources:
            return
        address = base + name.group(0)
        answer = self._get(address, {}, with_key=False)
        if answer.status == 404 or not answer.body:
            return
        self._refuse(answer, address)
        if not answer.content_type.startswith("image/") or len(answer.body) > LARGEST_PHOTO:
            return
        write_atomic(path, answer.body)
        sources[path.name] = PhotoSource(address, _now(), kind, tconst)
        _write_json(folder / "sources.json", {name: asdict(source) for name, source in sources.items()})

    def _get(self, address: str, parameters: dict[str, str], with_key: bool) -> _Answer:
        """One answer, at TMDB's pace. The key goes to TMDB's API alone, never to a picture's server."""
        headers = {}
        if with_key:
            # A read access token is a JWT, which has dots; the older key is 32 hexadecimal digits.
            if "." in self.key:
                headers["Authorization"] = f"Bearer {self.key}"
            else:
                parameters = {**parameters, "api_key": self.key}
        for attempt in range(self._tries):
            wait = self._next_request - time.monotonic()
            if attempt:
                wait = max(wait, self._back_off_s * 2 ** (attempt - 1))
            time.sleep(max(wait, 0.0))
            self._next_request = time.monotonic() + self._pause_s
            try:
                with self._session.get(
                    address, params=parameters, headers=headers, timeout=self._timeout_s, stream=True
                ) as answer:
                    body = b""
                    for chunk in answer.iter_content(1 << 16):
                        body += chunk
                        if len(body) > LARGEST_PHOTO:
                            break
                    return _Answer(answer.status_code, answer.reason, answer.headers.get("Content-Type", ""), body)
            except requests.exceptions.ChunkedEncodingError as error:
                # The session retries where there is no response; a response that breaks off is left to its reader.
                problem = reason(error)
            except (requests.RequestException, HTTPError) as error:
                raise Unavailable(f"{address}: {reason(error)}; check the connection and try again") from None
        raise Unavailable(f"{address}: {problem}, {self._tries} times; try again later")

    def _refuse(self, answer: _Answer, address: str) -> None:
        if answer.status in (401, 403):
            raise BadInput(f"{address}: TMDB refused the key (HTTP {answer.status}); check WIOS_TMDB_KEY")
        if answer.status != 200:
            raise Unavailable(f"{address}: HTTP {answer.status} {answer.reason}; try again later")

    def _cached(self, nconst: str, tconst: str | None) -> list[Photo]:
        """A person's photos in the cache: profile pictures, and those tagged for this film."""
        folder = self.gallery / nconst
        photos = [
            Photo(folder / name, self.name, source.address, source.fetched_at, source.kind == "tagged")
            for name, source in _read_sources(folder).items()
            if (folder / name).is_file() and (source.kind == "profile" or source.media == tconst)
        ]
        profiles = [photo for photo in photos if not photo.of_film]
        return profiles[: self.profiles] + [photo for photo in photos if photo.of_film][: self.tagged]


def _read_sources(folder: Path) -> dict[str, PhotoSource]:
    kept = _read_json(folder / "sources.json") or {}
    try:
        return {str(name): PhotoSource(**source) for name, source in kept.items()}
    except TypeError:
        return {}


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _write_json(path: Path, content: dict[str, Any]) -> None:
    write_atomic(path, json.dumps(content, indent=1, ensure_ascii=False))


def _age(moment: object) -> timedelta:
    try:
        return datetime.now(UTC) - datetime.fromisoformat(str(moment))
    except (ValueError, TypeError):
        return timedelta.max


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
