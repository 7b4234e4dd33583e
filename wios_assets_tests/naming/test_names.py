"""Names given to tracks, on synthetic people whose embedding distances match dlib's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wios_assets import tables
from wios_assets.errors import WiosError
from wios_assets.naming.names import name_tracks
from wios_assets.naming.options import NamingOptions
from wios_assets_tests.naming.people import MODEL, Film, People, Seen, cast_of, film_of

OPTIONS = NamingOptions()
CAST = ("ada", "ben", "cleo", "dora")


def named(
    film: Film,
    gallery: pd.DataFrame,
    cast: tuple[str, ...] = CAST,
    options: NamingOptions = OPTIONS,
    cohort: pd.DataFrame | None = None,
    decisions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    return name_tracks(film.tracks, film.faces, film.embeddings, gallery, cast_of(cast), options, cohort, decisions)


def test_a_cast_member_is_named_with_the_evidence() -> None:
    people = People()
    names = named(film_of(people, [Seen("ben", range(8))]), people.gallery(CAST))
    (row,) = names.to_dict("records")
    assert (row["actor"], row["decision"], row["nearest"]) == ("ben", "named", "ben")
    assert 0.99 < row["probability"] < 1
    assert row["distance"] < 0.45 < row["runner_up_distance"]
    assert len(row["photos"]) == 3
    assert all(photo.startswith("ben/") for photo in row["photos"])
    assert row["model_hash"] == MODEL


def test_the_columns_are_those_of_the_table() -> None:
    people = People()
    names = named(film_of(people, [Seen("ben", range(4))]), people.gallery(CAST))
    assert list(names.columns) == [column.name for column in tables.TRACK_NAMES.columns]


def test_a_person_outside_the_cast_is_unknown() -> None:
    people = People()
    names = named(film_of(people, [Seen("stranger", range(8))]), people.gallery(CAST))
    assert names["actor"].tolist() == ["unknown:1"]
    assert names["decision"].tolist() == ["unknown"]


def test_people_with_photos_but_outside_the_cast_are_never_named() -> None:
    people = People()
    names = named(film_of(people, [Seen("dora", range(8))]), people.gallery(CAST), cast=("ada", "ben", "cleo"))
    assert names["decision"].tolist() == ["unknown"]


def test_every_face_of_a_frame_is_named_not_only_the_first() -> None:
    people = People(2)
    seen = [Seen(person, range(8), left=100.0 + 120 * i) for i, person in enumerate((*CAST, "x"))]
    names = named(film_of(people, seen), people.gallery(CAST))
    assert names["actor"].tolist() == [*CAST, "unknown:1"]


def test_two_faces_of_one_frame_are_never_the_same_actor() -> None:
    people = People()
    film = film_of(people, [Seen("ada", range(8)), Seen("ada", range(4, 12), left=400.0, within=0.025)])
    names = named(film, people.gallery(CAST))
    assert names["decision"].tolist() == ["named", "weak"]
    assert names["actor"].tolist() == ["ada", None]
    assert "another face on screen" in names["reason"].iloc[1]


def test_one_actor_may_own_two_tracks_that_follow_each_other() -> None:
    people = People()
    film = film_of(people, [Seen("ada", range(8)), Seen("ada", range(8, 16))], cuts=[8])
    assert named(film, people.gallery(CAST))["actor"].tolist() == ["ada", "ada"]


def test_between_two_who_look_alike_nobody_is_named() -> None:
    people = People()
    people.put("ben", 0.8 * people.mean("ada") + 0.2 * people.mean("ben"))
    people.put("either", (people.mean("ada") + people.mean("ben")) / 2)
    film, options = film_of(people, [Seen("either", range(8), within=0.01)]), replace(OPTIONS, perhaps=0.2)
    names = named(film, people.gallery(CAST, photos=12), options=options)
    (row,) = names.to_dict("records")
    assert (row["decision"], row["actor"]) == ("weak", "unknown:1")
    assert [each["actor"] for each in row["perhaps"]] in (["ada", "ben"], ["ben", "ada"])
    assert sum(each["probability"] for each in row["perhaps"]) <= 1.0


def test_a_track_without_an_embedding_is_weak() -> None:
    people = People()
    film = film_of(people, [Seen("ada", range(4), embedded=0), Seen("ben", range(4), left=400.0)])
    names = named(film, people.gallery(CAST)).set_index("track")
    assert sorted(names["decision"]) == ["named", "weak"]
    assert names.loc[names["decision"] == "weak", "actor"].tolist() == [None]


def test_a_recurring_stranger_keeps_one_number() -> None:
    people = People()
    seen = [Seen("x", range(8)), Seen("y", range(8, 16)), Seen("x", range(16, 24))]
    names = named(film_of(people, seen, cuts=[8, 16]), people.gallery(CAST))
    assert names["actor"].tolist() == ["unknown:1", "unknown:2", "unknown:1"]


def test_two_strangers_of_one_frame_have_two_numbers() -> None:
    people = People()
    people.put("twin", people.mean("x"))
    names = named(film_of(people, [Seen("x", range(8)), Seen("twin", range(8), left=300.0)]), people.gallery(CAST))
    assert sorted(names["actor"]) == ["unknown:1", "unknown:2"]


def test_an_actor_with_one_photo_is_named() -> None:
    people = People()
    film = film_of(people, [Seen("ada", range(8))])
    assert named(film, people.gallery(CAST, photos=1))["actor"].tolist() == ["ada"]


def test_a_cast_of_one_is_named_and_strangers_are_not() -> None:
    people = People()
    film = film_of(people, [Seen("ada", range(8)), Seen("x", range(8), left=400.0)])
    assert named(film, people.gallery(["ada"]), cast=("ada",))["decision"].tolist() == ["named", "unknown"]


def test_without_any_photo_everybody_is_unknown() -> None:
    people = People()
    names = named(film_of(people, [Seen("ada", range(4))]), people.gallery([]))
    assert names["actor"].tolist() == ["unknown:1"]


def test_a_film_without_faces_has_no_names() -> None:
    people = People()
    film = film_of(people, [Seen("ada", range(4))])
    none = replace(film, tracks=film.tracks[:0], faces=film.faces[:0], embeddings=film.embeddings[:0])
    assert len(named(none, people.gallery(CAST))) == 0


def test_embeddings_of_two_models_are_never_compared() -> None:
    people = People()
    film = film_of(people, [Seen("ada", range(4))])
    with pytest.raises(WiosError, match="different models"):
        named(film, people.gallery(CAST).assign(model_hash="another"))
    mixed = people.gallery(CAST)
    mixed.loc[0, "model_hash"] = "another"
    with pytest.raises(WiosError, match="2 models"):
        named(film, mixed)


@pytest.mark.parametrize("factor", [0.5, 1.9])
def test_another_engines_distances_are_put_on_their_scale(factor: float) -> None:
    people = People()
    cast = tuple(f"person {i}" for i in range(12))
    for stranger in ("x", "y"):
        people.put(stranger, 1.25 * people.mean(stranger))
    seen = [Seen(person, range(8), left=100.0 * i) for i, person in enumerate((*cast[:4], "x", "y"))]
    film = film_of(people, seen, factor=factor)
    names = named(film, people.gallery(cast, factor=factor, engine="other"), cast=cast)
    assert names["actor"].tolist()[:4] == list(cast[:4])
    assert names["decision"].tolist() == ["named"] * 4 + ["unknown"] * 2


def test_the_cohort_is_never_named_and_never_holds_the_cast() -> None:
    people = People()
    film = film_of(people, [Seen("x", range(8)), Seen("ada", range(8), left=400.0)])
    cohort = people.gallery(["x", "y", "ada"])
    names = named(film, people.gallery(CAST), cohort=cohort)
    assert names["actor"].tolist() == ["unknown:1", "ada"]


def drifting(people: People, steps: list[float]) -> Film:
    """A film of tracks, each in a shot of its own, ever farther from ada's photos in one direction."""
    away = np.random.default_rng(5).normal(0.0, 0.035, 256)
    for number, step in enumerate(steps):
        people.put(f"link {number}", people.mean("ada") + away * step)
    seen = [Seen(f"link {n}", range(8 * n, 8 * n + 8), within=0.0035) for n in range(len(steps))]
    return film_of(people, seen, cuts=[8 * n for n in range(1, len(steps))])


def test_a_track_that_the_photos_leave_open_is_named_with_the_rest_of_its_person() -> None:
    people = People()
    gallery = people.gallery(CAST)
    separate = named(drifting(people, [0.6, 1.25]), gallery, options=replace(OPTIONS, same_person=1e3, film_most=0.0))
    together = named(drifting(people, [0.6, 1.25]), gallery)
    assert separate["decision"].tolist() == ["named", "weak"]
    assert separate["perhaps"].iloc[1][0]["actor"] == "ada"
    assert together["actor"].tolist() == ["ada", "ada"]
    assert "the same person as track 0 at 00:00:00" in together["reason"].iloc[1]


def test_a_person_whom_the_photos_make_certain_speaks_for_one_that_looks_like_it() -> None:
    people = People()
    gallery = people.gallery(CAST)
    names = named(drifting(people, [0.6, 1.25]), gallery, options=replace(OPTIONS, same_person=1e3))
    assert names["actor"].tolist() == ["ada", "ada"]
    assert "track 0 at 00:00:00, which the photos name, is like it" in names["reason"].iloc[1]


def test_a_chain_of_like_tracks_does_not_lead_away_from_the_photos() -> None:
    people = People()
    names = named(drifting(people, [0.4 * step for step in range(1, 16)]), people.gallery(CAST))
    assert names["actor"].iloc[0] == "ada"
    assert names["actor"].iloc[-1].startswith("unknown:")


def test_names_go_only_as_far_as_the_aim_at_wrong_ones_allows() -> None:
    people = People()
    loose = [Seen(person, range(4 * i, 4 * i + 4), within=0.0245) for i, person in enumerate(CAST * 6)]
    film = film_of(people, loose, cuts=[4 * i for i in range(1, len(loose))])
    gallery = people.gallery(CAST)
    for aim in (0.001, 0.01, 0.1):
        names = named(film, gallery, options=replace(OPTIONS, wrong_names=aim, sure_names=0.0, certain=0.5))
        given_names = names[names["decision"] == "named"]
        assert (1 - given_names["probability"]).mean() <= aim + (1 - OPTIONS.surest)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([*CAST, "x", "y"]), st.integers(0, 20), st.integers(1, 12), st.integers(0, 5)),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 3),
)
def test_nobody_is_twice_in_a_sample_and_no_name_comes_from_outside_the_cast(
    spans: list[tuple[str, int, int, int]], seed: int
) -> None:
    people = People(seed)
    film = film_of(
        people, [Seen(who, range(start, start + length), left=150.0 * lane) for who, start, length, lane in spans]
    )
    names = named(film, people.gallery(CAST)).merge(film.tracks[["track", "faces"]], on="track")
    assert names["track"].tolist() == film.tracks["track"].tolist()
    once = names[names["actor"].notna()].explode("faces")
    once["sample"] = once["faces"] // 1000
    assert not once.duplicated(["actor", "sample"]).any()
    assert all(actor in CAST or actor.startswith("unknown:") for actor in once["actor"])
    assert names["probability"].between(0.0, 1.0).all()


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(4)))
def test_the_order_of_photos_and_embeddings_does_not_matter(order: list[int]) -> None:
    people = People()
    film = film_of(people, [Seen(who, range(8), left=120.0 * i) for i, who in enumerate(("ada", "x", "ben"))])
    gallery = people.gallery(CAST, photos=1)
    shuffled = replace(film, embeddings=film.embeddings.sample(frac=1.0, random_state=order[0]))
    columns = ["track", "actor", "decision"]
    assert named(shuffled, gallery.iloc[order])[columns].equals(named(film, gallery)[columns])
