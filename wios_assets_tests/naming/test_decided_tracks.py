"""Decisions of people about faces overrule the evidence, and outlive new track numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from wios_assets.naming.decided_tracks import COLUMNS, TrackDecisions
from wios_assets.naming.names import name_tracks
from wios_assets.naming.options import NamingOptions
from wios_assets_tests.naming.people import MODEL, Film, People, Seen, cast_of, film_of

CAST = ("ada", "ben", "cleo", "dora")


def decision(
    film: Film, track: int, verdict: str, person: str | None = None, everywhere: bool = False
) -> dict[str, Any]:
    """A decision about the best face of a track."""
    best = film.tracks.set_index("track")["best_face"].loc[track]
    face = film.faces.set_index("face").loc[best]
    return {
        **{name: face[name] for name in ("time_s", "left", "top", "right", "bottom")},
        "embedding": film.embeddings.set_index("face")["embedding"].loc[best],
        "model_hash": MODEL,
        "verdict": verdict,
        "person": person,
        "everywhere": everywhere,
    }


def named(
    film: Film, gallery: pd.DataFrame, *decisions: dict[str, Any], earlier: pd.DataFrame | None = None
) -> pd.DataFrame:
    table = pd.DataFrame(decisions, columns=list(COLUMNS))
    return name_tracks(
        film.tracks,
        film.faces,
        film.embeddings,
        gallery,
        cast_of(CAST),
        NamingOptions(),
        decisions=table,
        earlier=earlier,
    )


def test_a_face_is_who_a_person_says() -> None:
    people = People()
    film, gallery = film_of(people, [Seen("x", range(8))]), people.gallery(CAST)
    (row,) = named(film, gallery, decision(film, 0, "is", "ben")).to_dict("records")
    assert (row["actor"], row["decision"], row["probability"]) == ("ben", "named", 1.0)
    assert row["nearest"] == "ben"
    assert "person decided" in row["reason"]


def test_a_face_may_be_somebody_outside_the_cast() -> None:
    people = People()
    film, gallery = film_of(people, [Seen("x", range(8))]), people.gallery(CAST)
    assert named(film, gallery, decision(film, 0, "is", "the neighbour"))["actor"].tolist() == ["the neighbour"]


def test_a_refused_name_is_not_given_again() -> None:
    people = People()
    film, gallery = film_of(people, [Seen("ada", range(8))]), people.gallery(CAST)
    (row,) = named(film, gallery, decision(film, 0, "is_not", "ada")).to_dict("records")
    assert row["actor"] != "ada"
    assert row["decision"] != "named"


def test_what_is_no_face_has_no_name() -> None:
    people = People()
    film, gallery = film_of(people, [Seen("ada", range(8))]), people.gallery(CAST)
    (row,) = named(film, gallery, decision(film, 0, "not_a_face")).to_dict("records")
    assert (row["actor"], row["decision"]) == (None, "weak")


def test_a_decided_face_keeps_others_on_screen_from_that_name() -> None:
    people = People()
    film = film_of(people, [Seen("x", range(8)), Seen("ada", range(8), left=400.0)])
    names = named(film, people.gallery(CAST), decision(film, 0, "is", "ada"))
    assert names["actor"].tolist() == ["ada", None]


def test_naming_a_recurring_stranger_names_every_track_of_theirs() -> None:
    people = People()
    seen = [Seen("x", range(8)), Seen("y", range(8, 16)), Seen("x", range(16, 24))]
    film, gallery = film_of(people, seen, cuts=[8, 16]), people.gallery(CAST)
    everywhere = named(film, gallery, decision(film, 2, "is", "the neighbour", everywhere=True))
    assert everywhere["actor"].tolist() == ["the neighbour", "unknown:1", "the neighbour"]
    once = named(film, gallery, decision(film, 2, "is", "the neighbour"))
    assert once["actor"].tolist() == ["unknown:1", "unknown:2", "the neighbour"]


def test_unknown_people_whom_somebody_makes_one_share_a_number_until_that_is_taken_back() -> None:
    people = People()
    seen = [Seen("x", range(8)), Seen("y", range(8, 24)), Seen("x", range(24, 32)), Seen("z", range(32, 40))]
    film, gallery = film_of(people, seen, cuts=[8, 24, 32]), people.gallery(CAST)
    apart = named(film, gallery)
    assert apart["actor"].tolist() == ["unknown:1", "unknown:2", "unknown:1", "unknown:3"]
    made = [decision(film, track, "is", "unknown:1", everywhere=True) for track in (0, 1)]
    one = named(film, gallery, *made, earlier=apart)
    assert one["actor"].tolist() == ["unknown:1", "unknown:1", "unknown:1", "unknown:3"]
    assert set(one["decision"]) == {"unknown"}
    assert named(film, gallery, *made, earlier=one)["actor"].tolist() == one["actor"].tolist()
    assert named(film, gallery, earlier=one)["actor"].tolist() == apart["actor"].tolist()
    later = [decision(film, track, "is", "the neighbour", everywhere=True) for track in (0, 1)]
    names = ["the neighbour"] * 3 + ["unknown:3"]
    assert named(film, gallery, *made, *later, earlier=one)["actor"].tolist() == names


def test_a_number_that_a_decision_gives_goes_to_nobody_else() -> None:
    people = People()
    seen = [Seen("x", range(8)), Seen("y", range(8, 16)), Seen("z", range(16, 24))]
    film, gallery = film_of(people, seen, cuts=[8, 16]), people.gallery(CAST)
    made = [decision(film, track, "is", "unknown:1") for track in (1, 2)]
    assert named(film, gallery, *made)["actor"].tolist() == ["unknown:2", "unknown:1", "unknown:1"]


def test_what_the_photos_say_of_an_unknown_person_outlives_that_two_are_one() -> None:
    people = People()
    seen = [Seen("ada", range(8)), Seen("x", range(8, 16))]
    film, gallery = film_of(people, seen, cuts=[8]), people.gallery(CAST)
    one = named(film, gallery, decision(film, 0, "is", "unknown:1"), decision(film, 1, "is", "unknown:1"))
    assert one["actor"].tolist() == ["unknown:1", "unknown:1"]
    assert one["nearest"].tolist()[0] == "ada"


def test_a_decision_is_found_again_when_tracks_have_other_numbers() -> None:
    people = People()
    film = film_of(people, [Seen("x", range(8)), Seen("y", range(8, 16))], cuts=[8])
    gallery, made = people.gallery(CAST), decision(film, 1, "is", "ben")
    film.tracks["track"] += 70
    names = named(film, gallery, made).set_index("track")
    assert names.loc[71, "actor"] == "ben"
    assert names.loc[70, "decision"] == "unknown"


def test_a_decision_is_found_again_by_the_face_when_its_box_is_another() -> None:
    people = People()
    film = film_of(people, [Seen("x", range(8)), Seen("y", range(8), left=400.0)])
    gallery, made = people.gallery(CAST), decision(film, 1, "is", "ben")
    made.update(left=900.0, right=960.0)
    assert named(film, gallery, made)["actor"].tolist() == ["unknown:1", "ben"]


def test_a_decision_about_a_face_that_is_no_longer_found_changes_nothing() -> None:
    people = People()
    film, gallery = film_of(people, [Seen("ada", range(8))]), people.gallery(CAST)
    made = decision(film, 0, "is", "ben") | {"time_s": 100.0}
    assert named(film, gallery, made).equals(named(film, gallery))


def test_the_latest_decision_counts() -> None:
    people = People()
    film, gallery = film_of(people, [Seen("x", range(8))]), people.gallery(CAST)
    first, second = decision(film, 0, "is", "ben"), decision(film, 0, "is", "cleo")
    assert named(film, gallery, first, second)["actor"].tolist() == ["cleo"]
    withdrawn = decision(film, 0, "is_not", "ben")
    assert named(film, gallery, first, withdrawn)["decision"].tolist() == ["unknown"]
    assert named(film, gallery, decision(film, 0, "not_a_face"), first)["actor"].tolist() == ["ben"]


def test_a_name_for_every_similar_track_that_was_withdrawn_names_nobody() -> None:
    people = People()
    seen = [Seen("x", range(8)), Seen("x", range(8, 16))]
    film, gallery = film_of(people, seen, cuts=[8]), people.gallery(CAST)
    everywhere = decision(film, 0, "is", "the neighbour", everywhere=True)
    withdrawn = named(film, gallery, everywhere, decision(film, 0, "is_not", "the neighbour"))
    assert withdrawn["actor"].tolist() == ["unknown:1", "unknown:1"]
    no_face = named(film, gallery, everywhere, decision(film, 0, "not_a_face"))
    assert no_face["actor"].tolist() == [None, "unknown:1"]


def after(*decisions: tuple[str, str | None]) -> TrackDecisions:
    added_up = TrackDecisions()
    for verdict, person in decisions:
        added_up = added_up.then(verdict, person)
    return added_up


def name_after(actor: str | None, *decisions: tuple[str, str | None]) -> str | None:
    """The name of a track that naming alone gives `actor`."""
    outcome = after(*decisions).outcome(actor)
    return actor if outcome is None else outcome.person


def test_a_later_decision_overrules_an_earlier_one() -> None:
    assert name_after("ada", ("is", "ben"), ("is", "cleo")) == "cleo"
    assert name_after("ada", ("is", "ben"), ("not_a_face", None)) is None
    assert name_after("ada", ("not_a_face", None), ("is", "ben")) == "ben"
    assert name_after("ada", ("not_a_face", None), ("is_not", "ben")) is None
    assert name_after("ada", ("is_not", "ada"), ("is", "ada")) == "ada"


def test_a_withdrawn_name_leaves_the_track_to_naming() -> None:
    assert name_after("ada", ("is", "ben"), ("is_not", "ben")) == "ada"
    assert name_after("ada", ("is", "ada"), ("is_not", "ada")) is None
    assert name_after(None, ("is", "ada"), ("is_not", "ada")) is None


def test_refusing_one_name_leaves_another() -> None:
    assert name_after("ada", ("is_not", "ben")) == "ada"
    assert name_after("ada", ("is", "ben"), ("is_not", "ada")) == "ben"
    assert name_after("ada", ("is_not", "ben"), ("is_not", "ada")) is None


def test_decisions_confirm_a_name_refute_it_or_do_not_say() -> None:
    assert after(("is", "ada")).confirms("ada") is True
    assert after(("is", "ben")).confirms("ada") is False
    assert after(("is_not", "ada")).confirms("ada") is False
    assert after(("not_a_face", None)).confirms("ada") is False
    assert after(("is_not", "ben")).confirms("ada") is None
    assert after().confirms("ada") is None


def test_a_decision_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="maybe ada"):
        after(("maybe", "ada"))
    with pytest.raises(ValueError, match="is None"):
        after(("is", None))
