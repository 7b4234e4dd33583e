from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.vision.options import ShotOptions
from wios_assets.vision.sampling import read_pictures
from wios_assets.vision.shots import mark_cuts, shot_of, shots_table
from wios_assets.vision.video import probe
from wios_assets_tests.video_files import Picture, break_bytes, write_film

OPTIONS = ShotOptions(ratio=3.0, smallest_change=10.0, window=3, picture_width=160)
RATE = 25.0


def scene(seed: int, count: int, drift: float = 1.0) -> list[Picture]:
    """Pictures of one shot: a textured wall that moves `drift` pixels a picture."""
    rng = np.random.default_rng(seed)
    wall = np.kron(rng.integers(20, 236, (8, 30, 3), dtype=np.uint8), np.ones((30, 30, 1), dtype=np.uint8))
    return [wall[:240, round(i * drift) : round(i * drift) + 320] for i in range(count)]


def found_cuts(path: Path, from_s: float = 0.0) -> list[float]:
    pictures = read_pictures(probe(path), from_s, OPTIONS.pictures_before)
    return [marked.picture.time_s for marked in mark_cuts(pictures, OPTIONS) if marked.starts_shot]


def film(path: Path, pictures: Iterable[Picture]) -> Path:
    return write_film(path, pictures, rate=RATE, keyframe_every=250)


@pytest.mark.slow
def test_a_cut_is_found_at_the_first_picture_of_the_new_shot(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", scene(1, 40) + scene(2, 33) + scene(3, 27))
    assert found_cuts(path) == pytest.approx([40 / RATE, 73 / RATE])


@pytest.mark.slow
def test_a_short_shot_has_its_two_cuts(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", scene(1, 30) + scene(2, 8) + scene(3, 30))
    assert found_cuts(path) == pytest.approx([30 / RATE, 38 / RATE])


@pytest.mark.slow
@pytest.mark.parametrize("length", [1, 2])
def test_a_flash_is_no_cut(tmp_path: Path, length: int) -> None:
    pictures = scene(1, 60)
    pictures[30 : 30 + length] = [np.full_like(pictures[0], 250)] * length
    assert found_cuts(film(tmp_path / "a.mp4", pictures)) == []


@pytest.mark.slow
def test_a_pan_is_no_cut(tmp_path: Path) -> None:
    assert found_cuts(film(tmp_path / "a.mp4", scene(1, 60, drift=5.0))) == []


@pytest.mark.slow
def test_a_fade_through_black_makes_no_cut(tmp_path: Path) -> None:
    out = [(picture * max(0.0, 1 - i / 25)).astype(np.uint8) for i, picture in enumerate(scene(1, 26))]
    back = [(picture * min(1.0, i / 25)).astype(np.uint8) for i, picture in enumerate(scene(2, 40))]
    assert found_cuts(film(tmp_path / "a.mp4", scene(1, 20, 0.0) + out + back)) == []


@pytest.mark.slow
def test_cuts_do_not_depend_on_where_reading_starts(tmp_path: Path) -> None:
    pictures = [picture for seed in range(12) for picture in scene(seed, 7 + 5 * (seed % 4), drift=2.0)]
    path = film(tmp_path / "a.mp4", pictures)
    whole = found_cuts(path)
    assert len(whole) == 11
    for from_s in np.arange(0.1, len(pictures) / RATE - 0.5, 0.37):
        assert [cut for cut in found_cuts(path, from_s) if cut >= from_s] == [cut for cut in whole if cut >= from_s]


@pytest.mark.slow
def test_every_picture_comes_out_in_order_with_broken_ones_between(tmp_path: Path) -> None:
    path = break_bytes(film(tmp_path / "a.mkv", scene(1, 100) + scene(2, 200)), 0.5, 0.6)
    video = probe(path)
    read = list(read_pictures(video, 0.0, 0))
    marked = list(mark_cuts(read, OPTIONS))
    assert [m.picture for m in marked] == read
    assert any(picture.frame is None for picture in read)
    assert all((m.small is None) == (m.picture.frame is None) for m in marked)


@pytest.mark.devset
@pytest.mark.slow
def test_the_cuts_of_the_development_films_are_found(devset: Path) -> None:
    truth: dict[str, list[float]] = {}
    for folder in ("clips", "films"):
        with (devset / folder / "shots.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                truth.setdefault(f"{folder}/{row['clip']}", []).append(float(row["cut_s"]))
    right = found = 0
    for name, cuts in truth.items():
        pictures = read_pictures(probe(devset / name), 0.0, 0, only_needed_for=4.0)
        times = [m.picture.time_s for m in mark_cuts(pictures, OPTIONS) if m.starts_shot]
        found += len(times)
        right += sum(any(abs(time_s - cut) <= 0.1 for time_s in times) for cut in cuts)
    assert right / sum(map(len, truth.values())) >= 0.95
    assert right / found >= 0.97


times = st.floats(0.0, 100.0, allow_nan=False)


@given(st.lists(times, max_size=20), st.floats(0.5, 100.0), st.lists(times, max_size=50))
def test_shots_cover_the_film_and_hold_every_sample_once(cuts: list[float], end: float, samples: list[float]) -> None:
    inside = [time_s for time_s in samples if time_s < end]
    table = shots_table(cuts, end, inside)
    assert table["shot"].tolist() == list(range(len(table)))
    assert table["start_s"].iloc[0] == 0.0
    assert table["end_s"].iloc[-1] == end
    assert table["start_s"].iloc[1:].tolist() == table["end_s"].iloc[:-1].tolist()
    assert (table["start_s"] < table["end_s"]).all()
    assert table["samples"].sum() == len(inside)
    numbers = shot_of(np.array(inside), table["start_s"].tolist()[1:])
    assert np.bincount(numbers, minlength=len(table)).tolist() == table["samples"].tolist()


def test_a_sample_at_a_cut_belongs_to_the_new_shot() -> None:
    assert shot_of(np.array([0.99, 1.0, 1.01]), [1.0]).tolist() == [0, 1, 1]
