"""Episodes among the films of a library, and screen time over seasons."""

from __future__ import annotations

from pathlib import Path

import pytest

from wios_assets.errors import NotFound
from wios_assets.lake.library import open_library, publish
from wios_assets.lake.saved_queries import ask, saved_query
from wios_assets.lake.series import UNNUMBERED, EpisodeKey, episode_of, episodes_asked, find_episodes, screen_time_of
from wios_assets.settings import load_settings
from wios_assets_tests.sample_lake import EILEEN, GRACE, SCREEN_TIME, fill, library_row, store

KEYS = (
    *("Fargo (2014) S01E01-E02", "Fargo (2014) S01E03", "Fargo (2014) S02E01", "Fargo (2014) S00E01"),
    *("Fargo (1996)", "One Piece (1999) E1071", "Heat (1995)", "Дом S01E01"),
)
TITLES = dict.fromkeys(KEYS)


@pytest.mark.parametrize(
    ("key", "episode"),
    [
        ("Fargo (2014) S01E02", EpisodeKey("Fargo (2014)", 1, 2)),
        ("Fargo (2014) S01E02-E03", EpisodeKey("Fargo (2014)", 1, 2)),
        ("One Piece (1999) E1071", EpisodeKey("One Piece (1999)", None, 1071)),
        ("Fargo (2014) S00E01", EpisodeKey("Fargo (2014)", 0, 1)),
        ("The Daily Show (1996) 2019-01-02", EpisodeKey("The Daily Show (1996)", 2019, 102)),
        ("Fargo (2014) S00 Making of", EpisodeKey("Fargo (2014)", 0, UNNUMBERED)),
        ("Heat (1995)", None),
        ("Fargo (2014) S00", None),
        ("S01E02", None),
    ],
)
def test_an_episode_is_known_by_its_key(key: str, episode: EpisodeKey | None) -> None:
    assert episode_of(key) == episode


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ("Fargo (2014)", ["Fargo (2014) S00E01", *KEYS[:3]]),
        ("fargo", ["Fargo (2014) S00E01", *KEYS[:3]]),
        ("Fargo (2014) S01", list(KEYS[:2])),
        ("FARGO season 2", ["Fargo (2014) S02E01"]),
        ("Fargo (2014) S00", ["Fargo (2014) S00E01"]),
        ("дом", ["Дом S01E01"]),
        ("One Piece", ["One Piece (1999) E1071"]),
        ("Fargo (2014) S09", []),
        ("Heat (1995)", []),
        ("Fargo (1996)", []),
        ("Fargo (2014) S01E03", []),
        ("", []),
    ],
)
def test_a_series_or_a_season_is_asked_for_by_its_name(asked: str, keys: list[str]) -> None:
    assert episodes_asked(TITLES, asked) == keys


def test_a_film_of_that_title_comes_before_a_series() -> None:
    assert episodes_asked({**TITLES, "Fargo (1996)": "Fargo"}, "fargo") == []


def test_screen_time_is_added_up_over_a_season_without_the_unknown(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    fill(settings.lake, *(library_row(key) for key in KEYS))
    guest = {"rank": 1, "actor": "Guest", "kind": "cast", "seconds": 45.0, "share": 0.5, "appearances": 2}
    store(settings.lake, "screen_time", [guest, {**SCREEN_TIME[0], "character": "Twin"}], "Fargo (2014) S01E03")
    publish(settings.lake, settings.library)
    with open_library(settings) as library:
        episodes = find_episodes(library, "Fargo S01")
        people = screen_time_of(library, episodes)
        query, values = saved_query("screen-time-of-season", ["Fargo (2014) S01"])
        by_query = list(ask(library, query.sql, values).rows)
        with pytest.raises(NotFound, match="no episode of 'Ozark'"):
            find_episodes(library, "Ozark")

    assert [(each["rank"], each["actor"], each["seconds"], each["films"]) for each in people] == [
        (1, "Guest", 45.0, 1),
        (2, EILEEN["actor"], 2 * 19.75, 2),
        (3, GRACE["actor"], 11.5, 1),
    ]
    assert people[1]["share"] == pytest.approx(2 * 19.75 / 180)
    assert (people[1]["character"], people[2]["character"]) == ("Twin", GRACE["character"])
    assert [(row[0], row[3], row[6]) for row in by_query] == [
        (each["actor"], each["seconds"], each["films"]) for each in people
    ]
