"""Tracks: what joins tracklets, what parts them, and when a track starts and ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wios_assets.vision.tracks as tracks_module
from wios_assets import tables
from wios_assets.vision.tracks import TrackOptions, link_tracks

RATE = 4.0
HEIGHT = 360.0


@dataclass(frozen=True)
class Piece:
    """A tracklet, or a part of one: the samples it is seen in, its left edge, its person (None for no embeddings), the
    quality of its chips and how far their embeddings lie from the person's."""

    samples: tuple[int, ...]
    left: float = 100.0
    who: int | None = 0
    tracklet: int | None = None
    side: float = 60.0
    quality: float = 0.5
    noise: float = 0.0


def tracks_of(pieces: list[Piece], cuts: tuple[int, ...] = (), options: TrackOptions | None = None) -> pd.DataFrame:
    """Tracks of these tracklets in a film of four samples a second; `cuts` are the samples that start a shot."""
    faces, embeddings, samples, shots = film(pieces, cuts)
    return link_tracks(faces, embeddings, shots, samples, HEIGHT, options or TrackOptions())


def film(pieces: list[Piece], cuts: tuple[int, ...]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    people = np.random.default_rng(0).normal(0.0, 0.0449, (8, 128))
    count = max((sample for piece in pieces for sample in piece.samples), default=0) + 3
    shot = np.searchsorted(sorted(cuts), np.arange(count), side="right")
    samples = pd.DataFrame({"sample": np.arange(count), "time_s": np.arange(count) / RATE, "shot": shot})
    edges = [0.0, *(cut / RATE - 0.1 for cut in sorted(cuts)), count / RATE]
    shots = pd.DataFrame({"shot": range(len(edges) - 1), "start_s": edges[:-1], "end_s": edges[1:]})
    faces, embeddings = [], []
    for number, piece in enumerate(pieces):
        for sample in piece.samples:
            face = sample * 1000 + number
            faces.append(
                {
                    "face": face,
                    "sample": sample,
                    "time_s": sample / RATE,
                    "tracklet": number if piece.tracklet is None else piece.tracklet,
                    "left": piece.left,
                    "top": 50.0,
                    "right": piece.left + piece.side,
                    "bottom": 50.0 + piece.side,
                }
            )
            if piece.who is not None:
                astray = np.random.default_rng(face).normal(0.0, 1.0, 128)
                vector = people[piece.who] + piece.noise * astray / np.linalg.norm(astray)
                embeddings.append({"face": face, "quality": piece.quality + sample / 1000, "embedding": vector})
    columns = ["face", "sample", "time_s", "tracklet", "left", "top", "right", "bottom"]
    return (
        pd.DataFrame(faces, columns=columns),
        pd.DataFrame(embeddings, columns=["face", "quality", "embedding"]),
        samples,
        shots,
    )


def spans(tracks: pd.DataFrame) -> list[tuple[int, ...]]:
    """Samples of each track."""
    return [tuple(face // 1000 for face in faces) for faces in tracks["faces"]]


def test_a_tracklet_is_a_track() -> None:
    (track,) = tracks_of([Piece((1, 2, 3))]).to_dict("records")
    assert (track["start_s"], track["end_s"], track["samples"]) == (0.25, 1.0, 3)
    assert track["faces"] == [1000, 2000, 3000]
    assert track["embedded_faces"] == [3000, 2000, 1000]
    assert track["best_face"] == 3000
    assert track["height_share"] == pytest.approx(60 / 360)


def test_the_columns_are_those_of_the_table() -> None:
    wanted = [column.name for column in tables.FACE_TRACKS.columns]
    assert list(tracks_of([Piece((1, 2))]).columns) == wanted
    assert list(tracks_of([]).columns) == wanted


def test_a_cut_ends_a_track() -> None:
    tracks = tracks_of([Piece((1, 2)), Piece((3, 4))], cuts=(3,))
    assert spans(tracks) == [(1, 2), (3, 4)]
    assert tracks["shot"].tolist() == [0, 1]
    assert tracks["end_s"].iloc[0] == tracks["start_s"].iloc[1] == pytest.approx(0.65)


def test_a_cut_inside_a_tracklet_parts_it() -> None:
    assert spans(tracks_of([Piece((1, 2, 3, 4))], cuts=(3,))) == [(1, 2), (3, 4)]


def test_a_track_at_the_end_of_a_shot_lasts_until_the_cut() -> None:
    tracks = tracks_of([Piece((1, 2))], cuts=(4,))
    assert tracks["end_s"].tolist() == [0.75]
    assert tracks_of([Piece((1, 2, 3))], cuts=(4,))["end_s"].tolist() == [pytest.approx(0.9)]


def test_a_track_in_the_first_sample_of_a_shot_is_there_from_the_cut_on() -> None:
    assert tracks_of([Piece((4, 5))], cuts=(4,))["start_s"].tolist() == [pytest.approx(0.9)]


def test_the_seam_of_two_segments_is_closed() -> None:
    assert spans(tracks_of([Piece((1, 2, 3)), Piece((4, 5, 6), left=110.0)])) == [(1, 2, 3, 4, 5, 6)]


def test_a_short_gap_is_closed_by_place_alone() -> None:
    assert spans(tracks_of([Piece((1, 2), who=None), Piece((5, 6), who=None)])) == [(1, 2, 5, 6)]


def test_a_long_gap_is_closed_only_by_the_same_face() -> None:
    gap = [Piece((1, 2)), Piece((10, 11), left=130.0)]
    assert spans(tracks_of(gap)) == [(1, 2, 10, 11)]
    assert len(tracks_of([gap[0], Piece((10, 11), left=130.0, who=1)])) == 2
    assert len(tracks_of([gap[0], Piece((10, 11), left=130.0, who=None)])) == 2


def test_a_gap_longer_than_the_limit_is_not_closed() -> None:
    assert len(tracks_of([Piece((1, 2)), Piece((20, 21))])) == 2


def test_another_person_in_the_same_place_is_another_track() -> None:
    assert len(tracks_of([Piece((1, 2)), Piece((3, 4), who=1)])) == 2


def test_a_face_elsewhere_is_another_track() -> None:
    assert len(tracks_of([Piece((1, 2)), Piece((4, 5), left=400.0)])) == 2


def test_two_faces_of_one_sample_are_never_one_track() -> None:
    tracks = tracks_of([Piece((1, 2, 3)), Piece((3, 4, 5))])
    assert len(tracks) == 2


def test_two_faces_of_one_sample_in_one_tracklet_are_parted() -> None:
    tracks = tracks_of([Piece((1, 2, 3), tracklet=7), Piece((3, 4), tracklet=7)])
    assert all(len(set(own)) == len(own) for own in spans(tracks))


def test_a_tracklet_that_jumps_to_another_face_is_two_tracks() -> None:
    jump = [Piece((1, 2, 3), tracklet=7), Piece((4, 5, 6), left=300.0, who=1, tracklet=7)]
    assert spans(tracks_of(jump)) == [(1, 2, 3), (4, 5, 6)]
    same = [jump[0], Piece((4, 5, 6), left=300.0, who=0, tracklet=7)]
    assert spans(tracks_of(same)) == [(1, 2, 3, 4, 5, 6)]


def test_a_tracklet_in_which_the_face_changes_is_divided_there() -> None:
    change = [Piece((1, 2, 3), tracklet=7), Piece((4, 5, 6), left=103.0, who=1, tracklet=7)]
    assert spans(tracks_of(change)) == [(1, 2, 3), (4, 5, 6)]


def test_a_tracklet_of_three_people_is_three_tracks() -> None:
    parts = [Piece(tuple(range(5 * who, 5 * who + 4)), who=who, tracklet=7) for who in range(3)]
    assert spans(tracks_of(parts)) == [(0, 1, 2, 3), (5, 6, 7, 8), (10, 11, 12, 13)]


def test_somebody_who_comes_back_within_a_tracklet_is_one_track() -> None:
    parts = [Piece((1, 2, 3), tracklet=7), Piece((4, 5, 6), who=1, tracklet=7), Piece((7, 8, 9), tracklet=7)]
    assert sorted(spans(tracks_of(parts))) == [(1, 2, 3, 7, 8, 9), (4, 5, 6)]


def test_faces_without_an_embedding_go_to_the_side_of_the_larger_jump() -> None:
    parts = [
        Piece((1, 2), tracklet=7),
        Piece((3, 4), left=104.0, who=None, tracklet=7),
        Piece((5, 6), left=130.0, who=None, tracklet=7),
        Piece((7, 8), left=134.0, who=1, tracklet=7),
    ]
    assert spans(tracks_of(parts)) == [(1, 2, 3, 4), (5, 6, 7, 8)]


def test_one_odd_chip_among_alike_ones_divides_nothing() -> None:
    parts = [Piece((1, 2, 3), tracklet=7), Piece((4,), who=1, tracklet=7, quality=0.02), Piece((5, 6, 7), tracklet=7)]
    assert len(tracks_of(parts)) == 1


def test_poor_chips_may_lie_farther_apart_than_clear_ones() -> None:
    def with_last_chip(quality: float) -> list[Piece]:
        return [Piece((1, 2, 3), tracklet=7), Piece((4,), tracklet=7, quality=quality, noise=0.65)]

    assert len(tracks_of(with_last_chip(0.02))) == 1
    assert len(tracks_of(with_last_chip(0.5))) == 2


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_another_engines_distances_are_brought_to_scale_by_faces_seen_side_by_side(factor: float) -> None:
    crowd = [Piece((1, 2, 3), left=100.0 * who, who=who) for who in range(8)]
    change = [Piece((30, 31, 32), tracklet=90), Piece((33, 34, 35), who=1, tracklet=90)]
    same = [Piece(samples, left=400.0, tracklet=91, noise=0.2) for samples in ((30, 31, 32), (33, 34))]
    faces, embeddings, samples, shots = film([*crowd, *change, *same], ())
    embeddings["embedding"] = [factor * vector for vector in embeddings["embedding"]]
    tracks = link_tracks(faces, embeddings, shots, samples, HEIGHT, TrackOptions())
    late = sorted(own for own in spans(tracks) if own[0] >= 30)
    assert late == [(30, 31, 32), (30, 31, 32, 33, 34), (33, 34, 35)]


def test_disagreement_is_the_largest_change_within_a_track() -> None:
    one, noisy, lone = (
        tracks_of([Piece(samples, noise=noise)])["disagreement"].iloc[0]
        for samples, noise in (((1, 2, 3), 0.0), ((1, 2, 3), 0.4), ((1,), 0.0))
    )
    assert one == pytest.approx(0.0, abs=1e-9)
    assert 0.3 < noisy < 0.6
    assert np.isnan(lone)


def test_comparisons_grow_with_the_tracklets_of_a_shot_and_not_with_their_square(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = 0
    cost = tracks_module._cost

    def counting(*arguments: Any) -> float | None:
        nonlocal compared
        compared += 1
        return cost(*arguments)

    monkeypatch.setattr(tracks_module, "_cost", counting)
    pieces = [Piece((3 * i, 3 * i + 1), left=100.0 + 300 * (i % 2), who=i % 8) for i in range(400)]
    assert len(tracks_of(pieces)) == 400
    assert compared < 10 * len(pieces)


def test_the_likeliest_continuation_wins() -> None:
    tracks = tracks_of([Piece((1, 2)), Piece((4, 5), left=115.0), Piece((4, 5), left=80.0, who=1)])
    assert sorted(spans(tracks)) == [(1, 2, 4, 5), (4, 5)]
    assert {face % 1000 for face in max(tracks["faces"], key=len)} == {0, 1}


def test_a_track_without_embeddings_has_no_best_face() -> None:
    tracks = tracks_of([Piece((1, 2), who=None)])
    assert tracks["best_face"].isna().all()
    assert tracks["embedded_faces"].tolist() == [[]]


PIECES = st.lists(
    st.builds(
        lambda start, length, holes, left, who: Piece(
            tuple(s for s in range(start, start + length) if s not in holes) or (start,), left, who
        ),
        st.integers(0, 30),
        st.integers(1, 12),
        st.sets(st.integers(0, 40), max_size=6),
        st.sampled_from([100.0, 115.0, 140.0, 300.0]),
        st.sampled_from([None, 0, 1, 2]),
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(PIECES, st.sets(st.integers(1, 40), max_size=4))
def test_every_face_is_in_one_track_of_one_shot_with_one_face_a_sample(pieces: list[Piece], cuts: set[int]) -> None:
    faces, embeddings, samples, shots = film(pieces, tuple(cut for cut in cuts if cut < 20))
    tracks = link_tracks(faces, embeddings, shots, samples, HEIGHT, TrackOptions())
    placed = [face for own in tracks["faces"] for face in own]
    assert sorted(placed) == sorted(faces["face"])
    shot_of = dict(zip(samples["sample"], samples["shot"], strict=True))
    shot_span = {row["shot"]: (row["start_s"], row["end_s"]) for row in shots.to_dict("records")}
    for row in tracks.to_dict("records"):
        own = [face // 1000 for face in row["faces"]]
        assert own == sorted(set(own))
        assert {shot_of[sample] for sample in own} == {row["shot"]}
        first, last = shot_span[row["shot"]]
        assert first <= row["start_s"] < row["end_s"] <= last
        assert set(row["embedded_faces"]) <= set(row["faces"])
    assert tracks["track"].tolist() == list(range(len(tracks)))
    assert tracks["start_s"].is_monotonic_increasing
