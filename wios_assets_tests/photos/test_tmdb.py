"""Photos from TMDB, against a local server that answers as TMDB's documentation says, slow and failing included."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from wios_assets.photos.tmdb import TmdbPhotos
from wios_assets_tests.local_server import Answer, LocalServer, Request, serving

pytestmark = pytest.mark.slow

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln"
NEO, TRINITY, UNKNOWN = ("Keanu Reeves", "nm0000206"), ("Carrie-Anne Moss", "nm0005251"), ("Nobody", "nm9999999")
FILM = "tt0133093"
PEOPLE = {"nm0000206": 6384, "nm0005251": 530}
MEDIA = {"tt0133093": ("movie", 603), "tt0944947": ("tv", 1399)}


def picture(name: str, votes: float = 0.0, **more: object) -> dict[str, object]:
    return {
        "aspect_ratio": 0.667,
        "file_path": f"/{name}",
        "height": 1500,
        "iso_639_1": None,
        "vote_average": votes,
        "vote_count": 3,
        "width": 1000,
        **more,
    }


def tagged(name: str, kind: str, number: int, votes: float = 0.0) -> dict[str, object]:
    media = {"id": number, "media_type": kind, "adult": False, "title": "x", "popularity": 1.0}
    return picture(name, votes, id="5fd", image_type="backdrop", media=media, media_type=kind)


class Tmdb:
    """TMDB's side: the answers of developer.themoviedb.org for the people above."""

    def __init__(self) -> None:
        self.key = KEY
        self.address = ""
        self.profiles = {6384: [picture(f"keanu{number}.jpg", number) for number in range(5)], 530: []}
        self.tagged: dict[int, list[list[dict[str, object]]]] = {
            6384: [
                [tagged("other.jpg", "movie", 604), tagged("low.jpg", "movie", 603, 1.0)],
                [tagged("tv.jpg", "tv", 603), tagged("high.jpg", "movie", 603, 9.0)],
            ],
            530: [[]],
        }
        self.before: Callable[[Request], Answer | None] = lambda request: None

    def answer(self, request: Request) -> Answer:
        mishap = self.before(request)
        if mishap is not None:
            return mishap
        parts = urlsplit(request.path)
        requested = {name: values[0] for name, values in parse_qs(parts.query).items()}
        steps = parts.path.strip("/").split("/")
        if steps[0] == "t":
            assert "Authorization" not in request.headers
            assert "api_key" not in requested
            return Answer(200, b"JPEG of " + steps[-1].encode(), {"Content-Type": "image/jpeg"})
        if self.key not in (requested.get("api_key"), request.headers.get("Authorization", "").removeprefix("Bearer ")):
            failure = {
                "success": False,
                "status_code": 7,
                "status_message": "Invalid API key: You must be granted a valid key.",
            }
            return message(failure, 401)
        return message(self.content(steps[1:], requested))

    def content(self, steps: list[str], requested: dict[str, str]) -> dict[str, object]:
        if steps == ["configuration"]:
            sizes = {
                "profile_sizes": ["w45", "w185", "h632", "original"],
                "backdrop_sizes": ["w300", "w780", "w1280", "original"],
            }
            return {
                "images": {"base_url": "http://x/", "secure_base_url": f"{self.address}/t/p/", **sizes},
                "change_keys": [],
            }
        if steps[0] == "find":
            assert requested["external_source"] == "imdb_id"
            results: dict[str, object] = {
                f"{kind}_results": [] for kind in ("movie", "person", "tv", "tv_episode", "tv_season")
            }
            if steps[1] in PEOPLE:
                results["person_results"] = [{"id": PEOPLE[steps[1]], "name": "x", "media_type": "person"}]
            if steps[1] in MEDIA:
                kind, number = MEDIA[steps[1]]
                results[f"{kind}_results"] = [{"id": number, "media_type": kind}]
            return results
        assert steps[0] == "person"
        person = int(steps[1])
        if steps[2] == "images":
            return {"id": person, "profiles": self.profiles[person]}
        page, pages = int(requested["page"]), self.tagged[person]
        return {"id": person, "page": page, "results": pages[page - 1], "total_pages": len(pages), "total_results": 4}


Running = tuple[Tmdb, LocalServer]


def message(content: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json;charset=utf-8"})


@pytest.fixture
def tmdb() -> Iterator[Running]:
    site = Tmdb()
    with serving(site.answer) as server:
        site.address = server.address
        yield site, server


def provider(server: LocalServer, cache: Path, key: str = KEY, **more: Any) -> TmdbPhotos:
    options: dict[str, Any] = {"requests_per_second": 1000.0, "tries": 3, "back_off_s": 0.001, **more}
    return TmdbPhotos(key, cache, f"{server.address}/3", **options)


def names(tmdb: TmdbPhotos, cast: list[tuple[str, str | None]], film: str | None = FILM) -> list[list[str]]:
    result = tmdb.photos(cast, film)
    assert result.problems == []
    return [[photo.path.name for photo in result.photos[name]] for name, _ in cast]


def test_profiles_come_best_first_then_what_is_tagged_for_the_film(tmdb: Running, tmp_path: Path) -> None:
    _, server = tmdb
    (keanu,) = names(provider(server, tmp_path), [NEO])
    assert keanu == [*(f"keanu{number}.jpg" for number in (4, 3, 2, 1, 0)), "high.jpg", "low.jpg"]
    pictures = [path for path in server.paths() if path.startswith("/t/")]
    assert pictures[0] == "/t/p/h632/keanu4.jpg"
    assert pictures[-1] == "/t/p/w1280/low.jpg"


def test_each_photo_is_kept_with_its_source_and_date(tmdb: Running, tmp_path: Path) -> None:
    _, server = tmdb
    photos = provider(server, tmp_path).photos([NEO], FILM).photos["Keanu Reeves"]
    assert photos[0].address == f"{server.address}/t/p/h632/keanu4.jpg"
    assert photos[0].fetched_at is not None
    assert photos[0].path.read_bytes() == b"JPEG of keanu4.jpg"
    assert [photo.of_film for photo in photos] == [False] * 5 + [True] * 2
    kept = json.loads((tmp_path / "people" / "nm0000206" / "sources.json").read_text())
    assert kept["high.jpg"]["media"] == "tt0133093"
    assert KEY not in "".join(file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file())


def test_the_numbers_asked_for_are_kept_to(tmdb: Running, tmp_path: Path) -> None:
    _, server = tmdb
    assert names(provider(server, tmp_path, profiles=2, tagged=1), [NEO]) == [["keanu4.jpg", "keanu3.jpg", "low.jpg"]]
    assert names(provider(server, tmp_path / "b", profiles=1, tagged=0), [NEO]) == [["keanu4.jpg"]]


def test_a_second_time_nothing_is_asked(tmdb: Running, tmp_path: Path) -> None:
    _, server = tmdb
    first = names(provider(server, tmp_path), [NEO, TRINITY, UNKNOWN, ("By hand", None)])
    requested = len(server.requests)
    assert names(provider(server, tmp_path), [NEO, TRINITY, UNKNOWN, ("By hand", None)]) == first
    assert len(server.requests) == requested
    assert first[1:] == [[], [], []]


def test_an_old_answer_is_asked_again_but_no_photo_is_fetched_twice(tmdb: Running, tmp_path: Path) -> None:
    site, server = tmdb
    names(provider(server, tmp_path), [NEO])
    site.profiles[6384].append(picture("new.jpg", 9.9))
    before = len(server.requests)
    assert "new.jpg" in names(provider(server, tmp_path, keep_days=0), [NEO])[0]
    assert [path for path in server.paths()[before:] if path.startswith("/t/")] == ["/t/p/h632/new.jpg"]


def test_a_series_is_found_as_well(tmdb: Running, tmp_path: Path) -> None:
    site, server = tmdb
    site.tagged[530] = [[tagged("got.jpg", "tv", 1399)]]
    assert names(provider(server, tmp_path), [TRINITY], "tt0944947") == [["got.jpg"]]


def test_a_token_goes_into_a_header_and_a_key_into_the_query(tmdb: Running, tmp_path: Path) -> None:
    site, server = tmdb
    site.key = TOKEN
    assert len(names(provider(server, tmp_path, key=TOKEN), [NEO])[0]) == 7
    assert not any("api_key" in path for path in server.paths())


def test_a_wrong_key_is_told_without_being_shown(tmdb: Running, tmp_path: Path) -> None:
    _, server = tmdb
    result = provider(server, tmp_path, key="secretsecret").photos([NEO], FILM)
    assert result.photos == {"Keanu Reeves": []}
    (problem,) = result.problems
    assert "TMDB refused the key (HTTP 401); check WIOS_TMDB_KEY" in problem
    assert "secretsecret" not in problem


def test_a_rate_limit_is_waited_out(tmdb: Running, tmp_path: Path) -> None:
    site, server = tmdb
    limits = [1, 1]

    def limit(request: Request) -> Answer | None:
        if limits and "images" in request.path:
            limits.pop()
            failure = {
                "success": False,
                "status_code": 25,
                "status_message": "Your request count is over the allowed limit.",
            }
            return Answer(429, json.dumps(failure).encode(), {"Retry-After": "1"})
        return None

    site.before = limit
    began = time.monotonic()
    assert len(names(provider(server, tmp_path), [NEO])[0]) == 7
    assert time.monotonic() - began >= 2.0


def test_requests_keep_their_pace(tmdb: Running, tmp_path: Path) -> None:
    _, server = tmdb
    began = time.monotonic()
    names(provider(server, tmp_path, requests_per_second=50.0), [NEO])
    assert time.monotonic() - began >= (len(server.requests) - 1) / 50


def test_a_server_that_fails_for_good_leaves_what_was_fetched(tmdb: Running, tmp_path: Path) -> None:
    site, server = tmdb
    names(provider(server, tmp_path), [NEO])
    site.before = lambda request: Answer(500, b"oops")
    result = provider(server, tmp_path).photos([NEO, TRINITY], FILM)
    assert len(result.photos["Keanu Reeves"]) == 7
    (problem,) = result.problems
    assert "HTTP 500" in problem
    assert "photos that were fetched before are used" in problem


def test_old_answers_serve_while_tmdb_is_away(tmdb: Running, tmp_path: Path) -> None:
    site, server = tmdb
    names(provider(server, tmp_path), [NEO])
    site.before = lambda request: Answer(503, b"away")
    assert len(names(provider(server, tmp_path, keep_days=0), [NEO])[0]) == 7


def test_a_server_that_is_too_slow_is_given_up(tmdb: Running, tmp_path: Path) -> None:
    site, server = tmdb

    def sleep(request: Request) -> Answer | None:
        time.sleep(0.3)
        return None

    site.before = sleep
    result = provider(server, tmp_path, tries=1, timeout_s=(1.0, 0.05)).photos([NEO], FILM)
    assert "check the connection and try again" in result.problems[0]


def test_a_photo_that_breaks_off_is_fetched_again(tmdb: Running, tmp_path: Path) -> None:
    site, server = tmdb
    breaks = [1]

    def break_off(request: Request) -> Answer | None:
        if request.path.endswith("keanu4.jpg") and breaks:
            breaks.pop()
            return Answer(200, b"x" * 5000, {"Content-Type": "image/jpeg"}, cut_at=100)
        return None

    site.before = break_off
    names(provider(server, tmp_path), [NEO])
    assert (tmp_path / "people" / "nm0000206" / "keanu4.jpg").read_bytes() == b"JPEG of keanu4.jpg"


@pytest.mark.parametrize("path", ["/../../escape.jpg", "/x/y.jpg", "", "/a.svg", "/ .jpg", "/a.jpg?x=1", None])
def test_a_file_name_that_is_none_is_passed_over(tmdb: Running, tmp_path: Path, path: str | None) -> None:
    site, server = tmdb
    site.profiles[530] = [{**picture("x.jpg"), "file_path": path}, picture("good.jpg")]
    assert names(provider(server, tmp_path), [TRINITY]) == [["good.jpg"]]
    assert not list(tmp_path.parent.glob("escape*"))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<html>", {"Content-Type": "text/html"}),
        Answer(404, b"gone", {"Content-Type": "image/jpeg"}),
        Answer(200, b"", {"Content-Type": "image/jpeg"}),
    ],
)
def test_what_is_no_photo_is_passed_over(tmdb: Running, tmp_path: Path, answer: Answer) -> None:
    site, server = tmdb
    site.before = lambda request: answer if request.path.endswith("keanu4.jpg") else None
    assert "keanu4.jpg" not in names(provider(server, tmp_path), [NEO])[0]


@pytest.mark.parametrize("content", [{"page": 1}, [], "x"])
def test_an_answer_of_another_form_is_reported(tmdb: Running, tmp_path: Path, content: object) -> None:
    site, server = tmdb
    site.before = lambda request: message(content)
    assert "not an answer of TMDB's" in provider(server, tmp_path).photos([NEO], FILM).problems[0]
    site.before = lambda request: None
    assert len(names(provider(server, tmp_path), [NEO])[0]) == 7


def test_a_title_or_person_that_tmdb_lacks_has_no_photos(tmdb: Running, tmp_path: Path) -> None:
    site, server = tmdb
    site.before = lambda request: Answer(404, b'{"status_code": 34}') if "find" in request.path else None
    assert names(provider(server, tmp_path), [NEO], "tt7777777") == [[]]
