from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from wios_assets.lake.library import publish
from wios_assets.lake.paths import partition_folder
from wios_assets.lake.questions import UnknownFilm
from wios_assets.page.state.catalog import Catalog
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.sample_lake import APPEARANCES, GRACE, ODD_KEYS, SCREEN_TIME, fill, library_row, store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data")


@pytest.fixture
def catalog(settings: Settings) -> Iterator[Catalog]:
    fill(settings.lake, library_row("007", title="Dr. Nø", year=1962), library_row("heat", title="Heat", year=1995))
    publish(settings.lake, settings.library)
    opened = Catalog(settings)
    yield opened
    opened.close()


def titles(catalog: Catalog, words: str) -> list[str]:
    return [hit.film["title"] for hit in catalog.search(words)]


def test_a_search_finds_titles_years_actors_and_characters_in_any_case(catalog: Catalog, settings: Settings) -> None:
    store(settings.lake, "appearances", [{**APPEARANCES[0], "character": "Señor Ωmega"}], "heat")
    store(settings.lake, "screen_time", [{**SCREEN_TIME[1], "character": "Señor Ωmega"}], "heat")
    store(settings.lake, "minute_appearances", [], "heat")
    assert titles(catalog, "HEAT") == ["Heat"]
    assert titles(catalog, "1962") == ["Dr. Nø"]
    assert titles(catalog, "admiral hopper") == ["Dr. Nø"]
    assert titles(catalog, "grace") == ["Dr. Nø", "Heat"]
    assert titles(catalog, "heat grace") == ["Heat"]
    assert titles(catalog, "senor ωmega") == ["Heat"]
    assert titles(catalog, "") == ["Dr. Nø", "Heat"]
    assert titles(catalog, "unknown:1") == []


@pytest.mark.parametrize(
    "words", ["' OR 1=1 --", '"; DROP VIEW appearances; --', "%", "_", "\\", "Heat' UNION SELECT 1"]
)
def test_sql_in_a_search_is_only_words(catalog: Catalog, words: str) -> None:
    assert titles(catalog, words) == []
    assert len(catalog.films()) == 2


def test_rewritten_tables_are_read_at_the_next_request(catalog: Catalog, settings: Settings) -> None:
    before = catalog.map(catalog.find("heat"))
    assert catalog.map(catalog.find("heat")) is before
    longer = [{**row, "end_s": row["end_s"] - 0.5} for row in APPEARANCES]
    store(settings.lake, "appearances", longer, "heat")
    after = catalog.map(catalog.find("heat"))
    assert after.etag != before.etag
    assert after.appearances_at(12.2) != before.appearances_at(12.2)


def test_the_previous_map_is_shown_while_a_run_replaces_the_tables(catalog: Catalog, settings: Settings) -> None:
    before = catalog.map(catalog.find("heat"))
    store(settings.lake, "appearances", APPEARANCES[:1], "heat")
    assert catalog.map(catalog.find("heat")) is before
    store(settings.lake, "minute_appearances", [], "heat")
    store(settings.lake, "screen_time", [row for row in SCREEN_TIME if row["actor"] == GRACE["actor"]], "heat")
    after = catalog.map(catalog.find("heat"))
    assert after.consistent
    assert [person.actor for person in after.people] == [GRACE["actor"]]


def test_readers_never_see_half_a_film_while_it_is_rewritten(catalog: Catalog, settings: Settings) -> None:
    one, other = APPEARANCES, [{**APPEARANCES[0], "actor": "Somebody Else", "nconst": None}]
    stop, faults = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            names = {person.actor for person in catalog.map(catalog.find("heat")).people}
            if names not in ({row["actor"] for row in one}, {"Somebody Else"}):
                faults.append(names)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    beside = settings.lake / "beside"
    for turn in range(12):
        rows = other if turn % 2 == 0 else one
        times = [{**SCREEN_TIME[1], "actor": "Somebody Else"}] if turn % 2 == 0 else SCREEN_TIME
        for table, content in (("appearances", rows), ("minute_appearances", []), ("screen_time", times)):
            made = store(beside, table, content, "heat")
            made.replace(partition_folder(settings.lake, table, "heat") / "part-0.parquet")
    stop.set()
    for reader in readers:
        reader.join()
    assert faults == []


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_are_found_and_read(settings: Settings, key: str) -> None:
    fill(settings.lake, library_row(key))
    publish(settings.lake, settings.library)
    catalog = Catalog(settings)
    assert len(catalog.map(catalog.find(key)).people) == 3
    catalog.close()


def test_a_lake_without_films_has_none(settings: Settings) -> None:
    catalog = Catalog(settings)
    assert catalog.films() == {}
    assert catalog.search("heat") == []
    with pytest.raises(UnknownFilm, match="none was analysed yet"):
        catalog.find("heat")


def test_one_film_that_is_gone_from_the_lake_hides_no_other(catalog: Catalog, settings: Settings) -> None:
    shutil.rmtree(partition_folder(settings.lake, "appearances", "007"))
    assert [film.film["film"] for film in catalog.maps()] == ["heat"]
    assert titles(catalog, "hopper") == ["Heat"]


def test_a_film_that_is_published_later_is_seen(catalog: Catalog, settings: Settings) -> None:
    assert set(catalog.films()) == {"007", "heat"}
    fill(settings.lake, library_row("007"), library_row("heat"), library_row("new"))
    publish(settings.lake, settings.library)
    assert set(catalog.films()) == {"007", "heat", "new"}
    assert catalog.map(catalog.find("new")).people
