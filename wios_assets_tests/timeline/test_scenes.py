"""Scenes that people share: checked against the definition, instant by instant."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from wios_assets.timeline.scenes import Scenes, Spans, shared_scenes

STEP_S = 0.25


def spans(*rows: tuple[int, float, float], probability: float = 0.9) -> Spans:
    film, start, end = (np.array(column) for column in zip(*rows, strict=True)) if rows else [np.zeros(0)] * 3
    return Spans(film.astype(np.int64), start.astype(float), end.astype(float), np.full(len(rows), probability))


def rows_of(scenes: Scenes) -> list[tuple[int, float, float]]:
    rounded = (np.round(each, 6).tolist() for each in (scenes.start_s, scenes.end_s))
    return list(zip(scenes.film.tolist(), *rounded, strict=True))


def test_a_persons_scene_goes_on_over_pauses_of_ten_seconds() -> None:
    found = shared_scenes([spans((0, 31, 32), (0, 0, 5), (0, 15, 20), (1, 20, 22), (0, 2, 3))])
    assert rows_of(found) == [(0, 0, 20), (0, 31, 32), (1, 20, 22)]
    assert found.on_screen_s[:, 0].tolist() == pytest.approx([10, 1, 2])


def test_two_people_share_a_dialogue_though_they_are_never_in_one_picture() -> None:
    one, other = spans((0, 0, 4), (0, 8, 12), (0, 16, 20)), spans((0, 4, 8), (0, 12, 16))
    found = shared_scenes([one, other])
    assert rows_of(found) == [(0, 4, 16)]
    assert (found.together_s.tolist(), found.on_screen_s.tolist()) == ([0], [[4, 8]])
    assert found.picture_s.tolist() == [8.5], "the first asked for, once in the picture"
    assert rows_of(shared_scenes([one, other], together=True)) == []


def test_together_bridges_pauses_between_pictures_of_both() -> None:
    one, other = spans((0, 0, 30)), spans((0, 2, 4), (0, 10, 12), (0, 25, 26))
    assert rows_of(shared_scenes([one, other], together=True)) == [(0, 2, 12), (0, 25, 26)]


def test_the_picture_of_a_scene_shows_all_people_asked_for_where_they_are_in_one() -> None:
    one, other = spans((0, 0, 30), (1, 5, 9)), spans((0, -9, 1), (0, 12, 20), (0, 25, 26), (1, 3, 5.4))
    found = shared_scenes([one, other])
    assert rows_of(found) == [(0, 0, 1), (0, 12, 26), (1, 5, 5.4)]
    assert found.picture_s.tolist() == pytest.approx([0.5, 12.5, 5.2])


def test_scenes_without_somebody_end_where_that_person_comes() -> None:
    one = spans((0, 0, 5), (0, 14, 20), (1, 0, 5))
    assert rows_of(shared_scenes([one], [spans((0, 16, 17))])) == [(0, 0, 16), (0, 17, 20), (1, 0, 5)]
    # What is left is no scene where nobody asked for is in the picture.
    assert rows_of(shared_scenes([one], [spans((0, 4, 6), (0, 13, 30))])) == [(0, 0, 4), (1, 0, 5)]


def test_films_do_not_run_into_each_other() -> None:
    assert rows_of(shared_scenes([spans((0, 7190, 7200), (1, 0, 3))])) == [(0, 7190, 7200), (1, 0, 3)]


def test_the_probability_is_that_of_the_least_sure_name_by_seconds() -> None:
    sure = Spans(np.zeros(2, np.int64), np.array([0.0, 9.0]), np.array([9.0, 12.0]), np.array([1.0, 0.6]))
    assert shared_scenes([sure]).probability.tolist() == pytest.approx([0.9])
    other = spans((0, 0, 12), probability=0.7)
    assert shared_scenes([sure, other]).probability.tolist() == pytest.approx([0.7])
    unsaid = spans((0, 0, 12), probability=float("nan"))
    assert np.isnan(shared_scenes([unsaid]).probability).all()


def test_nobody_and_appearances_without_length_make_no_scene() -> None:
    assert rows_of(shared_scenes([spans()])) == []
    assert rows_of(shared_scenes([spans((0, 5, 5)), spans((0, 0, 9))])) == []
    with pytest.raises(ValueError, match="no people"):
        shared_scenes([])


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_every_instant_is_in_a_scene_by_the_definition(seed: int, together: bool) -> None:
    rng = np.random.default_rng(seed)
    steps = 400
    films = 2
    masks = [rng.random((films, steps)) < share for share in (0.15, 0.15, 0.01)]
    one, other, absent = (_spans_of(mask) for mask in masks)
    found = np.zeros((films, steps), dtype=bool)
    for film, start, end in rows_of(shared_scenes([one, other], [absent], together=together)):
        found[film, round(start / STEP_S) : round(end / STEP_S)] = True
    pause = round(10 / STEP_S)
    if together:
        wanted = _bridged(masks[0] & masks[1], pause) & ~masks[2]
    else:
        wanted = _bridged(masks[0], pause) & _bridged(masks[1], pause) & ~_bridged(masks[2], pause)
    kept = np.zeros_like(wanted)
    for film, start, end in _runs(wanted):
        kept[film, start:end] = (masks[0] | masks[1])[film, start:end].any()
    assert (found == kept).all()
    assert kept.any()


def _runs(mask: np.ndarray) -> list[tuple[int, int, int]]:
    runs = []
    for film, row in enumerate(mask):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
        runs += [(film, int(start), int(end)) for start, end in edges.reshape(-1, 2)]
    return runs


def _spans_of(mask: np.ndarray) -> Spans:
    return spans(*((film, start * STEP_S, end * STEP_S) for film, start, end in _runs(mask)))


def _bridged(mask: np.ndarray, pause: int) -> np.ndarray:
    bridged = mask.copy()
    for film, row in enumerate(mask):
        seen = np.flatnonzero(row)
        for before, after in pairwise(seen):
            if after - before - 1 <= pause:
                bridged[film, before:after] = True
    return bridged
