"""A film's timeline: everything that follows from the names of its tracks."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from wios_assets.timeline.appearances import appearances
from wios_assets.timeline.minutes import minute_appearances, screen_time


@dataclass(frozen=True)
class FilmTimeline:
    """Three tables of one film, each without the column `film`.

    Attributes:
        appearances: columns of `tables.APPEARANCES`, a row per interval of one person.
        minutes: columns of `tables.MINUTE_APPEARANCES`, a row per minute and person.
        screen_time: columns of `tables.SCREEN_TIME`, a row per person.
    """

    appearances: pd.DataFrame
    minutes: pd.DataFrame
    screen_time: pd.DataFrame


def film_timeline(
    names: pd.DataFrame, tracks: pd.DataFrame, shots: pd.DataFrame, cast: pd.DataFrame, duration_s: float
) -> FilmTimeline:
    """Appearances, minutes and screen time of one film, from the names of its tracks.

    Args:
        names: columns of `tables.TRACK_NAMES`, a row per track; rows without a name are left out.
        tracks: columns track, shot, start_s, end_s and best_face of `tables.FACE_TRACKS`.
        shots: columns shot, start_s and end_s of `tables.SHOTS`.
        cast: columns billing, actor, nconst and character of `tables.CAST`.
        duration_s: length of the film in seconds.

    Raises:
        ValueError: a named track is missing from `tracks`, its shot is missing from `shots`, or the duration is not
            a positive number.
    """
    rows = appearances(names, tracks, shots, cast)
    return FilmTimeline(rows, minute_appearances(rows, duration_s), screen_time(rows, duration_s))
