from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.tables import APPEARANCES
from wios_assets.timeline.appearances import JOIN_GAP_S, appearances
from wios_assets.timeline.checks import neither_cast_nor_unknown, outside_film, twice_at_once
from wios_assets_tests.timeline.films import cast_table, shot_table, track_tables

GRACE, EILEEN = "Grace Hopper", "Eileen Collins"


def track(actor: str | None, shot: int, start: float, end: float, **more: Any) -> dict[str, Any]:
    return {"actor": actor, "shot": shot, "start_s": start, "end_s": end, **more}


def of(*tracks: dict[str, Any], ends: tuple[float, ...] = (10.0, 20.0)) -> pd.DataFrame:
    return appearances(*track_tables(*tracks), shot_table(*ends), cast_table())


def spans(frame: pd.DataFrame) -> list[tuple[str, float, float]]:
    return [(a, float(s), float(e)) for a, s, e in zip(frame["actor"], frame["start_s"], frame["end_s"], strict=True)]


def test_a_track_becomes_an_interval_with_character_and_evidence() -> None:
    (row,) = of(track(EILEEN, 1, 11.0, 14.0, probability=0.97, distance=0.31)).to_dict("records")
    assert (row["appearance"], row["actor"], row["kind"], row["shot"]) == (0, EILEEN, "cast", 1)
    assert (row["start_s"], row["end_s"], row["probability"], row["distance"]) == (11.0, 14.0, 0.97, 0.31)
    assert (row["nconst"], row["character"]) == ("nm0000002", "Commander")
    assert (list(row["tracks"]), row["best_face"], list(row["photos"])) == ([0], 0, ["a.jpg"])
    assert row["reason"] == "near and clear"


def test_tracks_of_one_person_that_nearly_touch_are_joined() -> None:
    frame = of(track(GRACE, 0, 1, 2, probability=0.6), track(GRACE, 0, 2 + JOIN_GAP_S / 2, 5.25, probability=0.9))
    assert spans(frame) == [(GRACE, 1.0, 5.25)]
    assert frame["probability"][0] == pytest.approx((0.6 * 1 + 0.9 * 3) / 4)
    assert list(frame["tracks"][0]) == [0, 1]


def test_tracks_distant_in_time_are_not_joined() -> None:
    assert len(of(track(GRACE, 0, 1, 2), track(GRACE, 0, 2 + JOIN_GAP_S * 1.5, 5))) == 2


def test_a_cut_ends_an_appearance_however_near_the_next_is() -> None:
    frame = of(track(GRACE, 0, 8, 10), track(GRACE, 1, 10, 12))
    assert spans(frame) == [(GRACE, 8.0, 10.0), (GRACE, 10.0, 12.0)]
    assert list(frame["shot"]) == [0, 1]


def test_evidence_is_that_of_the_surest_track() -> None:
    frame = of(
        track(GRACE, 0, 1, 4, probability=0.7, distance=0.5, photos=["far.jpg"]),
        track(GRACE, 0, 4, 5, probability=0.95, distance=0.3, photos=["near.jpg"], best_face=77),
    )
    assert (frame["distance"][0], frame["best_face"][0], list(frame["photos"][0])) == (0.3, 77, ["near.jpg"])


def test_weak_tracks_are_left_out_and_unknown_people_kept_as_such() -> None:
    frame = of(track(None, 0, 1, 4), track("unknown:3", 0, 2, 4))
    assert spans(frame) == [("unknown:3", 2.0, 4.0)]
    assert (frame["kind"][0], frame["character"][0]) == ("unknown", None)
    assert pd.isna(frame["distance"][0])


def test_nobody_is_there_twice_at_once() -> None:
    frame = of(track(GRACE, 0, 1, 6), track(GRACE, 0, 2, 3), track(GRACE, 0, 4, 8))
    assert spans(frame) == [(GRACE, 1.0, 8.0)]


def test_intervals_end_where_the_shot_and_the_film_end() -> None:
    frame = of(track(GRACE, 0, 9, 10.25), track(EILEEN, 1, 19, 20.25), track(EILEEN, 1, 20.0, 20.25))
    assert spans(frame) == [(GRACE, 9.0, 10.0), (EILEEN, 19.0, 20.0)]


def test_a_person_credited_twice_has_both_characters() -> None:
    cast = cast_table([(GRACE, "nm1", "Admiral"), (GRACE, "nm1", "Teacher")])
    frame = appearances(*track_tables(track(GRACE, 0, 1, 2)), shot_table(5.0), cast)
    assert (frame["nconst"][0], frame["character"][0]) == ("nm1", "Admiral / Teacher")


def test_a_film_without_named_tracks_has_an_empty_table_of_the_right_types() -> None:
    frame = of()
    schema = pa.schema([field for field in APPEARANCES.schema if field.name != "film"])
    assert len(frame) == 0
    assert pa.Table.from_pandas(frame, schema=schema, preserve_index=False).num_rows == 0


def test_tables_read_back_from_the_lake_serve_as_well() -> None:
    names, tracks = track_tables(track(GRACE, 0, 1, 2), track("unknown:1", 0, 3, 4, best_face=None, distance=None))
    assert tracks["best_face"].dtype == np.float64
    frame = appearances(names, tracks, shot_table(5.0), cast_table())
    schema = pa.schema([field for field in APPEARANCES.schema if field.name != "film"])
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    assert table["best_face"].to_pylist() == [0, None]


@pytest.mark.parametrize("shot", [7, 2])
def test_a_track_in_a_shot_that_does_not_exist_is_an_error(shot: int) -> None:
    with pytest.raises(ValueError, match=f"shot {shot}"):
        of(track(GRACE, shot, 1, 2))


def test_a_name_for_no_track_is_an_error() -> None:
    names, tracks = track_tables(track(GRACE, 0, 1, 2), track(EILEEN, 0, 3, 4))
    with pytest.raises(ValueError, match="track 1 has a name"):
        appearances(names, tracks.iloc[:1], shot_table(5.0), cast_table())


@st.composite
def films(draw: st.DrawFn) -> tuple[list[dict[str, Any]], tuple[float, ...]]:
    ends = tuple(np.cumsum(draw(st.lists(st.floats(0.04, 50), min_size=1, max_size=6))).tolist())
    starts = [0.0, *ends[:-1]]
    tracks = []
    for _ in range(draw(st.integers(0, 25))):
        shot = draw(st.integers(0, len(ends) - 1))
        start = draw(st.floats(starts[shot], ends[shot]))
        length = draw(st.floats(0, 12))
        actor = draw(st.sampled_from([GRACE, EILEEN, "unknown:1", None]))
        tracks.append(track(actor, shot, start, start + length, probability=draw(st.floats(0, 1))))
    return tracks, ends


@given(films())
def test_appearances_of_any_tracks_pass_every_check(film: tuple[list[dict[str, Any]], tuple[float, ...]]) -> None:
    tracks, ends = film
    frame = of(*tracks, ends=ends)
    assert outside_film(frame, ends[-1]) == []
    assert twice_at_once(frame) == []
    assert neither_cast_nor_unknown(frame, cast_table()) == []
    assert list(frame["start_s"]) == sorted(frame["start_s"])
    assert list(frame["appearance"]) == list(range(len(frame)))
    assert frame["probability"].between(0, 1).all()


@given(films())
def test_every_instant_of_a_named_track_is_in_an_appearance_of_that_name(
    film: tuple[list[dict[str, Any]], tuple[float, ...]],
) -> None:
    tracks, ends = film
    frame = of(*tracks, ends=ends)
    held = {number for tracks_ in frame["tracks"] for number in tracks_}
    for number, one in enumerate(tracks):
        end = min(one["end_s"], ends[one["shot"]])
        if one["actor"] is None or end - one["start_s"] < 1e-6:
            assert number not in held
            continue
        rows = frame[(frame["actor"] == one["actor"]) & (frame["shot"] == one["shot"])]
        assert ((rows["start_s"] <= one["start_s"]) & (rows["end_s"] >= end)).sum() == 1
