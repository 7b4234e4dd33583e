"""Which pictures of a damaged stretch are used, and where a film counts as unreadable."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wios_assets.vision.damage import BRIDGED_S, HEAVY_S, Damage

STEP_S = 0.04


def taken(
    damaged: set[int], count: int = 100, intra: frozenset[int] = frozenset({0}), lost: frozenset[int] = frozenset()
) -> tuple[list[int], list[float]]:
    """Numbers of the pictures shown, and starts of the gaps, of `count` pictures 0.04 s apart."""
    damage, shown, gaps = Damage(), [], []
    for number in range(count):
        if number in lost:
            damage.error(number * STEP_S)
            continue
        use = damage.take(number * STEP_S, number in damaged, number in intra, STEP_S)
        if use.gap_from_s is not None:
            gaps.append(round(use.gap_from_s / STEP_S, 3))
        if use.is_shown:
            shown.append(number)
    return shown, gaps


@given(st.sets(st.integers(1, 98), max_size=8))
def test_single_damaged_pictures_hide_nothing_but_themselves(damaged: set[int]) -> None:
    apart = {number for number in damaged if not damaged & {number + d for d in range(1, 7)}}
    shown, gaps = taken(apart)
    assert shown == sorted(set(range(100)) - apart)
    assert gaps == []


@given(st.integers(1, 20), st.integers(1, 70))
def test_a_run_of_damaged_pictures_is_a_gap_once_it_is_longer_than_what_is_bridged(length: int, first: int) -> None:
    shown, gaps = taken(set(range(first, first + length)))
    assert shown == [*range(first), *range(first + length, 100)]
    assert gaps == ([first] if length * STEP_S > BRIDGED_S + 1e-9 else [])


@given(st.integers(26, 40), st.integers(70, 90))
def test_after_a_long_loss_only_an_intra_picture_is_believed(length: int, intra: int) -> None:
    assert length * STEP_S >= HEAVY_S
    shown, gaps = taken(set(), intra=frozenset({0, intra}), lost=frozenset(range(20, 20 + length)))
    assert shown == [*range(20), *range(intra, 100)]
    assert gaps == [20]


def test_incomplete_packets_without_a_missing_picture_lose_nothing() -> None:
    damage = Damage()
    for number in range(50):
        if number == 20:
            damage.packets_lost(number * STEP_S)
        use = damage.take(number * STEP_S, False, number == 0, STEP_S)
        assert use.is_shown
        assert use.gap_from_s is None


def test_pictures_missing_after_an_incomplete_packet_are_a_gap_and_those_missing_without_one_are_a_still() -> None:
    for is_incomplete in (True, False):
        damage = Damage()
        damage.take(0.0, False, True, STEP_S)
        if is_incomplete:
            damage.packets_lost(0.0)
        use = damage.take(5.0, False, True, STEP_S)
        assert use.is_shown
        assert use.gap_from_s == (STEP_S if is_incomplete else None)


def test_a_file_that_cannot_be_read_on_is_unreadable_to_its_end() -> None:
    damage = Damage()
    damage.take(0.0, False, True, STEP_S)
    assert damage.end(STEP_S) is None
    damage.cut_off(STEP_S)
    assert damage.end(2 * STEP_S) == STEP_S
