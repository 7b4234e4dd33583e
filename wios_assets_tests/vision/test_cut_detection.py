from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import av
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from wios_assets.vision.cut_detection import mark_cuts
from wios_assets.vision.options import ShotOptions
from wios_assets.vision.photos import read_photo
from wios_assets.vision.sampling import Picture as ReadPicture
from wios_assets.vision.sampling import read_pictures
from wios_assets.vision.video import probe
from wios_assets_tests.composed import Join, Still, compose
from wios_assets_tests.video_files import Picture, break_bytes, write_film

OPTIONS = ShotOptions()
RATE = 25.0


def scene(seed: int, count: int, drift: float = 1.0) -> list[Picture]:
    """Pictures of one shot: a textured wall that moves `drift` pixels a picture."""
    rng = np.random.default_rng(seed)
    wall = np.kron(rng.integers(20, 236, (8, 30, 3), dtype=np.uint8), np.ones((30, 30, 1), dtype=np.uint8))
    return [wall[:240, round(i * drift) : round(i * drift) + 320] for i in range(count)]


def detected_cuts(path: Path, from_s: float = 0.0) -> list[float]:
    pictures = read_pictures(probe(path), from_s - OPTIONS.lead_s, 1)
    return [marked.picture.time_s for marked in mark_cuts(pictures, OPTIONS) if marked.starts_shot]


def cuts_of(pictures: Iterable[Picture], times_s: Iterable[float]) -> list[float]:
    """Cuts of pictures that come on screen at these times, without a file between."""
    read = (
        ReadPicture(time_s, av.VideoFrame.from_ndarray(picture, format="rgb24"))
        for picture, time_s in zip(pictures, times_s, strict=True)
    )
    return [marked.picture.time_s for marked in mark_cuts(read, OPTIONS) if marked.starts_shot]


def film(path: Path, pictures: Iterable[Picture]) -> Path:
    return write_film(path, pictures, rate=RATE, keyframe_every=250)


@pytest.mark.slow
def test_a_cut_is_found_at_the_first_picture_of_the_new_shot(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", scene(1, 40) + scene(2, 33) + scene(3, 27))
    assert detected_cuts(path) == pytest.approx([40 / RATE, 73 / RATE])


@pytest.mark.slow
def test_a_short_shot_has_its_two_cuts(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", scene(1, 30) + scene(2, 8) + scene(3, 30))
    assert detected_cuts(path) == pytest.approx([30 / RATE, 38 / RATE])


@pytest.mark.slow
@pytest.mark.parametrize("length", [1, 2])
@pytest.mark.parametrize("light", [250, 4])
def test_a_flash_and_a_dark_moment_are_no_cuts(tmp_path: Path, length: int, light: int) -> None:
    pictures = scene(1, 60)
    pictures[30 : 30 + length] = [np.full_like(pictures[0], light)] * length
    assert detected_cuts(film(tmp_path / "a.mp4", pictures)) == []


@pytest.mark.slow
def test_strobe_light_is_no_cut() -> None:
    pictures = [picture // (1 if i % 4 < 2 else 6) for i, picture in enumerate(scene(1, 80))]
    assert cuts_of(pictures, np.arange(80) / RATE) == []


@pytest.mark.slow
def test_an_insert_of_another_picture_is_no_flash(tmp_path: Path) -> None:
    pictures = scene(1, 30, 0.0) + scene(2, 2, 0.0) + scene(1, 30, 0.0)
    assert detected_cuts(film(tmp_path / "a.mp4", pictures)) == pytest.approx([30 / RATE, 32 / RATE])


@pytest.mark.slow
def test_a_pan_is_no_cut(tmp_path: Path) -> None:
    assert detected_cuts(film(tmp_path / "a.mp4", scene(1, 60, drift=5.0))) == []


@pytest.mark.slow
def test_a_fade_through_black_is_one_cut_where_the_picture_comes_back(tmp_path: Path) -> None:
    out = [(picture * max(0.0, 1 - i / 25)).astype(np.uint8) for i, picture in enumerate(scene(1, 26))]
    back = [(picture * min(1.0, i / 25)).astype(np.uint8) for i, picture in enumerate(scene(2, 40, 0.0))]
    (cut,) = detected_cuts(film(tmp_path / "a.mp4", scene(1, 20, 0.0) + out + back))
    assert cut == pytest.approx(47 / RATE, abs=3.5 / RATE)


@pytest.mark.slow
@pytest.mark.parametrize("length", [4, 8, 14, 20])
def test_a_dissolve_is_one_cut_at_its_middle(tmp_path: Path, length: int) -> None:
    one, other = scene(1, 80, 0.1), scene(2, 80, 0.1)
    share = np.clip((np.arange(80) - 40) / length + 0.5, 0.0, 1.0)
    pictures = [np.rint((1 - s) * a + s * b).astype(np.uint8) for s, a, b in zip(share, one, other, strict=True)]
    path = film(tmp_path / "a.mp4", pictures)
    marked = list(mark_cuts(read_pictures(probe(path), 0.0, 0), OPTIONS))
    (cut,) = [m.picture.time_s for m in marked if m.starts_shot]
    assert cut == pytest.approx(40 / RATE, abs=2.1 / RATE)
    mixed = [m.picture.time_s for m in marked if m.is_mixed]
    assert min(mixed) == cut
    assert max(mixed) == pytest.approx((40 + length / 2) / RATE, abs=2.1 / RATE)


@pytest.mark.slow
def test_a_change_of_light_and_a_title_that_fades_are_no_dissolves() -> None:
    pictures = scene(1, 80, 0.0)
    dimmed = [(p * (1 - 0.5 * np.clip((i - 30) / 12, 0, 1))).astype(np.uint8) for i, p in enumerate(pictures)]
    assert cuts_of(dimmed, np.arange(80) / RATE) == []
    titled = [p.copy() for p in pictures]
    for i, picture in enumerate(titled):
        share = float(np.clip((i - 30) / 12, 0, 1))
        picture[180:220, 40:280] = np.rint((1 - share) * picture[180:220, 40:280] + share * 255)
    assert cuts_of(titled, np.arange(80) / RATE) == []


@pytest.mark.slow
def test_cuts_do_not_depend_on_where_reading_starts(tmp_path: Path) -> None:
    pictures = [picture for seed in range(12) for picture in scene(seed, 7 + 5 * (seed % 4), drift=2.0)]
    path = film(tmp_path / "a.mp4", pictures)
    whole = detected_cuts(path)
    assert len(whole) == 11
    for from_s in np.arange(0.1, len(pictures) / RATE - 0.5, 0.37):
        assert [cut for cut in detected_cuts(path, from_s) if cut >= from_s] == [cut for cut in whole if cut >= from_s]


@pytest.mark.slow
def test_every_picture_comes_out_in_order_with_broken_ones_between(tmp_path: Path) -> None:
    path = break_bytes(film(tmp_path / "a.mkv", scene(1, 100) + scene(2, 200)), 0.5, 0.6)
    video = probe(path)
    read = list(read_pictures(video, 0.0, 0))
    marked = list(mark_cuts(read, OPTIONS))
    assert [m.picture for m in marked] == read
    assert any(picture.frame is None for picture in read)
    assert all((m.small is None) == (m.picture.frame is None) for m in marked)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.002, 0.7), min_size=2, max_size=40), st.sampled_from([0.5, 4.0, 30.0]), st.floats(0.0, 0.099)
)
def test_pictures_that_a_sample_shows_keep_their_frames(steps: list[float], rate: float, first_s: float) -> None:
    times = [first_s, *(first_s + np.cumsum(steps))]
    frame = av.VideoFrame.from_ndarray(np.zeros((18, 32, 3), dtype=np.uint8), format="rgb24")
    marked = list(mark_cuts((ReadPicture(float(t), frame) for t in times), OPTIONS, rate))
    assert [m.picture.time_s for m in marked] == [float(t) for t in times]
    assert marked[0].picture.frame is not None
    assert marked[-1].picture.frame is not None
    kept = [m.picture.time_s for m in marked if m.picture.frame is not None]
    for number in range(int(times[-1] * rate) + 1):
        shown = [float(t) for t in times if t <= number / rate]
        assert not shown or shown[-1] in kept


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 10_000)), min_size=2, max_size=8, unique_by=lambda s: s[1]),
    st.sampled_from([2.0, 5.0, 10.0, 25.0, 60.0]),
)
def test_stills_of_any_length_at_any_rate_have_all_their_cuts(shots: list[tuple[int, int]], rate: float) -> None:
    pictures = [picture for count, seed in shots for picture in scene(seed, count, 0.0)]
    starts = np.cumsum([count for count, _ in shots])[:-1] / rate
    assert cuts_of(pictures, np.arange(len(pictures)) / rate) == pytest.approx(starts.tolist())


@pytest.mark.slow
def test_stills_of_one_picture_each_have_all_their_cuts(tmp_path: Path) -> None:
    photos = [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea(), skimage.data.rocket()]
    stills = [Still(photo, (), 1.3) for photo in photos]
    composed = compose(tmp_path / "a.mp4", stills, rate=RATE, one_picture_each=True)
    assert detected_cuts(composed.path) == pytest.approx(list(composed.cuts_s))


COMPOSED: dict[str, tuple[float, float, Join, float, float]] = {
    "one picture each, 5 a second": (5.0, 0.2, "cut", 0.0, 0.01),
    "slide show, 5 a second": (5.0, 1.6, "cut", 0.0, 0.01),
    "one picture each, 10 a second": (10.0, 0.1, "cut", 0.0, 0.01),
    "dissolves of 0.5 s, 5 a second": (5.0, 1.4, "dissolve", 0.5, 0.21),
    "dissolves of 0.5 s, 25 a second": (25.0, 1.4, "dissolve", 0.5, 0.1),
    "dissolves of 1 s, 25 a second": (25.0, 2.2, "dissolve", 1.0, 0.15),
    "fades of 0.8 s, 25 a second": (25.0, 1.8, "fade", 0.8, 0.3),
}


@pytest.mark.devset
@pytest.mark.slow
@pytest.mark.parametrize("kind", COMPOSED)
@pytest.mark.parametrize("fill", ["bars", "crop"])
def test_cuts_between_photos_of_faces_are_found(
    tmp_path: Path, devset: Path, kind: str, fill: Literal["bars", "crop"]
) -> None:
    rate, seconds, join, join_s, tolerance_s = COMPOSED[kind]
    photos = random.Random(kind + fill).sample(sorted((devset / "ident").glob("probes/*/*")), 18)
    stills = [Still(read_photo(photo), (), seconds, join, join_s) for photo in photos]
    composed = compose(tmp_path / "a.mp4", stills, rate=rate, fill=fill)
    cuts_s = detected_cuts(composed.path)
    assert len(cuts_s) == len(composed.cuts_s)
    assert cuts_s == pytest.approx(list(composed.cuts_s), abs=tolerance_s)


@pytest.mark.devset
@pytest.mark.slow
@pytest.mark.parametrize("rate", [5.0, 25.0])
def test_photographers_flashes_add_no_cuts(tmp_path: Path, devset: Path, rate: float) -> None:
    photos = sorted((devset / "ident").glob("probes/*/*_p01.*"))[:12]
    stills = [Still(read_photo(photo), (), 2.0, flashes_s=(0.4, 0.8, 1.4)) for photo in photos]
    composed = compose(tmp_path / "a.mp4", stills, rate=rate)
    assert detected_cuts(composed.path) == pytest.approx(list(composed.cuts_s))


@pytest.mark.devset
@pytest.mark.slow
def test_the_cuts_of_the_development_films_are_found(devset: Path) -> None:
    truth: dict[str, list[float]] = {}
    for folder in ("clips", "films"):
        with (devset / folder / "shots.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                truth.setdefault(f"{folder}/{row['clip']}", []).append(float(row["cut_s"]))
    right = detected = 0
    for name, cuts in truth.items():
        pictures = read_pictures(probe(devset / name), 0.0, 0, only_needed_for=4.0)
        times = [m.picture.time_s for m in mark_cuts(pictures, OPTIONS) if m.starts_shot]
        detected += len(times)
        right += sum(any(abs(time_s - cut) <= 0.1 for time_s in times) for cut in cuts)
    assert right / sum(map(len, truth.values())) >= 0.95
    assert right / detected >= 0.97
