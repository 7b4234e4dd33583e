"""Questions over all films: people by name or key, without others, the first, the longest; as the saved queries do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wios_assets.errors import BadInput, NotFound, Unavailable
from wios_assets.lake.library import Library, open_library, publish
from wios_assets.lake.saved_queries import ask, saved_query
from wios_assets.lake.scene_search import FoundScene, SceneQuestion, find_scenes, question_sentence
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.sample_lake import EILEEN, GRACE, STRANGER, fill, library_row, store

OLD, NEW = "Old (1950)", "New (2020)"


def seen(person: dict[str, Any], *spans: tuple[float, float], probability: float = 0.9) -> list[dict[str, Any]]:
    return [{**person, "start_s": start, "end_s": end, "probability": probability} for start, end in spans]


NAMESAKE = {"actor": "Grace Eileen", "kind": "cast"}
ROWS = {
    NEW: [
        *seen(GRACE, (0, 70), (75, 100)),
        *seen(EILEEN, (40, 50), (95, 96), probability=0.5),
        *seen(STRANGER, (0, 9)),
    ],
    OLD: [*seen(GRACE, (10, 20)), *seen(EILEEN, (22, 25), (60, 61)), *seen(NAMESAKE, (1, 2))],
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = load_settings(data=tmp_path_factory.mktemp("scenes") / "data")
    fill(settings.lake, *(library_row(key, title=key[:3], year=int(key[5:9]), duration_s=110.0) for key in ROWS))
    for film, rows in ROWS.items():
        store(settings.lake, "appearances", [{**row, "appearance": n} for n, row in enumerate(rows)], film)
        people = {row["actor"]: {name: row.get(name) for name in ("actor", "nconst", "kind")} for row in rows}
        store(settings.lake, "screen_time", list(people.values()), film)
    publish(settings.lake, settings.library)
    return settings


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    with open_library(settings) as library:
        yield library


def rows(scenes: list[FoundScene]) -> list[tuple[str, float, float]]:
    return [(each.film["film"], each.start_s, each.end_s) for each in scenes]


def found(library: Library, *people: str, **options: Any) -> list[tuple[str, float, float]]:
    return rows(find_scenes(library, SceneQuestion(people, **options)).scenes())


def test_scenes_with_two_people_come_by_the_age_of_their_films(library: Library) -> None:
    assert found(library, "Grace Hopper", "Eileen Collins") == [(NEW, 40, 50), (NEW, 95, 96)]
    assert found(library, "Grace Hopper") == [(OLD, 10, 20), (NEW, 0, 100)]


def test_people_are_found_by_key_case_accents_and_part_of_the_name(library: Library) -> None:
    wanted = found(library, "Grace Hopper", "Eileen Collins")
    for one, other in (("nm0393790", "nm1234567"), ("grace HOPPER", "Eiléen  Collins"), ("hopper", "collins")):
        answer = find_scenes(library, SceneQuestion((one, other)))
        assert rows(answer.scenes()) == wanted
        assert answer.people == ("Grace Hopper", "Eileen Collins")


def test_scenes_without_somebody(library: Library) -> None:
    assert found(library, "Grace Hopper", without=("Eileen Collins",)) == [
        (OLD, 10, 20), (NEW, 0, 40), (NEW, 50, 95), (NEW, 96, 100),
    ]  # fmt: skip


def test_the_first_scene_of_each_film_and_those_over_a_length(library: Library) -> None:
    assert found(library, "Eileen Collins", first=True) == [(OLD, 22, 25), (NEW, 40, 50)]
    assert found(library, "Eileen Collins", over_s=10.0) == [(NEW, 40, 50)]
    assert found(library, "Eileen Collins", first=True, over_s=10.0) == [(NEW, 40, 50)]


def test_scenes_are_sorted_by_length_or_probability(library: Library) -> None:
    assert found(library, "Grace Hopper", order="longest") == [(NEW, 0, 100), (OLD, 10, 20)]
    assert found(library, "Eileen Collins", order="surest")[0][0] == OLD


def test_a_part_of_the_answer_can_be_taken(library: Library) -> None:
    answer = find_scenes(library, SceneQuestion(("Eileen Collins",)))
    assert (len(answer), answer.film_count, answer.seconds) == (4, 2, 15.0)
    assert rows(answer.scenes(1, 3)) == rows(answer.scenes())[1:3]
    assert (
        question_sentence(SceneQuestion(("x",)), answer) == "Scenes with Eileen Collins: 4 in 2 films, 00:00:15 in all"
    )


def test_decisions_that_the_lake_lacks_count(library: Library) -> None:
    pending = {OLD: [*seen(EILEEN, (5, 6)), *seen(GRACE, (5, 9))], NEW: None}
    answer = find_scenes(library, SceneQuestion(("Eileen Collins", "nm0393790")), pending.get)
    assert rows(answer.scenes()) == [(OLD, 5, 6), (NEW, 40, 50), (NEW, 95, 96)]
    with pytest.raises(NotFound, match="not seen in any film any more"):
        find_scenes(library, SceneQuestion(("Grace Eileen",)), {OLD: seen(GRACE, (5, 9)), NEW: None}.get)


def test_names_that_do_not_fit_are_refused_with_the_nearest(library: Library) -> None:
    with pytest.raises(NotFound, match="did you mean 'Grace Hopper'"):
        find_scenes(library, SceneQuestion(("Grace Hooper",)))
    with pytest.raises(BadInput, match="may be Grace Eileen, Grace Hopper"):
        find_scenes(library, SceneQuestion(("grace",)))
    with pytest.raises(BadInput, match="another person in each film"):
        SceneQuestion(("unknown:1",))
    with pytest.raises(BadInput, match="at least one person"):
        SceneQuestion(())
    with pytest.raises(BadInput, match="at most"):
        SceneQuestion(tuple(map(str, range(30))))


def test_an_odd_name_is_a_name_and_no_sql(library: Library) -> None:
    with pytest.raises(NotFound, match="nobody called"):
        find_scenes(library, SceneQuestion(("x') OR 1=1 --",)))


def test_the_saved_queries_give_the_same_scenes(library: Library) -> None:
    def saved(name: str, *values: str) -> list[tuple[str, float, float]]:
        query, parameters = saved_query(name, values)
        answer = ask(library, query.sql, parameters)
        places = [answer.columns.index(column) for column in ("film", "start_s", "end_s")]
        return [(row[places[0]], row[places[1]], row[places[2]]) for row in answer.rows]

    grace, eileen = "Grace Hopper", "nm1234567"
    assert saved("scenes-with-both", grace, eileen) == found(library, grace, eileen)
    assert saved("scenes-without", grace, eileen) == found(library, grace, without=(eileen,))
    assert saved("long-scenes", eileen, "3") == found(library, eileen, over_s=3.0, order="longest")


def test_a_broken_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data")
    fill(settings.lake, library_row("heat"))
    publish(settings.lake, settings.library)
    (settings.lake / "appearances" / "film=heat" / "part-0.parquet").write_bytes(b"broken")
    with open_library(settings) as library, pytest.raises(Unavailable, match="wios doctor"):
        find_scenes(library, SceneQuestion(("Grace Hopper",)))
