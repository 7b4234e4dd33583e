from __future__ import annotations

import pytest

from wios_assets.tables import APPEARANCES, MINUTE_APPEARANCES, SCREEN_TIME
from wios_assets.timeline.checks import over_a_minute, sums_differ
from wios_assets.timeline.film_timeline import FilmTimeline, film_timeline
from wios_assets_tests.timeline.films import cast_table, shot_table, track_tables

GRACE, STRANGER = "Grace Hopper", "unknown:1"


def of_tracks(*tracks: tuple[str | None, int, float, float], duration_s: float = 130.0) -> FilmTimeline:
    rows = [
        {"actor": actor, "shot": shot, "start_s": start_s, "end_s": end_s} for actor, shot, start_s, end_s in tracks
    ]
    return film_timeline(*track_tables(*rows), shot_table(50.0, 130.0), cast_table(), duration_s)


def test_the_three_tables_come_from_the_same_appearances() -> None:
    timeline = of_tracks((GRACE, 0, 10.0, 50.0), (GRACE, 1, 50.0, 70.0), (STRANGER, 1, 100.0, 104.0))
    assert timeline.appearances["actor"].tolist() == [GRACE, GRACE, STRANGER]
    minutes = timeline.minutes[["minute", "actor", "seconds"]].to_numpy().tolist()
    assert minutes == [[0, GRACE, 50.0], [1, GRACE, 10.0], [1, STRANGER, 4.0]]
    assert timeline.screen_time[["actor", "seconds"]].to_numpy().tolist() == [[GRACE, 60.0], [STRANGER, 4.0]]
    assert not over_a_minute(timeline.minutes)
    assert not sums_differ(timeline.appearances, timeline.minutes)
    assert not sums_differ(timeline.appearances, timeline.screen_time)


def test_a_film_in_which_nobody_is_named_has_three_empty_tables_with_all_columns() -> None:
    timeline = of_tracks((None, 0, 1.0, 4.0))
    for frame, table in (
        (timeline.appearances, APPEARANCES),
        (timeline.minutes, MINUTE_APPEARANCES),
        (timeline.screen_time, SCREEN_TIME),
    ):
        assert frame.empty
        assert frame.columns.tolist() == [name for name in table.schema.names if name != "film"]


def test_a_film_without_a_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        of_tracks((GRACE, 0, 1.0, 4.0), duration_s=0.0)
