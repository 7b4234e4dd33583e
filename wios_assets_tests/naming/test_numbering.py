"""A number belongs to an unknown person of the film for good."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from wios_assets.naming.decided_tracks import COLUMNS
from wios_assets.naming.names import name_tracks
from wios_assets.naming.numbering import number_people
from wios_assets.naming.options import NamingOptions
from wios_assets.reviews.person_lookup import tracks_of_unknown
from wios_assets.timeline.frames import records
from wios_assets_tests.naming.people import Film, People, Seen, cast_of, film_of
from wios_assets_tests.naming.test_decided_tracks import decision

CAST = ("ada", "ben", "cleo")


def named(film: Film, gallery: pd.DataFrame, earlier: pd.DataFrame | None, *decisions: dict[str, Any]) -> pd.DataFrame:
    table = pd.DataFrame(decisions, columns=list(COLUMNS))
    options = NamingOptions()
    return name_tracks(
        film.tracks, film.faces, film.embeddings, gallery, cast_of(CAST), options, decisions=table, earlier=earlier
    )


def present_names(names: pd.DataFrame, number: int) -> list[str]:
    """The present names of the tracks that `unknown:<number>` leads to."""
    actors = names.set_index("track")["actor"]
    return list(dict.fromkeys(actors[track] for track in tracks_of_unknown(records(names), f"unknown:{number}")))


def three_strangers() -> tuple[Film, pd.DataFrame]:
    people = People()
    film = film_of(people, [Seen(who, range(8 * i, 8 * i + 8)) for i, who in enumerate("xyz")], cuts=[8, 16])
    return film, people.gallery(CAST)


def test_naming_one_stranger_leaves_the_others_their_numbers() -> None:
    film, gallery = three_strangers()
    first = named(film, gallery, None)
    assert first["actor"].tolist() == ["unknown:1", "unknown:2", "unknown:3"]
    second = named(film, gallery, first, decision(film, 0, "is", "the neighbour"))
    assert second["actor"].tolist() == ["the neighbour", "unknown:2", "unknown:3"]
    assert [present_names(second, number) for number in (1, 2, 3)] == [["the neighbour"], ["unknown:2"], ["unknown:3"]]
    third = named(film, gallery, second)
    assert third["actor"].tolist() == first["actor"].tolist(), "taken back, the number is the old one"


def test_numbers_outlive_new_numbers_of_tracks() -> None:
    film, gallery = three_strangers()
    first = named(film, gallery, None)
    film.tracks["track"] += 70
    again = named(film, gallery, first[1:])
    assert again["actor"].tolist()[1:] == ["unknown:2", "unknown:3"]
    assert again["actor"].iloc[0] == "unknown:4", "no number is given twice"


def test_evidence_of_somebody_named_as_a_new_person_shows_no_actor() -> None:
    film, gallery = three_strangers()
    row = named(film, gallery, None, decision(film, 0, "is", "the neighbour")).iloc[0]
    assert row["nearest"] is None
    assert list(row["photos"]) == []


def numbers(person: list[int], unknown: list[bool], earlier: dict[int, list[int]]) -> list[list[int]]:
    return number_people(np.asarray(person), unknown, np.asarray([1.0, 2.0, 3.0, 4.0])[: len(person)], earlier)


def test_two_numbers_that_turn_out_one_person_leave_a_pointer() -> None:
    merged = numbers([0, 0, 1], [True] * 3, {0: [5], 1: [2], 2: [3]})
    assert merged == [[2, 5], [2, 5], [3]]
    rows = pd.DataFrame({"track": [0, 1, 2], "actor": ["unknown:2", "unknown:2", "unknown:3"], "numbers": merged})
    assert [present_names(rows, number) for number in (2, 3, 5, 9)] == [["unknown:2"], ["unknown:3"], ["unknown:2"], []]


def test_where_a_person_falls_apart_the_longest_part_keeps_the_number() -> None:
    assert numbers([0, 1, 1], [True] * 3, {0: [7], 1: [7], 2: [7]}) == [[8], [7], [7]]


def test_a_part_that_is_named_leaves_the_number_to_the_part_that_is_not() -> None:
    parts = numbers([0, 1], [False, True], {0: [7], 1: [7]})
    assert parts == [[7], [7]]
    rows = pd.DataFrame({"track": [0, 1], "actor": ["ada", "unknown:7"], "numbers": parts})
    assert present_names(rows, 7) == ["unknown:7"]
