from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wios_assets.vision.sampling import MarkedPicture, Picture, Sample, read_pictures, read_samples, sample_count
from wios_assets.vision.video import Video, probe, to_display
from wios_assets_tests.video_files import break_bytes, cut_off, numbered_picture, read_number, write_film

pytestmark = pytest.mark.slow

RATE = 4.0
UNREADABLE = -1


def marked(pictures: Iterator[Picture]) -> Iterator[MarkedPicture]:
    return (MarkedPicture(picture, False, None) for picture in pictures)


def number_of(video: Video, picture: Picture | None) -> int | None:
    """The number that the picture says; None where there is no picture yet."""
    if picture is None:
        return None
    if picture.frame is None:
        return UNREADABLE
    return read_number(to_display(picture.frame, video.width, video.height, video.rotation))


def sampled(path: Path, only_needed: bool = False) -> list[tuple[Sample, int | None]]:
    video = probe(path)
    pictures = read_pictures(video, 0.0, 0, only_needed_for=RATE if only_needed else None)
    samples = read_samples(marked(pictures), 0, sample_count(video.duration_s, RATE), RATE)
    return [(sample, number_of(video, sample.picture)) for sample in samples]


def on_screen(times_s: Sequence[float], instant: float) -> int:
    """What a player shows: the last picture whose time has come."""
    return max(i for i, time_s in enumerate(times_s) if time_s <= instant + 1e-6)


def film(path: Path, times_s: Sequence[float], **options: Any) -> Path:
    return write_film(path, [numbered_picture(i) for i in range(len(times_s))], times_s, **options)


@given(st.floats(0.0, 20_000.0), st.sampled_from([0.1, 1.0, 3.0, 4.0, 7.3, 23.976, 60.0]))
def test_the_grid_holds_every_instant_before_the_end(duration: float, rate: float) -> None:
    count = sample_count(duration, rate)
    assert count == 0 or (count - 1) / rate < duration
    assert count / rate >= duration


@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=40),
    st.integers(0, 60),
    st.integers(1, 60),
    st.sampled_from([1.0, 3.0, 4.0, 24.0]),
)
def test_each_sample_refers_to_the_last_picture_whose_time_has_come(
    gaps: list[int], first: int, count: int, rate: float
) -> None:
    times = [0.0]
    for gap in gaps:
        times.append(times[-1] + gap / 100)
    pictures = [MarkedPicture(Picture(time_s, None), False, None) for time_s in times]
    samples = list(read_samples(iter(pictures), first, first + count, rate))
    assert [s.number for s in samples] == list(range(first, first + count))
    for sample in samples:
        assert sample.time_s == sample.number / rate
        assert sample.picture is not None
        assert sample.picture.time_s == times[on_screen(times, sample.time_s)]


@given(st.sets(st.integers(0, 99), max_size=20), st.integers(1, 30))
def test_a_shot_starts_at_the_first_sample_after_each_cut(cuts: set[int], step: int) -> None:
    pictures = [MarkedPicture(Picture(i / 100, None), i in cuts, None) for i in range(100)]
    samples = list(read_samples(iter(pictures), 0, 100 // step, 100 / step))
    for before, sample in pairwise(samples):
        assert sample.starts_shot == any(before.number * step < cut <= sample.number * step for cut in cuts)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("start_s", [0.0, 5.0])
@pytest.mark.parametrize("only_needed", [False, True])
def test_samples_show_what_is_on_screen_at_their_instant(
    tmp_path: Path, ending: str, start_s: float, only_needed: bool
) -> None:
    times = [i / 25 for i in range(90)]
    path = film(tmp_path / f"a.{ending}", [start_s + t for t in times])
    samples = sampled(path, only_needed)
    assert [sample.time_s for sample, _ in samples] == [k / RATE for k in range(len(samples))]
    assert len(samples) == 15
    assert [number for _, number in samples] == [on_screen(times, sample.time_s) for sample, _ in samples]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=5, max_size=60), st.booleans())
def test_samples_of_a_variable_frame_rate_are_exact(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[int], only_needed: bool
) -> None:
    times = [0.0]
    for gap in gaps:
        times.append(times[-1] + gap / 100)
    path = film(tmp_path_factory.mktemp("vfr") / "a.mkv", times)
    for sample, number in sampled(path, only_needed):
        assert number == on_screen(times, sample.time_s)


@pytest.mark.parametrize("only_needed", [False, True])
def test_a_picture_held_for_six_seconds_is_on_screen_for_six_seconds(tmp_path: Path, only_needed: bool) -> None:
    times = [*(i / 25 for i in range(25)), 7.0, 7.04, 7.08]
    samples = sampled(film(tmp_path / "a.mp4", times, b_frames=0), only_needed)
    held = [sample for sample, number in samples if number == 24]
    assert [s.time_s for s in held] == [1.0 + k / RATE for k in range(24)]
    assert len({s.picture.time_s for s in held if s.picture is not None}) == 1


def test_the_last_picture_stays_until_the_film_ends(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", [i / 25 for i in range(25)], b_frames=0, end_s=4.0)
    assert [number for _, number in sampled(path)][4:] == [24] * 12


def test_what_an_edit_list_hides_is_not_on_screen(tmp_path: Path) -> None:
    times = [i / 25 - 1.0 for i in range(75)]
    path = film(tmp_path / "a.mp4", times, container_options={"avoid_negative_ts": "disabled"})
    samples = sampled(path)
    assert len(samples) == 8
    assert [number for _, number in samples] == [on_screen(times, sample.time_s) for sample, _ in samples]


def test_nothing_is_on_screen_before_the_first_picture(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", [0.65 + i / 25 for i in range(25)], audio_s=2.0)
    numbers = [number for _, number in sampled(path)]
    assert numbers[:3] == [None, None, None]
    assert numbers[3] == 2


def test_a_first_picture_that_is_a_frame_late_counts_from_the_start(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", [0.08 + i / 25 for i in range(25)], audio_s=1.2)
    assert probe(path).first_picture_s == pytest.approx(0.08)
    assert sampled(path)[0][1] == 0


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("only_needed", [False, True])
def test_reading_from_the_middle_gives_the_same_pictures(tmp_path: Path, ending: str, only_needed: bool) -> None:
    video = probe(film(tmp_path / f"a.{ending}", [3 + i / 25 for i in range(150)], keyframe_every=30))
    rate = RATE if only_needed else None
    whole = [(p.time_s, number_of(video, p)) for p in read_pictures(video, 0.0, 0, only_needed_for=rate)]
    for from_s in (0.1, 1.2, 1.21, 2.5, 3.6, 5.9):
        part = [(p.time_s, number_of(video, p)) for p in read_pictures(video, from_s, 3, only_needed_for=rate)]
        current = max(i for i, (time_s, _) in enumerate(whole) if time_s <= from_s + 1e-6)
        assert part == whole[max(0, current - 3) :]


def test_several_decoder_threads_read_the_same_pictures(tmp_path: Path) -> None:
    video = probe(film(tmp_path / "a.mp4", [i / 25 for i in range(100)]))
    one, two = (
        [(p.time_s, number_of(video, p)) for p in read_pictures(video, 1.3, 2, threads, RATE)] for threads in (1, 2)
    )
    assert one == two


def test_a_film_of_which_nothing_is_left_is_unreadable(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", [i / 25 for i in range(100)], container_options={"movflags": "faststart"})
    video = probe(path)
    content = path.read_bytes()
    break_bytes(path, (content.index(b"mdat") + 4) / len(content), 1.0)
    for first in (0, 8):
        pictures = read_pictures(video, first / RATE, 2)
        samples = list(read_samples(marked(pictures), first, 16, RATE))
        assert [number_of(video, s.picture) for s in samples] == [UNREADABLE] * (16 - first)


def test_pictures_that_no_sample_shows_are_left_out(tmp_path: Path) -> None:
    video = probe(film(tmp_path / "a.mp4", [i / 25 for i in range(100)]))
    every = [p.time_s for p in read_pictures(video, 0.0, 0)]
    needed = [p.time_s for p in read_pictures(video, 0.0, 0, only_needed_for=RATE)]
    assert set(needed) < set(every)
    assert len(needed) < 0.8 * len(every)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("only_needed", [False, True])
def test_a_broken_stretch_is_unreadable_and_the_rest_is_right(tmp_path: Path, ending: str, only_needed: bool) -> None:
    times = [i / 25 for i in range(500)]
    pictures = [numbered_picture(i, seed=i) for i in range(500)]
    path = write_film(tmp_path / f"a.{ending}", pictures, times, keyframe_every=50)
    break_bytes(path, 0.45, 0.52)
    samples = sampled(path, only_needed)
    assert len(samples) == 80
    broken = [sample.time_s for sample, number in samples if number == UNREADABLE]
    assert 1.0 <= len(broken) / RATE <= 6.0
    assert broken == [broken[0] + k / RATE for k in range(len(broken))]
    assert 6.5 < broken[0] < broken[-1] < 13.5
    assert all(number == on_screen(times, s.time_s) for s, number in samples if number != UNREADABLE)


def test_a_file_that_is_shortened_after_the_probe_is_unreadable_from_there(tmp_path: Path) -> None:
    times = [i / 25 for i in range(250)]
    path = write_film(tmp_path / "a.mkv", [numbered_picture(i, seed=i) for i in range(250)], times)
    video = probe(path)
    cut_off(path, 0.5)
    samples = read_samples(marked(read_pictures(video, 0.0, 0)), 0, 40, RATE)
    numbers = [number_of(video, sample.picture) for sample in samples]
    readable = numbers.index(UNREADABLE)
    assert 12 <= readable <= 28
    assert numbers[:readable] == [on_screen(times, k / RATE) for k in range(readable)]
    assert numbers[readable:] == [UNREADABLE] * (40 - readable)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("seed", range(4))
def test_a_few_wrong_bits_hide_only_the_pictures_that_they_are_in(tmp_path: Path, ending: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.integers(-20, 20, (121, 120, 160, 1))
    pictures = [np.clip(numbered_picture(i) + noise[i], 0, 255).astype(np.uint8) for i in range(121)]
    path = write_film(tmp_path / f"a.{ending}", pictures, keyframe_every=250)
    content = bytearray(path.read_bytes())
    for offset in rng.integers(len(content) // 4, len(content) * 3 // 4, 3):
        content[offset] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)
    samples = sampled(path)
    assert len(samples) == 20
    assert sum(number == UNREADABLE for _, number in samples) <= 1


@pytest.mark.parametrize("jump_s", [3.0, 9.0])
def test_after_a_jump_of_the_clock_every_sound_picture_is_read(tmp_path: Path, jump_s: float) -> None:
    # The second recording has one keyframe, its first picture, whose packet the reader flags for the break.
    first = [i / 25 for i in range(75)]
    second = [3.0 + jump_s + i / 25 for i in range(100)]
    pieces = [
        write_film(
            tmp_path / f"{start}.ts",
            [numbered_picture(start + i) for i in range(len(times))],
            times,
            keyframe_every=250,
            b_frames=0,
        )
        for start, times in ((0, first), (75, second))
    ]
    path = tmp_path / "a.ts"
    path.write_bytes(b"".join(piece.read_bytes() for piece in pieces))
    times = [*first, *second]
    numbers = {sample.time_s: number for sample, number in sampled(path)}
    assert all(number == on_screen(times, time_s) for time_s, number in numbers.items() if time_s < 3.0)
    assert all(number == on_screen(times, time_s) for time_s, number in numbers.items() if time_s >= 3.0 + jump_s)
    assert sum(time_s >= 3.0 + jump_s for time_s in numbers) == 16
    assert {number for time_s, number in numbers.items() if 3.25 < time_s < 3.0 + jump_s} == {UNREADABLE}
