"""Reviews over HTTP: what is listed, decisions, two reviewers, taking back, other sites, and how right names are."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from pydantic import ValidationError

from wios_assets.errors import WiosError
from wios_assets.exports.formats import default_file
from wios_assets.lake.library import publish
from wios_assets.page import models
from wios_assets.page.name_updates import NameUpdates
from wios_assets.reviews.decisions import decide, read_decisions
from wios_assets.settings import Settings
from wios_assets_tests.page.served import Page, serving
from wios_assets_tests.reviewed_lake import FILM, NAMES, reviewed_settings, store_reviewed_film
from wios_assets_tests.sample_lake import store

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert('x')</script>'; DROP TABLE appearances; --"
REVIEWS = f"/api/films/{FILM}/reviews"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return reviewed_settings(tmp_path)


@pytest.fixture
def renamed() -> list[str]:
    return []


@pytest.fixture
def page(settings: Settings, renamed: list[str]) -> Iterator[Page]:
    with serving(settings, lambda _, film: renamed.append(film)) as page:
        yield page


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Settings]]:
    """A page for decisions that it refuses, which change nothing."""
    settings = reviewed_settings(tmp_path_factory.mktemp("refusing"))
    with serving(settings, lambda _, film: None) as page:
        yield page, settings


def listed(page: Page, show: str = "unnamed") -> list[dict[str, Any]]:
    result = page.json(f"{REVIEWS}?show={show}")
    models.ReviewList.model_validate(result)
    entries: list[dict[str, Any]] = result["reviews"]
    assert result["total"] == len(entries)
    return entries


def judge(page: Page, entry: dict[str, Any], verdict: str, person: str | None = None, **more: Any) -> requests.Response:
    content = {"tracks": entry["tracks"], "revision": entry["revision"], "verdict": verdict, "person": person, **more}
    return page.send(REVIEWS, content)


def lanes(page: Page) -> dict[str, dict[str, Any]]:
    return {person["name"]: person for person in page.json(f"/data/{FILM}")["people"]}


def test_reviews_are_listed_by_usefulness(page: Page) -> None:
    weak, unknown = listed(page)
    assert (weak["tracks"], weak["now"], weak["proposal"], weak["chips"]) == (
        [2],
        "weak",
        "Eileen Collins",
        ["/chip/20/heat"],
    )
    assert (unknown["tracks"], unknown["now"], unknown["person"]) == ([1], "unknown", "unknown:1")
    (named,) = listed(page, "named")
    assert (named["tracks"], named["person"], named["proposal"]) == ([0], "Grace Hopper", "Grace Hopper")
    assert listed(page, "decided") == []


def test_unknown_people_who_are_one_stay_unknown_and_are_named_together(page: Page, settings: Settings) -> None:
    weak, _ = listed(page)
    made = judge(page, weak, "is", "unknown:1", people=["unknown:1"])
    assert made.status_code == 201, made.text
    assert made.json()["person"] == "unknown:1"
    assert (lanes(page)["unknown:1"]["kind"], lanes(page)["unknown:1"]["seconds"]) == ("unknown", 15.0)
    (one,) = listed(page)
    assert (one["tracks"], one["person"], one["now"]) == ([1, 2], "unknown:1", "unknown")
    assert one["proposal"] == "Eileen Collins", "who it is remains to be decided"
    assert judge(page, one, "is_not", "unknown:1").status_code == 400
    assert judge(page, one, "is", "unknown:9").status_code == 400
    assert judge(page, one, "is", "Averil Mean").status_code == 201
    assert lanes(page)["Averil Mean"]["seconds"] == 15.0
    assert listed(page) == []


def test_a_decision_shows_at_once_everywhere(page: Page, settings: Settings) -> None:
    weak, _ = listed(page)
    answer = judge(page, weak, "is", "eileen collins", by="Ann")
    assert answer.status_code == 201, answer.text
    models.DecisionMade.model_validate(answer.json())
    assert answer.json()["person"] == "Eileen Collins"
    assert lanes(page)["Eileen Collins"]["seconds"] == 5.0
    people = page.json(f"/api/films/{FILM}/who?t=42")["people"]
    assert [(each["actor"], each["probability"]) for each in people] == [("Eileen Collins", 1.0)]
    assert [entry["tracks"] for entry in listed(page)] == [[1]]
    (decided,) = listed(page, "decided")
    assert (decided["decisions"][0]["decided_by"], decided["decisions"][0]["person"]) == ("Ann", "Eileen Collins")
    (kept,) = read_decisions(settings.data, FILM)
    assert (kept.decided_by, kept.verdict, kept.everywhere) == ("Ann", "is", False)


def test_the_likeliest_name_of_an_unknown_person_is_offered_first_until_it_is_refused(page: Page) -> None:
    _, unknown = listed(page)
    assert (unknown["proposal"], [each["actor"] for each in unknown["perhaps"]]) == (
        "Eileen Collins",
        ["Eileen Collins", "Averil Mean"],
    )
    assert "Perhaps Eileen Collins 60 %; Averil Mean 30 %" in page.get(f"/review/{FILM}").text
    assert judge(page, unknown, "is_not", "Eileen Collins").status_code == 201
    refused = next(entry for entry in listed(page) if entry["tracks"] == [1])
    assert refused["perhaps"] == [{"actor": "Averil Mean", "probability": 0.3}]
    assert (refused["proposal"], refused["person"]) == ("Averil Mean", "unknown:1")
    assert judge(page, refused, "is", "Averil Mean", everywhere=True).status_code == 201
    assert "unknown:1" not in lanes(page)
    (person,) = page.json(f"/api/films/{FILM}/who?t=25")["people"]
    assert (person["actor"], person["perhaps"], person["numbers"]) == ("Averil Mean", [], [1, 4])


def test_a_person_outside_the_cast_is_neither_counted_in_it_nor_shown_with_photos_of_others(page: Page) -> None:
    _, unknown = listed(page)
    assert judge(page, unknown, "is", "Mary Smith", new=True).status_code == 201
    (person,) = page.json(f"/api/films/{FILM}/who?t=25")["people"]
    assert (person["actor"], person["photos"], person["distance"]) == ("Mary Smith", [], None)
    assert "1 of the cast, 1 outside it" in page.get(f"/film/{FILM}").text


def test_an_unknown_person_may_get_a_name_outside_the_cast(page: Page) -> None:
    _, unknown = listed(page)
    assert judge(page, unknown, "is", HOSTILE, everywhere=True).status_code == 400
    answer = judge(page, unknown, "is", HOSTILE, everywhere=True, new=True)
    assert answer.status_code == 201, answer.text
    assert HOSTILE in lanes(page)
    assert "unknown:1" not in lanes(page)
    for path in (f"/film/{FILM}", f"/review/{FILM}", f"/review/{FILM}?show=decided", f"/review/{FILM}?show=named"):
        shown = page.get(path)
        assert shown.status_code == 200
        assert "<script>alert" not in shown.text
        assert not re.search(r"\sstyle=|\son\w+=", shown.text)
    assert page.get(f"/actor/{quote(HOSTILE, safe='')}").status_code == 200


def test_refused_names_and_non_faces_are_not_proposed_again(page: Page) -> None:
    weak, unknown = listed(page)
    assert judge(page, weak, "is_not", "Eileen Collins").status_code == 201
    assert judge(page, unknown, "not_a_face").status_code == 201
    (left,) = listed(page)
    assert (left["tracks"], left["proposal"]) == ([2], None)
    assert set(lanes(page)) == {"Grace Hopper"}


def test_a_decision_is_undone(page: Page, renamed: list[str]) -> None:
    before = lanes(page)
    (named,) = listed(page, "named")
    made = judge(page, named, "is", "Averil Mean", by="Ann").json()
    assert "Averil Mean" in lanes(page)
    undone = page.send(f"{REVIEWS}/{made['id']}/undo", {"by": "Ben"})
    assert undone.status_code == 200, undone.text
    assert {**lanes(page)} == before
    (kept,) = listed(page, "decided")
    assert (kept["decisions"][0]["undone_by"], kept["decisions"][0]["decided_by"]) == ("Ben", "Ann")
    again = page.send(f"{REVIEWS}/{made['id']}/undo", {})
    assert (again.status_code, "taken back by Ben" in again.json()["reason"]) == (409, True)
    assert page.send(f"{REVIEWS}/nothing/undo", {}).status_code == 404


def test_the_second_of_two_reviewers_gets_a_conflict_and_can_overrule_it(page: Page) -> None:
    _, unknown = listed(page)
    assert judge(page, unknown, "is", "Grace Hopper", by="Ann").status_code == 201
    conflict = judge(page, unknown, "is", "Averil Mean", by="Ben")
    assert conflict.status_code == 409
    models.Conflict.model_validate(conflict.json())
    assert re.match(r"Ann decided on .* that it is Grace Hopper; decide again", conflict.json()["reason"])
    assert "Averil Mean" not in lanes(page)
    unknown["revision"] = conflict.json()["revision"]
    assert judge(page, unknown, "is", "Averil Mean", by="Ben").status_code == 201
    assert "Averil Mean" in lanes(page)
    assert [each["decided_by"] for entry in listed(page, "decided") for each in entry["decisions"]] == ["Ben", "Ann"]


def test_one_of_many_simultaneous_decisions_is_stored_and_the_others_conflict(page: Page, settings: Settings) -> None:
    _, unknown = listed(page)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda n: judge(page, unknown, "is", "Averil Mean", by=f"Nr {n}").status_code, range(16))
        )
    assert sorted(answers) == [201] + [409] * 15
    assert len(read_decisions(settings.data, FILM)) == 1


def test_a_decision_on_tracks_of_an_earlier_analysis_is_refused(page: Page, settings: Settings) -> None:
    weak, _ = listed(page)
    store_reviewed_film(settings.lake)
    conflict = judge(page, weak, "is", "Grace Hopper")
    assert (conflict.status_code, conflict.json()["decision"]) == (409, None)
    assert "analysed again" in conflict.json()["reason"]
    assert read_decisions(settings.data, FILM) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"tracks": []},
        {"tracks": [3]},
        {"tracks": [-1]},
        {"tracks": ["x"]},
        {"verdict": "perhaps"},
        {"person": None},
        {"person": "Nobody Known"},
        {"person": "unknown:9", "new": True},
        {"person": "a\u202eb", "new": True},
        {"person": "x" * 500, "new": True},
        {"by": "x" * 500},
        {"verdict": "not_a_face"},
    ],
)
def test_an_invalid_decision_is_refused_with_a_reason(refusing: tuple[Page, Settings], changed: dict[str, Any]) -> None:
    page, settings = refusing
    weak, _ = listed(page)
    content = {"tracks": [2], "revision": weak["revision"], "verdict": "is", "person": "Grace Hopper"}
    answer = page.send(REVIEWS, {**content, **changed})
    assert answer.status_code == 400
    assert answer.json()["reason"]
    assert read_decisions(settings.data, FILM) == []


def test_other_sites_cannot_decide(page: Page, settings: Settings) -> None:
    weak, _ = listed(page)
    content = {"tracks": [2], "revision": weak["revision"], "verdict": "is", "person": "Grace Hopper"}
    host = page.address.removeprefix("http://")
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert page.send(REVIEWS, content, **headers).status_code == 403
    plain = requests.post(page.address + REVIEWS, data="{}", headers={"content-type": "text/plain"}, timeout=10)
    assert plain.status_code == 415
    assert requests.post(page.address + REVIEWS, data=b"x" * (9 << 20), timeout=30).status_code in (413, 415)
    assert read_decisions(settings.data, FILM) == []
    assert page.send(REVIEWS, content, origin=f"http://{host}").status_code == 201


def test_a_list_that_the_client_has_is_not_sent_again(page: Page) -> None:
    first = page.get(REVIEWS)
    assert page.get(REVIEWS, if_none_match=first.headers["etag"]).status_code == 304
    judge(page, first.json()["reviews"][0], "is", "Grace Hopper")
    assert page.get(REVIEWS, if_none_match=first.headers["etag"]).status_code == 200


def test_exported_reviews_can_be_imported(page: Page, settings: Settings, tmp_path: Path) -> None:
    from wios_assets.exports.reviews import ReviewsDocument, read_reviews
    from wios_assets.reviews.decisions import import_decisions

    weak, _ = listed(page)
    judge(page, weak, "is", HOSTILE, new=True, by="Ann")
    content = page.get(f"/api/films/{FILM}/export?what=reviews&format=json").content
    ReviewsDocument.model_validate_json(content)
    (tmp_path / "reviews.json").write_bytes(content)
    elsewhere = tmp_path / "elsewhere"
    assert import_decisions(elsewhere, FILM, read_reviews(tmp_path / "reviews.json").decisions) == (1, 0)
    assert read_decisions(elsewhere, FILM) == read_decisions(settings.data, FILM)


def test_accuracy_follows_from_the_checked_names(page: Page) -> None:
    assert page.json(f"/api/films/{FILM}/accuracy")["top"] == [
        {"top": 1, "longest_checked": 0, "surest_checked": 0, "longest": None, "surest": None}
    ]
    assert "Nobody checked a name yet" in page.get(f"/review/{FILM}").text
    (named,) = listed(page, "named")
    made = judge(page, named, "is", "Averil Mean").json()
    assert page.json(f"/api/films/{FILM}/accuracy")["top"][0]["longest"] == 0.0
    page.send(f"{REVIEWS}/{made['id']}/undo", {})
    (named,) = listed(page, "named")
    judge(page, named, "is", "Grace Hopper")
    accuracy = page.json(f"/api/films/{FILM}/accuracy")
    models.Accuracy.model_validate(accuracy)
    assert accuracy["top"] == [{"top": 1, "longest_checked": 1, "surest_checked": 1, "longest": 1.0, "surest": 1.0}]
    assert '<path class="line longest"' in page.get(f"/review/{FILM}").text
    assert listed(page, "named") == []


def test_names_are_updated_after_a_decision_and_after_a_restart(settings: Settings) -> None:
    done: list[str] = []
    decide(settings.data, settings.lake, FILM, [2], "is", "Grace Hopper", everywhere=False)
    updates = NameUpdates(settings, lambda _, film: done.append(film), pause_s=0.05)
    updates.catch_up([FILM, "another"])
    assert updates.state(FILM).kind == "waiting"
    until(lambda: updates.state(FILM).kind == "done")
    assert done == [FILM]
    store(settings.lake, "track_names", [{"track": n, "decisions": 1, **row} for n, row in enumerate(NAMES)], FILM)
    updates.catch_up([FILM])
    assert updates.state(FILM).kind == "done"
    updates.close()


def test_decisions_in_a_row_share_a_run_and_its_failure_is_shown(settings: Settings) -> None:
    done: list[str] = []

    def rename(_: Settings, film: str) -> None:
        done.append(film)
        raise WiosError(f"{film}: cannot be done")

    updates = NameUpdates(settings, rename, pause_s=0.2)
    for _ in range(3):
        updates.ask(FILM)
    until(lambda: updates.state(FILM).kind == "failed")
    assert (done, updates.state(FILM).reason) == ([FILM], f"{FILM}: cannot be done")
    updates.close()


def test_the_api_describes_decisions(page: Page) -> None:
    paths = page.json("/api/openapi.json")["paths"]
    described = paths["/api/films/{film}/reviews"]
    assert set(described) == {"get", "post"}
    assert {"201", "400", "404", "409"} <= set(described["post"]["responses"])
    assert "/api/films/{film}/reviews/{decision}/undo" in paths
    with pytest.raises(ValidationError):
        models.NewDecision.model_validate({"tracks": [1], "verdict": "is"})


def until(holds: Any) -> None:
    ended = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < ended
        time.sleep(0.02)


def test_players_files_are_written_before_the_run(settings: Settings) -> None:
    decide(settings.data, settings.lake, FILM, [1], "is", "Averil Mean", everywhere=True)
    sidecar = default_file(settings.exports, FILM, "sidecar", "json")
    seen: list[set[str]] = []

    def run(_: Settings, film: str) -> None:
        seen.append({person["actor"] for person in json.loads(sidecar.read_bytes())["people"]})

    updates = NameUpdates(settings, run, pause_s=0.05)
    updates.ask(FILM)
    for _ in range(1200):
        if seen:
            break
        time.sleep(0.05)
    updates.close()
    assert seen == [{"Grace Hopper", "Averil Mean"}]


def test_all_tracks_of_people_are_decided_on_together(page: Page) -> None:
    tracks = page.json(f"/api/films/{FILM}/tracks?person=unknown:1")
    models.PersonTracks.model_validate(tracks)
    assert [(each["track"], each["chip"], each["decided"]) for each in tracks["tracks"]] == [
        (1, "/chip/10/heat", False)
    ]
    content = {"people": ["Grace Hopper", "unknown:1"], "verdict": "is", "person": "Eileen Collins"}
    made = page.send(REVIEWS, {**content, "revision": tracks["revision"]}).json()
    assert made["tracks"] == [0, 1]
    assert set(lanes(page)) == {"Eileen Collins"}
    assert [each["decided"] for each in page.json(f"/api/films/{FILM}/tracks?person=Eileen%20Collins")["tracks"]] == [
        True,
        True,
    ]
    assert page.get(f"/api/films/{FILM}/tracks?person=Grace%20Hopper").status_code == 404
    nobody = page.send(REVIEWS, {**content, "people": ["Nobody"], "revision": made["revision"]})
    assert (nobody.status_code, nobody.json()["reason"]) == (
        404,
        f"the film '{FILM}' shows nobody called 'Nobody'; reload the page",
    )
    assert page.send(REVIEWS, {**content, "people": [], "revision": made["revision"]}).status_code == 400


def test_a_hidden_person_is_left_out_and_comes_back(page: Page) -> None:
    revision = page.json(f"/data/{FILM}")["revision"]
    made = page.send(REVIEWS, {"people": ["unknown:1"], "verdict": "hidden", "revision": revision}).json()
    assert set(lanes(page)) == {"Grace Hopper"}
    assert [entry["tracks"] for entry in listed(page)] == [[2]]
    assert made["sentence"].endswith("that it is not to be shown")
    assert page.send(f"{REVIEWS}/{made['id']}/undo", {}).status_code == 200
    assert set(lanes(page)) == {"Grace Hopper", "unknown:1"}


def test_a_chosen_face_stands_for_its_person(page: Page) -> None:
    weak, _ = listed(page)
    made = judge(page, weak, "is", "Grace Hopper").json()
    assert lanes(page)["Grace Hopper"]["face"] == 20, "it is surest there"
    content = {"tracks": [0], "verdict": "is", "person": "Grace Hopper", "portrait": True, "revision": made["revision"]}
    chosen = page.send(REVIEWS, content).json()
    assert lanes(page)["Grace Hopper"]["face"] == 0
    page.send(f"{REVIEWS}/{chosen['id']}/undo", {})
    assert lanes(page)["Grace Hopper"]["face"] == 20


def test_people_are_suggested_from_the_cast_the_film_other_films_and_imdb(page: Page, settings: Settings) -> None:
    def names(query: str) -> list[tuple[str, str]]:
        answer = page.json(f"/api/films/{FILM}/people?q={query}")
        models.SuggestionList.model_validate(answer)
        return [(each["name"], each["source"]) for each in answer["people"]]

    everybody = [
        ("Grace Hopper", "cast"),
        ("Eileen Collins", "cast"),
        ("Averil Mean", "cast"),
        ("unknown:1", "unknown"),
    ]
    assert names("") == everybody
    assert names("AD") == [("Grace Hopper", "cast")], "by the character"
    assert names("unknown") == [("unknown:1", "unknown")]
    assert names("&imdb=true&q=rosa") == [], "IMDB is not loaded"
    store(settings.lake, "imdb/name_basics", [
        {"nconst": "nm1", "primary_name": "Rósa Parks", "birth_year": 1913, "primary_profession": ["actress"]},
        {"nconst": "nm2", "primary_name": "Parks Rosa"},
    ])  # fmt: skip
    publish(settings.lake, settings.library)
    (found,) = page.json(f"/api/films/{FILM}/people?q=rosa&imdb=true")["people"]
    assert (found["name"], found["detail"]) == ("Rósa Parks", "actress · 1913 · nm1")
    assert page.json(f"/api/films/{FILM}/people?q=ro&imdb=true")["people"] == []
    other = store_reviewed_film(settings.lake, "ronin")
    weak = listed(page)[0]
    judge(page, weak, "is", "Zoe Elsewhere", new=True)
    store(settings.lake, "library", [store_reviewed_film(settings.lake), other])
    publish(settings.lake, settings.library)
    assert names("zoe") == [("Zoe Elsewhere", "film")]
    suggestions = page.json("/api/films/ronin/people?q=zoe")["people"]
    assert [(each["name"], each["source"], each["detail"]) for each in suggestions] == [
        ("Zoe Elsewhere", "elsewhere", "1 film")
    ]
